// `issuer publish`: what a listener would say, as files for a bucket; and a rotation that counts from
// there.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { getJson } from '../../gateway/demo/get-json.ts'
import { issuer, letTimePass, type JwkSet } from '../support/issuer-command.ts'
import { startTestGateway } from '../support/running-gateway.ts'

t.test(
  'issuer publish: the files of OIDC discovery, and no key signs that was not in them',
  async (t) => {
    const gateway = await startTestGateway({
      config: (text) =>
        text.replace('url: https://oidc.example.org', 'url: https://oidc.example.org/t1'),
    })
    t.teardown(() => gateway.close())
    const scene = { dir: gateway.dir, path: join(gateway.dir, 'svidgate.yaml') }
    // As an operator does who publishes to a bucket.
    await writeFile(
      scene.path,
      (await readFile(scene.path, 'utf8')).replace(/ {2}issuer: \{ address.*\n/, ''),
    )
    const out = join(scene.dir, 'site')
    t.match(await issuer(scene, 'publish', '--out', out), [
      0,
      {
        files: [
          { path: '/t1/.well-known/openid-configuration' },
          { path: '/t1/.well-known/jwks.json' },
        ],
        headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
      },
    ])
    const read = async (name: string) =>
      JSON.parse(await readFile(join(out, 't1/.well-known', name), 'utf8')) as Record<
        string,
        unknown
      >
    const origin = `http://127.0.0.1:${gateway.gateway.listeners.issuerPort ?? 0}/t1/.well-known`
    t.same(await read('jwks.json'), await getJson(`${origin}/jwks.json`), 'what the listener says')
    t.match(await read('openid-configuration'), {
      issuer: 'https://oidc.example.org/t1',
      jwks_uri: 'https://oidc.example.org/t1/.well-known/jwks.json',
    })
    await issuer(scene, 'rotate')
    await letTimePass(scene)
    t.match(await issuer(scene, 'rotate'), [1, { rotations: [{ step: 'unpublished' }] }])
    await issuer(scene, 'publish', '--out', out)
    t.equal(((await read('jwks.json')) as unknown as JwkSet).keys.length, 2)
    t.match(
      await issuer(scene, 'rotate'),
      [1, { rotations: [{ step: 'too-early' }] }],
      'the time counts from its publication',
    )
  },
)
