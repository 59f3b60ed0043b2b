// S3 requests through the real stations before facts: accept, route, classify.

import { classify, inspectLimit } from '../../gateway/facts/classify.ts'
import type { Facts } from '../../gateway/facts/facts.ts'
import type { RequestView } from '../../gateway/facts/request-view.ts'
import type { Refusal } from '../../gateway/errors.ts'
import { acceptRequest } from '../../gateway/request/accept.ts'
import type { GatewayRequest } from '../../gateway/request/gateway-request.ts'
import { REQUEST_LIMITS } from '../../gateway/request/limits.ts'
import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'
import { matchRoute } from '../../gateway/routing/match.ts'
import type { Route } from '../../gateway/routing/route.ts'
import { compileRoutingTable } from '../../gateway/routing/table.ts'
import { ok, type Result } from '../../gateway/util/result.ts'
import { head } from './heads.ts'

const table = compileRoutingTable({
  baseHosts: ['gw.test', 'localhost', '127.0.0.1'],
  routes: [
    {
      service: 'aws_s3',
      upstream: 'https://s3.{region}.amazonaws.com',
      regions: ['eu-west-1', 'us-east-1', 'cn-north-1'],
      defaultRegion: 'eu-west-1',
    },
  ],
})

export interface Understood {
  readonly request: GatewayRequest
  readonly route: Route
  readonly view: RequestView
}

export function understand(message: MessageHead, body?: Buffer): Result<Understood, Refusal> {
  const request = acceptRequest(message, 'id', REQUEST_LIMITS)
  if (!request.ok) return request
  const route = matchRoute(request.value, table)
  if (!route.ok) return route
  const { method, query, headers, framing } = request.value
  const { path, bucket } = route.value
  const streamed: RequestView = { method, path, bucket, query, headers, framing, body: undefined }
  const inspects = inspectLimit(route.value, streamed) !== undefined
  const view = inspects ? { ...streamed, body } : streamed
  return ok({ request: request.value, route: route.value, view })
}

export function factsOf(message: MessageHead, body?: Buffer): Result<Facts, Refusal> {
  const understood = understand(message, body)
  if (!understood.ok) return understood
  return classify(understood.value.route, understood.value.view)
}

/** `target` is the service's own, below `/aws/s3`. */
export function s3Head(
  method: string,
  target: string,
  headers: readonly HeaderLine[] = [],
): MessageHead {
  return head(method, `/aws/s3${target}`, headers)
}

/** A head with a body, whose length it states. */
export function s3Post(target: string, body: string, headers: readonly HeaderLine[] = []) {
  const bytes = Buffer.from(body)
  const length: HeaderLine = ['content-length', String(bytes.length)]
  return { message: s3Head('POST', target, [length, ...headers]), body: bytes }
}
