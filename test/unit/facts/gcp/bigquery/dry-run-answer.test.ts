// Answers in the form of BigQuery's REST reference (resource Job), and everything else.

import t from 'tap'
import {
  failureReason,
  readDryRunAnswer,
} from '../../../../../gateway/facts/gcp/bigquery/dry-run-answer.ts'

/** As jobs.insert answers to a dry run of a join over two tables with a function of the dataset's. */
const ANSWER = {
  kind: 'bigquery#job',
  etag: 'dGVzdA==',
  id: 'acme-data:EU.',
  selfLink: 'https://bigquery.googleapis.com/bigquery/v2/projects/acme-data/jobs/?location=EU',
  user_email: 'principal://iam.googleapis.com/x',
  configuration: {
    query: { query: 'SELECT …', useLegacySql: false, priority: 'INTERACTIVE' },
    dryRun: true,
    jobType: 'QUERY',
  },
  jobReference: { projectId: 'acme-data', location: 'EU' },
  statistics: {
    creationTime: '1795456800123',
    totalBytesProcessed: '1048576',
    query: {
      totalBytesProcessed: '1048576',
      totalBytesBilled: '0',
      cacheHit: false,
      statementType: 'SELECT',
      totalBytesProcessedAccuracy: 'PRECISE',
      referencedTables: [
        { projectId: 'acme-data', datasetId: 'sales', tableId: 'orders' },
        { projectId: 'acme-data', datasetId: 'sales', tableId: 'customers' },
        { projectId: 'acme-data', datasetId: 'sales', tableId: 'orders' },
      ],
      referencedRoutines: [{ projectId: 'acme-data', datasetId: 'sales', routineId: 'net' }],
      schema: { fields: [{ name: 'n', type: 'INTEGER', mode: 'NULLABLE' }] },
    },
  },
  status: { state: 'DONE' },
}

type Changes = Readonly<Record<string, unknown>>

function bodyOf(query: Changes, job: Changes = {}): Buffer {
  const statistics = { ...ANSWER.statistics, query: { ...ANSWER.statistics.query, ...query } }
  return Buffer.from(JSON.stringify({ ...ANSWER, statistics, ...job }))
}

t.test('tables and routines by full name, each once, sorted; bytes as a number', (t) => {
  t.same(readDryRunAnswer(bodyOf({})), {
    ok: true,
    value: {
      statementType: 'SELECT',
      tables: [
        { project: 'acme-data', dataset: 'sales', table: 'customers' },
        { project: 'acme-data', dataset: 'sales', table: 'orders' },
      ],
      routines: [{ project: 'acme-data', dataset: 'sales', routine: 'net' }],
      estimatedBytes: 1_048_576,
      isWhole: true,
    },
  })
  t.end()
})

t.test('a query of nothing refers to nothing', (t) => {
  const none = { referencedTables: undefined, referencedRoutines: undefined }
  t.match(readDryRunAnswer(bodyOf({ ...none, totalBytesProcessed: '0' })), {
    ok: true,
    value: { tables: [], routines: [], estimatedBytes: 0, isWhole: true },
  })
  t.end()
})

const table = (tableId: string): Changes => ({ projectId: 'p', datasetId: 'd', tableId })
const tables = (count: number): readonly Changes[] =>
  Array.from({ length: count }, (_, index) => table(`t${String(index)}`))

t.test('a list of fifty or more may be cut off', (t) => {
  const isWhole = (query: Changes): unknown => {
    const answer = readDryRunAnswer(bodyOf(query))
    return answer.ok && answer.value.isWhole
  }
  t.equal(isWhole({ referencedTables: tables(49) }), true)
  t.equal(isWhole({ referencedTables: tables(50) }), false)
  t.equal(isWhole({ referencedTables: Array.from({ length: 50 }, () => table('same')) }), false)
  const routines = tables(50).map(({ tableId }) => ({
    projectId: 'p',
    datasetId: 'd',
    routineId: tableId,
  }))
  t.equal(isWhole({ referencedRoutines: routines }), false)
  t.equal(isWhole({ referencedPropertyGraphs: [] }), true)
  t.equal(isWhole({ referencedPropertyGraphs: [{ propertyGraphId: 'g' }] }), false, 'graphs')
  t.end()
})

t.test('names in every spelling that BigQuery has', (t) => {
  for (const [id, reference] of [
    ['a project with a domain', { ...table('t'), projectId: 'example.com:p-1' }],
    ['a region as dataset', { ...table('TABLES'), datasetId: 'region-eu' }],
    ['letters of the world', table('заказы 2026-é_x')],
    ['a wildcard', table('events_*')],
    ['a partition', table('events$20260101')],
  ] as const) {
    t.equal(readDryRunAnswer(bodyOf({ referencedTables: [reference] })).ok, true, id)
  }
  t.end()
})

t.test('another type of statement than SELECT is a contradiction', (t) => {
  for (const statementType of ['SCRIPT', 'DELETE', 'CREATE_TABLE_AS_SELECT', 'select', '', 'NEW']) {
    t.match(readDryRunAnswer(bodyOf({ statementType })), {
      ok: false,
      error: { code: 'ERR_SG_DENIED', rule: 'LOOK-6' },
    })
  }
  for (const target of ['ddlTargetTable', 'ddlOperationPerformed', 'dclTargetView']) {
    t.match(readDryRunAnswer(bodyOf({ [target]: 'CREATE' })), {
      ok: false,
      error: { rule: 'LOOK-6' },
    })
  }
  t.end()
})

const MALFORMED: readonly (readonly [id: string, body: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['no JSON', Buffer.from('<html>')],
  ['a list', Buffer.from('[]')],
  ['not UTF-8', Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}')])],
  [
    'a key twice',
    Buffer.from(
      bodyOf({}).toString().replace('"statementType"', '"statementType":"SELECT","statementType"'),
    ),
  ],
  ['text behind it', Buffer.concat([bodyOf({}), Buffer.from('{}')])],
  ['a depth without end', Buffer.from('['.repeat(100_000))],
  ['no word of a dry run', bodyOf({}, { configuration: { query: {} } })],
  ['a query that was run', bodyOf({}, { configuration: { dryRun: false } })],
  ['a dry run in quotes', bodyOf({}, { configuration: { dryRun: 'true' } })],
  ['a job that failed', bodyOf({}, { status: { state: 'DONE', errorResult: { reason: 'x' } } })],
  ['no statistics', bodyOf({}, { statistics: {} })],
  ['statistics of a load', bodyOf({}, { statistics: { load: {} } })],
  ['no type of statement', bodyOf({ statementType: undefined })],
  ['a type of statement that is a number', bodyOf({ statementType: 1 })],
  ['no bytes', bodyOf({ totalBytesProcessed: undefined })],
  ['bytes as a number', bodyOf({ totalBytesProcessed: 1 })],
  ['bytes below zero', bodyOf({ totalBytesProcessed: '-1' })],
  ['bytes in another form', bodyOf({ totalBytesProcessed: '1e3' })],
  ['bytes beyond what a number keeps', bodyOf({ totalBytesProcessed: '9007199254740993' })],
  ['tables that are no list', bodyOf({ referencedTables: {} })],
  ['tables null', bodyOf({ referencedTables: null })],
  ['a table that is a text', bodyOf({ referencedTables: ['p.d.t'] })],
  ['a table without a project', bodyOf({ referencedTables: [{ datasetId: 'd', tableId: 't' }] })],
  ['a table with a dot', bodyOf({ referencedTables: [table('a.b')] })],
  ['a dataset with a dot', bodyOf({ referencedTables: [{ ...table('t'), datasetId: 'a.b' }] })],
  ['a project in capitals', bodyOf({ referencedTables: [{ ...table('t'), projectId: 'P' }] })],
  ['a table with a line feed', bodyOf({ referencedTables: [table('a\nb')] })],
  ['a table without a name', bodyOf({ referencedTables: [table('')] })],
  ['more tables than there can be', bodyOf({ referencedTables: tables(4097) })],
  ['a routine without a name', bodyOf({ referencedRoutines: [table('t')] })],
  ['routines that are a text', bodyOf({ referencedRoutines: 'r' })],
]

t.test('whatever does not have the form is a refusal', (t) => {
  for (const [id, body] of MALFORMED) {
    const answer = readDryRunAnswer(body)
    t.match(answer, { ok: false, error: { code: 'ERR_SG_DENIED', rule: 'LOOK-5' } }, id)
  }
  t.end()
})

t.test('of a failure only Google’s word for it is kept', (t) => {
  const body = (reason: unknown): Buffer =>
    Buffer.from(
      JSON.stringify({
        error: { code: 404, message: 'Not found: Table p:hr.x', errors: [{ reason }] },
      }),
    )
  t.equal(failureReason(body('notFound')), 'notFound')
  t.equal(failureReason(body('Table p:hr.x')), undefined)
  t.equal(failureReason(body(1)), undefined)
  t.equal(failureReason(Buffer.from('<html>')), undefined)
  t.equal(failureReason(Buffer.from('{"error":{"errors":[]}}')), undefined)
  t.end()
})
