// Google's own clients against the sandbox: google-auth-library exchanges the token, straight and by
// way of a service account, and @google-cloud/bigquery runs queries with what it got.

import { BigQuery } from '@google-cloud/bigquery'
import { IdentityPoolClient } from 'google-auth-library'
import t from 'tap'
import type { SandboxGoogle } from '../../../gateway/demo/sandbox-google.ts'
import {
  AUDIENCE,
  BIGQUERY_SCOPE,
  mintFor,
  principalOf,
  PROJECT,
  SERVICE_ACCOUNT,
  startSandboxGoogle,
} from '../../support/sandbox-google.ts'
import type { TestIssuer } from '../../support/sandbox.ts'

interface ClientOptions {
  readonly role: string
  readonly isImpersonating?: boolean
}

function authClient(
  google: SandboxGoogle,
  issuer: TestIssuer,
  { role, isImpersonating = false }: ClientOptions,
): IdentityPoolClient {
  const path = `/v1/projects/-/serviceAccounts/${SERVICE_ACCOUNT}:generateAccessToken`
  return new IdentityPoolClient({
    type: 'external_account',
    audience: AUDIENCE,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${google.stsOrigin}/v1/token`,
    subject_token_supplier: { getSubjectToken: async () => mintFor(issuer, role) },
    scopes: [BIGQUERY_SCOPE],
    ...(isImpersonating
      ? { service_account_impersonation_url: `${google.iamCredentialsOrigin}${path}` }
      : {}),
  })
}

async function startWith(
  options: ClientOptions,
): Promise<{ google: SandboxGoogle; bigquery: BigQuery }> {
  const { google, issuer } = await startSandboxGoogle()
  const bigquery = new BigQuery({
    projectId: PROJECT,
    apiEndpoint: google.bigqueryOrigin,
    authClient: authClient(google, issuer, options),
  })
  return { google, bigquery }
}

const TOTALS = `SELECT c.country, SUM(o.amount) AS total, COUNT(*) AS n, MAX(o.placed_on) AS last
  FROM sales.orders AS o JOIN sales.customers AS c ON c.id = o.customer_id
  WHERE o.amount >= @least GROUP BY c.country ORDER BY total DESC`

t.test('external account, direct access: queries and their parameters', async (t) => {
  const { google, bigquery } = await startWith({ role: 'researcher' })
  t.teardown(() => google.close())
  const [rows] = await bigquery.query({ query: TOTALS, params: { least: 6 } })
  t.match(rows, [{ country: 'DE', total: 70.5, n: 3, last: { value: '2026-03-01' } }])
  t.equal(rows.length, 1)
  const [who] = await bigquery.query('SELECT SESSION_USER() AS who')
  t.same(who, [{ who: principalOf('researcher') }])
  const seen = google.requests.map(({ operation, verdict }) => [operation, verdict])
  t.same(seen, [
    ['sts.token', 'accepted'],
    ['bigquery.jobs.query', 'accepted'],
    ['bigquery.jobs.query', 'accepted'],
  ])
})

t.test('external account by way of a service account', async (t) => {
  const { google, bigquery } = await startWith({ role: 'researcher', isImpersonating: true })
  t.teardown(() => google.close())
  const [who] = await bigquery.query('SELECT SESSION_USER() AS who')
  t.same(who, [{ who: SERVICE_ACCOUNT }])
  t.same(
    google.requests.map(({ operation, principal }) => [operation, principal]),
    [
      ['sts.token', principalOf('researcher')],
      ['iamcredentials.generateAccessToken', principalOf('researcher')],
      ['bigquery.jobs.query', SERVICE_ACCOUNT],
    ],
  )
  const carried = google.requests.map(({ carries }) => carries.map(({ name }) => name))
  t.same(carried, [
    [],
    [`access token 1 of ${principalOf('researcher')}`],
    [`access token 2 of ${SERVICE_ACCOUNT}`],
  ])
})

t.test('an agent that is not bound to the service account gets no token of it', async (t) => {
  const { google, bigquery } = await startWith({ role: 'editor', isImpersonating: true })
  t.teardown(() => google.close())
  await t.rejects(bigquery.query('SELECT 1'), /getAccessToken/)
})

t.test('jobs, pages, table data and metadata', async (t) => {
  const { google, bigquery } = await startWith({ role: 'researcher' })
  t.teardown(() => google.close())
  const [job] = await bigquery.createQueryJob({
    query: 'SELECT id, paid, note FROM sales.orders ORDER BY id',
    maximumBytesBilled: '20000000',
    labels: { team: 'crew' },
  })
  const [first, next] = await job.getQueryResults({ maxResults: 3, autoPaginate: false })
  t.same(first, [
    { id: 1, paid: true, note: 'first' },
    { id: 2, paid: false, note: null },
    { id: 3, paid: true, note: 'it’s late' },
  ])
  t.ok(next?.pageToken)
  const [last] = await job.getQueryResults({ ...next, autoPaginate: false })
  t.same(last, [{ id: 4, paid: true, note: 'x;y' }])
  const [metadata] = await job.getMetadata()
  t.match(metadata, {
    status: { state: 'DONE' },
    configuration: { labels: { team: 'crew' } },
    statistics: { query: { statementType: 'SELECT', totalBytesBilled: '10485760' } },
  })
  const sales = bigquery.dataset('sales')
  const [rows] = await sales.table('customers').getRows()
  t.same(rows[0], { id: 1, name: 'Ada', country: 'DE' })
  const [datasets] = await bigquery.getDatasets()
  t.same(
    datasets.map(({ id }) => id),
    ['sales'],
  )
  const [tables] = await sales.getTables()
  t.same(
    tables.map(({ id }) => id),
    ['orders', 'customers'],
  )
  t.match(await sales.getMetadata(), [{ location: 'EU' }])
  const [routines] = await sales.getRoutines()
  t.equal(routines[0]?.id, 'with_tax')
  t.match(await sales.routine('with_tax').getMetadata(), [{ definitionBody: 'net * 1.5' }])
})

t.test('a dry run as the client asks for it', async (t) => {
  const { google, bigquery } = await startWith({ role: 'researcher' })
  t.teardown(() => google.close())
  const [job] = await bigquery.createQueryJob({
    query: 'SELECT id FROM sales.orders',
    dryRun: true,
  })
  t.match(job.metadata, { statistics: { totalBytesProcessed: '32' }, status: { state: 'DONE' } })
  t.equal(google.requests.at(-1)?.isDryRun, true)
})

t.test('refusals reach the user in full, after one request', async (t) => {
  const { google, bigquery } = await startWith({ role: 'researcher' })
  t.teardown(() => google.close())
  await bigquery.query('SELECT 1')
  const refused = [
    [
      'SELECT * FROM hr.salaries',
      403,
      'accessDenied',
      /Access Denied: Table acme-data:hr\.salaries/,
    ],
    ['SELECT * FROM nothing.x', 404, 'notFound', /Not found: Dataset acme-data:nothing/],
    ['DELETE FROM sales.orders WHERE true', 403, 'accessDenied', /Access Denied/],
    ['SELECT nope FROM sales.orders', 400, 'invalidQuery', /Unrecognized name: nope/],
  ] as const
  for (const [sql, code, reason, message] of refused) {
    const before = google.requests.length
    await t.rejects(bigquery.query(sql), { code, errors: [{ reason }], message }, sql)
    t.equal(google.requests.length, before + 1, `${sql}: one request`)
  }
})

t.test('an editor’s statements are carried out', async (t) => {
  const { google, bigquery } = await startWith({ role: 'editor' })
  t.teardown(() => google.close())
  await bigquery.query("UPDATE sales.customers SET country = 'XX' WHERE id = 4")
  t.same(google.rows('sales', 'customers')?.[3], [4n, 'Dee', 'XX'])
  await bigquery.query('SELECT 1; DROP TABLE sales.orders')
  t.same(google.tables(), ['hr.salaries', 'sales.customers'])
  const [job] = await bigquery.createQueryJob({
    query: 'SELECT * FROM sales.customers',
    destination: bigquery.dataset('sales').table('copy'),
  })
  await job.getQueryResults()
  t.equal(google.rows('sales', 'copy')?.length, 4)
})
