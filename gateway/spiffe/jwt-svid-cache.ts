// Remembers which presented JWT-SVIDs were found valid: an agent shows the same one with each request
// until it expires. Only acceptances are kept, each for exactly the token's bytes and the trust that it
// was judged by; its times are looked at again each time.

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Refusal, SvidCode } from '../errors.ts'
import type { Result } from '../util/result.ts'
import {
  verifyJwtSvid,
  withinTimes,
  type JwtSvidExpectations,
  type VerifiedJwtSvid,
} from './jwt-svid-verify.ts'

/** About 500 bytes an entry. */
const MOST_KEPT = 4096

export class JwtSvidCache {
  readonly #verdicts = new LRUCache<string, VerifiedJwtSvid>({ max: MOST_KEPT })

  /** As `verifyJwtSvid`, with the same answers at every `now`; at once for what is known. */
  verify(
    token: string,
    expected: JwtSvidExpectations,
  ):
    | Result<VerifiedJwtSvid, Refusal<SvidCode>>
    | Promise<Result<VerifiedJwtSvid, Refusal<SvidCode>>> {
    const key = keyOf(token, expected)
    const known = this.#verdicts.get(key)
    if (known !== undefined) return withinTimes(known, expected.now)
    return verifyJwtSvid(token, expected).then((verdict) => {
      if (verdict.ok) this.#verdicts.set(key, verdict.value)
      return verdict
    })
  }
}

/** The token itself is not kept: only its digest, with the trust and the audience. */
function keyOf(token: string, { bundles, audience }: JwtSvidExpectations): string {
  return createHash('sha256')
    .update(`${bundles.revision}:${bundles.digest}:${audience.length}:${audience}:`)
    .update(token)
    .digest('base64')
}
