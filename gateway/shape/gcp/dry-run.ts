// The form of the look-up `sql.dry_run`: BigQuery is asked what a query would touch, and runs nothing
// (REST jobs.insert with `configuration.dryRun`; nothing is billed). The form is the same whatever
// the agent sent: one method, one path, a body of our own writing that holds the judged query as
// data. It exists only for what our own lexer has read as exactly one query: BigQuery alone would
// also take a script (and an emulator may run it), and its error for a foreign table would tell a
// denied agent whether that table exists.

import { refusal, type Refusal } from '../../errors.ts'
import type { Facts } from '../../facts/facts.ts'
import { dryRunBody, type JobMethod } from '../../facts/gcp/bigquery/query-job.ts'
import { readQueryJob } from '../../facts/gcp/bigquery/read-job.ts'
import { err, ok, type Result } from '../../util/result.ts'
import type { LookupForm } from '../lookup.ts'
import type { NeedsDecision } from '../needs-decision.ts'

const HEADERS: LookupForm['headers'] = [
  ['accept', 'application/json'],
  ['content-type', 'application/json'],
]

const METHODS: ReadonlyMap<string, JobMethod> = new Map([
  ['jobs.query', 'jobs.query'],
  ['jobs.insert', 'jobs.insert'],
])

/** A project id, with the domain that old ones begin with; nothing that a path could end at. */
const PROJECT = /^(?:[a-z0-9.-]{1,253}:)?[a-z0-9][a-z0-9-]{0,62}$/

export function dryRunForm({ facts, body }: NeedsDecision): Result<LookupForm, Refusal> {
  const method = METHODS.get(facts.action)
  const project = facts.account
  if (!isOneQuery(facts) || method === undefined || project === undefined || body === undefined) {
    const detail = 'a dry run was asked for what is not exactly one query by our own reading'
    return err(refusal('ERR_SG_DENIED', detail, 'LOOK-1'))
  }
  if (!PROJECT.test(project)) {
    return err(refusal('ERR_SG_DENIED', 'the project cannot stand in the path', 'LOOK-1'))
  }
  const job = readQueryJob(body, method)
  if (!job.ok) return job
  return ok({
    method: 'POST',
    path: `/bigquery/v2/projects/${project}/jobs`,
    headers: HEADERS,
    body: Buffer.from(dryRunBody(job.value, project)),
  })
}

/** Each part says it; none is trusted alone. */
function isOneQuery({ service, operation, sql }: Facts): boolean {
  return (
    service === 'gcp_bigquery' &&
    operation.complete &&
    operation.access === 'read' &&
    operation.pending.includes('sql.dry_run') &&
    sql !== undefined &&
    sql.kind === 'SELECT' &&
    sql.statements === 1 &&
    sql.dryRun === undefined
  )
}
