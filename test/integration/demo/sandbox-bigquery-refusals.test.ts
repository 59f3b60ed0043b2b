// The sandbox BigQuery refuses what it should, with BigQuery's own reasons. Each row changes one
// thing of a request that is otherwise answered.

import t from 'tap'
import type { SandboxGoogle } from '../../../gateway/demo/sandbox-google.ts'
import { sendRaw } from '../../support/raw-http.ts'
import type { RawAnswer, RawRequest } from '../../support/raw-http.ts'
import {
  BIGQUERY_SCOPE,
  principalOf,
  PROJECT,
  roleSet,
  SERVICE_ACCOUNT,
  startSandboxGoogle,
} from '../../support/sandbox-google.ts'

const NOW = Date.parse('2026-11-23T18:00:00Z')
const ROOT = `/bigquery/v2/projects/${PROJECT}`
const READ_ONLY = 'https://www.googleapis.com/auth/cloud-platform.read-only'

interface Caller {
  readonly role?: string
  readonly scopes?: readonly string[]
  readonly expiresAt?: number
}

interface Row extends Caller {
  readonly id: string
  /** Default POST to jobs.query. */
  readonly method?: string
  readonly path?: string
  readonly body?: unknown
  readonly raw?: string
  /** `undefined` leaves a header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly status: number
  readonly reason?: string
}

const QUERY = { query: 'SELECT id FROM sales.orders', useLegacySql: false }

function insert(query: object, more: object = {}, configuration: object = {}): object {
  return { configuration: { query: { ...QUERY, ...query }, ...configuration }, ...more }
}

function tokenFor(google: SandboxGoogle, caller: Caller): string {
  const { role = 'researcher', scopes = [BIGQUERY_SCOPE], expiresAt } = caller
  const principal = role.includes('@') ? role : principalOf(role)
  const grant = {
    principal,
    memberOf: [roleSet(role)],
    scopes,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  return google.issue(grant).token
}

function send(google: SandboxGoogle, row: Omit<Row, 'id' | 'status'>): Promise<RawAnswer> {
  const method = row.method ?? 'POST'
  const body = row.raw ?? (row.body === undefined ? undefined : JSON.stringify(row.body))
  const given: Readonly<Record<string, string | undefined>> = {
    authorization: `Bearer ${tokenFor(google, row)}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...row.headers,
  }
  const headers = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  const request: RawRequest = { method, path: row.path ?? `${ROOT}/queries`, headers, body }
  return sendRaw(google.bigqueryOrigin, request)
}

const IDENTITY: readonly Row[] = [
  { id: 'control', body: QUERY, status: 200 },
  {
    id: 'no token',
    body: QUERY,
    headers: { authorization: undefined },
    status: 401,
    reason: 'required',
  },
  {
    id: 'unknown token',
    body: QUERY,
    headers: { authorization: 'Bearer x' },
    status: 401,
    reason: 'authError',
  },
  {
    id: 'Basic',
    body: QUERY,
    headers: { authorization: 'Basic eDp5' },
    status: 401,
    reason: 'authError',
  },
  { id: 'expired token', body: QUERY, expiresAt: NOW, status: 401, reason: 'authError' },
  {
    id: 'no scope for it',
    body: QUERY,
    scopes: ['https://www.googleapis.com/auth/devstorage.read_only'],
    status: 403,
    reason: 'insufficientPermissions',
  },
  { id: 'read-only scope, jobs.query', body: QUERY, scopes: [READ_ONLY], status: 200 },
  {
    id: 'read-only scope, jobs.insert',
    body: insert({}),
    path: `${ROOT}/jobs`,
    scopes: [READ_ONLY],
    status: 403,
    reason: 'insufficientPermissions',
  },
  {
    id: 'a principal without jobUser',
    role: 'nobody',
    body: QUERY,
    status: 403,
    reason: 'accessDenied',
  },
  {
    id: 'a service account without bindings',
    role: 'x@acme-data.iam.gserviceaccount.com',
    body: QUERY,
    status: 403,
    reason: 'accessDenied',
  },
  { id: 'a bound service account', role: SERVICE_ACCOUNT, body: QUERY, status: 200 },
]

const HEAD: readonly Row[] = [
  ...[
    'x-http-method-override',
    'x-goog-api-key',
    'x-goog-user-project',
    'cookie',
    'content-encoding',
  ].map((name) => ({
    id: name,
    body: QUERY,
    headers: { [name]: 'x' },
    status: 400,
    reason: 'badRequest',
  })),
  {
    id: 'another host',
    body: QUERY,
    headers: { host: 'bigquery.googleapis.com' },
    status: 404,
    reason: 'notFound',
  },
  {
    id: 'a token in the query',
    body: QUERY,
    path: `${ROOT}/queries?access_token=x`,
    status: 400,
    reason: 'badRequest',
  },
  {
    id: 'a key in the query',
    body: QUERY,
    path: `${ROOT}/queries?key=x`,
    status: 400,
    reason: 'badRequest',
  },
  {
    id: 'an encoded name in the query',
    body: QUERY,
    path: `${ROOT}/queries?%6bey=x`,
    status: 400,
    reason: 'badRequest',
  },
  {
    id: 'a parameter twice',
    body: QUERY,
    path: `${ROOT}/queries?alt=json&alt=json`,
    status: 400,
    reason: 'badRequest',
  },
  {
    id: 'media',
    body: QUERY,
    path: `${ROOT}/queries?alt=media`,
    status: 400,
    reason: 'badRequest',
  },
  {
    id: 'another version',
    body: QUERY,
    path: '/bigquery/v3/projects/acme-data/queries',
    status: 404,
    reason: 'notFound',
  },
  { id: 'an upload', body: {}, path: `/upload${ROOT}/jobs`, status: 404, reason: 'notFound' },
  { id: 'a batch', body: {}, path: '/batch/bigquery/v2', status: 404, reason: 'notFound' },
  {
    id: 'DELETE of a table',
    method: 'DELETE',
    path: `${ROOT}/datasets/sales/tables/orders`,
    status: 404,
    reason: 'notFound',
  },
  {
    id: 'insertAll',
    body: {},
    path: `${ROOT}/datasets/sales/tables/orders/insertAll`,
    status: 404,
    reason: 'notFound',
  },
  {
    id: 'another project',
    body: QUERY,
    path: '/bigquery/v2/projects/other/queries',
    status: 403,
    reason: 'accessDenied',
  },
  {
    id: 'a body where there is none',
    method: 'GET',
    raw: '{}',
    path: `${ROOT}/datasets`,
    status: 400,
    reason: 'badRequest',
  },
]

const BODIES: readonly Row[] = [
  { id: 'legacy SQL', body: { ...QUERY, useLegacySql: true }, status: 400, reason: 'invalidQuery' },
  {
    id: 'legacy SQL by default',
    body: { query: QUERY.query },
    status: 400,
    reason: 'invalidQuery',
  },
  {
    id: 'legacy SQL by default, jobs.insert',
    body: { configuration: { query: { query: 'SELECT 1' } } },
    path: `${ROOT}/jobs`,
    status: 400,
    reason: 'invalidQuery',
  },
  {
    id: 'a field twice',
    raw: '{"query":"SELECT 1","query":"DROP TABLE sales.orders","useLegacySql":false}',
    status: 400,
    reason: 'parseError',
  },
  {
    id: 'a field twice, one escaped',
    raw: '{"query":"SELECT 1","\\u0071uery":"SELECT 2","useLegacySql":false}',
    status: 400,
    reason: 'parseError',
  },
  { id: 'two documents', raw: `${JSON.stringify(QUERY)}{}`, status: 400, reason: 'parseError' },
  { id: 'a list', raw: '[]', status: 400, reason: 'badRequest' },
  {
    id: 'another type',
    body: QUERY,
    headers: { 'content-type': 'text/plain' },
    status: 400,
    reason: 'badRequest',
  },
  { id: 'no query', body: { useLegacySql: false }, status: 400, reason: 'invalid' },
  ...(
    [
      ['an unknown field', { writeIt: true }],
      ['a session', { createSession: true }],
      ['connection properties', { connectionProperties: [{ key: 'session_id', value: 'x' }] }],
      ['a reservation', { reservation: 'projects/p/locations/EU/reservations/r' }],
      ['null for a boolean', { dryRun: null }],
      ['text for a boolean', { useLegacySql: 'false' }],
      ['a fraction of a byte', { maximumBytesBilled: '1.5' }],
      ['less than no byte', { maximumBytesBilled: '-1' }],
      ['a request id of 37', { requestId: 'x'.repeat(37) }],
      ['another dataset project', { defaultDataset: { projectId: 'other', datasetId: 'x' } }],
      [
        'named parameter without mode',
        { queryParameters: [{ parameterType: { type: 'INT64' }, parameterValue: { value: '1' } }] },
      ],
      [
        'a parameter that is none of its type',
        {
          parameterMode: 'POSITIONAL',
          queryParameters: [{ parameterType: { type: 'INT64' }, parameterValue: { value: 'x' } }],
        },
      ],
      ['an unknown mode of jobs', { jobCreationMode: 'NEVER' }],
    ] as const
  ).map(([id, more]) => ({ id, body: { ...QUERY, ...more }, status: 400, reason: 'invalid' })),
  ...(
    [
      ['external tables', insert({ tableDefinitions: {} })],
      ['user-defined resources', insert({ userDefinedFunctionResources: [] })],
      ['an encryption key', insert({ destinationEncryptionConfiguration: {} })],
      ['an id with a slash', insert({}, { jobReference: { jobId: 'a/b' } })],
      ['another project’s job', insert({}, { jobReference: { projectId: 'other', jobId: 'a' } })],
      [
        'an unknown disposition',
        insert({
          destinationTable: { datasetId: 'sales', tableId: 'x' },
          writeDisposition: 'WRITE',
        }),
      ],
      ['a destination without table', insert({ destinationTable: { datasetId: 'sales' } })],
      ['no query at all', { configuration: {} }],
    ] as const
  ).map(([id, body]) => ({ id, body, path: `${ROOT}/jobs`, status: 400, reason: 'invalid' })),
  ...['load', 'copy', 'extract'].map((kind) => ({
    id: kind,
    body: { configuration: { [kind]: {} } },
    path: `${ROOT}/jobs`,
    status: 501,
    reason: 'notImplemented',
  })),
]

const SQL: readonly Row[] = (
  [
    ['a syntax error', 'SELECT', 400, 'invalidQuery'],
    ['a foreign dataset', 'SELECT * FROM hr.salaries', 403, 'accessDenied'],
    ['a foreign table that is none', 'SELECT * FROM hr.nothing', 403, 'accessDenied'],
    ['a dataset that is none', 'SELECT * FROM nothing.x', 404, 'notFound'],
    ['a table that is none', 'SELECT * FROM sales.nothing', 404, 'notFound'],
    ['DELETE by a viewer', 'DELETE FROM sales.orders WHERE true', 403, 'accessDenied'],
    ['DROP in a script by a viewer', 'SELECT 1; DROP TABLE sales.orders', 403, 'accessDenied'],
    ['at run time', 'SELECT 1 / (id - 1) FROM sales.orders', 400, 'invalidQuery'],
    ['another location', 'SELECT 1', 404, 'notFound'],
  ] as const
).map(([id, query, status, reason]) => {
  const more = id === 'another location' ? { location: 'US' } : {}
  return { id: `SQL: ${id}`, body: { ...QUERY, query, ...more }, status, reason }
})

const READS: readonly Row[] = (
  [
    ['datasets/hr', 403, 'accessDenied'],
    ['datasets/nothing', 404, 'notFound'],
    ['datasets/hr/tables', 403, 'accessDenied'],
    ['datasets/hr/tables/salaries/data', 403, 'accessDenied'],
    ['datasets/sales/tables/nothing', 404, 'notFound'],
    ['datasets/sales/tables/nothing/data', 404, 'notFound'],
    ['datasets/sales/tables/orders/data?selectedFields=id', 400, 'badRequest'],
    ['datasets/sales/tables/orders/data?maxResults=x', 400, 'badRequest'],
    ['datasets/sales/tables/orders/data?pageToken=x', 400, 'badRequest'],
    ['datasets/sales/routines/nothing', 404, 'notFound'],
    ['datasets/sales%2Ftables', 404, 'notFound'],
    ['jobs/nothing', 404, 'notFound'],
    ['queries/nothing', 404, 'notFound'],
    ['datasets?fields=a(b)', 400, 'badRequest'],
    ['datasets?fields=kind', 200, undefined],
    ['datasets/sales/tables/orders', 200, undefined],
  ] as const
).map(([path, status, reason]) => ({
  id: `GET ${path}`,
  method: 'GET',
  path: `${ROOT}/${path}`,
  status,
  ...(reason === undefined ? {} : { reason }),
}))

t.test('each wrong thing has its own refusal, and no refused query changed a table', async (t) => {
  const { google } = await startSandboxGoogle({ now: () => NOW })
  t.teardown(() => google.close())
  for (const row of [...IDENTITY, ...HEAD, ...BODIES, ...SQL, ...READS]) {
    const answer = await send(google, row)
    t.equal(answer.status, row.status, `${row.id}: ${answer.body.slice(0, 300)}`)
    const { error } = JSON.parse(answer.body) as {
      error?: { code: number; message: string; errors: { reason: string; message: string }[] }
    }
    t.equal(error?.errors[0]?.reason, row.reason, `${row.id}: reason`)
    t.equal(error?.errors[0]?.message, error?.message, `${row.id}: one message`)
    t.equal(google.requests.at(-1)?.code, row.reason, `${row.id}: record`)
  }
  t.equal(google.rows('sales', 'orders')?.length, 4)
  t.same(google.tables(), ['hr.salaries', 'sales.customers', 'sales.orders'])
})

t.test('bytes billed: ten MiB a table at least, and no more than the query says', async (t) => {
  const { google } = await startSandboxGoogle()
  t.teardown(() => google.close())
  const ask = async (maximumBytesBilled: string): Promise<RawAnswer> =>
    send(google, { body: { ...QUERY, maximumBytesBilled } })
  t.equal((await ask('10485760')).status, 200)
  const refused = await ask('10485759')
  t.equal(refused.status, 400)
  t.match(JSON.parse(refused.body), {
    error: {
      errors: [{ reason: 'bytesBilledLimitExceeded' }],
      message: 'Query exceeded limit for bytes billed: 10485759. 10485760 or higher required.',
    },
  })
  const script = 'SELECT id FROM sales.orders; DELETE FROM sales.orders WHERE true'
  const body = { query: script, useLegacySql: false, maximumBytesBilled: '15000000' }
  t.equal((await send(google, { role: 'editor', body })).status, 400, 'a script adds up')
  t.equal(google.rows('sales', 'orders')?.length, 4)
})

t.test('a job belongs to the principal that made it', async (t) => {
  const { google } = await startSandboxGoogle()
  t.teardown(() => google.close())
  const jobReference = { projectId: PROJECT, jobId: 'job_of_researcher' }
  const made = await send(google, { path: `${ROOT}/jobs`, body: insert({}, { jobReference }) })
  t.match(JSON.parse(made.body), { status: { state: 'RUNNING' }, jobReference })
  const again = await send(google, { path: `${ROOT}/jobs`, body: insert({}, { jobReference }) })
  t.equal(again.status, 409)
  t.match(JSON.parse(again.body), { error: { errors: [{ reason: 'duplicate' }] } })
  const followUps = [
    ['GET', 'jobs/job_of_researcher'],
    ['GET', 'queries/job_of_researcher'],
    ['POST', 'jobs/job_of_researcher/cancel'],
  ] as const
  for (const [method, path] of followUps) {
    const own = await send(google, { method, path: `${ROOT}/${path}` })
    t.equal(own.status, 200, `${path}: own`)
    const other = await send(google, { method, path: `${ROOT}/${path}`, role: 'other' })
    t.equal(other.status, 403, `${path}: of another`)
    t.match(JSON.parse(other.body), { error: { errors: [{ reason: 'accessDenied' }] } })
    const elsewhere = await send(google, { method, path: `${ROOT}/${path}?location=US` })
    t.equal(elsewhere.status, 404, `${path}: another location`)
  }
  const document = JSON.parse(
    (await send(google, { method: 'GET', path: `${ROOT}/jobs/job_of_researcher` })).body,
  ) as { configuration: { query: { destinationTable: { datasetId: string; tableId: string } } } }
  const { datasetId, tableId } = document.configuration.query.destinationTable
  const result = `${ROOT}/datasets/${datasetId}/tables/${tableId}/data`
  t.equal((await send(google, { method: 'GET', path: result })).status, 200, 'its result')
  t.equal((await send(google, { method: 'GET', path: result, role: 'other' })).status, 404)
})

t.test('a dry run tells what a query would touch, runs nothing and makes no job', async (t) => {
  const { google } = await startSandboxGoogle()
  t.teardown(() => google.close())
  const dryRun = async (query: string): Promise<unknown> => {
    const body = insert({ query }, { jobReference: { jobId: 'dry' } }, { dryRun: true })
    return JSON.parse((await send(google, { role: 'editor', path: `${ROOT}/jobs`, body })).body)
  }
  t.match(await dryRun('SELECT sales.with_tax(amount) FROM sales.orders'), {
    jobReference: { projectId: PROJECT, jobId: undefined, location: 'EU' },
    statistics: {
      totalBytesProcessed: '32',
      query: {
        statementType: 'SELECT',
        totalBytesProcessed: '32',
        totalBytesBilled: '0',
        referencedTables: [{ projectId: PROJECT, datasetId: 'sales', tableId: 'orders' }],
        referencedRoutines: [{ projectId: PROJECT, datasetId: 'sales', routineId: 'with_tax' }],
        schema: { fields: [{ name: 'f0_', type: 'FLOAT' }] },
      },
    },
    status: { state: 'DONE' },
  })
  t.match(await dryRun('DROP TABLE sales.orders'), {
    statistics: { query: { statementType: 'DROP_TABLE' } },
  })
  const script = await dryRun('SELECT 1; DROP TABLE sales.orders')
  t.match(script, {
    statistics: { query: { statementType: 'SCRIPT', referencedTables: undefined } },
  })
  t.equal(google.rows('sales', 'orders')?.length, 4)
  t.equal(google.requests.at(-1)?.isDryRun, true)
  const path = `${ROOT}/jobs/dry`
  t.equal((await send(google, { role: 'editor', method: 'GET', path })).status, 404)
  const short = await send(google, { body: { ...QUERY, dryRun: true } })
  t.match(JSON.parse(short.body), { jobComplete: true, totalBytesProcessed: '32', rows: undefined })
})

t.test('a destination table is really written, by who may write it', async (t) => {
  const { google } = await startSandboxGoogle()
  t.teardown(() => google.close())
  const destinationTable = { projectId: PROJECT, datasetId: 'sales', tableId: 'copy' }
  const write = (role: string, more: object = {}): Promise<RawAnswer> =>
    send(google, { role, path: `${ROOT}/jobs`, body: insert({ destinationTable, ...more }) })
  t.equal((await write('researcher')).status, 200, 'the job is made, and fails')
  t.equal(google.rows('sales', 'copy'), undefined)
  await write('editor')
  t.equal(google.rows('sales', 'copy')?.length, 4)
  await write('editor')
  t.equal(google.rows('sales', 'copy')?.length, 4, 'WRITE_EMPTY writes to nothing else')
  await write('editor', { writeDisposition: 'WRITE_APPEND' })
  t.equal(google.rows('sales', 'copy')?.length, 8)
  await write('editor', { writeDisposition: 'WRITE_TRUNCATE' })
  t.equal(google.rows('sales', 'copy')?.length, 4)
})

t.test('every request says which issued tokens it carried', async (t) => {
  const { google } = await startSandboxGoogle()
  t.teardown(() => google.close())
  await send(google, { body: QUERY })
  const [carried] = google.requests.at(-1)?.carries ?? []
  t.match(carried?.name, `access token 1 of ${principalOf('researcher')}`)
  t.same(carried?.doors, ['iamcredentials', 'bigquery'])
  t.notMatch(JSON.stringify(google.requests), 'ya29')
})
