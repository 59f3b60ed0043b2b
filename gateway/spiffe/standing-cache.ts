// Judges peers again when the trust bundles change. An open connection keeps the chain that it was
// opened with: after a change the same validator judges the same bytes by the new bundles, so that
// an added authority disturbs nobody and a dropped one cuts off all that it vouched for. Between two
// changes an answer costs one comparison.

import type { Peer } from './peer.ts'
import type { TrustBundleSet } from './trust-bundle.ts'
import type { VerdictCache } from './verdict-cache.ts'

interface Standing {
  readonly chain: readonly Buffer[]
  /** The bundles by which it was judged last. */
  revision: number
  /** By that judgement: ms since the epoch; undefined: it does not hold. */
  expiresAt: number | undefined
}

export class StandingCache {
  readonly #verdicts: VerdictCache
  /** Ends with its peer. */
  readonly #standings = new WeakMap<Peer, Standing>()

  constructor(verdicts: VerdictCache) {
    this.#verdicts = verdicts
  }

  /** `peer` was made of `chain`, by bundles of `peer.bundleRevision`. */
  add(peer: Peer, chain: readonly Buffer[]): void {
    const { bundleRevision: revision, expiresAt } = peer
    this.#standings.set(peer, { chain, revision, expiresAt })
  }

  /** Whether its chain is valid by `bundles`; a peer that was never added is not. */
  isTrusted(peer: Peer, bundles: TrustBundleSet, now: number): boolean {
    const standing = this.#standings.get(peer)
    if (standing === undefined) return false
    if (standing.revision !== bundles.revision) {
      const verdict = this.#verdicts.verify(standing.chain, bundles, now)
      standing.revision = bundles.revision
      standing.expiresAt = verdict.ok ? verdict.value.expiresAt : undefined
    }
    return standing.expiresAt !== undefined && now <= standing.expiresAt
  }
}
