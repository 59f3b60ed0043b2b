// The same understanding without a socket, for `facts`, `explain` and policy cases: every station
// that `serve` asks, asked in the same order, with the whole body at hand.

import { refusal, type Refusal } from '../errors.ts'
import { classify, inspectLimit } from '../facts/classify.ts'
import type { Facts } from '../facts/facts.ts'
import { acceptRequest } from '../request/accept.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { RequestLimits } from '../request/limits.ts'
import type { MessageHead } from '../request/message.ts'
import { matchRoute } from '../routing/match.ts'
import type { Route } from '../routing/route.ts'
import type { RoutingTable } from '../routing/table.ts'
import { err, ok, type Result } from '../util/result.ts'
import { viewOf } from './understand.ts'

export interface WholeRequest {
  readonly id: string
  readonly head: MessageHead
  /** Transfer coding removed. */
  readonly body: Buffer
}

export interface UnderstoodRequest {
  readonly request: GatewayRequest
  readonly route: Route
  readonly facts: Facts
  /** What the pipeline would have inspected and would forward as it is. */
  readonly body: Buffer | undefined
}

export function understandOffline(
  whole: WholeRequest,
  routing: RoutingTable,
  limits: RequestLimits,
): Result<UnderstoodRequest, Refusal> {
  const head = withLength(whole)
  // The listener's parser counts before there is a head that could be judged.
  if (countedBytes(head) >= limits.maxHeaderBytes) {
    const detail = `a header section of ${limits.maxHeaderBytes} bytes or more`
    return err(refusal('ERR_SG_REQUEST_HEADERS_TOO_LARGE', detail))
  }
  const accepted = acceptRequest(head, whole.id, limits)
  if (!accepted.ok) return accepted
  const request = accepted.value
  const { framing } = request
  const stated = framing.kind === 'sized' ? framing.length : framing.kind === 'none' ? 0 : undefined
  if (stated !== undefined && stated !== whole.body.length) {
    const detail = `Content-Length is ${stated}, the body has ${whole.body.length} bytes`
    return err(refusal('ERR_SG_REQUEST_FRAMING', detail, 'RQ-F5'))
  }
  const matched = matchRoute(request, routing)
  if (!matched.ok) return matched
  const route = matched.value
  const limit = inspectLimit(route, viewOf(request, route, undefined))
  const body = limit === undefined || framing.kind === 'none' ? undefined : whole.body
  if (limit !== undefined && whole.body.length > limit) {
    const detail = `a body over ${limit} bytes cannot be inspected`
    return err(refusal('ERR_SG_REQUEST_TOO_LARGE', detail))
  }
  const facts = classify(route, viewOf(request, route, body))
  return facts.ok ? ok({ request, route, facts: facts.value, body }) : facts
}

/** What Node's parser holds against its limit: target, names and values, nothing between them. */
function countedBytes({ target, headers }: MessageHead): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, target.length)
}

/** A document that gives a body without saying how it is framed means its length. */
function withLength({ head, body }: WholeRequest): MessageHead {
  if (body.length === 0) return head
  const isFramed = head.headers.some(([name]) =>
    /^(?:content-length|transfer-encoding)$/i.test(name),
  )
  if (isFramed) return head
  return { ...head, headers: [...head.headers, ['content-length', String(body.length)]] }
}
