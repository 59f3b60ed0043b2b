// A partner's bundle over time, with a clock that is moved by hand and an endpoint that says what the
// test wants.

import t from 'tap'
import { createDevTrustDomain } from '../../../../gateway/spiffe/dev-ca.ts'
import {
  DEFAULT_REFRESH_MS,
  LEAST_REFRESH_MS,
  LEAST_RETRY_MS,
  MOST_REFRESH_MS,
  Partner,
} from '../../../../gateway/spiffe/federation/partner.ts'
import type {
  BundleAnswer,
  BundleRequest,
} from '../../../../gateway/spiffe/federation/fetch-port.ts'
import type { BundleEndpoint } from '../../../../gateway/spiffe/source.ts'
import { parseTrustBundle, type TrustBundle } from '../../../../gateway/spiffe/trust-bundle.ts'
import { err, ok, type Result } from '../../../../gateway/util/result.ts'
import { ManualTime } from '../../../support/manual-time.ts'
import { SourceEvents } from '../../../support/source-events.ts'
import { bundleJson } from '../../../support/bundle-json.ts'
import { ders } from '../../../support/workload-api.ts'

const HOUR = 3_600_000
const ENDPOINT_ID = 'spiffe://partner.org/bundle-endpoint'
const time0 = Date.parse('2026-11-23T18:00:00.000Z')
const one = createDevTrustDomain({ trustDomain: 'partner.org', now: time0 })
const two = createDevTrustDomain({ trustDomain: 'partner.org', now: time0 })

function bundleOf(pem: string): TrustBundle {
  const bundle = parseTrustBundle('partner.org', Buffer.from(pem))
  if (!bundle.ok) throw new Error(bundle.error.message)
  return bundle.value
}

interface Options {
  readonly endpoint?: Partial<BundleEndpoint>
  readonly bootstrap?: TrustBundle
  readonly bundleOf?: (domain: string) => TrustBundle | undefined
}

class Scene {
  readonly time = new ManualTime(time0)
  readonly events = new SourceEvents()
  readonly requests: BundleRequest[] = []
  answer: Result<BundleAnswer, string> = err('nobody there')
  readonly partner: Partner

  constructor(options: Options = {}) {
    this.partner = new Partner({
      trustDomain: 'partner.org',
      endpoint: {
        origin: 'https://partner.org',
        path: '/bundle',
        profile: { kind: 'https_web', ca: undefined },
        bundleFile: undefined,
        maxAge: HOUR,
        ...options.endpoint,
      },
      bootstrap: options.bootstrap,
      fetch: async (request) => {
        this.requests.push(request)
        return this.answer
      },
      bundleOf: options.bundleOf ?? (() => undefined),
      clock: this.time,
      timers: this.time,
      random: () => 1,
      changed: () => this.events.changed(),
      happened: (event) => this.events.happened(event),
    })
  }

  serve(caPem: string | undefined, more: object = {}): void {
    const keys = caPem === undefined ? [] : [caPem]
    this.answer = ok({ status: 200, body: Buffer.from(bundleJson(keys, more)) })
  }

  get authority(): string | undefined {
    return this.partner.bundle()?.anchors[0]?.certificate.der.toString('hex')
  }

  /** Runs what is due by then, and the fetch that it started. */
  async after(ms: number): Promise<void> {
    this.time.advance(ms)
    for (let i = 0; i < 5; i += 1) await Promise.resolve()
  }
}

const hex = ({ caPem }: { caPem: string }): string => ders(caPem).toString('hex')

t.test('nothing is trusted before the first fetch; then what it served', async (t) => {
  const scene = new Scene()
  t.equal(scene.partner.bundle(), undefined)
  scene.serve(one.caPem)
  await scene.after(0)
  t.equal(scene.authority, hex(one))
  t.equal(scene.events.changes, 1)
  t.match(scene.requests, [
    { origin: 'https://partner.org', path: '/bundle', server: { kind: 'web' }, maxBytes: 1048576 },
  ])
  scene.partner.close()
  t.equal(scene.time.running, 0)
})

const HINTS: readonly (readonly [hint: number | undefined, ms: number])[] = [
  [undefined, DEFAULT_REFRESH_MS],
  [60, 60_000],
  [0, LEAST_REFRESH_MS],
  [31_536_000, MOST_REFRESH_MS],
]

for (const [hint, ms] of HINTS) {
  t.test(`BN: a refresh hint of ${hint ?? 'none'} is asked again after ${ms} ms`, async (t) => {
    const scene = new Scene()
    scene.serve(one.caPem, hint === undefined ? {} : { spiffe_refresh_hint: hint })
    await scene.after(0)
    await scene.after(ms - 1)
    t.equal(scene.requests.length, 1)
    await scene.after(1)
    t.equal(scene.requests.length, 2)
    scene.partner.close()
  })
}

t.test('BN: the sequence never goes back; the same one and none are taken', async (t) => {
  const scene = new Scene()
  scene.serve(one.caPem, { spiffe_sequence: 7 })
  await scene.after(0)
  scene.serve(two.caPem, { spiffe_sequence: 6 })
  await scene.after(DEFAULT_REFRESH_MS)
  t.equal(scene.authority, hex(one))
  t.match(await scene.events.next('bundle_endpoint', 'rejected'), { detail: /from 7 to 6/ })
  scene.serve(two.caPem)
  await scene.after(LEAST_RETRY_MS)
  t.equal(scene.authority, hex(two))
  scene.serve(one.caPem, { spiffe_sequence: 6 })
  await scene.after(DEFAULT_REFRESH_MS)
  t.equal(scene.authority, hex(two), 'the floor outlives a document without one')
  scene.serve(one.caPem, { spiffe_sequence: 7 })
  await scene.after(LEAST_RETRY_MS)
  t.equal(scene.authority, hex(one))
  scene.partner.close()
})

const FAILURES: readonly (readonly [id: string, answer: Result<BundleAnswer, string>])[] = [
  ['nobody there', err('nobody there')],
  ['a redirect', ok({ status: 302, body: Buffer.from(bundleJson([two.caPem])) })],
  ['an error', ok({ status: 500, body: Buffer.alloc(0) })],
  ['no bundle', ok({ status: 200, body: Buffer.from('<html>') })],
]

for (const [id, answer] of FAILURES) {
  t.test(`last good stays, and is asked for sooner: ${id}`, async (t) => {
    const scene = new Scene()
    scene.serve(one.caPem)
    await scene.after(0)
    scene.answer = answer
    await scene.after(DEFAULT_REFRESH_MS)
    t.equal(scene.authority, hex(one))
    await scene.after(LEAST_RETRY_MS)
    t.equal(scene.requests.length, 3)
    await scene.after(LEAST_RETRY_MS)
    t.equal(scene.requests.length, 3, 'and with growing pauses')
    await scene.after(LEAST_RETRY_MS)
    t.equal(scene.requests.length, 4)
    scene.partner.close()
  })
}

t.test('after maxAge without a fetch the domain is trusted no more, until the next', async (t) => {
  const scene = new Scene({ bootstrap: bundleOf(one.caPem) })
  t.equal(scene.authority, hex(one), 'the first bundle counts from the start')
  await scene.after(HOUR - 1)
  t.equal(scene.authority, hex(one))
  await scene.after(1)
  t.equal(scene.partner.bundle(), undefined)
  t.match(await scene.events.next('bundle_endpoint', 'expired'), { trustDomain: 'partner.org' })
  t.equal(scene.events.changes, 1)
  scene.serve(one.caPem)
  await scene.after(DEFAULT_REFRESH_MS)
  t.equal(scene.authority, hex(one))
  t.equal(scene.events.changes, 2)
  await scene.after(HOUR - 1)
  t.equal(scene.authority, hex(one), 'its age counts from the last fetch')
  scene.partner.close()
})

t.test('a bundle without authorities revokes the domain', async (t) => {
  const scene = new Scene({ bootstrap: bundleOf(one.caPem) })
  scene.serve(undefined)
  await scene.after(0)
  t.equal(scene.partner.bundle()?.anchors.length, 0)
  t.match(await scene.events.next('bundle_endpoint', 'updated'), { detail: /trusts nothing/ })
  scene.partner.close()
})

t.test('https_spiffe: the endpoint is judged by the bundle known so far', async (t) => {
  const profile = { kind: 'https_spiffe', endpointSpiffeId: ENDPOINT_ID } as const
  const scene = new Scene({ endpoint: { profile }, bootstrap: bundleOf(one.caPem) })
  scene.serve(two.caPem)
  const svid = (of: typeof one, spiffeId = ENDPOINT_ID, ttlSeconds = 90_000) => [
    ders(of.issueSvid({ spiffeId, ttlSeconds, now: time0 }).certPem),
  ]
  const problem = (chain: readonly Buffer[]): string | undefined => {
    const { server } = scene.requests.at(-1) ?? {}
    if (server?.kind !== 'judge') throw new Error('no judge')
    return server.problem(chain)
  }
  await scene.after(0)
  // The fetch is over: from now on the new bundle is the one that judges.
  t.equal(problem(svid(two)), undefined)
  t.match(problem(svid(one)), /ERR_SG_SVID/, 'an authority that was dropped')
  t.match(problem(svid(two, 'spiffe://partner.org/other')), /not spiffe:\/\/partner.org\/bundle/)
  t.match(problem([]), /ERR_SG_SVID_MISSING|no certificate/)
  scene.answer = err('down')
  await scene.after(HOUR)
  t.equal(scene.partner.bundle(), undefined, 'too old for agents')
  t.equal(problem(svid(two)), undefined, 'and still what the endpoint is judged by')
  scene.time.advance(25 * HOUR)
  t.match(problem(svid(two)), /EXPIRED/)
  scene.partner.close()
})

t.test(
  'https_spiffe: an endpoint of another domain is judged by that domain’s bundle',
  async (t) => {
    const host = createDevTrustDomain({ trustDomain: 'host.org', now: time0 })
    const parsed = parseTrustBundle('host.org', Buffer.from(host.caPem))
    if (!parsed.ok) throw new Error(parsed.error.message)
    const endpointSpiffeId = 'spiffe://host.org/bundles'
    const domains = new Map([['host.org', parsed.value]])
    const scene = new Scene({
      endpoint: { profile: { kind: 'https_spiffe', endpointSpiffeId } },
      bundleOf: (domain) => domains.get(domain),
    })
    await scene.after(0)
    const { server } = scene.requests[0] ?? {}
    if (server?.kind !== 'judge') throw new Error('no judge')
    const chain = [
      ders(host.issueSvid({ spiffeId: endpointSpiffeId, ttlSeconds: 60, now: time0 }).certPem),
    ]
    t.equal(server.problem(chain), undefined)
    domains.clear()
    t.match(server.problem(chain), /no bundle of host.org/)
    scene.partner.close()
  },
)
