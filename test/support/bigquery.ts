// BigQuery as the tests need it: requests as SDKs send them, and answers in the form of the REST
// reference (resource Job).

import type { MessageHead } from '../../gateway/request/message.ts'
import { head } from './heads.ts'

export const PROJECT = 'acme-data'

export interface BigQueryRequest {
  readonly head: MessageHead
  readonly body: Buffer
}

/** As @google-cloud/bigquery asks: jobs.query. */
export function queryRequest(
  query: string,
  fields: Readonly<Record<string, unknown>> = {},
  project = PROJECT,
): BigQueryRequest {
  return request(`projects/${project}/queries`, { query, useLegacySql: false, ...fields })
}

/** As google-cloud-bigquery for Python asks: jobs.insert, with an id of its own. */
export function insertRequest(
  query: string,
  fields: Readonly<Record<string, unknown>> = {},
  jobId = 'a1b2c3',
): BigQueryRequest {
  return request(`projects/${PROJECT}/jobs`, {
    jobReference: { jobId, projectId: PROJECT },
    configuration: { query: { query, useLegacySql: false, ...fields } },
  })
}

function request(path: string, document: unknown): BigQueryRequest {
  const body = Buffer.from(JSON.stringify(document))
  const target = `/gcp/bigquery/bigquery/v2/${path}?prettyPrint=false`
  const headers = [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ['Authorization', 'Bearer placeholder'],
  ] as const
  return { head: head('POST', target, headers), body }
}

export interface DryRun {
  /** `project.dataset.table` */
  readonly tables?: readonly string[]
  readonly routines?: readonly string[]
  readonly statementType?: string
  readonly bytes?: string
}

/** A Job that was not run. */
export function dryRunAnswer(dryRun: DryRun = {}): Buffer {
  const { tables = ['acme-data.sales.orders'], routines = [], bytes = '1048576' } = dryRun
  return Buffer.from(
    JSON.stringify({
      kind: 'bigquery#job',
      configuration: { dryRun: true, jobType: 'QUERY', query: { useLegacySql: false } },
      jobReference: { projectId: PROJECT, location: 'EU' },
      statistics: {
        totalBytesProcessed: bytes,
        query: {
          statementType: dryRun.statementType ?? 'SELECT',
          totalBytesProcessed: bytes,
          referencedTables: tables.map((name) => referenceOf(name, 'tableId')),
          referencedRoutines: routines.map((name) => referenceOf(name, 'routineId')),
        },
      },
      status: { state: 'DONE' },
    }),
  )
}

function referenceOf(name: string, member: string): Readonly<Record<string, string>> {
  const [projectId = '', datasetId = '', last = ''] = name.split('.')
  return { projectId, datasetId, [member]: last }
}

/** Google's error object. */
export function googleError(status: number, reason: string, message: string): Buffer {
  const errors = [{ message, domain: 'global', reason }]
  return Buffer.from(JSON.stringify({ error: { code: status, message, errors } }))
}
