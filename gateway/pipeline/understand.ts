// What: from the bytes of a head to the facts of a cloud operation. A body is read only where the
// operation's facts depend on it, within two limits, and what was read is what will be forwarded.

import type { Exchange } from '../downstream/exchange.ts'
import { refusal, type Refusal } from '../errors.ts'
import { classify, inspectLimit } from '../facts/classify.ts'
import type { Facts } from '../facts/facts.ts'
import type { JobOwnership } from '../facts/job-ownership.ts'
import type { RequestView } from '../facts/request-view.ts'
import { acceptRequest } from '../request/accept.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import { matchRoute } from '../routing/match.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Journey } from './journey.ts'
import type { InspectionBudget } from './ports.ts'

/** A client that was asked to send and does not holds memory of everyone's budget. */
export const BODY_DEADLINE_MS = 30_000

export interface Understood {
  readonly request: GatewayRequest
  readonly route: Route
  readonly facts: Facts
  readonly body: Buffer | undefined
  /** What the facts were derived from. */
  readonly view: RequestView
}

/** At once, but where a body must be read first. */
export function understand(
  journey: Journey,
  budget: InspectionBudget,
): Result<Understood, Refusal> | Promise<Result<Understood, Refusal>> {
  const { exchange, generation, jobs } = journey
  const accepted = acceptRequest(exchange.head, journey.id, generation.requestLimits)
  if (!accepted.ok) return accepted
  const request = accepted.value
  journey.request = request
  const matched = matchRoute(request, generation.routing)
  if (!matched.ok) return matched
  const route = matched.value
  journey.route = route
  const view = viewOf(request, route, undefined, jobs)
  const limit = inspectLimit(route, view)
  if (limit === undefined || request.framing.kind === 'none') {
    return withFacts(journey, request, route, view)
  }
  return readBody(journey, request, limit, budget).then((read) =>
    read.ok ? withFacts(journey, request, route, viewOf(request, route, read.value, jobs)) : read,
  )
}

function withFacts(
  journey: Journey,
  request: GatewayRequest,
  route: Route,
  view: RequestView,
): Result<Understood, Refusal> {
  const facts = classify(route, view)
  if (!facts.ok) return facts
  journey.facts = facts.value
  return ok({ request, route, facts: facts.value, body: view.body, view })
}

export function viewOf(
  request: GatewayRequest,
  route: Route,
  body: Buffer | undefined,
  jobs?: JobOwnership,
): RequestView {
  return {
    method: request.method,
    path: route.path,
    bucket: route.bucket,
    query: request.query,
    headers: request.headers,
    framing: request.framing,
    body,
    jobs,
  }
}

async function readBody(
  journey: Journey,
  request: GatewayRequest,
  limit: number,
  budget: InspectionBudget,
): Promise<Result<Buffer, Refusal>> {
  const { framing } = request
  const reserve = framing.kind === 'sized' ? framing.length : limit
  if (reserve > limit) {
    return err(
      refusal('ERR_SG_REQUEST_TOO_LARGE', `a body over ${limit} bytes cannot be inspected`),
    )
  }
  if (!budget.take(reserve)) {
    return err(refusal('ERR_SG_OVERLOADED', 'too many bodies are held for inspection'))
  }
  journey.heldBytes = reserve
  journey.exchange.sendContinue()
  return collect(journey.exchange, limit)
}

function collect(exchange: Exchange, limit: number): Promise<Result<Buffer, Refusal>> {
  const source = exchange.body
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const finish = (result: Result<Buffer, Refusal>): void => {
      clearTimeout(timer)
      source.removeListener('data', onData)
      source.removeListener('end', onEnd)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      chunks.push(chunk)
      if (length <= limit) return
      const detail = `a body over ${limit} bytes cannot be inspected`
      finish(err(refusal('ERR_SG_REQUEST_TOO_LARGE', detail)))
    }
    const onEnd = (): void => finish(ok(Buffer.concat(chunks, length)))
    const onGone = (): void => {
      const left = refusal('ERR_SG_REQUEST_MALFORMED', 'the client left before its body ended')
      finish(err(exchange.broken ?? left))
    }
    const timer = setTimeout(() => {
      finish(err(refusal('ERR_SG_REQUEST_TIMEOUT', 'the body did not come in time')))
    }, BODY_DEADLINE_MS)
    source.on('data', onData)
    source.once('end', onEnd)
    exchange.onClientGone(onGone)
  })
}
