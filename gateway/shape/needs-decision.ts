// The value that opens the way to a look-up: the policy judged the request, denied it for now and
// asked for facts that only the cloud knows (docs/POLICY.md). Only `pipeline/authorize.ts` makes one.

import type { Facts } from '../facts/facts.ts'
import type { Needs } from '../policy/decision-types.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import type { Peer } from '../spiffe/peer.ts'

declare const brand: unique symbol

export interface NeedsDecision {
  readonly [brand]: 'NeedsDecision'
  readonly peer: Peer
  readonly request: GatewayRequest
  readonly route: Route
  /** Those that were judged. */
  readonly facts: Facts
  readonly decision: Needs
  /** Name of the credential for the look-up: the decision's, or the first candidate. */
  readonly credential: string
  /** The inspected body, where facts depended on it. */
  readonly body: Buffer | undefined
}

export type NeedsDecisionFields = Omit<NeedsDecision, typeof brand>

export function makeNeedsDecision(fields: NeedsDecisionFields): NeedsDecision {
  return Object.freeze(fields) as NeedsDecision
}
