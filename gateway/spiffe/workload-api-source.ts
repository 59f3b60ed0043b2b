// Identity from the SPIFFE Workload API: our own SVID and the trust bundles, each from a stream that
// is kept open. Every message is the whole state (SPIFFE_Workload_API.md §4.4): a domain that it does
// not name any more is trusted no more, at once. One that cannot be used changes nothing, and a
// stream that is lost leaves the last good state in force for as long as its certificates are valid.
// Keys stay in memory.

import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import type { Clock } from '../util/clock.ts'
import type { Timers } from '../util/timers.ts'
import { readBundleFiles } from './files/read.ts'
import { parseSpiffeId } from './id.ts'
import { makeOwnSvid } from './own-svid.ts'
import { IdentitySourceError } from './source.ts'
import type {
  IdentitySource,
  OwnSvid,
  ReloadReport,
  SourceObserver,
  SourcePart,
  TrustFiles,
} from './source.ts'
import { makeTrustBundleSet, nextTrustBundleSet, trustBundleOf } from './trust-bundle.ts'
import type { TrustBundle, TrustBundleSet } from './trust-bundle.ts'
import { parseWorkloadEndpoint } from './workload-api/endpoint.ts'
import { readX509BundlesResponse, readX509SvidResponse } from './workload-api/messages.ts'
import { WorkloadStream, type StreamEnd } from './workload-api/stream.ts'
import { splitCertificates } from './x509-svid.ts'

export interface WorkloadApiSourceOptions {
  readonly trustDomain: string
  /** `unix:///run/spire/agent.sock` */
  readonly endpoint: string
  /** Bundles of other trust domains that count instead of the delivered ones. */
  readonly foreignBundleFiles?: ReadonlyMap<string, string>
  readonly clock: Clock
  readonly timers: Timers
  /** [0, 1) */
  readonly random: () => number
  readonly observer: SourceObserver
}

/**
 * Does not wait for the agent: it may come later, and until then nobody is trusted. Throws
 * `IdentitySourceError` for an endpoint or a file that cannot be used.
 */
export async function openWorkloadApiSource(
  options: WorkloadApiSourceOptions,
): Promise<IdentitySource> {
  const target = parseWorkloadEndpoint(options.endpoint)
  if (!target.ok) {
    const message = `${options.endpoint}: ${target.error}`
    throw new IdentitySourceError([{ message, hint: 'see identity.source.socket' }])
  }
  const files = await readBundleFiles(options.foreignBundleFiles ?? new Map())
  if (!files.ok) throw new IdentitySourceError(files.error)
  return new WorkloadApiSource(options, target.value, files.value)
}

class WorkloadApiSource implements IdentitySource {
  readonly #options: WorkloadApiSourceOptions
  readonly #streams: readonly WorkloadStream[]
  #fromFiles: readonly TrustBundle[]
  #delivered: readonly TrustBundle[] = []
  #bundles: TrustBundleSet
  #svid: OwnSvid | undefined

  constructor(
    options: WorkloadApiSourceOptions,
    target: string,
    fromFiles: readonly TrustBundle[],
  ) {
    this.#options = options
    this.#fromFiles = fromFiles
    this.#bundles = makeTrustBundleSet(fromFiles, 1)
    const { timers, random } = options
    this.#streams = [
      new WorkloadStream({
        target,
        timers,
        random,
        method: 'FetchX509Bundles',
        onMessage: (message) => this.#takeBundles(message),
        onEnd: (end, detail) => this.#tell('x509_bundles', RESULTS[end], detail),
      }),
      new WorkloadStream({
        target,
        timers,
        random,
        method: 'FetchX509SVID',
        onMessage: (message) => this.#takeSvid(message),
        onEnd: (end, detail) => this.#svidEnded(end, detail),
      }),
    ]
  }

  get trustDomain(): string {
    return this.#options.trustDomain
  }

  bundles(): TrustBundleSet {
    return this.#bundles
  }

  ownSvid(): OwnSvid | undefined {
    return this.#svid
  }

  /** Only files can be read again: the streams are always at their newest. */
  async reload(trust?: TrustFiles): Promise<ReloadReport> {
    if (trust === undefined) return { changed: false, problems: [], warnings: [] }
    const read = await readBundleFiles(trust.foreignBundleFiles ?? new Map())
    if (!read.ok) return { changed: false, problems: read.error, warnings: [] }
    this.#fromFiles = read.value
    return { changed: this.#merge(), problems: [], warnings: [] }
  }

  close(): void {
    for (const stream of this.#streams) stream.close()
  }

  #takeBundles(message: Buffer): void {
    const bundles = bundlesOf(message)
    if (!bundles.ok) {
      this.#tell('x509_bundles', 'rejected', bundles.error)
      return
    }
    this.#delivered = bundles.value
    const changed = this.#merge()
    const hasOwn = bundles.value.some(({ trustDomain }) => trustDomain === this.trustDomain)
    const detail = hasOwn ? undefined : `it holds no bundle of ${this.trustDomain}`
    this.#tell('x509_bundles', changed ? 'updated' : 'unchanged', detail)
  }

  #takeSvid(message: Buffer): void {
    const { trustDomain, clock } = this.#options
    const own = ownSvidOf(message, trustDomain, clock.now())
    if (!own.ok) {
      this.#tell('x509_svid', 'rejected', own.error)
      return
    }
    const changed = this.#svid?.certPem !== own.value.certPem
    this.#svid = own.value
    if (changed) this.#options.observer.changed()
    this.#tell('x509_svid', changed ? 'updated' : 'unchanged', own.value.id.text)
  }

  #svidEnded(end: StreamEnd, detail: string): void {
    // SPIFFE_Workload_API.md §5.2.1: who is not entitled to an SVID stops using what he holds.
    if (end === 'denied' && this.#svid !== undefined) {
      this.#svid = undefined
      this.#options.observer.changed()
    }
    this.#tell('x509_svid', RESULTS[end], detail)
  }

  /** What the operator put into a file counts instead of what was delivered: never both. */
  #merge(): boolean {
    const before = this.#bundles
    const named = new Set(this.#fromFiles.map(({ trustDomain }) => trustDomain))
    const others = this.#delivered.filter(({ trustDomain }) => !named.has(trustDomain))
    this.#bundles = nextTrustBundleSet(before, [...this.#fromFiles, ...others])
    if (this.#bundles === before) return false
    this.#options.observer.changed()
    return true
  }

  #tell(part: SourcePart, result: (typeof RESULTS)[StreamEnd] | Taken, detail?: string): void {
    const more = detail === undefined ? {} : { detail }
    this.#options.observer.happened({ part, result, ...more })
  }
}

type Taken = 'updated' | 'unchanged' | 'rejected'

const RESULTS = { denied: 'denied', lost: 'unreachable', stopped: 'stopped' } as const

function bundlesOf(message: Buffer): Result<readonly TrustBundle[], string> {
  const read = readX509BundlesResponse(message)
  if (!read.ok) return read
  const bundles: TrustBundle[] = []
  for (const [id, ders] of read.value) {
    const domain = parseSpiffeId(id)
    if (!domain.ok) return err(domain.error.detail)
    if (domain.value.path !== '') return err(`${id} is not the ID of a trust domain`)
    const bundle = bundleOf(domain.value.trustDomain, ders)
    if (!bundle.ok) return err(`the bundle of ${id}: ${bundle.error}`)
    bundles.push(bundle.value)
  }
  return ok(bundles)
}

/** Empty: the domain has revoked everything (SPIFFE_Trust_Domain_and_Bundle.md §4.1.3). */
function bundleOf(trustDomain: string, ders: Buffer): Result<TrustBundle, string> {
  const parts = ders.length === 0 ? ok([]) : splitCertificates(ders)
  if (!parts.ok) return err(parts.error.detail)
  const bundle = trustBundleOf(trustDomain, parts.value)
  return bundle.ok ? bundle : err(bundle.error.message)
}

/** The first SVID is the default identity; it is judged by the bundle that came with it. */
function ownSvidOf(message: Buffer, trustDomain: string, now: number): Result<OwnSvid, string> {
  const read = readX509SvidResponse(message)
  if (!read.ok) return read
  const [{ spiffeId, chain, key, bundle: authorities }] = read.value
  const bundle = bundleOf(trustDomain, authorities)
  if (!bundle.ok) return err(`its bundle: ${bundle.error}`)
  const ders = splitCertificates(chain)
  if (!ders.ok) return err(ders.error.detail)
  const bundles = makeTrustBundleSet([bundle.value], 1)
  const own = makeOwnSvid({ chain: ders.value, key, trustDomain, bundles, now })
  if (!own.ok)
    return err(own.error.part === 'key' ? 'the key is of another SVID' : own.error.message)
  if (own.value.id.text !== spiffeId) return err(`it says ${spiffeId} and is ${own.value.id.text}`)
  return own
}
