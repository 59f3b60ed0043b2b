// Identity for development: the trust domain of a directory (or a fresh one in memory), with an
// SVID for the gateway that is made again at half of its life. Configuration refuses this source
// beside real clouds and on listeners that others can reach.

import type { Clock } from '../util/clock.ts'
import { Secret } from '../util/secret.ts'
import { createDevTrustDomain } from './dev-ca.ts'
import type { DevTrustDomain } from './dev-ca.ts'
import { openDevTrustDomain } from './dev-directory.ts'
import { parseSpiffeId } from './id.ts'
import type { IdentitySource, OwnSvid, ReloadReport } from './source.ts'
import { makeTrustBundleSet, parseTrustBundle } from './trust-bundle.ts'
import type { TrustBundleSet } from './trust-bundle.ts'

const OWN_PATH = '/svidgate'
const OWN_TTL_SECONDS = 60 * 60

export interface DevSourceOptions {
  readonly trustDomain: string
  /** Where the domain lives on between starts; in memory only where absent. */
  readonly dir?: string
  readonly clock: Clock
}

export interface DevSource extends IdentitySource {
  readonly domain: DevTrustDomain
  ownSvid(): OwnSvid
}

export async function openDevSource({
  trustDomain,
  dir,
  clock,
}: DevSourceOptions): Promise<DevSource> {
  const now = clock.now()
  const domain =
    dir === undefined
      ? createDevTrustDomain({ trustDomain, now })
      : await openDevTrustDomain(dir, trustDomain, now)
  return new DevIdentitySource(domain, clock)
}

class DevIdentitySource implements DevSource {
  readonly domain: DevTrustDomain
  readonly #clock: Clock
  readonly #bundles: TrustBundleSet
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

  close(): void {
    // Nothing is held open.
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
