// The token driver that is built in: the gateway's own issuer (docs/decisions/0001).

import type { JwtSvidSource } from '../spiffe/jwt-svid.ts'
import type { Clock } from '../util/clock.ts'
import { createMint, type MintOptions } from './mint.ts'

export interface IssuerSourceOptions extends MintOptions {
  readonly clock: Clock
}

/** Mints on each call, keeps nothing: every token has a `jti` of its own. */
export function createIssuerSource(options: IssuerSourceOptions): JwtSvidSource {
  const mint = createMint(options)
  return {
    fetch: (request) => mint(request, options.clock.now()),
  }
}
