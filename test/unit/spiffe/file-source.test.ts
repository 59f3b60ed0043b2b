import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { openFileSource } from '../../../gateway/spiffe/file-source.ts'
import { IdentitySourceError } from '../../../gateway/spiffe/source.ts'
import { NOW, HOUR, makeCa, makeLeaf, pem } from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'

const ca = makeCa('CA')
const next = makeCa('Next CA')
const partner = makeCa('Partner CA')
const GATEWAY = 'spiffe://example.org/svidgate'
const clock = { now: () => NOW }

const keyOf = (certificate: TestCertificate) =>
  certificate.keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

function files(t: Test) {
  const dir = t.testdir()
  const at = (name: string) => join(dir, name)
  return {
    bundleFile: at('bundle.pem'),
    partnerFile: at('partner.json'),
    certFile: at('svid.pem'),
    keyFile: at('svid.key'),
  }
}

async function writeSvid(
  paths: ReturnType<typeof files>,
  svid: TestCertificate,
  key = keyOf(svid),
): Promise<void> {
  await writeFile(paths.certFile, pem(svid))
  await writeFile(paths.keyFile, key, { mode: 0o600 })
}

const jwks = (...cas: readonly TestCertificate[]) =>
  JSON.stringify({
    keys: cas.map((one) => ({
      ...one.keys.publicKey.export({ format: 'jwk' }),
      use: 'x509-svid',
      x5c: [one.der.toString('base64')],
    })),
  })

async function openAll(t: Test) {
  const paths = files(t)
  await writeFile(paths.bundleFile, pem(ca))
  await writeFile(paths.partnerFile, jwks(partner))
  await writeSvid(paths, makeLeaf(ca, GATEWAY))
  const source = await openFileSource({
    trustDomain: 'example.org',
    bundleFile: paths.bundleFile,
    foreignBundleFiles: new Map([['partner.org', paths.partnerFile]]),
    svid: paths,
    clock,
  })
  t.teardown(() => source.close())
  return { paths, source }
}

t.test('bundles and the own SVID come from their files', async (t) => {
  const { source } = await openAll(t)
  t.equal(source.trustDomain, 'example.org')
  t.equal(source.bundles().revision, 1)
  t.strictSame(source.bundles().trustDomains, ['example.org', 'partner.org'])
  t.match(source.ownSvid(), { id: { text: GATEWAY }, expiresAt: NOW + HOUR })
  t.notMatch(JSON.stringify(source.ownSvid()), /PRIVATE KEY/)
})

t.test('without an SVID of its own the source only verifies', async (t) => {
  const paths = files(t)
  await writeFile(paths.bundleFile, pem(ca))
  const source = await openFileSource({
    trustDomain: 'example.org',
    bundleFile: paths.bundleFile,
    clock,
  })
  t.equal(source.ownSvid(), undefined)
})

t.test('a reload takes over what changed, and says whether anything did', async (t) => {
  const { paths, source } = await openAll(t)
  const before = source.bundles()
  t.strictSame(await source.reload(), { changed: false, problems: [], warnings: [] })
  t.equal(source.bundles(), before)
  await writeFile(paths.bundleFile, pem(ca, next))
  t.match(await source.reload(), { changed: true, problems: [] })
  t.equal(source.bundles().revision, 2)
  t.equal(source.bundles().get('example.org')?.anchors.length, 2)
  t.equal(before.get('example.org')?.anchors.length, 1, 'what was handed out stays')
  const renewed = makeLeaf(next, GATEWAY)
  await writeSvid(paths, renewed)
  t.match(await source.reload(), { changed: true, problems: [] })
  t.equal(source.ownSvid()?.certPem, pem(renewed))
  t.equal(source.bundles().revision, 2)
})

t.test('a broken bundle file changes no bundle, and is reported', async (t) => {
  const { paths, source } = await openAll(t)
  const before = source.bundles()
  await writeFile(paths.bundleFile, pem(next))
  await writeFile(paths.partnerFile, '{"keys":')
  const report = await source.reload()
  t.match(report.problems, [{ message: /partner\.json.*not JSON/, hint: /SPIFFE bundle/ }])
  t.equal(source.bundles(), before)
  await rm(paths.partnerFile)
  t.match((await source.reload()).problems, [{ message: /cannot be read/ }])
})

t.test('an SVID whose key is not there yet does not delay a change of trust', async (t) => {
  const { paths, source } = await openAll(t)
  const svid = source.ownSvid()
  await writeFile(paths.bundleFile, pem(ca, next))
  await writeFile(paths.certFile, pem(makeLeaf(ca, GATEWAY)))
  const report = await source.reload()
  t.match(report, { changed: true, problems: [{ message: /not the private key/ }] })
  t.equal(source.bundles().revision, 2)
  t.equal(source.ownSvid(), svid, 'the last good one')
})

t.test('a domain that empties its bundle is trusted no more, with a warning', async (t) => {
  const { paths, source } = await openAll(t)
  await writeFile(paths.partnerFile, '{"keys":[]}')
  const report = await source.reload()
  t.match(report, { changed: true, problems: [], warnings: [/partner\.org now trusts nothing/] })
  t.equal(source.bundles().get('partner.org')?.anchors.length, 0)
})

t.test('opening demands that everything is good', async (t) => {
  const paths = files(t)
  const options = { trustDomain: 'example.org', bundleFile: paths.bundleFile, clock }
  const svid = { certFile: paths.certFile, keyFile: paths.keyFile }
  const refuses = async (name: string, message: RegExp, more: object = {}) => {
    const opened = openFileSource({ ...options, ...more })
    await t.rejects(opened, { name: 'IdentitySourceError', message }, name)
  }
  await refuses('no file', /cannot be read/)
  await writeFile(paths.bundleFile, '')
  await refuses('an empty file', /no certificate; give the CA certificates/)
  await writeFile(paths.bundleFile, '{"keys":[]}')
  await refuses('no authority', /no X\.509 authority; add a key/)
  await writeFile(paths.bundleFile, pem(ca))
  await refuses('a directory', /cannot be read|not a file/, { bundleFile: t.testdirName })

  await writeSvid(paths, makeLeaf(partner, GATEWAY))
  await refuses('an SVID of another CA', /ERR_SG_SVID_CHAIN/, { svid })
  await writeSvid(paths, makeLeaf(ca, GATEWAY, { notAfter: NOW - 1000 }))
  await refuses('an expired SVID', /ERR_SG_SVID_EXPIRED/, { svid })
  await writeSvid(paths, makeLeaf(partner, 'spiffe://partner.org/svidgate'))
  await writeFile(paths.partnerFile, jwks(partner))
  const foreignBundleFiles = new Map([['partner.org', paths.partnerFile]])
  await refuses('an SVID of another domain', /is not of example\.org/, { svid, foreignBundleFiles })
  await writeSvid(paths, makeLeaf(ca, GATEWAY), keyOf(ca))
  await refuses('the key of another certificate', /not the private key/, { svid })
  await writeSvid(paths, makeLeaf(ca, GATEWAY), 'no key')
  await refuses('no key', /not the private key/, { svid })
  await writeSvid(paths, makeLeaf(ca, GATEWAY))
  for (const mode of [0o640, 0o604, 0o644]) {
    await chmod(paths.keyFile, mode)
    await refuses(`a key file of mode ${mode.toString(8)}`, /run: chmod 600/, { svid })
  }
  await chmod(paths.keyFile, 0o400)
  const source = await openFileSource({ ...options, svid })
  t.ok(source.ownSvid())
})

t.test('the error of opening holds every problem', async (t) => {
  const paths = files(t)
  const opened = openFileSource({
    trustDomain: 'example.org',
    bundleFile: paths.bundleFile,
    foreignBundleFiles: new Map([['partner.org', paths.partnerFile]]),
    clock,
  })
  const error: unknown = await opened.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  t.ok(error instanceof IdentitySourceError && error.problems.length === 2)
})
