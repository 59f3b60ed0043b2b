// What the stations tell, turned into metrics and log lines.

import type { LookupMark } from '../audit/event.ts'
import type { AuditObserver } from '../audit/file-sink-options.ts'
import { SERVICES } from '../config/schema/access.ts'
import type { Refusal } from '../errors.ts'
import type { RequestSummary } from '../pipeline/ports.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { SourceEvent } from '../spiffe/source.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createMetrics, type LookupResult, type Metrics } from '../telemetry/metrics.ts'
import type { Clock } from '../util/clock.ts'
import type { Result } from '../util/result.ts'
import type { BuiltGeneration } from './generation.ts'
import type { IdentityState } from './identity.ts'

export interface Telemetry {
  readonly metrics: Metrics
  readonly log: Logger
  readonly auditObserver: AuditObserver
  finished(summary: RequestSummary): void
  fault(decisionId: string, error: unknown): void
  handshake(result: Result<Peer, Refusal>): void
  tlsFailed(error: Error): void
  bundleActivated(built: BuiltGeneration): void
  readonly identitySource: (event: SourceEvent) => void
  readonly identityState: (state: IdentityState) => void
  /** `bundle`: its name in the configuration. */
  bundleFailed(bundle: string): void
}

export function openTelemetry(log: Logger, clock: Clock): Telemetry {
  const metrics = createMetrics({ clock, services: SERVICES })
  return {
    metrics,
    log,
    auditObserver: auditObserver(metrics, log),
    finished: (summary) => countRequest(metrics, summary),
    fault: (decisionId, error) => {
      log.error('a request failed in a way that nobody foresaw', { decisionId, err: error })
    },
    handshake: (result) => {
      if (result.ok) {
        metrics.handshakeAccepted()
        return
      }
      const { code, detail, rule } = result.error
      metrics.handshakeRefused(code)
      log.warn('a peer was refused in the handshake', { code, detail, rule })
    },
    // Anyone can cause these, so they are counted, and told only to whoever asks for detail.
    tlsFailed: (error) => {
      metrics.handshakeFailed()
      log.debug('a TLS handshake failed', { err: error })
    },
    identitySource: (event) => tellSource(metrics, log, clock, event),
    identityState: (state) => metrics.identity.holds(state),
    bundleActivated: ({ generation, bundle, revision, policyP99Ms }) => {
      metrics.bundleLoaded(bundle)
      const fields = { bundle, revision, generation: generation.number, policyP99Ms }
      log.info('a policy bundle is active', fields)
    },
    bundleFailed: (bundle) => metrics.bundleLoadFailed(bundle),
  }
}

function tellSource(metrics: Metrics, log: Logger, clock: Clock, event: SourceEvent): void {
  const { part, result, trustDomain } = event
  metrics.identity.happened(part, result)
  const isFresh = result === 'updated' || result === 'unchanged'
  if (isFresh && trustDomain !== undefined) metrics.identity.fetched(trustDomain, clock.now())
  const fields = { ...event }
  if (result === 'unchanged') log.debug('identity: nothing new', fields)
  else if (result === 'updated') log.info('identity: taken over', fields)
  else if (result === 'stopped') log.error('identity: it is not asked again', fields)
  else if (result === 'expired') log.error('identity: too old to be trusted', fields)
  else log.warn('identity: what is there stays', fields)
}

function countRequest(metrics: Metrics, summary: RequestSummary): void {
  const { service, verdict, code, upstreamStatus, policyTime, upstreamTime } = summary
  metrics.request({
    service,
    verdict,
    code,
    upstreamStatus,
    gatewaySeconds: summary.gatewayTime / 1000,
    upstreamSeconds: upstreamTime === undefined ? undefined : upstreamTime / 1000,
  })
  if (policyTime !== undefined) metrics.policyEvaluated(policyTime / 1000)
  if (summary.policyThrew) metrics.policyThrew()
  for (const lookup of summary.lookups) metrics.lookup(lookup.fact, resultOf(lookup))
}

function resultOf({ how, ok }: LookupMark): LookupResult {
  if (how === 'none') return 'limited'
  return ok ? how : 'failed'
}

function auditObserver(metrics: Metrics, log: Logger): AuditObserver {
  return {
    written: (records, bytes) => metrics.auditWritten(records, bytes),
    failed: (records, cause) => {
      metrics.auditFailed(records)
      log.error('records could not be written; requests are refused', { records, cause })
    },
    recovered: () => log.info('records are written again'),
  }
}
