// How a refusal of any station leaves: recorded first, then told in the dialect of the SDK that
// asked, with the connection closed where what follows on it could not be trusted.

import type { Refusal } from '../errors.ts'
import { renderRefusal } from '../respond/answer.ts'
import { guessDialect } from '../respond/guess-dialect.ts'
import type { Journey } from './journey.ts'

export function answerRefusal(journey: Journey, refusal: Refusal, now: number): number {
  const { exchange, request } = journey
  const { facts, decision } = journey.asked ?? journey
  const { headers, target } = exchange.head
  const answer = renderRefusal(journey.route?.dialect ?? guessDialect(headers, target), {
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
