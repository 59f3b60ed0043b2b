// The port by which a credential gets the token that proves an agent to a cloud.
// Drivers: the gateway's own issuer (`issuer/issuer-source.ts`); others may follow. Whatever the
// driver, its answer passes `issuer/checked-source.ts` before it is used.

import type { CredentialCode, Refusal } from '../errors.ts'
import type { Result } from '../util/result.ts'
import type { Secret } from '../util/secret.ts'
import type { Peer } from './peer.ts'

export interface JwtSvidRequest {
  /** The `sub` that the credential is configured for, made from the peer alone. */
  readonly subject: string
  readonly audience: string
  readonly peer: Peer
  /** Default RS256, which every cloud takes. */
  readonly algorithm?: 'RS256' | 'ES256' | undefined
  /** Claims that one cloud acts upon, by their URIs: exactly these, and no other of such a name. */
  readonly cloudClaims?: Readonly<Record<string, unknown>> | undefined
}

export interface JwtSvid {
  /** Compact JWS */
  readonly token: Secret
  /** ms since the epoch */
  readonly expiresAt: number
}

export interface JwtSvidSource {
  fetch(request: JwtSvidRequest): Promise<Result<JwtSvid, Refusal<CredentialCode>>>
}
