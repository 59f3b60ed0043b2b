// What came of it: one outcome record behind every decision record, and the numbers for metrics.
// The effect has happened, so nothing waits for this record; that it failed is counted.

import type { OutcomeEvent } from '../audit/event.ts'
import { isoText } from '../util/rfc3339.ts'
import type { Forwarded } from './forward.ts'
import { microseconds, type Journey } from './journey.ts'
import type { PipelinePorts } from './ports.ts'

export function recordOutcome(journey: Journey, forwarded: Forwarded, ports: PipelinePorts): void {
  const elapsed = ports.elapsed()
  const upstreamTime = journey.sentAt === undefined ? undefined : elapsed - journey.sentAt
  ports.audit
    .append(outcomeEvent(journey, forwarded, upstreamTime, ports.clock.now()), 'soon')
    .catch((error: unknown) => ports.onFault(journey.id, error))
  ports.onFinished({
    service: journey.route?.service,
    verdict: journey.sentAt === undefined ? 'deny' : 'allow',
    code: forwarded.refusal?.code,
    upstreamStatus: forwarded.upstreamStatus,
    gatewayTime: (journey.sentAt ?? elapsed) - journey.startedAt - journey.lookupTime,
    upstreamTime,
    policyTime: journey.policyTime,
    policyThrew: journey.policyThrew,
    lookups: journey.lookups ?? [],
  })
}

function outcomeEvent(
  journey: Journey,
  forwarded: Forwarded,
  upstreamTime: number | undefined,
  now: number,
): OutcomeEvent {
  const { route, sentAt } = journey
  const wasSent = sentAt !== undefined && route !== undefined
  return {
    type: 'outcome',
    decision_id: journey.id,
    timestamp: isoText(now),
    upstream: wasSent
      ? {
          host: route.upstream.authority,
          status: forwarded.upstreamStatus,
          request_id: forwarded.totals.requestId,
          bytes_in: forwarded.totals.bytesIn,
          bytes_out: forwarded.totals.bytesOut,
        }
      : undefined,
    status: forwarded.status,
    end: forwarded.end,
    ...(forwarded.refusal === undefined ? {} : { code: forwarded.refusal.code }),
    metrics: { upstream_us: microseconds(upstreamTime) },
  }
}
