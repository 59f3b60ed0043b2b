// What google-cloud-bigquery puts on the wire means what its caller asked for. The oracle is the
// call, before the library encoded anything.

import t from 'tap'
import { shape } from '../../../gateway/shape/shape.ts'
import { readPythonRequests } from '../../support/bigquery-data.ts'
import { allowBigQuery, bigQueryFacts } from '../../support/bigquery-facts.ts'

const PROJECT = 'projects/acme-data'
const TABLE = 'acme-data.sales.orders'
const OUT = 'acme-data.scratch.out'
const JOB = `${PROJECT}/jobs/job_1`
const LEGACY = 'projects/example.com:legacy-proj'

type Row = readonly [action: string, access: string, ...targets: string[]]
const INSERT: Row = ['jobs.insert', 'read', PROJECT]
const QUERY: Row = ['jobs.query', 'read', PROJECT]
const RESULTS: Row = ['jobs.getQueryResults', 'read', JOB]
const GET: Row = ['jobs.get', 'read', JOB]
const WRITE: Row = ['jobs.insert', 'write', PROJECT, OUT]

/** By call; one row for each request that it sends. A text is the rule that refuses it. */
const EXPECTED: ReadonlyMap<string, readonly (Row | string)[]> = new Map([
  ['query', [INSERT]],
  ['query, wait', [INSERT, RESULTS, RESULTS]],
  ['query, result max_results', [INSERT, RESULTS, RESULTS]],
  ['query, location', [INSERT]],
  ['query, job_id', [INSERT]],
  ['query, job_id_prefix', [INSERT]],
  ['query, other project', [['jobs.insert', 'read', LEGACY]]],
  ['query, api_method QUERY', [QUERY]],
  ['query, dry run', [INSERT]],
  ['query, named parameters', [INSERT]],
  ['query, positional parameters', [INSERT]],
  ['query, every reading option', [INSERT]],
  ['query, destination', [WRITE]],
  ['query, legacy SQL', ['BQ-LEGACY']],
  ['query, create session', ['BQ-FIELD']],
  ['query, session', ['BQ-FIELD']],
  ['query, clustering', ['BQ-FIELD']],
  ['query, external table', ['BQ-FIELD']],
  ['query, UDF resource', ['BQ-FIELD']],
  ['query, DELETE', [['jobs.insert', 'write', PROJECT]]],
  ['query, script', ['SQL-STATEMENTS']],
  ['query_and_wait', [QUERY, GET, RESULTS]],
  ['query_and_wait, options', [QUERY, GET, RESULTS]],
  ['query_and_wait, destination', [WRITE, RESULTS, RESULTS]],
  ['get_job', [GET]],
  ['get_job, other project', [['jobs.get', 'read', `${LEGACY}/jobs/job_1`]]],
  ['cancel_job', [['jobs.cancel', 'write', JOB]]],
  ['delete_job_metadata', [['jobs.delete', 'write', JOB]]],
  ['list_jobs', [['jobs.list', 'read', PROJECT]]],
  ['list_jobs, all users', [['jobs.list', 'read', PROJECT]]],
  ['list_projects', [['projects.list', 'list', 'projects']]],
  ['get_service_account_email', [['projects.getServiceAccount', 'read', PROJECT]]],
  ['list_datasets', [['datasets.list', 'list', PROJECT]]],
  ['get_dataset', [['datasets.get', 'read', 'acme-data.sales']]],
  ['list_tables', [['tables.list', 'list', 'acme-data.sales']]],
  ['get_table', [['tables.get', 'read', TABLE]]],
  ['get_table, Unicode', [['tables.get', 'read', 'acme-data.sales.Aufträge 2026']]],
  ['get_iam_policy', [['tables.getIamPolicy', 'read', TABLE]]],
  ['test_iam_permissions', [['tables.testIamPermissions', 'read', TABLE]]],
  ['list_rows', [['tabledata.list', 'read', TABLE]]],
  ['list_routines', [['routines.list', 'list', 'acme-data.sales']]],
  ['get_routine', [['routines.get', 'read', 'acme-data.sales.f']]],
  ['list_models', [['models.list', 'list', 'acme-data.sales']]],
  ['get_model', [['models.get', 'read', 'acme-data.sales.m']]],
  ['create_dataset', [['datasets.insert', 'permissions', PROJECT]]],
  ['update_dataset', [['datasets.patch', 'permissions', 'acme-data.sales']]],
  ['delete_dataset', [['datasets.delete', 'write', 'acme-data.sales']]],
  ['create_table', [['tables.insert', 'permissions', 'acme-data.sales']]],
  ['delete_table', [['tables.delete', 'write', TABLE]]],
  ['delete_model', [['models.delete', 'write', 'acme-data.sales.m']]],
  ['delete_routine', [['routines.delete', 'write', 'acme-data.sales.f']]],
  ['insert_rows_json', [['tabledata.insertAll', 'write', TABLE]]],
  [
    'load_table_from_uri',
    [['jobs.insert', 'write', TABLE, 'projects/_/buckets/reports/objects/2026/*.csv']],
  ],
  ['load_table_from_file', ['BQ-UPLOAD']],
  ['copy_table', [['jobs.insert', 'write', 'acme-data.scratch.orders', TABLE]]],
  [
    'extract_table',
    [['jobs.insert', 'write', 'projects/_/buckets/exports/objects/orders-*.csv', TABLE]],
  ],
])

const requests = readPythonRequests()

for (const { call, step, head, body } of requests) {
  t.test(`BQ-PYTHON: ${call}, request ${step}`, (t) => {
    const facts = bigQueryFacts(head, body)
    const expected = EXPECTED.get(call)?.[step]
    if (typeof expected === 'string') {
      t.match(facts, { ok: false, error: { rule: expected } })
    } else if (facts.ok) {
      const { action, operation, targets } = facts.value
      t.strictSame([action, operation.access, ...targets.map(({ name }) => name)], expected)
    } else {
      t.fail(facts.error.detail)
    }
    t.end()
  })
}

t.test('every call was captured', (t) => {
  const captured = new Set(requests.map(({ call }) => call))
  t.strictSame(
    [...EXPECTED.keys()].filter((call) => !captured.has(call)),
    [],
  )
  t.end()
})

t.test('BQ-PYTHON: whatever is understood can be shaped, and then means the same', (t) => {
  let shaped = 0
  for (const { call, head, body } of requests) {
    if (!bigQueryFacts(head, body).ok) continue
    const result = shape(allowBigQuery(head, body), { sessionPolicy: 'none' })
    t.ok(result.ok, result.ok ? call : `${call}: ${result.error.detail}`)
    shaped += 1
  }
  t.ok(shaped > 50, String(shaped))
  t.end()
})
