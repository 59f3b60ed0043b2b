// The documents of the BigQuery REST API v2: jobs, query results, datasets, tables and routines.
// Empty lists are left out and 64-bit numbers are text, as JSON of protocol buffers has them.

import type { StoredRoutine, StoredTable, TableName } from '../sql/access.ts'
import type { Column, Row, ScalarType } from '../sql/values.ts'
import { sizeOf, valueText } from '../sql/values.ts'
import type { Catalog, Dataset } from './catalog.ts'
import type { DryRun, Job, QueryStatistics } from './jobs.ts'

/** Longer lists are cut ("Job.statistics.query.referencedTables" in the REST reference). */
const MAX_REFERENCES = 50

const FIELD_TYPES: Readonly<Record<ScalarType, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  STRING: 'STRING',
  DATE: 'DATE',
}

export function schemaOf(columns: readonly Column[]): object {
  return {
    fields: columns.map(({ name, type }) => ({ name, type: FIELD_TYPES[type], mode: 'NULLABLE' })),
  }
}

export function rowsOf(rows: readonly Row[], columns: readonly Column[]): readonly object[] {
  return rows.map((row) => ({
    f: columns.map(({ type }, index) => {
      const value = row[index] ?? null
      return { v: value === null ? null : valueText(value, type) }
    }),
  }))
}

function tableReference({ project, dataset, table }: TableName): object {
  return { projectId: project, datasetId: dataset, tableId: table }
}

function routineReference({ project, dataset, routine }: StoredRoutine): object {
  return { projectId: project, datasetId: dataset, routineId: routine }
}

function listed(name: string, items: readonly object[]): object {
  return items.length === 0 ? {} : { [name]: items.slice(0, MAX_REFERENCES) }
}

function queryStatistics(statistics: QueryStatistics): object {
  const { statementType, bytesProcessed, bytesBilled, affected } = statistics
  return {
    statementType,
    totalBytesProcessed: String(bytesProcessed),
    totalBytesBilled: String(bytesBilled),
    cacheHit: false,
    ...listed('referencedTables', statistics.tables.map(tableReference)),
    ...listed('referencedRoutines', statistics.routines.map(routineReference)),
    ...(affected === undefined ? {} : { numDmlAffectedRows: String(affected) }),
  }
}

export function dryRunJob({ statistics, columns }: DryRun, text: string, catalog: Catalog): object {
  const { project, location } = catalog
  return {
    kind: 'bigquery#job',
    id: `${project}:${location}.`,
    configuration: { query: { query: text, useLegacySql: false }, jobType: 'QUERY', dryRun: true },
    jobReference: { projectId: project, location },
    statistics: {
      totalBytesProcessed: String(statistics.bytesProcessed),
      query: {
        ...queryStatistics({ ...statistics, bytesBilled: 0 }),
        totalBytesProcessedAccuracy: 'PRECISE',
        ...(columns === undefined || columns.length === 0 ? {} : { schema: schemaOf(columns) }),
      },
    },
    status: { state: 'DONE' },
  }
}

export function dryRunResponse({ statistics, columns }: DryRun, catalog: Catalog): object {
  return {
    kind: 'bigquery#queryResponse',
    jobReference: { projectId: catalog.project, location: catalog.location },
    totalBytesProcessed: String(statistics.bytesProcessed),
    jobComplete: true,
    cacheHit: false,
    ...(columns === undefined || columns.length === 0 ? {} : { schema: schemaOf(columns) }),
  }
}

export function jobReference(job: Job, catalog: Catalog): object {
  return { projectId: catalog.project, jobId: job.id, location: catalog.location }
}

function errorProto(error: NonNullable<Job['error']>): object {
  return { reason: error.reason, message: error.message }
}

export function jobDocument(job: Job, catalog: Catalog, state: 'RUNNING' | 'DONE'): object {
  const { project, location } = catalog
  const { statistics, request, owner } = job
  const time = String(job.createdAt)
  const isServiceAccount = owner.name.includes('@')
  const failure = state === 'DONE' ? job.error : undefined
  return {
    kind: 'bigquery#job',
    id: `${project}:${location}.${job.id}`,
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${project}/jobs/${job.id}?location=${location}`,
    ...(isServiceAccount ? { user_email: owner.name } : {}),
    principal_subject: isServiceAccount ? `serviceAccount:${owner.name}` : owner.name,
    configuration: {
      query: {
        query: request.text,
        destinationTable: tableReference(job.destination),
        useLegacySql: false,
        priority: 'INTERACTIVE',
      },
      jobType: 'QUERY',
      ...(request.labels === undefined ? {} : { labels: request.labels }),
    },
    jobReference: jobReference(job, catalog),
    statistics: {
      creationTime: time,
      startTime: time,
      ...(state === 'DONE'
        ? {
            endTime: time,
            totalBytesProcessed: String(statistics.bytesProcessed),
            query: queryStatistics(statistics),
          }
        : { query: { statementType: statistics.statementType } }),
      ...(statistics.children.length === 0
        ? {}
        : { numChildJobs: String(statistics.children.length) }),
    },
    status: {
      state,
      ...(failure === undefined
        ? {}
        : { errorResult: errorProto(failure), errors: [errorProto(failure)] }),
    },
  }
}

export function datasetDocument({ name }: Dataset, catalog: Catalog): object {
  const { project, location } = catalog
  return {
    kind: 'bigquery#dataset',
    id: `${project}:${name}`,
    datasetReference: { projectId: project, datasetId: name },
    location,
  }
}

export function tableSummary(table: StoredTable): object {
  const { project, dataset, table: id } = table.name
  return {
    kind: 'bigquery#table',
    id: `${project}:${dataset}.${id}`,
    tableReference: tableReference(table.name),
    type: 'TABLE',
    creationTime: String(table.createdAt),
  }
}

export function tableDocument(table: StoredTable, catalog: Catalog): object {
  const bytes = table.rows.reduce((sum, row) => {
    return (
      sum + table.columns.reduce((size, { type }, at) => size + sizeOf(row[at] ?? null, type), 0)
    )
  }, 0)
  return {
    ...tableSummary(table),
    schema: schemaOf(table.columns),
    numRows: String(table.rows.length),
    numBytes: String(bytes),
    location: catalog.location,
  }
}

export function routineSummary(routine: StoredRoutine): object {
  return {
    routineReference: routineReference(routine),
    routineType: 'SCALAR_FUNCTION',
    language: 'SQL',
  }
}

export function routineDocument(routine: StoredRoutine): object {
  return {
    ...routineSummary(routine),
    arguments: routine.args.map(({ name, type }) => ({ name, dataType: { typeKind: type } })),
    returnType: { typeKind: routine.returns },
    definitionBody: routine.body,
  }
}
