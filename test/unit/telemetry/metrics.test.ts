import t from 'tap'
import type { Test } from 'tap'
import { register } from 'prom-client'
import { createMetrics } from '../../../gateway/telemetry/metrics.ts'
import type { Metrics, RequestSample } from '../../../gateway/telemetry/metrics.ts'
import { parseExposition } from '../../support/exposition.ts'
import type { Exposition } from '../../support/exposition.ts'

function metrics(t: Test): Metrics {
  const made = createMetrics({
    clock: { now: () => 1_795_456_800_123 },
    services: ['aws_s3', 'gcp_storage'],
  })
  t.teardown(() => made.close())
  return made
}

async function read(made: Metrics): Promise<Exposition> {
  return parseExposition((await made.exposition()).body)
}

const ALLOWED: RequestSample = {
  service: 'aws_s3',
  verdict: 'allow',
  code: undefined,
  upstreamStatus: 200,
  gatewaySeconds: 0.0003,
  upstreamSeconds: 0.02,
}

t.test('requests are counted by service, verdict and code, answers by class', async (t) => {
  const made = metrics(t)
  made.request(ALLOWED)
  made.request(ALLOWED)
  made.request({ ...ALLOWED, upstreamStatus: 503 })
  made.request({
    ...ALLOWED,
    verdict: 'deny',
    code: 'ERR_SG_DENIED',
    upstreamStatus: undefined,
    upstreamSeconds: undefined,
  })
  const { samples } = await read(made)
  const requests = 'svidgate_requests_total'
  t.equal(samples.get(`${requests}{service="aws_s3",verdict="allow",code="ok"}`), 3)
  t.equal(samples.get(`${requests}{service="aws_s3",verdict="deny",code="ERR_SG_DENIED"}`), 1)
  const responses = 'svidgate_upstream_responses_total'
  t.equal(samples.get(`${responses}{service="aws_s3",status_class="2xx"}`), 2)
  t.equal(samples.get(`${responses}{service="aws_s3",status_class="5xx"}`), 1)
  t.equal(samples.get('svidgate_request_gateway_seconds_count{service="aws_s3"}'), 4)
  t.equal(samples.get('svidgate_request_upstream_seconds_count{service="aws_s3"}'), 3)
})

t.test('a histogram is cumulative, with its bounds inclusive', async (t) => {
  const made = metrics(t)
  for (const gatewaySeconds of [0.00005, 0.0003, 0.0003, 0.3, 5]) {
    made.request({ ...ALLOWED, gatewaySeconds })
  }
  const { samples, types } = await read(made)
  t.equal(types.get('svidgate_request_gateway_seconds'), 'histogram')
  const bucket = (le: string): number | undefined =>
    samples.get(`svidgate_request_gateway_seconds_bucket{service="aws_s3",le="${le}"}`)
  t.strictSame(
    ['0.00005', '0.0001', '0.00025', '0.0005', '0.25', '1', '+Inf'].map(bucket),
    [1, 1, 1, 3, 3, 4, 5],
  )
  const sum = samples.get('svidgate_request_gateway_seconds_sum{service="aws_s3"}') ?? 0
  t.ok(Math.abs(sum - 5.30065) < 1e-9)
})

t.test('a clock that goes backwards spoils no sum', async (t) => {
  const made = metrics(t)
  made.request({ ...ALLOWED, gatewaySeconds: -5, upstreamSeconds: Number.NaN })
  const { samples } = await read(made)
  t.equal(samples.get('svidgate_request_gateway_seconds_sum{service="aws_s3"}'), 0)
  t.equal(samples.get('svidgate_request_upstream_seconds_sum{service="aws_s3"}'), 0)
})

t.test('a service that no route has cannot make a label', async (t) => {
  const made = metrics(t)
  for (let index = 0; index < 100; index += 1) {
    made.request({ ...ALLOWED, service: `spiffe://evil/${index}"\n` })
  }
  made.request({ ...ALLOWED, service: undefined })
  const { body } = await made.exposition()
  t.notMatch(body, /evil/)
  t.equal(
    parseExposition(body).samples.get(
      'svidgate_requests_total{service="other",verdict="allow",code="ok"}',
    ),
    101,
  )
})

t.test('everything else is counted under its name', async (t) => {
  const made = metrics(t)
  made.handshakeAccepted()
  made.handshakeRefused('ERR_SG_SVID_EXPIRED')
  made.connectionOpened()
  made.connectionOpened()
  made.connectionClosed()
  made.credentialExchange('aws-data', 'obtained')
  made.credentialExchange('aws-data', 'cached')
  made.credentialExchange('aws-data', 'cached')
  made.auditWritten(3, 4096)
  made.auditFailed(2)
  made.policyEvaluated(0.00004)
  made.policyThrew()
  made.bundleLoaded('authz')
  made.bundleLoadFailed('authz')
  const { samples } = await read(made)
  const expected: readonly (readonly [string, number])[] = [
    ['svidgate_handshakes_total{result="accepted",code="ok"}', 1],
    ['svidgate_handshakes_total{result="refused",code="ERR_SG_SVID_EXPIRED"}', 1],
    ['svidgate_connections', 1],
    ['svidgate_credential_exchanges_total{credential="aws-data",result="obtained"}', 1],
    ['svidgate_credential_exchanges_total{credential="aws-data",result="cached"}', 2],
    ['svidgate_audit_records_total', 3],
    ['svidgate_audit_bytes_total', 4096],
    ['svidgate_audit_failures_total', 2],
    ['svidgate_policy_evaluation_seconds_count', 1],
    ['svidgate_policy_evaluation_seconds_bucket{le="0.00005"}', 1],
    ['svidgate_policy_throws_total', 1],
    ['svidgate_bundle_loaded_counter{name="authz"}', 1],
    ['svidgate_bundle_failed_load_counter{name="authz"}', 1],
    ['svidgate_last_success_bundle_activation{name="authz"}', 1_795_456_800_123_000_000],
  ]
  for (const [name, value] of expected) t.equal(samples.get(name), value, name)
})

t.test('every name is ours, and the process is among them', async (t) => {
  const { types, samples } = await read(metrics(t))
  for (const name of types.keys()) t.match(name, /^svidgate_/)
  for (const name of [
    'svidgate_process_cpu_seconds_total{mode="user"}',
    'svidgate_process_resident_memory_bytes',
    'svidgate_process_heap_used_bytes',
    'svidgate_process_start_time_seconds',
  ]) {
    t.ok((samples.get(name) ?? 0) > 0, name)
  }
  t.ok((samples.get('svidgate_process_event_loop_delay_p99_seconds') ?? -1) >= 0)
})

t.test('reading twice counts nothing twice, and two gateways share nothing', async (t) => {
  const made = metrics(t)
  const other = metrics(t)
  made.request(ALLOWED)
  await made.exposition()
  const name = 'svidgate_requests_total{service="aws_s3",verdict="allow",code="ok"}'
  t.equal((await read(made)).samples.get(name), 1)
  t.equal((await read(other)).samples.get(name), undefined)
  t.strictSame(register.getMetricsAsArray(), [], 'the library’s global registry stays empty')
  t.match((await made.exposition()).contentType, /^text\/plain; version=0\.0\.4/)
})
