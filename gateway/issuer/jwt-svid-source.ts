// The port by which a credential gets the token that proves an agent to a cloud, and the driver
// that is built in: the gateway's own issuer (architecture decision 1, spiffe.md §1.3).

import type { CredentialCode, Refusal } from '../errors.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Clock } from '../util/clock.ts'
import { ok, type Result } from '../util/result.ts'
import type { Secret } from '../util/secret.ts'
import { createMint, type MintOptions } from './mint.ts'

export interface JwtSvidRequest {
  /** The `sub` that the credential is configured for, made from the peer alone. */
  readonly subject: string
  readonly audience: string
  readonly peer: Peer
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

export interface IssuerSourceOptions extends MintOptions {
  readonly clock: Clock
}

/** Driver `issuer`: mints on each call, keeps nothing. */
export function createIssuerSource(options: IssuerSourceOptions): JwtSvidSource {
  const mint = createMint(options)
  return {
    fetch: async (request) => ok(await mint(request, options.clock.now())),
  }
}
