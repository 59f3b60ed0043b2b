// A message that the reader could not read: there is nothing to judge, so it is refused, recorded
// like any other refusal, and answered with its code. What it held is not repeated anywhere.

import type { DecisionEvent, OutcomeEvent } from '../audit/event.ts'
import type { Refusal } from '../errors.ts'
import { renderRefusal } from '../respond/answer.ts'
import type { RefusalAnswer } from '../respond/refusal-answer.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Generation, PipelinePorts } from './ports.ts'

export function createUnreadHandler(
  ports: PipelinePorts,
): (peer: Peer, refused: Refusal) => Promise<RefusalAnswer> {
  return async (peer, refused) => {
    ports.inFlight.enter()
    try {
      return await answerUnread(peer, refused, ports)
    } finally {
      ports.inFlight.leave()
    }
  }
}

async function answerUnread(
  peer: Peer,
  refused: Refusal,
  ports: PipelinePorts,
): Promise<RefusalAnswer> {
  const decisionId = ports.newId()
  const now = ports.clock.now()
  const answer = renderRefusal('json', {
    code: refused.code,
    decisionId,
    role: peer.role,
    operation: undefined,
    resource: undefined,
    reasons: [],
    alternatives: [],
    hint: refused.detail,
    isHead: false,
    now,
  })
  try {
    await ports.audit.append(decisionEvent(decisionId, peer, refused, now, ports.generation()))
  } catch (error) {
    // It is refused either way; that the record is missing is counted where it failed.
    ports.onFault(decisionId, error)
  }
  ports.audit
    .append(outcomeEvent(decisionId, refused, answer.status, ports.clock.now()), 'soon')
    .catch((error: unknown) => ports.onFault(decisionId, error))
  ports.onFinished({
    service: undefined,
    verdict: 'deny',
    code: refused.code,
    upstreamStatus: undefined,
    gatewayTime: 0,
    upstreamTime: undefined,
    policyTime: undefined,
    policyThrew: false,
    lookups: [],
  })
  return answer
}

function decisionEvent(
  decisionId: string,
  peer: Peer,
  refused: Refusal,
  now: number,
  { engine, entrypoint, number }: Generation,
): DecisionEvent {
  return {
    type: 'decision',
    decision_id: decisionId,
    path: entrypoint,
    input: undefined,
    result: { allow: false, code: refused.code, detail: refused.detail, reasons: [] },
    bundles: engine.bundles,
    timestamp: new Date(now).toISOString(),
    metrics: { gateway_us: undefined, policy_us: undefined },
    labels: {},
    generation: number,
    spiffe_id: peer.spiffeId,
    request: { method: '', path: '' },
    facts: undefined,
    credential: undefined,
  }
}

function outcomeEvent(
  decisionId: string,
  refused: Refusal,
  status: number,
  now: number,
): OutcomeEvent {
  return {
    type: 'outcome',
    decision_id: decisionId,
    timestamp: new Date(now).toISOString(),
    upstream: undefined,
    status,
    end: 'refused',
    code: refused.code,
    metrics: { upstream_us: undefined },
  }
}
