// Refusals as the real BigQuery client sees them, against a whole gateway: in full, in the client's
// own error object, after one request, with nothing at the cloud and no token asked for.

import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
import t, { type Test } from 'tap'
import { FakeGcpSts } from '../support/fake-gcp-sts.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { clientOptions, openTls } from '../support/tls-client.ts'
import { unmatched } from '../support/verdicts.ts'

const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'

interface Scene {
  readonly test: TestGateway
  readonly sts: FakeGcpSts
  /** In BigQuery's place. */
  readonly cloud: ScriptedUpstream
  readonly client: BigQuery
}

async function scene(t: Test, hasRoute = true): Promise<Scene> {
  const sts = await FakeGcpSts.start({ providers: [], now: Date.now })
  const cloud = new ScriptedUpstream(answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const test = await startTestGateway({
    s3Server: cloud.start,
    config: (text) => {
      const origin = /service: aws_s3, upstream: ("[^"]*")/.exec(text)?.[1] ?? ''
      const route = `  - { service: gcp_bigquery, upstream: ${origin}, tls: { ca: ./cloud-ca.pem } }`
      const binding =
        '  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp-data] }'
      const credential = `  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: ${sts.origin}
    impersonationEndpoint: ${sts.origin}`
      if (!hasRoute) return text
      return text
        .replace('\nbindings:\n', `\n${credential}\nbindings:\n${binding}\n`)
        .replace('\nroutes:\n', `\nroutes:\n${route}\n`)
    },
  })
  t.teardown(async () => {
    await test.close()
    await sts.close()
  })
  const { certPem, keyPem } = test.svid('researcher')
  const client = new BigQuery({
    projectId: 'sales-prod',
    apiEndpoint: `${test.origin}/gcp/bigquery`,
    authClient: new PassThroughClient(),
  })
  // Its agent is made once for a process, so only one test of this file may use it.
  const pool = { ca: test.webCaPem, cert: certPem, key: keyPem }
  client.interceptors.push({ request: (options) => Object.assign({ uri: '' }, options, { pool }) })
  return { test, sts, cloud, client }
}

async function refusedBy(call: Promise<unknown>): Promise<Error & { code?: unknown }> {
  try {
    await call
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('not refused')
}

t.test('the client shows the whole message, once, and asks once', async (t) => {
  const { test, sts, cloud, client } = await scene(t)
  // A path that BigQuery v2 does not have, so that no table of methods will ever know it.
  const unknown = new Promise((resolve, reject) => {
    client.request({ uri: '/nothings/x' }, (error) => {
      if (error === null) resolve(undefined)
      else reject(error)
    })
  })
  const error = await refusedBy(unknown)
  t.equal(error.code, 403)
  t.match(
    error.message,
    /^ERR_SG_OPERATION_(UNKNOWN|AMBIGUOUS): .*Role: researcher\..* Decision: [\w-]+$/,
  )
  const records = await test.stop()
  t.equal(records.filter(({ type }) => type === 'decision').length, 1)
  t.match(
    records.filter(({ type }) => type === 'outcome'),
    [{ end: 'refused', status: 403 }],
  )
  t.same(unmatched(records), [])
  t.equal(cloud.connections.length, 0)
  t.equal(sts.calls.length, 0)
})

const HEAD = (target: string, ...lines: readonly string[]): string =>
  [`GET ${target} HTTP/1.1`, 'host: bigquery.gw.test', ...lines, '', ''].join('\r\n')

const RAW: readonly (readonly [id: string, head: string, status: number, text: RegExp])[] = [
  [
    'a service host takes the placeholder of a client’s library',
    HEAD('/bigquery/v2/nothings', 'authorization: Bearer placeholder'),
    403,
    /ERR_SG_OPERATION_/,
  ],
  [
    'a second method',
    HEAD('/bigquery/v2/projects/p/datasets', 'x-http-method-override: DELETE'),
    400,
    /ERR_SG_REQUEST_HEADERS.*X-HTTP-Method-Override asks for a second method/,
  ],
  [
    'a key of the client’s own',
    HEAD('/bigquery/v2/projects/p/datasets', 'x-goog-api-key: AIza'),
    501,
    /ERR_SG_REQUEST_UNSUPPORTED.*x-goog-api-key is a credential of its own/,
  ],
  ...[
    'access_token=x',
    '%61ccess%5Ftoken=x',
    'oauth_token=x',
    'key=x',
    '%6Bey=x',
    'callback=f',
  ].map(
    (query) =>
      [
        `?${query}`,
        HEAD(`/bigquery/v2/projects/p/datasets?maxResults=5&${query}`),
        403,
        /ERR_SG_OPERATION_AMBIGUOUS.*credentials, callbacks .* have no place in the query/,
      ] as const,
  ),
  [
    'another payer',
    HEAD('/bigquery/v2/projects/p/datasets?userProject=other'),
    403,
    /ERR_SG_OPERATION_AMBIGUOUS.*userProject/,
  ],
  [
    'a prefix of another cloud on the host of this one',
    HEAD('/aws/s3/reports/k', 'x-goog-api-client: gl-node/20'),
    403,
    /ERR_SG_OPERATION_AMBIGUOUS/,
  ],
]

for (const [id, head, status, text] of RAW) {
  t.test(`in Google’s form: ${id}`, async (t) => {
    const { test, sts, cloud } = await scene(t)
    const connection = await openTls(clientOptions(test, test.svid('researcher')))
    connection.write(head)
    const answer = await connection.answer()
    t.equal(answer.status, status)
    const { error } = JSON.parse(answer.body.toString()) as { error: Record<string, unknown> }
    t.equal(error['code'], status)
    t.match(error['message'], text)
    t.match(error['errors'], [{ message: error['message'], domain: 'global' }])
    t.equal(cloud.connections.length + sts.calls.length, 0)
    t.notMatch(JSON.stringify(await test.stop()), /placeholder|AIza/)
  })
}

t.test('a service without a route is told in the client’s own form', async (t) => {
  const { test } = await scene(t, false)
  const connection = await openTls(clientOptions(test, test.svid('researcher')))
  connection.write(HEAD('/bigquery/v2/projects/p/datasets'))
  const answer = await connection.answer()
  const { error } = JSON.parse(answer.body.toString()) as { error: Record<string, unknown> }
  t.match(error, {
    code: 403,
    status: 'PERMISSION_DENIED',
    message: /^ERR_SG_ROUTE_UNKNOWN: .*no route for gcp_bigquery/,
  })
})
