// What a kind of credential brings: how it is asked for one peer, and what of the configuration
// others must know. Drivers keep nothing but memos of pure functions; the cache stands before them.

import type { CredentialCode, Refusal } from '../errors.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Result } from '../util/result.ts'
import type { Credential, CredentialAnswer } from './credential.ts'

/** Where the inline session policy comes from (docs/decisions/0015). */
export type SessionPolicyMode = 'decision' | 'derive' | 'none'

export interface CredentialSettings {
  readonly kind: Credential['kind']
  readonly sessionPolicy: SessionPolicyMode
  /** The credential's own region, e.g. of its token endpoint; undefined where it has none. */
  readonly region: string | undefined
}

export interface CredentialPlan {
  /** Every input of the exchange, length-safe (`cache-key.ts`). */
  readonly cacheKey: string
  readonly exchange: () => Promise<CredentialAnswer>
  /** What would be asked of whom, without a secret: for `explain`. */
  readonly describe: () => Readonly<Record<string, string>>
}

/** What the clouds that we know take: RS256 everywhere, ES256 not at Azure. */
export type TokenAlgorithm = 'RS256' | 'ES256'

/** A token endpoint and the audience of the tokens that it is shown. */
export interface TokenAudience {
  readonly audience: string
  /** Endpoints that share one are one authority: a token shown to one may be shown to the other. */
  readonly authority: string
}

export interface CredentialDriver {
  readonly name: string
  readonly settings: CredentialSettings
  /** Foreign trust domains that may use it (docs/CONFIG.md); our own always may. */
  readonly trustDomains: ReadonlySet<string>
  /** Undefined for a kind that shows no token to anyone. */
  readonly tokenAudience: TokenAudience | undefined
  plan(
    peer: Peer,
    sessionPolicy: string | undefined,
  ): Result<CredentialPlan, Refusal<CredentialCode>>
}
