import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  openDevTrustDomain,
  readDevTrustDomain,
  writeDevSvid,
} from '../../../gateway/spiffe/dev-directory.ts'
import { openDevSource } from '../../../gateway/spiffe/dev-source.ts'
import { readPem } from '../../../gateway/spiffe/pem.ts'
import { IdentitySourceError } from '../../../gateway/spiffe/source.ts'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'
import { NOW } from '../../support/ca.ts'

const DOMAIN = 'example.org'
const mode = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)

function verify(certPem: string, bundles: Parameters<typeof verifyX509Svid>[1], at: number) {
  const blocks = readPem(certPem)
  return verifyX509Svid(blocks.ok ? blocks.value.map(({ bytes }) => bytes) : [], bundles, at)
}

t.test('a domain lives on in its directory, with keys for the owner alone', async (t) => {
  const dir = join(t.testdir(), 'state', 'dev')
  const made = await openDevTrustDomain(dir, DOMAIN, NOW)
  for (const key of ['ca.key.pem', 'web-ca.key.pem']) t.equal(await mode(join(dir, key)), '600')
  t.equal(await mode(dir), '700')
  const again = await openDevTrustDomain(dir, DOMAIN, NOW)
  t.equal(again.caPem, made.caPem)
  t.equal(again.webCaPem, made.webCaPem)
  t.equal(await readFile(join(dir, 'bundle.pem'), 'utf8'), made.caPem)
  const files = await writeDevSvid(
    dir,
    'writer',
    again.issueSvid({ spiffeId: 'spiffe://example.org/agent/w', ttlSeconds: 60 }),
  )
  t.equal(await mode(files.keyFile), '600')
  t.match(await readFile(files.certFile, 'utf8'), /BEGIN CERTIFICATE/)
  await t.rejects(writeDevSvid(dir, '../writer', { certPem: '', keyPem: '' }), TypeError)
})

t.test('a directory that cannot be used says why', async (t) => {
  const dir = join(t.testdir(), 'dev')
  await openDevTrustDomain(dir, DOMAIN, NOW)
  await t.rejects(readDevTrustDomain(dir, 'partner.org', NOW), IdentitySourceError)
  await t.rejects(readDevTrustDomain(dir, DOMAIN, NOW + 400 * 24 * 3_600_000), /expired/)
  await chmod(join(dir, 'ca.key.pem'), 0o640)
  await t.rejects(readDevTrustDomain(dir, DOMAIN, NOW), /chmod 600/)
  await chmod(join(dir, 'ca.key.pem'), 0o600)
  await writeFile(join(dir, 'ca.key.pem'), 'not a key')
  await t.rejects(readDevTrustDomain(dir, DOMAIN, NOW), /remove the directory/)
})

t.test('the dev source has an SVID of its own and renews it at half of its life', async (t) => {
  let now = NOW
  const source = await openDevSource({ trustDomain: DOMAIN, clock: { now: () => now } })
  t.teardown(() => source.close())
  const first = source.ownSvid()
  t.equal(first.id.text, 'spiffe://example.org/svidgate')
  t.match(verify(first.certPem, source.bundles(), NOW), {
    ok: true,
    value: { expiresAt: first.expiresAt },
  })
  now = NOW + 29 * 60_000
  t.equal(source.ownSvid(), first)
  now = NOW + 30 * 60_000
  const second = source.ownSvid()
  t.not(second.certPem, first.certPem)
  t.ok(verify(second.certPem, source.bundles(), now).ok)
  t.notMatch(JSON.stringify(second), /PRIVATE KEY/)
  t.same(await source.reload(), { changed: false, problems: [], warnings: [] })
})

t.test('the dev source of a directory keeps its trust between starts', async (t) => {
  const options = { trustDomain: DOMAIN, dir: join(t.testdir(), 'dev'), clock: { now: () => NOW } }
  const first = await openDevSource(options)
  const second = await openDevSource(options)
  t.equal(second.bundles().digest, first.bundles().digest)
  t.ok(verify(first.ownSvid().certPem, second.bundles(), NOW).ok)
})
