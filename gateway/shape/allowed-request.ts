// The value that opens the way: without it nothing can be shaped, signed or sent. Only
// `pipeline/authorize.ts` makes one (checked by dependency-cruiser), and only from an allow.

import type { Facts } from '../facts/facts.ts'
import type { Allow } from '../policy/decision-types.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import type { Peer } from '../spiffe/peer.ts'

declare const brand: unique symbol

export interface AllowedRequest {
  readonly [brand]: 'AllowedRequest'
  readonly peer: Peer
  readonly request: GatewayRequest
  readonly route: Route
  readonly facts: Facts
  readonly decision: Allow
  /** Name of the chosen credential: the decision's, or the first candidate. */
  readonly credential: string
  /** The inspected body, where facts depended on it: these very bytes are forwarded. */
  readonly body: Buffer | undefined
}

export type AllowedRequestFields = Omit<AllowedRequest, typeof brand>

export function makeAllowedRequest(fields: AllowedRequestFields): AllowedRequest {
  return Object.freeze(fields) as AllowedRequest
}
