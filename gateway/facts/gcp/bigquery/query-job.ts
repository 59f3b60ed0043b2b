// The body of jobs.query, and of a jobs.insert that is a query, as it was judged: the one reading
// that facts, dry run and shape share. Read once for a body, and never from raw bytes again.

import { refusal, type Refusal } from '../../../errors.ts'
import type { JsonArray } from '../../../util/json.ts'
import { err, type Result } from '../../../util/result.ts'
import type { SqlText } from '../../sql/read-sql.ts'

export type QueryMethod = 'jobs.query' | 'jobs.insert'

export interface QueryJob {
  readonly method: QueryMethod
  /** The SQL text as it was written. */
  readonly query: string
  /** What our lexer says of it. */
  readonly sql: SqlText
  /** Where names without a dataset are looked up; `project` undefined: the one of the path. */
  readonly defaultDataset:
    { readonly project: string | undefined; readonly dataset: string } | undefined
  readonly parameterMode: 'NAMED' | 'POSITIONAL' | undefined
  /** `QueryParameter` objects (REST reference), checked and in their own order; undefined: none. */
  readonly queryParameters: JsonArray | undefined
  /** A known location, as written; undefined: BigQuery finds it. */
  readonly location: string | undefined
  /** The client asks for a dry run itself. */
  readonly isDryRun: boolean
}

/** Equal bodies need not be equal Buffers; the same Buffer is read once. */
export function readQueryJob(body: Buffer, method: QueryMethod): Result<QueryJob, Refusal> {
  return err(
    refusal('ERR_SG_OPERATION_AMBIGUOUS', `a body of ${String(body.length)} bytes for ${method}`),
  )
}

/**
 * The body of the jobs.insert that dry-runs `job` in `project` (the billing project: the facts'
 * `account`): JSON text, the same for the same inputs, and holding every one of them, so that it
 * can stand in a cache's key.
 */
export function dryRunBody(job: QueryJob, project: string): string {
  return `${project} ${job.query}`
}
