// An identity source together with the bundles of partners that are fetched from their endpoints:
// one set of trust bundles, one revision. For a domain with an endpoint only what the endpoint
// serves counts, never what the source has of it as well.

import type { Clock } from '../util/clock.ts'
import type { Timers } from '../util/timers.ts'
import type { FetchBundle } from './federation/fetch-port.ts'
import { Partner } from './federation/partner.ts'
import { readBundleFiles } from './files/read.ts'
import { IdentitySourceError } from './source.ts'
import type {
  BundleEndpoint,
  IdentitySource,
  OwnSvid,
  ReloadReport,
  SourceObserver,
  SourceProblem,
  TrustSettings,
} from './source.ts'
import { makeTrustBundleSet, nextTrustBundleSet } from './trust-bundle.ts'
import type { TrustBundle, TrustBundleSet } from './trust-bundle.ts'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'

export interface FederatedSourceOptions {
  readonly endpoints: ReadonlyMap<string, BundleEndpoint>
  readonly fetch: FetchBundle
  readonly clock: Clock
  readonly timers: Timers
  /** [0, 1) */
  readonly random: () => number
  readonly observer: SourceObserver
}

/**
 * @param openBase opens the source whose bundles these are added to, with the observer that it is to
 *   tell instead of ours.
 * @throws IdentitySourceError
 */
export async function openFederatedSource(
  openBase: (observer: SourceObserver) => Promise<IdentitySource>,
  options: FederatedSourceOptions,
): Promise<IdentitySource> {
  const bootstraps = await readBootstraps(options.endpoints)
  if (!bootstraps.ok) throw new IdentitySourceError(bootstraps.error)
  const held: { source?: FederatedSource } = {}
  const base = await openBase({
    // Before there is one, whoever opens the base looks at what it has.
    changed: () => held.source?.merge(),
    happened: (event) => options.observer.happened(event),
  })
  held.source = new FederatedSource(base, options, bootstraps.value)
  return held.source
}

type Bootstraps = ReadonlyMap<string, TrustBundle>

class FederatedSource implements IdentitySource {
  readonly #base: IdentitySource
  readonly #options: FederatedSourceOptions
  readonly #partners = new Map<string, Partner>()
  #bundles: TrustBundleSet
  #svid: OwnSvid | undefined
  #isSettingUp = true

  constructor(base: IdentitySource, options: FederatedSourceOptions, bootstraps: Bootstraps) {
    this.#base = base
    this.#options = options
    this.#bundles = makeTrustBundleSet([], 0)
    this.#setPartners(options.endpoints, bootstraps)
    this.#bundles = makeTrustBundleSet(this.#all(), 1)
    this.#svid = base.ownSvid()
    this.#isSettingUp = false
  }

  get trustDomain(): string {
    return this.#base.trustDomain
  }

  bundles(): TrustBundleSet {
    return this.#bundles
  }

  ownSvid(): OwnSvid | undefined {
    return this.#base.ownSvid()
  }

  async reload(trust?: TrustSettings): Promise<ReloadReport> {
    const before = this.#bundles
    const endpoints = trust === undefined ? undefined : (trust.endpoints ?? new Map())
    const bootstraps = endpoints === undefined ? undefined : await readBootstraps(endpoints)
    if (bootstraps?.ok === false) {
      return { changed: false, problems: bootstraps.error, warnings: [] }
    }
    const report = await this.#base.reload(trust)
    if (report.problems.length === 0 && endpoints !== undefined && bootstraps !== undefined) {
      this.#setPartners(endpoints, bootstraps.value)
    }
    this.merge()
    return { ...report, changed: report.changed || this.#bundles !== before }
  }

  close(): void {
    for (const partner of this.#partners.values()) partner.close()
    this.#base.close()
  }

  /** Puts together what there is now, and tells when it is something else than before. */
  merge(): void {
    if (this.#isSettingUp) return
    const before = { bundles: this.#bundles, svid: this.#svid }
    this.#bundles = nextTrustBundleSet(before.bundles, this.#all())
    this.#svid = this.#base.ownSvid()
    const isSame = before.bundles === this.#bundles && before.svid?.certPem === this.#svid?.certPem
    if (!isSame) this.#options.observer.changed()
  }

  #all(): readonly TrustBundle[] {
    const base = this.#base.bundles()
    const all: TrustBundle[] = []
    for (const domain of base.trustDomains) {
      const bundle = this.#partners.has(domain) ? undefined : base.get(domain)
      if (bundle !== undefined) all.push(bundle)
    }
    for (const partner of this.#partners.values()) {
      const bundle = partner.bundle()
      if (bundle !== undefined) all.push(bundle)
    }
    return all
  }

  /** A partner whose settings are the same keeps what it knows; others begin anew. */
  #setPartners(endpoints: ReadonlyMap<string, BundleEndpoint>, bootstraps: Bootstraps): void {
    for (const [trustDomain, partner] of this.#partners) {
      if (sameEndpoint(partner.endpoint, endpoints.get(trustDomain))) continue
      partner.close()
      this.#partners.delete(trustDomain)
    }
    for (const [trustDomain, endpoint] of endpoints) {
      if (this.#partners.has(trustDomain)) continue
      this.#partners.set(trustDomain, this.#partner(trustDomain, endpoint, bootstraps))
    }
  }

  #partner(trustDomain: string, endpoint: BundleEndpoint, bootstraps: Bootstraps): Partner {
    const { fetch, clock, timers, random, observer } = this.#options
    return new Partner({
      trustDomain,
      endpoint,
      bootstrap: bootstraps.get(trustDomain),
      fetch,
      bundleOf: (domain) => this.#bundles.get(domain),
      clock,
      timers,
      random,
      changed: () => this.merge(),
      happened: (event) => observer.happened(event),
    })
  }
}

function sameEndpoint(a: BundleEndpoint, b: BundleEndpoint | undefined): boolean {
  return b !== undefined && JSON.stringify(a) === JSON.stringify(b)
}

async function readBootstraps(
  endpoints: ReadonlyMap<string, BundleEndpoint>,
): Promise<Result<Bootstraps, readonly SourceProblem[]>> {
  const files = new Map<string, string>()
  for (const [domain, { bundleFile }] of endpoints) {
    if (bundleFile !== undefined) files.set(domain, bundleFile)
  }
  const read = await readBundleFiles(files)
  if (!read.ok) return err(read.error)
  return ok(new Map(read.value.map((bundle) => [bundle.trustDomain, bundle])))
}
