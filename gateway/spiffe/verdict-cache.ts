// Remembers which presented chains were found valid, so that an agent that opens many connections
// is judged once. Only acceptances are kept, each for exactly the bytes, the trust and the time
// that it was given for; a refusal is always judged anew.

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Refusal, SvidCode } from '../errors.ts'
import { ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import type { TrustBundleSet } from './trust-bundle.ts'
import { verifyX509Svid } from './verify.ts'
import type { VerifiedSvid } from './verify.ts'

/** About 1 KiB an entry. */
export const DEFAULT_MAX_VERDICTS = 4096

export interface VerdictCacheOptions {
  /** Entries; the least recently used go first. */
  readonly max?: number
}

export class VerdictCache {
  readonly #verdicts: LRUCache<string, VerifiedSvid>

  constructor({ max = DEFAULT_MAX_VERDICTS }: VerdictCacheOptions = {}) {
    if (!Number.isInteger(max) || max < 1) throw new TypeError('max must be a positive integer')
    this.#verdicts = new LRUCache({ max })
  }

  get size(): number {
    return this.#verdicts.size
  }

  /** As `verifyX509Svid`, with the same answers at every `now`. */
  verify(
    chain: readonly Buffer[],
    bundles: TrustBundleSet,
    now: number,
  ): Result<VerifiedSvid, Refusal<SvidCode>> {
    const key = keyOf(chain, bundles)
    const known = this.#verdicts.get(key)
    if (known !== undefined) {
      if (now >= known.validFrom && now <= known.expiresAt) return ok(known)
      this.#verdicts.delete(key)
    }
    const verdict = verifyX509Svid(chain, bundles, now)
    if (verdict.ok) this.#verdicts.set(key, verdict.value)
    return verdict
  }
}

/** Every input of the verdict but the time; lengths keep two chains from sharing one key. */
function keyOf(chain: readonly Buffer[], bundles: TrustBundleSet): string {
  const hash = createHash('sha256')
  hash.update(`${bundles.revision}:${bundles.digest}`)
  for (const der of chain) hash.update(`:${der.length}:`).update(der)
  return hash.digest('base64')
}
