// One partner's trust bundle, kept fresh from its bundle endpoint (SPIFFE_Federation.md §5–§7). Which
// domain it is for, where it is fetched and who must answer is configuration; nothing that is fetched
// can change it. A fetch that fails leaves the last good bundle, but not for ever: after `maxAge`
// without one, the domain is trusted no more until the next.

import type { Clock } from '../../util/clock.ts'
import { err } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import type { StopTimer, Timers } from '../../util/timers.ts'
import { parseBundleDocument, type BundleDocument } from '../bundle-document.ts'
import type { BundleEndpoint, SourceEvent } from '../source.ts'
import { MAX_BUNDLE_BYTES, makeTrustBundleSet } from '../trust-bundle.ts'
import type { TrustBundle } from '../trust-bundle.ts'
import { verifyX509Svid } from '../verify.ts'
import type { FetchBundle, ServerCheck } from './fetch-port.ts'

/** SPIFFE_Trust_Domain_and_Bundle.md §4.1.2 leaves it to us where there is no hint. */
export const DEFAULT_REFRESH_MS = 5 * 60_000
/** A hint of zero must not make us ask without a pause. */
export const LEAST_REFRESH_MS = 10_000
/** A hint of a year must not keep a revoked authority for a year. */
export const MOST_REFRESH_MS = 60 * 60_000
export const LEAST_RETRY_MS = 2_000
export const FETCH_DEADLINE_MS = 10_000

export interface PartnerOptions {
  readonly trustDomain: string
  readonly endpoint: BundleEndpoint
  /** What to begin with. */
  readonly bootstrap: TrustBundle | undefined
  readonly fetch: FetchBundle
  /** The bundle of another domain, for an endpoint whose SVID is of one. */
  readonly bundleOf: (trustDomain: string) => TrustBundle | undefined
  readonly clock: Clock
  readonly timers: Timers
  /** [0, 1) */
  readonly random: () => number
  readonly changed: () => void
  readonly happened: (event: SourceEvent) => void
}

export class Partner {
  readonly #options: PartnerOptions
  /** The newest ever seen: an endpoint is still judged by it when it is too old to trust agents by. */
  #known: TrustBundle | undefined
  #isExpired = false
  #sequence: bigint | undefined
  #failures = 0
  #freshAt: number
  #stopNext: StopTimer = () => undefined
  #stopAge: StopTimer = () => undefined
  #isClosed = false

  constructor(options: PartnerOptions) {
    this.#options = options
    this.#known = options.bootstrap
    this.#freshAt = options.clock.now()
    this.#watchAge()
    this.#schedule(0)
  }

  get endpoint(): BundleEndpoint {
    return this.#options.endpoint
  }

  /** Undefined: the domain is not trusted (yet, or any more). */
  bundle(): TrustBundle | undefined {
    return this.#isExpired ? undefined : this.#known
  }

  close(): void {
    this.#isClosed = true
    this.#stopNext()
    this.#stopAge()
  }

  #schedule(ms: number): void {
    this.#stopNext = this.#options.timers.after(ms, () => void this.#refresh())
  }

  async #refresh(): Promise<void> {
    const fetched = await this.#fetch()
    if (this.#isClosed) return
    if (!fetched.ok) {
      const { result, detail } = fetched.error
      this.#tell(result, detail)
      this.#failures += 1
      const pause = Math.min(DEFAULT_REFRESH_MS, LEAST_RETRY_MS * 2 ** (this.#failures - 1))
      this.#schedule(this.#jittered(pause))
      return
    }
    this.#failures = 0
    this.#take(fetched.value)
    this.#schedule(this.#jittered(refreshAfter(fetched.value.refreshHintSeconds)))
  }

  async #fetch(): Promise<Result<BundleDocument, Failure>> {
    const { fetch, trustDomain, endpoint } = this.#options
    const answer = await fetch({
      origin: endpoint.origin,
      path: endpoint.path,
      server: this.#serverCheck(),
      deadlineMs: FETCH_DEADLINE_MS,
      maxBytes: MAX_BUNDLE_BYTES,
    })
    if (!answer.ok) return err({ result: 'unreachable', detail: answer.error })
    const { status, body } = answer.value
    if (status !== 200) return err({ result: 'unreachable', detail: `status ${status}` })
    const document = parseBundleDocument(trustDomain, body)
    if (!document.ok) return err({ result: 'rejected', detail: document.error })
    const { sequence } = document.value
    // An older document, played back, would bring back authorities that the domain has withdrawn.
    if (sequence !== undefined && this.#sequence !== undefined && sequence < this.#sequence) {
      const detail = `its sequence went back from ${this.#sequence} to ${sequence}`
      return err({ result: 'rejected', detail })
    }
    return document
  }

  #serverCheck(): ServerCheck {
    const { profile } = this.#options.endpoint
    if (profile.kind === 'https_web') return { kind: 'web', ca: profile.ca }
    const { endpointSpiffeId } = profile
    return { kind: 'judge', problem: (chain) => this.#endpointProblem(chain, endpointSpiffeId) }
  }

  /** SPIFFE_Federation.md §5.2.2: an SVID of exactly that ID, by the bundle of its own domain. */
  #endpointProblem(chain: readonly Buffer[], expected: string): string | undefined {
    const { trustDomain, bundleOf, clock } = this.#options
    const named = expected.slice('spiffe://'.length, expected.indexOf('/', 'spiffe://'.length))
    const bundle = named === trustDomain ? this.#known : bundleOf(named)
    if (bundle === undefined) return `there is no bundle of ${named} to judge its SVID by`
    const verified = verifyX509Svid(chain, makeTrustBundleSet([bundle], 1), clock.now())
    if (!verified.ok) return `its SVID: ${verified.error.detail} (${verified.error.code})`
    const { text } = verified.value.id
    return text === expected ? undefined : `it is ${text}, not ${expected}`
  }

  #take(document: BundleDocument): void {
    const before = this.bundle()
    this.#known = document.bundle
    this.#sequence = document.sequence ?? this.#sequence
    this.#isExpired = false
    this.#freshAt = this.#options.clock.now()
    this.#watchAge()
    const isSame = before !== undefined && sameTrust(before, document.bundle)
    if (!isSame) this.#options.changed()
    const isEmpty = document.bundle.anchors.length === 0
    const detail = isEmpty ? 'it has no X.509 authority now: the domain trusts nothing' : undefined
    this.#tell(isSame ? 'unchanged' : 'updated', detail)
  }

  #watchAge(): void {
    this.#stopAge()
    const { timers, clock, endpoint } = this.#options
    const left = this.#freshAt + endpoint.maxAge - clock.now()
    this.#stopAge = timers.after(Math.max(0, left), () => {
      this.#isExpired = true
      this.#tell('expired', `no fetch has succeeded for ${endpoint.maxAge / 1000} s`)
      if (this.#known !== undefined) this.#options.changed()
    })
  }

  #jittered(ms: number): number {
    return ms * (0.9 + this.#options.random() / 10)
  }

  #tell(result: SourceEvent['result'], detail: string | undefined): void {
    const { trustDomain, happened } = this.#options
    const more = detail === undefined ? {} : { detail }
    happened({ part: 'bundle_endpoint', result, trustDomain, ...more })
  }
}

interface Failure {
  readonly result: 'unreachable' | 'rejected'
  readonly detail: string
}

function refreshAfter(hintSeconds: number | undefined): number {
  if (hintSeconds === undefined) return DEFAULT_REFRESH_MS
  return Math.min(MOST_REFRESH_MS, Math.max(LEAST_REFRESH_MS, hintSeconds * 1000))
}

function sameTrust(a: TrustBundle, b: TrustBundle): boolean {
  return makeTrustBundleSet([a], 1).digest === makeTrustBundleSet([b], 1).digest
}
