// The body of jobs.query and jobs.insert, from bytes to the one reading that everything else uses.
// Google's front end ignores what it does not know and takes the last of two equal keys; here both
// refuse, and what was read is what will be written anew.

import { isJsonArray, isJsonObject, parseStrictJson, type JsonValue } from '../../../util/json.ts'
import { err, ok, type Result } from '../../../util/result.ts'
import type { Refusal } from '../../../errors.ts'
import { readSql } from '../../sql/read-sql.ts'
import { RecentReadings } from '../../sql/recent-readings.ts'
import { readFields, type FieldMap } from './body-fields.ts'
import { JOB, JOB_KINDS, QUERY_REQUEST, type JobKind } from './job-fields.ts'
import type { JobMethod, QueryJob } from './query-job.ts'
import { refuseBigQuery } from './refusal-rules.ts'
import { partOf, readTransfer, tableOf, type Transfer } from './transfer-job.ts'

export interface TransferJob extends Transfer {
  readonly kind: Exclude<JobKind, 'query'>
  readonly location: string | undefined
  readonly projectId: string | undefined
  readonly jobId: string | undefined
  /** The whole body as it may be sent on. */
  readonly body: FieldMap
}

export type Job = QueryJob | TransferJob
type ReadJob = Result<Job, Refusal>

/** An SQL text of 1 MiB, the most that is read, escaped, and query parameters beside it. */
export const JOB_BODY_BYTES = 4 * 1024 * 1024
const MAX_DEPTH = 128

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Facts, dry run and shape all ask for the same Buffer's job.
const known = new WeakMap<Buffer, { readonly method: JobMethod; readonly job: ReadJob }>()

// And the body that shape writes holds the very text that the client's body did.
const readings = new RecentReadings(readSql)

export function readJob(body: Buffer, method: JobMethod): ReadJob {
  const memo = known.get(body)
  if (memo?.method === method) return memo.job
  const job = parse(body, method)
  known.set(body, { method, job })
  return job
}

/** Equal bodies need not be equal Buffers; the same Buffer is read once. */
export function readQueryJob(body: Buffer, method: JobMethod): Result<QueryJob, Refusal> {
  const job = readJob(body, method)
  if (!job.ok) return job
  const { value } = job
  if (value.kind === 'query') return ok(value)
  return refuseBigQuery('BQ-JOB', `the job is a ${value.kind}`)
}

function parse(body: Buffer, method: JobMethod): ReadJob {
  const json = decode(body)
  if (json === undefined) return refuseBigQuery('BQ-BODY', 'the body is not UTF-8')
  const value = parseStrictJson(json, { maxDepth: MAX_DEPTH })
  if (!value.ok) {
    const { reason, offset } = value.error
    return refuseBigQuery('BQ-BODY', `${reason} at character ${String(offset)}`)
  }
  return method === 'jobs.query' ? readRequest(value.value) : readInsert(value.value)
}

function decode(body: Buffer): string | undefined {
  try {
    return utf8.decode(body)
  } catch {
    return undefined
  }
}

function readRequest(value: JsonValue): ReadJob {
  const read = readFields(value, '', QUERY_REQUEST)
  if (!read.ok) return read
  const body = read.value
  return queryJob('jobs.query', body, body, {
    location: partOf(body, 'location'),
    projectId: undefined,
    jobId: undefined,
    isDryRun: body.get('dryRun') === true,
  })
}

function readInsert(value: JsonValue): ReadJob {
  const read = readFields(value, '', JOB)
  if (!read.ok) return read
  const body = read.value
  const configuration = body.get('configuration')
  const kinds = JOB_KINDS.filter((kind) => objectIn(configuration, kind) !== undefined)
  const [kind] = kinds
  const fields = kind === undefined ? undefined : objectIn(configuration, kind)
  if (kind === undefined || kinds.length > 1 || fields === undefined) {
    return refuseBigQuery('BQ-JOB', `a job with ${kinds.join(' and ') || 'no configuration'}`)
  }
  const reference = body.get('jobReference')
  const about = {
    location: partOf(reference, 'location'),
    projectId: partOf(reference, 'projectId'),
    jobId: partOf(reference, 'jobId'),
    isDryRun: isJsonObject(configuration) && configuration.get('dryRun') === true,
  }
  if (kind === 'query') return queryJob('jobs.insert', body, fields, about)
  const transfer = readTransfer(kind, fields)
  if (!transfer.ok) return transfer
  const { location, projectId, jobId } = about
  return ok({ kind, location, projectId, jobId, body, ...transfer.value })
}

/** `fields`: the object that holds `query`. */
function queryJob(
  method: JobMethod,
  body: FieldMap,
  fields: FieldMap,
  about: Pick<QueryJob, 'location' | 'projectId' | 'jobId' | 'isDryRun'>,
): ReadJob {
  const query = partOf(fields, 'query')
  if (query === undefined) return refuseBigQuery('BQ-JOB', 'a query without a text')
  const destination = tableOf(fields.get('destinationTable'))
  if (destination === undefined) {
    const disposition = partOf(fields, 'writeDisposition') ?? 'WRITE_EMPTY'
    if (
      fields.has('destinationTable') ||
      fields.has('createDisposition') ||
      disposition !== 'WRITE_EMPTY'
    ) {
      return refuseBigQuery('BQ-JOB', 'a disposition without a whole destinationTable')
    }
  }
  const dataset = fields.get('defaultDataset')
  const datasetId = partOf(dataset, 'datasetId')
  if (dataset !== undefined && datasetId === undefined) {
    return refuseBigQuery('BQ-VALUE', 'defaultDataset has no datasetId')
  }
  const sql = readings.read(query)
  if (!sql.ok) return err(sql.error)
  const parameters = fields.get('queryParameters')
  return ok({
    kind: 'query',
    method,
    query,
    sql: sql.value,
    defaultDataset:
      datasetId === undefined
        ? undefined
        : { project: partOf(dataset, 'projectId'), dataset: datasetId },
    parameterMode: partOf(fields, 'parameterMode'),
    queryParameters: isJsonArray(parameters) ? parameters : undefined,
    destination,
    body,
    ...about,
  })
}

function objectIn(value: JsonValue | undefined, name: string): FieldMap | undefined {
  const member = isJsonObject(value) ? value.get(name) : undefined
  return isJsonObject(member) ? member : undefined
}
