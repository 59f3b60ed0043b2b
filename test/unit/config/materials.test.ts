// Certificates and keys: read once, checked, and no secret left lying open. The first half runs on a
// file system in memory, the second on a real one.

import { once } from 'node:events'
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { nodeFiles } from '../../../gateway/config/files/node-files.ts'
import { loadConfig } from '../../../gateway/config/load.ts'
import {
  changed,
  DIRECTORY,
  load,
  loadRight,
  OTHER,
  problemsOf,
  rightFiles,
  SERVER,
  type MemoryFile,
} from '../../support/config-fixture.ts'

const ENCRYPTED = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey

type Row = readonly [id: string, name: string, file: MemoryFile | undefined, problem: string]

const TABLE: readonly Row[] = [
  [
    'a key readable by the group',
    'gw.key',
    { text: SERVER.key, mode: 0o640 },
    'listen.data.tls[0].key: the private key /etc/svidgate/gw.key can be read or changed by group or others (mode 0640)',
  ],
  [
    'a key readable by all',
    'gw.key',
    { text: SERVER.key, mode: 0o604 },
    'listen.data.tls[0].key: the private key /etc/svidgate/gw.key can be read or changed by group or others (mode 0604)',
  ],
  [
    'a key writable by others',
    'gw.key',
    { text: SERVER.key, mode: 0o602 },
    'listen.data.tls[0].key: the private key /etc/svidgate/gw.key can be read or changed by group or others (mode 0602)',
  ],
  [
    'a key that does not belong to the certificate',
    'gw.key',
    { text: OTHER.key },
    'listen.data.tls[0].key: the key does not belong to the first certificate of `cert`',
  ],
  [
    'an encrypted key',
    'gw.key',
    { text: ENCRYPTED },
    'listen.data.tls[0].key: /etc/svidgate/gw.key: is encrypted, and there is nowhere to give a passphrase',
  ],
  [
    'a certificate where a key belongs',
    'gw.key',
    { text: SERVER.certificate },
    'listen.data.tls[0].key: /etc/svidgate/gw.key: holds no readable private key',
  ],
  [
    'a damaged certificate behind a good one',
    'gw.pem',
    {
      text: `${SERVER.certificate}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
    },
    'listen.data.tls[0].cert: /etc/svidgate/gw.pem: holds no readable certificate',
  ],
  [
    'a private key where a public one belongs',
    'bundle.pub',
    { text: OTHER.key },
    'policy.verification.keys.main: /etc/svidgate/bundle.pub: is a private key; its public half belongs here',
  ],
  [
    'a public key that is none',
    'bundle.pub',
    { text: 'ssh-ed25519 AAAA' },
    'policy.verification.keys.main: /etc/svidgate/bundle.pub: holds no readable public key',
  ],
  [
    'a bundle that is not there',
    'authz.tar.gz',
    undefined,
    'policy.bundles[0].source: /etc/svidgate/authz.tar.gz does not exist',
  ],
  [
    'a trust bundle that is not there',
    'bundle.pem',
    undefined,
    'identity.source.trustBundle: /etc/svidgate/bundle.pem does not exist',
  ],
  [
    'a file that is too large to be a certificate',
    'gw.pem',
    { text: 'x'.repeat(1024 * 1024 + 1) },
    'listen.data.tls[0].cert: /etc/svidgate/gw.pem is too large',
  ],
]

for (const [id, name, file, problem] of TABLE) {
  t.test(id, async (t) => {
    const files = rightFiles()
    if (file === undefined) files.delete(`${DIRECTORY}/${name}`)
    else files.set(`${DIRECTORY}/${name}`, file)
    const problems = await problemsOf('', { files })
    t.strictSame(
      problems.map((text) => text.replace(/^\d+:\d+ /, '')),
      [problem],
    )
    t.notMatch(problems.join(), /BEGIN|MII/, 'and nothing of a key is told')
  })
}

t.test('a name that the certificate does not cover', async (t) => {
  const names = (list: string) => changed('names: [gw.example.org, "*.s3.gw.example.org"]', list)
  t.match(await problemsOf(names('names: [gw.example.org, "*.gw.example.org"]')), [
    /names\[1\]: the certificate does not cover \*\.gw\.example\.org$/,
  ])
  t.match(await problemsOf(names('names: [gw.example.org, x.gw.example.org]')), [
    /names\[1\]: the certificate does not cover x\.gw\.example\.org$/,
  ])
  t.strictSame(await problemsOf(names('names: [gw.example.org, a.s3.gw.example.org]')), [])
})

t.test('a deny list that is not there is refused: nobody would be denied', async (t) => {
  const config = changed('issuer:\n', '  denyList: file:./nobody.txt\nissuer:\n')
  t.match(await problemsOf(config), [/denyList: \/etc\/svidgate\/nobody\.txt does not exist/])
})

t.test('a private key may come from the environment', async (t) => {
  const config = changed('key: file:./gw.key', 'key: ${TLS_KEY}')
  const { config: loaded } = await loadRight(config, { TLS_KEY: SERVER.key })
  const tls = loaded.listen.data.tls[0]
  if (tls?.kind !== 'files') throw new Error('not from files')
  t.equal(tls.key.path, undefined)
  t.equal(tls.key.pem.reveal(), SERVER.key)

  const wrong = await load(config, { env: { TLS_KEY: OTHER.key } })
  t.match(wrong, { ok: false, error: [{ message: /does not belong/ }] })
  const damaged = await load(config, { env: { TLS_KEY: '-----BEGIN PRIVATE KEY-----\nAA' } })
  t.match(damaged, { ok: false, error: [{ message: 'the value holds no readable private key' }] })
})

t.test('a private key in the file itself is refused, and not repeated', async (t) => {
  const indented = SERVER.key.trimEnd().replaceAll('\n', '\n          ')
  const config = changed('key: file:./gw.key', `key: |\n          ${indented}`)
  const problems = await problemsOf(config)
  t.match(problems, [/tls\[0\]\.key: a private key stands in the configuration itself$/])
  t.notMatch(problems.join(), /BEGIN|MII/)
})

t.test('on a real file system', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'svidgate-config-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const at = (name: string) => join(directory, name)
  for (const [path, { text, mode }] of rightFiles()) {
    const name = path.slice(DIRECTORY.length + 1)
    await writeFile(at(name), text)
    await chmod(at(name), mode ?? 0o600)
  }
  const messages = async () => {
    const loaded = await loadConfig(at('svidgate.yaml'), { env: {}, files: nodeFiles })
    return loaded.ok ? [] : loaded.error.map(({ path, message }) => `${path}: ${message}`)
  }

  t.strictSame(await messages(), [], 'what is right loads')

  await chmod(at('gw.key'), 0o644)
  t.match(await messages(), [/can be read or changed by group or others \(mode 0644\)$/])
  await chmod(at('gw.key'), 0o600)

  await rm(at('bundle.pub'))
  await symlink(directory, at('bundle.pub'))
  t.match(await messages(), [/keys\.main: .*bundle\.pub is no regular file$/])
  await rm(at('bundle.pub'))

  const server = createServer().listen(at('bundle.pub'))
  await once(server, 'listening')
  t.match(await messages(), [/keys\.main: .*bundle\.pub is no regular file$/])
  server.close()

  const missing = await loadConfig(at('none.yaml'), { env: {}, files: nodeFiles })
  t.match(missing, { ok: false, error: [{ message: 'there is no such file' }] })
  const notAFile = await loadConfig(directory, { env: {}, files: nodeFiles })
  t.match(notAFile, { ok: false, error: [{ message: 'this is no regular file' }] })
})
