// A message that the reader could not read: there is nothing to judge, so it is refused, recorded
// like any other refusal, and answered with its code. What it held is not repeated anywhere.

import type { Refusal } from '../errors.ts'
import { renderRefusal } from '../respond/answer.ts'
import type { RefusalAnswer } from '../respond/refusal-answer.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { PipelinePorts } from './ports.ts'

export function createUnreadHandler(
  ports: PipelinePorts,
): (peer: Peer, refused: Refusal) => Promise<RefusalAnswer> {
  return async (peer, refused) => {
    const decisionId = ports.newId()
    const now = ports.clock.now()
    const generation = ports.generation()
    try {
      await ports.audit.append({
        type: 'decision',
        decision_id: decisionId,
        path: generation.entrypoint,
        input: undefined,
        result: { allow: false, code: refused.code, detail: refused.detail, reasons: [] },
        bundles: generation.engine.bundles,
        timestamp: new Date(now).toISOString(),
        metrics: {},
        labels: {},
        generation: generation.number,
        spiffe_id: peer.spiffeId,
        request: { method: '', path: '' },
        facts: undefined,
        credential: undefined,
      })
    } catch (error) {
      // It is refused either way; that the record is missing is counted where it failed.
      ports.onFault(decisionId, error)
    }
    ports.onFinished({
      service: undefined,
      verdict: 'deny',
      code: refused.code,
      upstreamStatus: undefined,
      gatewayTime: 0,
      upstreamTime: undefined,
      policyTime: undefined,
      policyThrew: false,
    })
    return renderRefusal('json', {
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
  }
}
