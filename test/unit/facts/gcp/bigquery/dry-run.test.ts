// A query with the answer of its dry run: what BigQuery names becomes a target, and what it reads in
// another way than our lexer is refused.

import t from 'tap'
import type { DryRunAnswer } from '../../../../../gateway/facts/lookups.ts'
import { bigQueryFacts, bqPost } from '../../../../support/bigquery-facts.ts'

const ANSWER: DryRunAnswer = {
  statementType: 'SELECT',
  tables: [
    { project: 'acme-data', dataset: 'sales', table: 'orders' },
    { project: 'example.com:other', dataset: 'hr', table: 'salaries' },
  ],
  routines: [{ project: 'acme-data', dataset: 'sales', routine: 'tax' }],
  estimatedBytes: 1_048_576,
  isWhole: true,
}
const query = bqPost('/projects/acme-data/queries', { query: 'SELECT sales.tax(1)' })

t.test('every table and routine is a target that is read, beside the query', (t) => {
  const facts = bigQueryFacts(query.message, query.body, { dryRun: ANSWER })
  if (!facts.ok) throw new Error(facts.error.detail)
  const { targets, operation, sql, account } = facts.value
  t.strictSame(targets, [
    {
      type: 'query',
      access: 'read',
      name: 'projects/acme-data',
      container: 'acme-data',
      project: 'acme-data',
      path: '',
    },
    {
      type: 'table',
      access: 'read',
      name: 'acme-data.sales.orders',
      container: 'acme-data.sales',
      path: 'orders',
      project: 'acme-data',
      dataset: 'sales',
      table: 'orders',
    },
    {
      type: 'table',
      access: 'read',
      name: 'example.com:other.hr.salaries',
      container: 'example.com:other.hr',
      path: 'salaries',
      project: 'example.com:other',
      dataset: 'hr',
      table: 'salaries',
    },
    {
      type: 'routine',
      access: 'read',
      name: 'acme-data.sales.tax',
      container: 'acme-data.sales',
      path: 'tax',
      project: 'acme-data',
      dataset: 'sales',
      routine: 'tax',
    },
  ])
  t.strictSame(operation, {
    provider: 'gcp',
    service: 'bigquery',
    name: 'bigquery.jobs.query',
    access: 'read',
    complete: true,
    pending: [],
    permissions: [
      { action: 'bigquery.jobs.create', resource: 'projects/acme-data' },
      {
        action: 'bigquery.tables.getData',
        resource: 'projects/acme-data/datasets/sales/tables/orders',
      },
      {
        action: 'bigquery.tables.getData',
        resource: 'projects/example.com:other/datasets/hr/tables/salaries',
      },
      {
        action: 'bigquery.routines.get',
        resource: 'projects/acme-data/datasets/sales/routines/tax',
      },
    ],
  })
  t.equal(account, 'acme-data')
  t.equal(sql?.dryRun, ANSWER)
  t.end()
})

t.test('a list that may be cut off leaves the facts incomplete', (t) => {
  const facts = bigQueryFacts(query.message, query.body, {
    dryRun: { ...ANSWER, isWhole: false },
  })
  t.match(facts, { ok: true, value: { operation: { complete: false, pending: [] } } })
  t.end()
})

t.test('an answer without tables for a text with tables leaves the facts incomplete', (t) => {
  const dryRun = { ...ANSWER, tables: [] }
  const isComplete = (text: string): unknown => {
    const { message, body } = bqPost('/projects/acme-data/queries', { query: text })
    const facts = bigQueryFacts(message, body, { dryRun })
    return facts.ok && facts.value.operation.complete
  }
  t.equal(isComplete('SELECT salary FROM hr.salaries'), false)
  t.equal(isComplete('FROM hr.salaries |> SELECT salary'), false)
  t.equal(isComplete('SELECT (SELECT MAX(salary) FROM `hr.salaries`)'), false)
  t.equal(isComplete('SELECT 1'), true)
  t.equal(isComplete('SELECT * FROM UNNEST([1, 2])'), true)
  t.equal(isComplete('WITH a AS (SELECT 1 AS x) SELECT x FROM a'), true)
  t.equal(isComplete('SELECT * FROM sales.tax_of(1)'), true, 'a routine, not a table')
  t.end()
})

for (const statementType of ['SCRIPT', 'DELETE', 'CREATE_TABLE_AS_SELECT', 'select', '']) {
  t.test(`BigQuery reads ${statementType || 'nothing'} where the lexer read one query`, (t) => {
    const facts = bigQueryFacts(query.message, query.body, {
      dryRun: { ...ANSWER, statementType },
    })
    t.match(facts, {
      ok: false,
      error: { code: 'ERR_SG_OPERATION_AMBIGUOUS', rule: 'BQ-STATEMENT' },
    })
    t.end()
  })
}

t.test('an answer makes no read of a statement that writes', (t) => {
  const { message, body } = bqPost('/projects/acme-data/queries', {
    query: 'DELETE FROM sales.orders WHERE true',
  })
  const facts = bigQueryFacts(message, body, { dryRun: ANSWER })
  t.match(facts, {
    ok: true,
    value: { operation: { access: 'write', complete: false }, targets: [{ type: 'query' }] },
  })
  t.equal(facts.ok && facts.value.sql?.dryRun, undefined)
  t.end()
})

t.test('nor of a query whose rows go to a table', (t) => {
  const destinationTable = { projectId: 'acme-data', datasetId: 'scratch', tableId: 'out' }
  const { message, body } = bqPost('/projects/acme-data/jobs', {
    configuration: { query: { query: 'SELECT 1', destinationTable } },
  })
  const facts = bigQueryFacts(message, body, { dryRun: ANSWER })
  t.match(facts, {
    ok: true,
    value: { operation: { access: 'write', complete: false, pending: [] } },
  })
  t.end()
})
