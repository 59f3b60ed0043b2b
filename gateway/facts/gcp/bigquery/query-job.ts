// A job that is a query, as it was judged: the one reading of its body that facts, dry run and shape
// share.

import { writeJson, type JsonArray, type JsonValue } from '../../../util/json.ts'
import type { TableReference } from '../../lookups.ts'
import type { SqlText } from '../../sql/read-sql.ts'
import type { FieldMap } from './body-fields.ts'

/** The methods whose body is a job. */
export type JobMethod = 'jobs.query' | 'jobs.insert'

export interface QueryJob {
  readonly kind: 'query'
  readonly method: JobMethod
  /** The SQL text as it was written. */
  readonly query: string
  /** What our lexer says of it. */
  readonly sql: SqlText
  /** Where names without a dataset are looked up; `project` undefined: the one of the path. */
  readonly defaultDataset:
    { readonly project: string | undefined; readonly dataset: string } | undefined
  readonly parameterMode: string | undefined
  /** `QueryParameter` objects (REST reference), checked and in their own order; undefined: none. */
  readonly queryParameters: JsonArray | undefined
  /** In one spelling; undefined: BigQuery finds it. */
  readonly location: string | undefined
  /** Of `jobReference`; undefined: the one of the path. */
  readonly projectId: string | undefined
  /** The client's own; undefined: it named none. */
  readonly jobId: string | undefined
  /** The client asks for a dry run itself. */
  readonly isDryRun: boolean
  /** Where the rows are written; undefined: to the anonymous table of every query. */
  readonly destination: TableReference | undefined
  /** The whole body as it may be sent on: every field checked, each in one spelling. */
  readonly body: FieldMap
}

/**
 * The body of the jobs.insert that dry-runs `job` in `project` (the billing project: the facts'
 * `account`): JSON text, the same for the same inputs, and holding every one of them, so that it
 * can stand in a cache's key. The cache of results stays out, because a hit touches no table.
 */
export function dryRunBody(job: QueryJob, project: string): string {
  const { query, location, defaultDataset, parameterMode, queryParameters } = job
  const reference = new Map<string, JsonValue>([['projectId', project]])
  if (location !== undefined) reference.set('location', location)
  const asked = new Map<string, JsonValue>([
    ['query', query],
    ['useLegacySql', false],
    ['useQueryCache', false],
  ])
  if (defaultDataset !== undefined) {
    const { project: owner = project, dataset } = defaultDataset
    asked.set(
      'defaultDataset',
      new Map([
        ['projectId', owner],
        ['datasetId', dataset],
      ]),
    )
  }
  if (parameterMode !== undefined) asked.set('parameterMode', parameterMode)
  if (queryParameters !== undefined) asked.set('queryParameters', queryParameters)
  return writeJson(
    new Map<string, JsonValue>([
      ['jobReference', reference],
      [
        'configuration',
        new Map<string, JsonValue>([
          ['dryRun', true],
          ['query', asked],
        ]),
      ],
    ]),
  )
}
