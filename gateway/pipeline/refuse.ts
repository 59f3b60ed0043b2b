// How a refusal of any station leaves: recorded first, then told in the dialect of the SDK that
// asked, with the connection closed where what follows on it could not be trusted.

import type { Refusal } from '../errors.ts'
import { answerOf } from '../respond/answer.ts'
import type { Dialect } from '../routing/route.ts'
import type { Journey } from './journey.ts'

export function answerRefusal(journey: Journey, refusal: Refusal, now: number): number {
  const { exchange, facts, request, decision } = journey
  const answer = answerOf(dialectOf(journey), {
    code: refusal.code,
    decisionId: journey.id,
    role: exchange.peer.role,
    operation: facts?.operation.name,
    resource: facts?.targets[0]?.name,
    reasons: decision?.reasons ?? [],
    alternatives: decision?.alternatives ?? [],
    ...(isOurs(refusal) ? { hint: refusal.detail } : {}),
    isHead: exchange.head.method === 'HEAD',
    now,
  })
  const hasBody = request === undefined || request.framing.kind !== 'none'
  exchange.answer(answer.status, answer.headers, answer.body, answer.closes || hasBody)
  return answer.status
}

/** The details of these are constant texts of ours about the agent's own message. */
function isOurs({ code }: Refusal): boolean {
  return (
    code.startsWith('ERR_SG_REQUEST_') ||
    code === 'ERR_SG_ROUTE_UNKNOWN' ||
    code === 'ERR_SG_REGION_REFUSED' ||
    code === 'ERR_SG_OPERATION_UNKNOWN' ||
    code === 'ERR_SG_OPERATION_AMBIGUOUS'
  )
}

/** Before there is a route only the client's own words tell what it can read. */
function dialectOf({ route, exchange }: Journey): Dialect {
  if (route !== undefined) return route.dialect
  for (const [name, value] of exchange.head.headers) {
    const lower = name.toLowerCase()
    if (lower === 'x-amz-target') return 'aws-json'
    if (lower === 'smithy-protocol' && value.includes('cbor')) return 'aws-cbor'
  }
  const { target } = exchange.head
  if (target.startsWith('/gcp/')) return 'google'
  if (target.startsWith('/azure/')) return 'azure-xml'
  return target.startsWith('/aws/s3') || exchange.head.headers.some(isS3Host) ? 's3' : 'json'
}

function isS3Host([name, value]: readonly [string, string]): boolean {
  return name.toLowerCase() === 'host' && /(?:^|\.)s3\./.test(value)
}
