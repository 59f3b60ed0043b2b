// Takes a web identity token as a cloud does: signed with a key that the issuer publishes, for an
// audience that this cloud knows, and once only.

import { err } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { decodeToken, invalidToken, verifyToken } from './jwt.ts'
import type { TokenProblem, WebIdentity } from './jwt.ts'
import { PublishedKeys } from './published-keys.ts'

export interface TokenVerifierOptions {
  /** ms since the epoch */
  readonly now: () => number
  /** The `iss` that the cloud trusts, exactly. */
  readonly issuerUrl: string
  /** How the cloud gets the issuer's documents; rejects when they cannot be had. */
  readonly fetchJson: (url: string) => Promise<unknown>
  readonly audiences: ReadonlySet<string>
}

export class TokenVerifier {
  readonly #options: TokenVerifierOptions
  readonly #keys: PublishedKeys
  /** Token ids that were used, each until its token has expired (seconds). */
  readonly #used = new Map<string, number>()

  constructor(options: TokenVerifierOptions) {
    this.#options = options
    this.#keys = new PublishedKeys({ issuer: options.issuerUrl, fetchJson: options.fetchJson })
  }

  async verify(token: string): Promise<Result<WebIdentity, TokenProblem>> {
    const decoded = decodeToken(token)
    if (!decoded.ok) return decoded
    const key = await this.#keys.find(decoded.value.kid)
    if (!key.ok) return key
    const now = this.#options.now()
    const identity = verifyToken(decoded.value, key.value, this.#options.issuerUrl, now)
    if (!identity.ok) return identity
    const { audience, jti, expiresAt } = identity.value
    if (!this.#options.audiences.has(audience)) {
      return err(invalidToken('Incorrect token audience'))
    }
    for (const [used, until] of this.#used) if (until * 1000 <= now) this.#used.delete(used)
    if (this.#used.has(jti)) return err(invalidToken('The token was used before'))
    this.#used.set(jti, expiresAt)
    return identity
  }
}
