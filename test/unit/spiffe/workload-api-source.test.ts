// The source against a real gRPC server of a test's own.

import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { status } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import type { IdentitySource } from '../../../gateway/spiffe/source.ts'
import { openWorkloadApiSource } from '../../../gateway/spiffe/workload-api-source.ts'
import { MAX_MESSAGE_BYTES } from '../../../gateway/spiffe/workload-api/stream.ts'
import { systemTimers } from '../../../gateway/util/timers.ts'
import { makeCa } from '../../support/ca.ts'
import { SourceEvents } from '../../support/source-events.ts'
import {
  bundlesOf,
  ders,
  encoded,
  socketFolder,
  svidParts,
  WorkloadApi,
} from '../../support/workload-api.ts'

const OWN_ID = 'spiffe://example.org/svidgate'
const now = Date.now()
const domain = createDevTrustDomain({ trustDomain: 'example.org', now })
const partner = createDevTrustDomain({ trustDomain: 'partner.org', now })
const issue = (spiffeId = OWN_ID, ttlSeconds = 600) =>
  domain.issueSvid({ spiffeId, ttlSeconds, now })
const first = issue()
const OWN = { 'example.org': ders(domain.caPem) }
const BOTH = { ...OWN, 'partner.org': ders(partner.caPem) }

interface Scene {
  readonly api: WorkloadApi
  readonly source: IdentitySource
  readonly events: SourceEvents
  readonly dir: string
}

async function open(t: Test, files?: ReadonlyMap<string, string>): Promise<Scene> {
  const { dir, remove } = await socketFolder()
  const api = await WorkloadApi.start(join(dir, 's'))
  api.answer('FetchX509SVID', { svids: [svidParts(OWN_ID, first, domain.caPem)] })
  api.answer('FetchX509Bundles', bundlesOf(BOTH))
  const events = new SourceEvents()
  const source = await openWorkloadApiSource({
    trustDomain: 'example.org',
    endpoint: api.endpoint,
    clock: { now: Date.now },
    timers: systemTimers,
    random: () => 0,
    observer: events,
    ...(files === undefined ? {} : { foreignBundleFiles: files }),
  })
  t.teardown(async () => {
    source.close()
    api.stop()
    await remove()
  })
  return { api, source, events, dir }
}

async function ready(t: Test, files?: ReadonlyMap<string, string>): Promise<Scene> {
  const scene = await open(t, files)
  while (scene.source.ownSvid() === undefined || scene.source.bundles().trustDomains.length === 0) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return scene
}

/** Sends a message that both streams answer with an event, so that all before it has been taken. */
async function barrier({ api, events }: Scene): Promise<void> {
  api.answer('FetchX509Bundles', Buffer.from([0xff]))
  await events.next('x509_bundles', 'rejected')
}

t.test('own SVID, own bundle and federated bundles come, each call with the header', async (t) => {
  const { api, source } = await ready(t)
  t.same(source.bundles().trustDomains, ['example.org', 'partner.org'])
  t.equal(source.ownSvid()?.id.text, OWN_ID)
  t.equal(source.ownSvid()?.certPem, first.certPem)
  t.equal(String(source.ownSvid()?.keyPem), '[secret]')
  t.equal(api.unmarked, 0)
})

t.test('a rotated SVID is taken over, a bundle that is the same makes no revision', async (t) => {
  const scene = await ready(t)
  const { api, source, events } = scene
  const { revision } = source.bundles()
  const next = issue()
  api.answer('FetchX509Bundles', bundlesOf(BOTH))
  await events.next('x509_bundles', 'unchanged')
  api.answer('FetchX509SVID', { svids: [svidParts(OWN_ID, next, domain.caPem)] })
  while (source.ownSvid()?.certPem === first.certPem) await events.next('x509_svid', 'updated')
  t.equal(source.ownSvid()?.certPem, next.certPem)
  t.equal(source.bundles().revision, revision)
})

t.test(
  'XF-3: a domain that a message does not name, or names without authorities, is cut off',
  async (t) => {
    const { api, source, events } = await ready(t)
    const before = source.bundles()
    api.answer('FetchX509Bundles', bundlesOf({ ...OWN, 'partner.org': Buffer.alloc(0) }))
    while (source.bundles() === before) await events.next('x509_bundles', 'updated')
    t.equal(source.bundles().get('partner.org')?.anchors.length, 0)
    t.equal(source.bundles().revision, before.revision + 1)
    api.answer('FetchX509Bundles', bundlesOf(OWN))
    await events.next('x509_bundles', 'updated')
    t.equal(source.bundles().get('partner.org'), undefined)
  },
)

t.test('WA-2, HX: what cannot be used changes nothing', async (t) => {
  const good = svidParts(OWN_ID, first, domain.caPem)
  const other = createDevTrustDomain({ trustDomain: 'example.org', now })
  const foreign = partner.issueSvid({ spiffeId: 'spiffe://partner.org/a', ttlSeconds: 600, now })
  const past = domain.issueSvid({ spiffeId: OWN_ID, ttlSeconds: 60, now: now - 3_600_000 })
  const table: readonly (readonly [id: string, parts: object, detail: RegExp])[] = [
    ['an empty field', { ...good, bundle: Buffer.alloc(0) }, /bundle is empty/],
    [
      'the key of another SVID',
      { ...good, x509_svid_key: svidParts(OWN_ID, issue(), domain.caPem).x509_svid_key },
      /the key is of another/,
    ],
    ['a key that is none', { ...good, x509_svid_key: Buffer.from('x') }, /the key is of another/],
    ['an expired SVID', svidParts(OWN_ID, past, domain.caPem), /EXPIRED/],
    ['another ID than it says', { ...good, spiffe_id: 'spiffe://example.org/other' }, /it says/],
    ['another authority', { ...good, bundle: ders(other.caPem) }, /ERR_SG_SVID/],
    ['another domain', svidParts('spiffe://partner.org/a', foreign, partner.caPem), /ERR_SG_SVID/],
    [
      'bytes behind the chain',
      { ...good, x509_svid: Buffer.concat([good.x509_svid, Buffer.from([1])]) },
      /./,
    ],
  ]
  const { api, source, events } = await ready(t)
  for (const [id, parts, detail] of table) {
    api.answer('FetchX509SVID', { svids: [parts] })
    t.match((await events.next('x509_svid', 'rejected')).detail, detail, id)
    t.equal(source.ownSvid()?.certPem, first.certPem, id)
  }
  const before = source.bundles()
  const wrong: readonly (readonly [id: string, message: object])[] = [
    ['a leaf as an authority', bundlesOf({ ...OWN, 'partner.org': ders(first.certPem) })],
    ['half a certificate', bundlesOf({ 'example.org': ders(domain.caPem).subarray(0, 50) })],
    ['the ID of a workload', { bundles: { 'spiffe://example.org/x': ders(domain.caPem) } }],
    ['a bare name', { bundles: { 'example.org': ders(domain.caPem) } }],
    ['none', { bundles: {} }],
  ]
  for (const [id, message] of wrong) {
    api.answer('FetchX509Bundles', message)
    await events.next('x509_bundles', 'rejected')
    t.equal(source.bundles(), before, id)
  }
})

t.test('WA-3: the first SVID is ours', async (t) => {
  const { api, source, events } = await ready(t)
  const other = 'spiffe://example.org/other'
  const svids = [
    svidParts(other, issue(other), domain.caPem),
    svidParts(OWN_ID, first, domain.caPem),
  ]
  api.answer('FetchX509SVID', { svids })
  while (source.ownSvid()?.id.text !== other) await events.next('x509_svid', 'updated')
  t.pass()
})

t.test('WA-1: a stream that ends is asked again, and so is an agent that was killed', async (t) => {
  const { api, source, events, dir } = await ready(t)
  api.endStreams()
  await api.untilCalls('FetchX509SVID', 2)
  await api.untilCalls('FetchX509Bundles', 2)
  api.stop()
  await events.next('x509_svid', 'unreachable')
  t.equal(source.ownSvid()?.certPem, first.certPem, 'the last good one stays')
  t.same(source.bundles().trustDomains, ['example.org', 'partner.org'])
  const again = await WorkloadApi.start(join(dir, 's'))
  t.teardown(() => again.stop())
  again.answer('FetchX509Bundles', bundlesOf(OWN))
  while (source.bundles().trustDomains.length !== 1) await events.next('x509_bundles', 'updated')
  t.equal(again.unmarked, 0)
})

t.test('EP-8: the agent may come later', async (t) => {
  const { dir, remove } = await socketFolder()
  const events = new SourceEvents()
  const source = await openWorkloadApiSource({
    trustDomain: 'example.org',
    endpoint: `unix://${dir}/s`,
    clock: { now: Date.now },
    timers: systemTimers,
    random: () => 0,
    observer: events,
  })
  await events.next('x509_bundles', 'unreachable')
  t.equal(source.bundles().trustDomains.length, 0)
  const api = await WorkloadApi.start(join(dir, 's'))
  t.teardown(async () => {
    source.close()
    api.stop()
    await remove()
  })
  api.answer('FetchX509Bundles', bundlesOf(OWN))
  await events.next('x509_bundles', 'updated')
  t.same(source.bundles().trustDomains, ['example.org'])
})

t.test('WA-4: PermissionDenied ends the use of the SVID, and is asked again', async (t) => {
  const { api, source, events } = await ready(t)
  const changes = events.changes
  api.answer('FetchX509SVID', status.PERMISSION_DENIED)
  await events.next('x509_svid', 'denied')
  t.equal(source.ownSvid(), undefined)
  t.ok(events.changes > changes, 'whoever shows it is told')
  t.same(source.bundles().trustDomains, ['example.org', 'partner.org'], 'trust is not identity')
  api.answer('FetchX509SVID', { svids: [svidParts(OWN_ID, first, domain.caPem)] })
  await events.next('x509_svid', 'updated')
  t.equal(source.ownSvid()?.certPem, first.certPem)
})

for (const code of [status.INVALID_ARGUMENT, status.UNIMPLEMENTED]) {
  t.test(`EP-7: after ${status[code]} nobody asks again`, async (t) => {
    const scene = await ready(t)
    const { api, source, events } = scene
    api.answer('FetchX509SVID', code)
    t.match((await events.next('x509_svid', 'stopped')).detail, new RegExp(status[code]))
    const asked = api.calls.filter((method) => method === 'FetchX509SVID').length
    // The other stream comes and goes meanwhile: time enough for a second call.
    for (const round of [1, 2]) {
      api.endStreams()
      await api.untilCalls('FetchX509Bundles', 1 + round)
    }
    t.equal(api.calls.filter((method) => method === 'FetchX509SVID').length, asked)
    t.equal(source.ownSvid()?.certPem, first.certPem)
  })
}

t.test('messages over 4 MiB are read, and those over the limit leave what is there', async (t) => {
  const scene = await ready(t)
  const { api, source, events } = scene
  const ca = makeCa('big')
  const cas = Buffer.concat(Array.from({ length: 4_000 }, () => ca.der))
  const copies = Math.ceil((5 * 1024 * 1024) / cas.length)
  const domains = Array.from({ length: copies }, (_, i) => [`d${i}.org`, cas] as const)
  const message = bundlesOf({ ...OWN, ...Object.fromEntries(domains) })
  t.ok(encoded('FetchX509Bundles', message).length > 4 * 1024 * 1024)
  api.answer('FetchX509Bundles', message)
  while (source.bundles().trustDomains.length !== copies + 1) {
    await events.next('x509_bundles', 'updated')
  }
  const before = source.bundles()
  api.answer('FetchX509Bundles', Buffer.alloc(MAX_MESSAGE_BYTES + 1))
  t.match((await events.next('x509_bundles', 'unreachable')).detail, /RESOURCE_EXHAUSTED/)
  t.equal(source.bundles(), before)
})

t.test('a partner’s bundle from a file counts instead of the delivered one', async (t) => {
  const { dir, remove } = await socketFolder()
  t.teardown(remove)
  const file = join(dir, 'partner.pem')
  const other = createDevTrustDomain({ trustDomain: 'partner.org', now })
  await writeFile(file, other.caPem)
  const scene = await ready(t, new Map([['partner.org', file]]))
  await barrier(scene)
  const { source } = scene
  const ca = (): string | undefined =>
    source.bundles().get('partner.org')?.anchors[0]?.certificate.der.toString('hex')
  t.equal(ca(), ders(other.caPem).toString('hex'))
  t.match(await source.reload({ foreignBundleFiles: new Map() }), { changed: true, problems: [] })
  t.equal(ca(), ders(partner.caPem).toString('hex'))
  const missing = new Map([['partner.org', join(dir, 'nothing.pem')]])
  t.match(await source.reload({ foreignBundleFiles: missing }), { problems: [{}] })
  t.equal(ca(), ders(partner.caPem).toString('hex'), 'the last good one stays')
})
