// Who calls is what the SVID says: no header that claims an identity, a place or another method
// reaches the policy, the record or the cloud.

import t from 'tap'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { clientOptions, openTls } from '../support/tls-client.ts'

const CANARY = 'canary-of-another'
const CLAIMS = [
  'x-forwarded-for',
  'x-forwarded-client-cert',
  'x-forwarded-user',
  'x-original-url',
  'x-rewrite-url',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-envoy-external-address',
  'x-svidgate-spiffe-id',
  'x-svidgate-decision-id',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'true-client-ip',
  'client-cert',
  'client-cert-chain',
  'forwarded',
  'via',
  'cookie',
  'workload-identity-token',
  'workload-proof-token',
  'txn-token',
  'proxy-authorization',
]

t.test('claims of identity end at the gateway', async (t) => {
  const upstream = new ScriptedUpstream(answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(
    `${s3Head(
      'PUT /aws/s3/reports/2026/a.csv',
      ...CLAIMS.map((name) => `${name}: ${CANARY}`),
      'x-amz-content-sha256: UNSIGNED-PAYLOAD',
      'x-amz-meta-note: kept',
      'content-length: 1',
    )}x`,
  )
  const answer = await connection.answer()
  t.equal(answer.status, 200)
  const sent = upstream.connections.map(({ text }) => text).join('')
  t.match(sent, /x-amz-meta-note: kept/i, 'what is no claim is forwarded')
  t.notMatch(sent, CANARY)
  for (const name of CLAIMS) t.notMatch(sent.toLowerCase(), `\n${name}:`, name)
  const records = await test.stop()
  t.notMatch(JSON.stringify(records), CANARY)
  t.match(
    records.find(({ type }) => type === 'decision'),
    { input: { role: 'writer', tenant: 'acme' }, request: { method: 'PUT' } },
  )
})
