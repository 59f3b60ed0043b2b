// The one way by which this station speaks to a token endpoint. `upstream` carries it out, with the
// egress guard; here is only what is asked of it: no redirect followed, no retry, no proxy of its
// own choice, no cookie, the answer read whole within its limits.

import type { HeaderLine } from '../request/message.ts'
import type { Result } from '../util/result.ts'

export interface OutboundLimits {
  /** From the call to the last byte of the answer. */
  readonly deadlineMs: number
  /** Of the answer's body. */
  readonly maxBytes: number
}

export interface OutboundAnswer {
  readonly status: number
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer
}

export interface OutboundFailure {
  /** `blocked`: the egress guard refused the address; it will again. */
  readonly kind: 'blocked' | 'unreachable' | 'timeout' | 'too-large' | 'protocol'
  /** For our own log; never holds anything of the request's body. */
  readonly detail: string
}

/**
 * @param origin `https://sts.eu-west-1.amazonaws.com`
 * @param path starts with `/`
 * @param headers without Host and Content-Length, which the carrier writes
 */
export type HttpPost = (
  origin: string,
  path: string,
  headers: readonly HeaderLine[],
  body: Buffer,
  limits: OutboundLimits,
) => Promise<Result<OutboundAnswer, OutboundFailure>>
