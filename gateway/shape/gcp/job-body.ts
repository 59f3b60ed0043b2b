// The body of a job as it is sent: what was judged, written anew from its reading, with what the
// gateway decides. Legacy SQL is off by name, because the API's own default is on; the bytes that may
// be billed are the smaller of what the client and what the policy says; and the job's id carries the
// mark of the agent whose it is.

import { refusal, type Refusal } from '../../errors.ts'
import type { FieldMap } from '../../facts/gcp/bigquery/body-fields.ts'
import { IS_NAME } from '../../facts/gcp/bigquery/names.ts'
import type { Job } from '../../facts/gcp/bigquery/read-job.ts'
import type { JobOwnership } from '../../facts/job-ownership.ts'
import { isJsonObject, writeJson, type JsonValue } from '../../util/json.ts'
import { err, ok, type Result } from '../../util/result.ts'

export interface JobChanges {
  /** The path's. */
  readonly project: string
  /** For a job whose client named none. */
  readonly requestId: string
  readonly maxBytesBilled: number | undefined
  readonly jobs: JobOwnership | undefined
}

export function writeJobBody(job: Job, changes: JobChanges): Result<Buffer, Refusal> {
  const { maxBytesBilled } = changes
  if (job.kind !== 'query' && maxBytesBilled !== undefined) {
    const detail = `max_bytes_billed: a ${job.kind} bills no bytes of a query`
    return err(refusal('ERR_SG_OBLIGATION_UNSUPPORTED', detail, 'SH-5'))
  }
  if (job.kind === 'query' && job.method === 'jobs.query') {
    return ok(bytesOf(decided(job.body, maxBytesBilled)))
  }
  const reference = referenceOf(job, changes)
  if (!reference.ok) return reference
  const configuration = new Map(objectIn(job.body, 'configuration'))
  if (job.kind === 'query') {
    configuration.set('query', decided(objectIn(configuration, 'query'), maxBytesBilled))
  }
  return ok(
    bytesOf(
      new Map<string, JsonValue>([
        ['jobReference', reference.value],
        ['configuration', configuration],
      ]),
    ),
  )
}

/** The fields of a query with what the gateway decides of them. */
function decided(query: FieldMap, maxBytesBilled: number | undefined): FieldMap {
  const fields = new Map(query)
  fields.set('useLegacySql', false)
  if (maxBytesBilled !== undefined) {
    const own = fields.get('maximumBytesBilled')
    fields.set('maximumBytesBilled', smaller(own, maxBytesBilled))
  }
  return fields
}

function smaller(own: JsonValue | undefined, cap: number): string {
  return typeof own === 'string' && BigInt(own) < BigInt(cap) ? own : String(cap)
}

function referenceOf(job: Job, changes: JobChanges): Result<JsonValue, Refusal> {
  const { project, requestId, jobs } = changes
  const reference = new Map(objectIn(job.body, 'jobReference'))
  reference.set('projectId', project)
  if (jobs === undefined) return ok(reference)
  const jobId = jobs.stamp(project, job.jobId ?? requestId)
  if (!IS_NAME.jobId(jobId)) {
    const detail = `the job id is too long by ${String(jobId.length - 1024)} characters`
    return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, 'SH-6'))
  }
  reference.set('jobId', jobId)
  return ok(reference)
}

function objectIn(value: FieldMap, name: string): FieldMap {
  const member = value.get(name)
  return isJsonObject(member) ? member : new Map()
}

function bytesOf(body: FieldMap): Buffer {
  return Buffer.from(writeJson(body))
}
