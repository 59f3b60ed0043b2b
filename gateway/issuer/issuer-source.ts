// The token driver that is built in: the gateway's own issuer (docs/decisions/0001).

import type { JwtSvidSource } from '../spiffe/jwt-svid.ts'
import type { Clock } from '../util/clock.ts'
import { ok } from '../util/result.ts'
import { createMint, type MintOptions } from './mint.ts'

export interface IssuerSourceOptions extends MintOptions {
  readonly clock: Clock
}

/** Mints on each call, keeps nothing. */
export function createIssuerSource(options: IssuerSourceOptions): JwtSvidSource {
  const mint = createMint(options)
  return {
    fetch: async (request) => ok(await mint(request, options.clock.now())),
  }
}
