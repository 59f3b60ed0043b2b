// BigQuery requests through the real stations before facts: accept, route, classify.

import { classify, inspectLimit } from '../../gateway/facts/classify.ts'
import type { Facts } from '../../gateway/facts/facts.ts'
import type { JobOwnership } from '../../gateway/facts/job-ownership.ts'
import type { DryRunAnswer } from '../../gateway/facts/lookups.ts'
import type { RequestView } from '../../gateway/facts/request-view.ts'
import type { Refusal } from '../../gateway/errors.ts'
import type { Obligations } from '../../gateway/policy/decision-types.ts'
import { acceptRequest } from '../../gateway/request/accept.ts'
import type { GatewayRequest } from '../../gateway/request/gateway-request.ts'
import { REQUEST_LIMITS } from '../../gateway/request/limits.ts'
import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'
import { matchRoute } from '../../gateway/routing/match.ts'
import type { Route } from '../../gateway/routing/route.ts'
import {
  compileRoutingTable,
  type RouteOptions,
  type RoutingTable,
} from '../../gateway/routing/table.ts'
import { makeAllowedRequest, type AllowedRequest } from '../../gateway/shape/allowed-request.ts'
import { ok, type Result } from '../../gateway/util/result.ts'
import { head } from './heads.ts'
import { peer } from './peers.ts'

const ANYWHERE: RouteOptions = {
  service: 'gcp_bigquery',
  upstream: 'https://bigquery.googleapis.com',
  regions: [],
  defaultRegion: undefined,
}

function tableOf(route: RouteOptions): RoutingTable {
  return compileRoutingTable({ baseHosts: ['gw.test', 'localhost', '127.0.0.1'], routes: [route] })
}

const table = tableOf(ANYWHERE)

export const ID = '00000000-0000-4000-8000-000000000001'
/** Below it, the paths of the REST reference. */
export const BASE = '/gcp/bigquery/bigquery/v2'

export interface Asked {
  readonly request: GatewayRequest
  readonly route: Route
  readonly view: RequestView
}

export interface Asking {
  readonly jobs?: JobOwnership
  readonly dryRun?: DryRunAnswer
  readonly obligations?: Obligations
  /** Default: one host for every location. */
  readonly route?: Partial<RouteOptions>
}

export function understandBigQuery(
  message: MessageHead,
  body?: Buffer,
  { jobs, dryRun, route: options }: Asking = {},
): Result<Asked, Refusal> {
  const request = acceptRequest(message, ID, REQUEST_LIMITS)
  if (!request.ok) return request
  const routing = options === undefined ? table : tableOf({ ...ANYWHERE, ...options })
  const route = matchRoute(request.value, routing)
  if (!route.ok) return route
  const { method, query, headers, framing } = request.value
  const { path, bucket } = route.value
  const streamed: RequestView = {
    method,
    path,
    bucket,
    query,
    headers,
    framing,
    body: undefined,
    jobs,
    lookups: { dryRun },
  }
  const inspects = inspectLimit(route.value, streamed) !== undefined && framing.kind !== 'none'
  const view = inspects ? { ...streamed, body } : streamed
  return ok({ request: request.value, route: route.value, view })
}

export function bigQueryFacts(
  message: MessageHead,
  body?: Buffer,
  asking?: Asking,
): Result<Facts, Refusal> {
  const understood = understandBigQuery(message, body, asking)
  if (!understood.ok) return understood
  return classify(understood.value.route, understood.value.view)
}

/** `target`: of the REST reference, below `/bigquery/v2`. */
export function bqHead(
  method: string,
  target: string,
  headers: readonly HeaderLine[] = [],
): MessageHead {
  return head(method, `${BASE}${target}`, headers)
}

/** A head with a JSON body, whose length it states. */
export function bqPost(target: string, body: unknown, headers: readonly HeaderLine[] = []) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const lines: HeaderLine[] = [
    ['content-type', 'application/json'],
    ['content-length', String(bytes.length)],
    ...headers,
  ]
  return { message: bqHead('POST', target, lines), body: bytes }
}

/** What `authorize` would make of an allow. */
export function allowBigQuery(
  message: MessageHead,
  body?: Buffer,
  asking: Asking = {},
): AllowedRequest {
  const understood = understandBigQuery(message, body, asking)
  if (!understood.ok) throw new Error(understood.error.detail)
  const { request, route, view } = understood.value
  const facts = classify(route, view)
  if (!facts.ok) throw new Error(facts.error.detail)
  return makeAllowedRequest({
    peer: peer(),
    request,
    route,
    facts: facts.value,
    decision: {
      kind: 'allow',
      reasons: ['test'],
      credential: undefined,
      obligations: asking.obligations ?? {},
      alternatives: [],
    },
    credential: 'gcp-data',
    body: view.body,
  })
}
