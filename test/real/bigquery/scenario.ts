// The researcher of the README with unmodified google-cloud-bigquery: what the shipped policy allows is
// answered by a real engine, what it refuses is read in full after one request, and no table is lost.
// Behind the gateway stand the strict stand-in of Google and bqemulator, which would run a script even
// dry: whatever is refused here was refused before it was asked.

import t, { type Test } from 'tap'
import { getJson } from '../../../gateway/demo/get-json.ts'
import { builtBundle } from '../../support/built-bundle.ts'
import { playBigQuery, type BigQueryStep } from '../../support/google/bigquery-program.ts'
import { writeIdentity } from '../../support/identity-files.ts'
import { agentId, startTestGateway } from '../../support/running-gateway.ts'
import {
  LOCATION,
  openBigQueryScene,
  PROJECT,
  PROVIDER,
  TABLES,
  type BigQueryScene,
} from './scene.ts'

/** Steps that the shipped policy allows, with what comes back. */
const ALLOWED: readonly (readonly [step: string, result: unknown])[] = [
  [
    'query',
    [
      ['ada', 10],
      ['bob', 20],
    ],
  ],
  [
    'query_and_wait',
    [
      ['ada', 10],
      ['bob', 20],
    ],
  ],
  ['parameters', [['bob']]],
  ['WITH', [[2]]],
  ['dry run', { bytes: 16, tables: [`${PROJECT}.sales.orders`] }],
]

/** Whether a dataset is there is not told to who may not read it: these two get one answer. */
const UNTOLD = ['foreign dataset', 'no such dataset']

t.test('the researcher reads, and nothing else', async (t) => {
  const { steps, google, tables } = await playAs(t, 'researcher')
  for (const [name, result] of ALLOWED) {
    const step = steps.get(name)
    t.same(step?.result, result, `${name}: ${step?.message ?? ''}`)
  }
  const refused = [...steps.values()].filter(({ step }) => !ALLOWED.some(([name]) => name === step))
  t.ok(refused.length > 20)
  for (const { step, error, status, message, requests } of refused) {
    t.match(
      { error, status, message },
      { error: 'Forbidden', status: 403, message: /ERR_SG_/ },
      step,
    )
    t.equal(requests.length, 1, `${step}: one request, no retry`)
  }
  const [there, nowhere] = UNTOLD.map((name) => withoutNames(steps.get(name)?.message))
  t.equal(there, nowhere, 'no oracle of what there is')

  t.same(await tables(), TABLES, 'a table lost would be a failed test')
  t.same(google.violations, [], 'nothing arrived that Google or a reader must not be sent')
  t.same([...new Set(google.sts.calls)], [agentId('researcher')], 'one subject, by its own token')
  for (const { subject } of google.requests) t.equal(subject, agentId('researcher'))
  for (const { job } of google.requests) {
    if (job !== undefined) t.match(job.sql, /^(?:SELECT|WITH)[^;]*$/, 'what was asked, dry too')
  }
})

const LOOKING = `version: 1
grants:
  - id: looks_at_sales
    subject: { tenant: acme, agent: data-crew, role: researcher }
    service: gcp_bigquery
    actions: [tables.get, tables.list, tabledata.list]
    access: [read, list]
    targets:
      - { type: dataset, container: ${PROJECT}.sales, path_prefix: "" }
      - { type: table, container: ${PROJECT}.sales, path_prefix: "" }
`

t.test('who is granted tables sees those of that dataset', async (t) => {
  const bundle = await builtBundle(t, LOOKING)
  const { steps, google, tables } = await playAs(t, 'researcher', bundle)
  t.same(steps.get('get_table')?.result, ['id', 'customer', 'amount'])
  t.same(steps.get('list_rows')?.result, [
    [1, 'ada', 10],
    [2, 'bob', 20],
  ])
  t.same(steps.get('list_tables')?.result, ['orders'])
  for (const name of ['foreign table, listed', 'query', 'delete_table', 'insert_rows']) {
    t.match(steps.get(name)?.message, /ERR_SG_DENIED/, name)
  }
  t.same(google.violations, [])
  t.same(await tables(), TABLES)
})

t.test('nobody else gets anything', async (t) => {
  const { steps, google, tables } = await playAs(t, 'writer')
  for (const step of steps.values()) t.equal(step.ok, false, step.step)
  t.same(google.requests, [], 'BigQuery was not even asked')
  t.same(google.sts.calls, [], 'nor the token service')
  t.same(await tables(), TABLES)
})

interface Played extends Pick<BigQueryScene, 'google' | 'tables'> {
  readonly steps: ReadonlyMap<string, BigQueryStep>
}

/** The program, with the identity of a role, through a gateway before Google. */
async function playAs(t: Test, role: string, bundle?: string): Promise<Played> {
  let issuer = ''
  const scene = await openBigQueryScene(t, () => getJson(`${issuer}/.well-known/jwks.json`))
  const { google, ca, tables } = scene
  const test = await startTestGateway({
    ...(bundle === undefined ? {} : { bundle }),
    files: { 'google-ca.pem': ca },
    config: (text) => withGoogle(text, google.stsOrigin, google.bigqueryOrigin),
  })
  t.teardown(() => test.close())
  issuer = `http://127.0.0.1:${test.gateway.listeners.issuerPort ?? 0}`
  const steps = await playBigQuery({
    endpoint: `${test.origin}/gcp/bigquery`,
    project: PROJECT,
    location: LOCATION,
    identity: await writeIdentity(test, role),
    dir: test.dir,
  })
  return { steps, google, tables }
}

/** The configuration with a credential and a route of Google. */
function withGoogle(text: string, sts: string, bigquery: string): string {
  const subject = agentId('*', '*')
  return text
    .replace(
      'bindings:\n',
      `  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER.slice('//iam.googleapis.com/'.length)}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: "${sts}"
    tls: { ca: ./google-ca.pem }
bindings:
  - { service: gcp_bigquery, subject: "${subject}", credentials: [gcp-data] }
`,
    )
    .replace(
      'routes:\n',
      `routes:
  - { service: gcp_bigquery, upstream: "${bigquery}", tls: { ca: ./google-ca.pem } }
`,
    )
}

/** A refusal's text without its id and without what the agent itself had asked for. */
function withoutNames(message: string | undefined): string | undefined {
  return message?.replace(/Decision: [0-9a-f-]+/, '').replace(/payroll|nowhere/g, '<dataset>')
}
