// What a service gives to `shape.ts`: the request as it would be sent. It is checked there before
// it becomes a ShapedRequest.

import type { Refusal } from '../errors.ts'
import type { JobOwnership } from '../facts/job-ownership.ts'
import type { Result } from '../util/result.ts'
import type { AllowedRequest } from './allowed-request.ts'
import type { SessionPolicyMode } from './aws/session-policy.ts'
import type { ShapedRequestFields } from './shaped-request.ts'

export interface ShapeOptions {
  readonly sessionPolicy: SessionPolicyMode
  /** Whose jobs are whose, for the agent that asks; absent: no job is anyone's. */
  readonly jobs?: JobOwnership | undefined
}

/** What is left to a service; method and upstream are the request's and the route's own. */
export type ShapedParts = Pick<
  ShapedRequestFields,
  'path' | 'query' | 'headers' | 'framing' | 'payload' | 'body' | 'sessionPolicy'
>

export type Shaper = (
  allowed: AllowedRequest,
  options: ShapeOptions,
) => Result<ShapedParts, Refusal>
