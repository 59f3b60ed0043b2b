// The request as it will be sent, but for the credential: obligations applied, the client's own
// authorization gone, one canonical spelling of path and query. Only `shape/shape.ts` makes one.

import type { PayloadMode } from '../facts/facts.ts'
import type { Method } from '../request/gateway-request.ts'
import type { Framing, HeaderLine } from '../request/message.ts'
import type { UpstreamTarget } from '../routing/route.ts'
import type { AllowedRequest } from './allowed-request.ts'

declare const brand: unique symbol

export interface ShapedRequest {
  readonly [brand]: 'ShapedRequest'
  readonly allowed: AllowedRequest
  readonly upstream: UpstreamTarget
  readonly method: Method
  /** Percent-encoded path, exactly as it goes on the wire and into the canonical request. */
  readonly path: string
  /** Canonical query string without `?`; empty when there is none. */
  readonly query: string
  /** Lower-case names; no Host, no Authorization, no hop-by-hop names. */
  readonly headers: readonly HeaderLine[]
  readonly framing: Framing
  readonly payload: {
    readonly mode: PayloadMode
    /** AWS: the value of x-amz-content-sha256 to sign, a hex digest or a sentinel. */
    readonly contentSha256: string | undefined
  }
  /** Bytes to send instead of the client's stream, where the body was inspected. */
  readonly body: Buffer | undefined
  /** The inline session policy for the credential, minified JSON; undefined: the role alone. */
  readonly sessionPolicy: string | undefined
}

export type ShapedRequestFields = Omit<ShapedRequest, typeof brand>

export function makeShapedRequest(fields: ShapedRequestFields): ShapedRequest {
  return Object.freeze(fields) as ShapedRequest
}
