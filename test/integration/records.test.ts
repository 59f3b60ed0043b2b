// Every decision is recorded before its effect, with what was judged, and the outcome after it.

import t from 'tap'
import { auditLines } from '../support/audit.ts'
import { FaultyAuditFs } from '../support/faulty-audit-fs.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { agentId, startTestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'
import { verdictOf } from '../support/verdicts.ts'

const PUT = `${s3Head(
  'PUT /aws/s3/reports/2026/a.csv?x-id=PutObject',
  'x-amz-content-sha256: UNSIGNED-PAYLOAD',
  'content-length: 3',
)}abc`
const OK = 'HTTP/1.1 200 OK\r\nx-amz-request-id: REQ1\r\ncontent-length: 2\r\n\r\nok'

t.test('when the first byte reaches the cloud, the decision lies on the disk', async (t) => {
  const atArrival: string[][] = []
  const upstream = new ScriptedUpstream(async (connection) => {
    await connection.until(() => connection.length > 0)
    atArrival.push(auditLines(test.dir))
    await answering(OK)(connection, 0)
  })
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(PUT)
  const { status } = await connection.answer()
  t.equal(status, 200)
  const [lines = []] = atArrival
  const types = lines.map((line) => JSON.parse(line) as { type: string }).map(({ type }) => type)
  t.same(types, ['open', 'decision'], 'the decision, and no outcome yet')
  const records = await test.stop()
  t.same(
    records.map(({ type }) => type),
    ['open', 'decision', 'outcome', 'close'],
  )
})

t.test('while the record is not on the disk, nothing leaves', async (t) => {
  const upstream = new ScriptedUpstream(answering(OK))
  const auditFs = new FaultyAuditFs()
  const test = await startTestGateway({ s3Server: upstream.start, auditFs })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  const other = await openTls(clientOptions(test, test.svid('writer')))
  auditFs.hold()
  const held = auditFs.held()
  connection.write(PUT)
  // The credential is there, the request is signed, the write is asked for: then the disk waits.
  await held
  other.write(LIST_REPORTS)
  t.equal(upstream.connections.length, 0, 'no connection, no byte')
  t.equal(connection.length + other.length, 0, 'no answer either, not even a refusal')
  auditFs.release()
  t.equal((await connection.answer()).status, 200)
  t.equal((await other.answer()).status, 403)
  other.socket.destroy()
})

t.test('a record says who, what, why, with what and where to', async (t) => {
  const upstream = new ScriptedUpstream(answering(OK))
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(PUT)
  await connection.answer()
  const records = await test.stop()
  const decided = records.find(({ type }) => type === 'decision') ?? {}
  const { decisions, outcomes } = verdictOf(records, String(decided['decision_id']))
  t.match(decisions, [
    {
      path: 'svidgate/authz/decision',
      input: { spiffe_id: agentId('writer'), service: 'aws_s3', action: 'PutObject' },
      result: { allow: true, reasons: ['writer_puts_reports'], obligations: ['session_policy'] },
      bundles: { authz: { revision: /./ } },
      timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
      erased: [],
      masked: [],
      metrics: { gateway_us: Number, policy_us: Number },
      labels: Object,
      generation: 1,
      spiffe_id: agentId('writer'),
      request: { method: 'PUT', path: '/aws/s3/reports/2026/a.csv' },
      facts: { service: 'aws_s3', targets: [{ bucket: 'reports', key: '2026/a.csv' }] },
      credential: { name: 'aws-data', kind: 'aws-web-identity', session: /./, expires: /Z$/ },
      prev: /^[0-9a-f]{64}$/,
      hash: /^[0-9a-f]{64}$/,
    },
  ])
  t.match(outcomes, [
    {
      status: 200,
      end: 'complete',
      upstream: { status: 200, request_id: 'REQ1', bytes_in: 2, bytes_out: 3, host: /^127/ },
    },
  ])
})
