// The gateway's metrics (docs/OPERATIONS.md): names start with `svidgate_`, gateway time stands
// apart from upstream time, every label's values are a bounded set. A registry of its own, never
// the library's global one; nobody outside this folder knows the library.

import type { Code } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { Gauge, Registry } from 'prom-client'
import { counterFamily, histogramFamily } from './cells.ts'
import type { CounterCell, CounterFamily, HistogramCell, HistogramFamily } from './cells.ts'
import { registerIdentityMetrics, type IdentityMetrics } from './identity-metrics.ts'
import { registerProcessMetrics } from './process-metrics.ts'

export interface RequestSample {
  /** Undefined before there is a route. */
  readonly service: string | undefined
  readonly verdict: 'allow' | 'deny'
  /** How it was refused or failed; undefined where nothing went wrong. */
  readonly code: Code | undefined
  /** Undefined where no answer came from upstream. */
  readonly upstreamStatus: number | undefined
  /** From the request's last header byte to the answer's end, without the time spent upstream. */
  readonly gatewaySeconds: number
  /** Undefined where nothing was sent. */
  readonly upstreamSeconds: number | undefined
}

export type ExchangeResult = 'cached' | 'obtained' | 'refused' | 'unavailable'

/** `limited`: it was not asked, because the identity is over its limit. */
export type LookupResult = 'cached' | 'joined' | 'asked' | 'failed' | 'limited'

/** What the rest of the gateway sees. */
export interface Metrics {
  /** Once for each request, at its end. */
  request(sample: RequestSample): void
  handshakeAccepted(): void
  handshakeRefused(code: Code): void
  /** TLS itself ended it: an old version, another protocol, no TLS at all, or silence. */
  handshakeFailed(): void
  connectionOpened(): void
  connectionClosed(): void
  /** `credential`: its name in the configuration. */
  credentialExchange(credential: string, result: ExchangeResult): void
  /** `fact`: what was looked up, of the closed list of docs/POLICY.md. */
  lookup(fact: string, result: LookupResult): void
  auditWritten(records: number, bytes: number): void
  auditFailed(records: number): void
  policyEvaluated(seconds: number): void
  policyThrew(): void
  /** `bundle`: its name in the configuration; counts an activation. */
  bundleLoaded(bundle: string): void
  bundleLoadFailed(bundle: string): void
  readonly identity: IdentityMetrics
  exposition(): Promise<{ readonly contentType: string; readonly body: string }>
  /** Ends what it watches; counting goes on being harmless. */
  close(): void
}

export interface MetricsOptions {
  readonly clock: Clock
  /** The services that a route can have; any other is counted as `other`. */
  readonly services: readonly string[]
}

/** From 50 µs: the gateway's own part is well under a millisecond. */
const GATEWAY_SECONDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1,
]
const UPSTREAM_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
/** Activation refuses a policy beyond 1 ms (docs/decisions/0004). */
const POLICY_SECONDS = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025]

const OTHER = 'other'
const NO_CODE = 'ok'

interface ServiceCells {
  readonly outcomes: Map<string, CounterCell>
  readonly statuses: Map<string, CounterCell>
  readonly gateway: HistogramCell
  readonly upstream: HistogramCell
}

export function createMetrics(options: MetricsOptions): Metrics {
  return new PrometheusMetrics(options)
}

class PrometheusMetrics implements Metrics {
  readonly identity: IdentityMetrics
  readonly #registry = new Registry()
  readonly #clock: Clock
  readonly #closeProcessMetrics: () => void
  readonly #services: ReadonlyMap<string, ServiceCells>
  readonly #other: ServiceCells
  readonly #requests: CounterFamily
  readonly #responses: CounterFamily
  readonly #gatewaySeconds: HistogramFamily
  readonly #upstreamSeconds: HistogramFamily
  readonly #handshakes: CounterFamily
  readonly #exchanges: CounterFamily
  readonly #lookups: CounterFamily
  readonly #bundleLoaded: CounterFamily
  readonly #bundleFailed: CounterFamily
  readonly #auditRecords: CounterCell
  readonly #auditBytes: CounterCell
  readonly #auditFailures: CounterCell
  readonly #policySeconds: HistogramCell
  readonly #policyThrows: CounterCell
  readonly #lastActivation: Gauge
  #connections = 0

  constructor(options: MetricsOptions) {
    this.#clock = options.clock
    this.identity = registerIdentityMetrics(this.#registry)
    this.#requests = this.#counter(
      'requests_total',
      'Requests by service, verdict and code (ok: nothing went wrong).',
      'service',
      'verdict',
      'code',
    )
    this.#responses = this.#counter(
      'upstream_responses_total',
      'Answers from upstream by class of status.',
      'service',
      'status_class',
    )
    this.#gatewaySeconds = this.#histogram(
      'request_gateway_seconds',
      'Time of a request within the gateway, without upstream.',
      GATEWAY_SECONDS,
      'service',
    )
    this.#upstreamSeconds = this.#histogram(
      'request_upstream_seconds',
      'Time of a request spent upstream, from sending to the end of the answer.',
      UPSTREAM_SECONDS,
      'service',
    )
    this.#handshakes = this.#counter(
      'handshakes_total',
      'TLS handshakes by result and, where refused, code.',
      'result',
      'code',
    )
    this.#exchanges = this.#counter(
      'credential_exchanges_total',
      'Credentials asked for, by name and result (cached, obtained, refused, unavailable).',
      'credential',
      'result',
    )
    this.#lookups = this.#counter(
      'lookups_total',
      'Look-ups that policies asked for, by fact and result (cached, joined, asked, failed, limited).',
      'fact',
      'result',
    )
    this.#auditRecords = this.#counter('audit_records_total', 'Records written.').cell()
    this.#auditBytes = this.#counter('audit_bytes_total', 'Bytes of records written.').cell()
    this.#auditFailures = this.#counter(
      'audit_failures_total',
      'Records that could not be written.',
    ).cell()
    this.#policySeconds = this.#histogram(
      'policy_evaluation_seconds',
      'Time of one policy evaluation.',
      POLICY_SECONDS,
    ).cell()
    this.#policyThrows = this.#counter(
      'policy_throws_total',
      'Evaluations that threw; each costs an instance.',
    ).cell()
    this.#bundleLoaded = this.#counter('bundle_loaded_counter', 'Bundles activated.', 'name')
    this.#bundleFailed = this.#counter(
      'bundle_failed_load_counter',
      'Bundles that could not be loaded or activated.',
      'name',
    )
    this.#lastActivation = new Gauge({
      name: 'svidgate_last_success_bundle_activation',
      help: 'Time of the last activation, nanoseconds since the epoch (as OPA states it).',
      labelNames: ['name'],
      registers: [this.#registry],
    })
    this.#registerConnections()
    this.#services = new Map(
      options.services.map((service) => [service, this.#serviceCells(service)]),
    )
    this.#other = this.#serviceCells(OTHER)
    this.#closeProcessMetrics = registerProcessMetrics(this.#registry)
  }

  request(sample: RequestSample): void {
    const { service, verdict, upstreamStatus, upstreamSeconds } = sample
    const cells = (service === undefined ? undefined : this.#services.get(service)) ?? this.#other
    const name = this.#services.has(service ?? '') ? (service ?? OTHER) : OTHER
    const code = sample.code ?? NO_CODE
    settled(cells.outcomes, `${verdict} ${code}`, () =>
      this.#requests.cell(name, verdict, code),
    ).add(1)
    cells.gateway.observe(sample.gatewaySeconds)
    if (upstreamSeconds !== undefined) cells.upstream.observe(upstreamSeconds)
    if (upstreamStatus !== undefined) {
      const statusClass = classOf(upstreamStatus)
      settled(cells.statuses, statusClass, () => this.#responses.cell(name, statusClass)).add(1)
    }
  }

  handshakeAccepted(): void {
    this.#handshakes.cell('accepted', NO_CODE).add(1)
  }

  handshakeRefused(code: Code): void {
    this.#handshakes.cell('refused', code).add(1)
  }

  handshakeFailed(): void {
    this.#handshakes.cell('failed', 'tls').add(1)
  }

  connectionOpened(): void {
    this.#connections += 1
  }

  connectionClosed(): void {
    this.#connections -= 1
  }

  credentialExchange(credential: string, result: ExchangeResult): void {
    this.#exchanges.cell(credential, result).add(1)
  }

  lookup(fact: string, result: LookupResult): void {
    this.#lookups.cell(fact, result).add(1)
  }

  auditWritten(records: number, bytes: number): void {
    this.#auditRecords.add(records)
    this.#auditBytes.add(bytes)
  }

  auditFailed(records: number): void {
    this.#auditFailures.add(records)
  }

  policyEvaluated(seconds: number): void {
    this.#policySeconds.observe(seconds)
  }

  policyThrew(): void {
    this.#policyThrows.add(1)
  }

  bundleLoaded(bundle: string): void {
    this.#bundleLoaded.cell(bundle).add(1)
    this.#lastActivation.set({ name: bundle }, this.#clock.now() * 1e6)
  }

  bundleLoadFailed(bundle: string): void {
    this.#bundleFailed.cell(bundle).add(1)
  }

  async exposition(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() }
  }

  close(): void {
    this.#closeProcessMetrics()
  }

  #counter(name: string, help: string, ...labels: readonly string[]): CounterFamily {
    return counterFamily({ name: `svidgate_${name}`, help, labels, registry: this.#registry })
  }

  #histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    ...labels: readonly string[]
  ): HistogramFamily {
    const registry = this.#registry
    return histogramFamily({ name: `svidgate_${name}`, help, labels, bounds, registry })
  }

  #serviceCells(service: string): ServiceCells {
    return {
      outcomes: new Map(),
      statuses: new Map(),
      gateway: this.#gatewaySeconds.cell(service),
      upstream: this.#upstreamSeconds.cell(service),
    }
  }

  #registerConnections(): void {
    const gauge = new Gauge({
      name: 'svidgate_connections',
      help: 'Connections of agents that are open now.',
      registers: [this.#registry],
      collect: () => {
        gauge.set(this.#connections)
      },
    })
  }
}

/** A cell found by a short key of our own making; settled at its first use. */
function settled(
  cells: Map<string, CounterCell>,
  key: string,
  make: () => CounterCell,
): CounterCell {
  const known = cells.get(key)
  if (known !== undefined) return known
  const cell = make()
  cells.set(key, cell)
  return cell
}

function classOf(status: number): string {
  if (status >= 200 && status < 300) return '2xx'
  if (status >= 300 && status < 400) return '3xx'
  if (status >= 400 && status < 500) return '4xx'
  if (status >= 500 && status < 600) return '5xx'
  return OTHER
}
