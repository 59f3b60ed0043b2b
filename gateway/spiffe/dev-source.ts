// Identity for development: the trust domain of a directory (or a fresh one in memory), with an
// SVID for the gateway that is made again at half of its life. Configuration refuses this source
// beside real clouds and on listeners that others can reach.

import type { Clock } from '../util/clock.ts'
import { Secret } from '../util/secret.ts'
import type { StopTimer, Timers } from '../util/timers.ts'
import { createDevTrustDomain } from './dev-ca.ts'
import type { DevTrustDomain } from './dev-ca.ts'
import { openDevTrustDomain } from './dev-directory.ts'
import { parseSpiffeId } from './id.ts'
import type { IdentitySource, OwnSvid, ReloadReport, SourceObserver } from './source.ts'
import { makeTrustBundleSet, parseTrustBundle } from './trust-bundle.ts'
import type { TrustBundleSet } from './trust-bundle.ts'

const OWN_PATH = '/svidgate'
const OWN_TTL_SECONDS = 60 * 60

export interface DevSourceOptions {
  readonly trustDomain: string
  /** Where the domain lives on between starts; in memory only where absent. */
  readonly dir?: string
  readonly clock: Clock
  /** With an observer: it is told when the SVID has been made again. */
  readonly timers?: Timers
  readonly observer?: SourceObserver
}

/** Well within the half of its life that an SVID still has when it is renewed. */
const RENEWAL_CHECK_MS = 60_000

export interface DevSource extends IdentitySource {
  readonly domain: DevTrustDomain
  ownSvid(): OwnSvid
}

export async function openDevSource({
  trustDomain,
  dir,
  clock,
  timers,
  observer,
}: DevSourceOptions): Promise<DevSource> {
  const now = clock.now()
  const domain =
    dir === undefined
      ? createDevTrustDomain({ trustDomain, now })
      : await openDevTrustDomain(dir, trustDomain, now)
  const source = new DevIdentitySource(domain, clock)
  if (timers !== undefined && observer !== undefined) source.watch(timers, observer)
  return source
}

class DevIdentitySource implements DevSource {
  readonly domain: DevTrustDomain
  readonly #clock: Clock
  readonly #bundles: TrustBundleSet
  #stop: StopTimer = () => undefined
  #svid: { readonly own: OwnSvid; readonly renewAt: number } | undefined

  constructor(domain: DevTrustDomain, clock: Clock) {
    const bundle = parseTrustBundle(domain.trustDomain, Buffer.from(domain.caPem))
    if (!bundle.ok) throw new TypeError(bundle.error.message)
    this.domain = domain
    this.#clock = clock
    this.#bundles = makeTrustBundleSet([bundle.value], 1)
  }

  get trustDomain(): string {
    return this.domain.trustDomain
  }

  bundles(): TrustBundleSet {
    return this.#bundles
  }

  ownSvid(): OwnSvid {
    const now = this.#clock.now()
    if (this.#svid === undefined || now >= this.#svid.renewAt) {
      this.#svid = { own: this.#issue(now), renewAt: now + (OWN_TTL_SECONDS * 1000) / 2 }
    }
    return this.#svid.own
  }

  reload(): Promise<ReloadReport> {
    return Promise.resolve({ changed: false, problems: [], warnings: [] })
  }

  watch(timers: Timers, observer: SourceObserver): void {
    let shown = this.ownSvid()
    this.#stop = timers.every(RENEWAL_CHECK_MS, () => {
      if (this.ownSvid() === shown) return
      shown = this.ownSvid()
      observer.changed()
    })
  }

  close(): void {
    this.#stop()
  }

  #issue(now: number): OwnSvid {
    const id = parseSpiffeId(`spiffe://${this.trustDomain}${OWN_PATH}`)
    if (!id.ok) throw new TypeError(id.error.detail)
    const { certPem, keyPem } = this.domain.issueSvid({
      spiffeId: id.value.text,
      ttlSeconds: OWN_TTL_SECONDS,
      now,
    })
    // Certificates know whole seconds only.
    const expiresAt = (Math.floor(now / 1000) + OWN_TTL_SECONDS) * 1000
    return Object.freeze({ id: id.value, certPem, keyPem: new Secret(keyPem), expiresAt })
  }
}
