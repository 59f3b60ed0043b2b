// The scenario on BigQuery: the researcher may read `acme-data.sales`, and nothing that changes,
// exports or reads anything else gets through, however it is written; the writer and anyone else get
// nothing.

import type { BigQueryCall } from './google-sdk.ts'
import { denied } from './step.ts'
import type { AgentName, BigQueryStep, Expectation } from './step.ts'

const TOP_REGIONS = `SELECT c.region, SUM(o.total) AS total
  FROM sales.orders AS o JOIN sales.customers AS c ON c.id = o.customer_id
  WHERE o.placed_on >= @since GROUP BY c.region ORDER BY total DESC -- never; DROP TABLE sales.orders`

function query(
  id: string,
  agent: AgentName,
  resource: string,
  sql: string,
  expected: Expectation,
): BigQueryStep {
  const call: BigQueryCall = { kind: 'query', options: { query: sql } }
  return { id, agent, operation: 'bigquery.jobs.query', resource, expected, call }
}

function refused(...codes: readonly string[]): Expectation {
  return { kind: 'refused', status: 403, codes, lookups: 0 }
}

const select: BigQueryStep = {
  id: 'researcher-selects',
  agent: 'researcher',
  operation: 'bigquery.jobs.query',
  resource: 'acme-data.sales',
  expected: { kind: 'allowed', operations: ['bigquery.jobs.query'], lookups: 1 },
  call: {
    kind: 'query',
    options: {
      query: TOP_REGIONS,
      params: { since: '2026-01-01' },
      types: { since: 'DATE' },
    },
  },
}

const selectInJob: BigQueryStep = {
  id: 'researcher-selects-in-job',
  agent: 'researcher',
  operation: 'bigquery.jobs.insert',
  resource: 'acme-data.sales.orders',
  expected: {
    kind: 'allowed',
    operations: ['bigquery.jobs.insert', 'bigquery.jobs.getQueryResults'],
    lookups: 1,
  },
  call: { kind: 'job', options: { query: 'SELECT id, total FROM sales.orders ORDER BY id' } },
}

const intoTable: BigQueryStep = {
  id: 'researcher-writes-table',
  agent: 'researcher',
  operation: 'bigquery.jobs.insert',
  resource: 'acme-data.sales.copy (destination)',
  expected: refused('ERR_SG_DENIED', 'ERR_SG_OPERATION_AMBIGUOUS'),
  call: {
    kind: 'job',
    options: { query: 'SELECT * FROM sales.customers' },
    destination: { dataset: 'sales', table: 'copy' },
  },
}

export const BIGQUERY_STEPS: readonly BigQueryStep[] = [
  select,
  selectInJob,
  query(
    'researcher-deletes',
    'researcher',
    'acme-data.sales.orders',
    'DELETE FROM sales.orders WHERE true',
    denied(),
  ),
  query(
    'researcher-scripts',
    'researcher',
    'acme-data.sales.orders',
    'SELECT 1; DROP TABLE sales.orders',
    refused('ERR_SG_OPERATION_AMBIGUOUS'),
  ),
  query(
    'researcher-reads-foreign',
    'researcher',
    'acme-data.hr.salaries',
    'SELECT * FROM hr.salaries',
    denied(1),
  ),
  query(
    'researcher-reads-missing',
    'researcher',
    'acme-data.nowhere.salaries',
    'SELECT * FROM nowhere.salaries',
    denied(1),
  ),
  intoTable,
  query(
    'researcher-exports',
    'researcher',
    'gs://elsewhere/customers-*.csv',
    "EXPORT DATA OPTIONS (uri = 'gs://elsewhere/customers-*.csv', format = 'CSV') AS SELECT * FROM sales.customers",
    denied(),
  ),
  query(
    'writer-selects',
    'writer',
    'acme-data.sales.orders',
    'SELECT COUNT(*) FROM sales.orders',
    denied(),
  ),
]
