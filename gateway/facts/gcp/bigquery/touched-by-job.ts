// What a job touches. Of a query our lexer knows how many statements it is and whether it reads; which
// tables it reads, only BigQuery's dry run. A statement that writes is never dry-run (docs/POLICY.md), so
// what it touches stays unknown and its facts incomplete.

import type { Refusal } from '../../../errors.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { Access, Permission, Target } from '../../facts.ts'
import type { DryRunAnswer } from '../../lookups.ts'
import { quoted } from '../../quoted.ts'
import type { SqlFacts } from '../../sql-facts.ts'
import type { QueryJob } from './query-job.ts'
import type { Job, TransferJob } from './read-job.ts'
import { refuseBigQuery } from './refusal-rules.ts'
import {
  modelTarget,
  objectTarget,
  permission,
  queryTarget,
  resourceOf,
  routineTarget,
  tableTarget,
} from './targets.ts'
import type { Touched } from './touched-by-path.ts'
import type { Moved } from './transfer-job.ts'

export interface TouchedByJob extends Touched {
  readonly pending: readonly string[]
  readonly sql: SqlFacts | undefined
}

const NOTHING_PENDING: readonly string[] = Object.freeze([])
const DRY_RUN_PENDING: readonly string[] = Object.freeze(['sql.dry_run'])
const READS_ONE_QUERY = 'SELECT'

/** `project`: the path's, which is billed. `dryRun`: undefined as long as none was asked for. */
export function touchedByJob(
  job: Job,
  project: string,
  dryRun: DryRunAnswer | undefined,
): Result<TouchedByJob, Refusal> {
  if (job.projectId !== undefined && job.projectId !== project) {
    const detail = `jobReference names the project ${quoted(job.projectId)}, the path another`
    return refuseBigQuery('BQ-JOB', detail)
  }
  if (job.kind !== 'query') return ok(touchedByTransfer(job))
  const isRead = job.sql.access === 'read' && job.destination === undefined
  return isRead ? touchedByRead(job, project, dryRun) : ok(touchedByWrite(job, project))
}

function touchedByRead(
  { sql }: QueryJob,
  project: string,
  dryRun: DryRunAnswer | undefined,
): Result<TouchedByJob, Refusal> {
  const query = queryTarget('read', project)
  const targets: Target[] = [query]
  const permissions = [permission('jobs.create', query)]
  if (dryRun === undefined) {
    const pending = DRY_RUN_PENDING
    const facts = sqlFacts(sql, undefined)
    return ok({ access: 'read', targets, permissions, complete: true, pending, sql: facts })
  }
  if (dryRun.statementType !== READS_ONE_QUERY) {
    // The lexer read one query and BigQuery another statement: a differential, so nobody knows.
    return refuseBigQuery('BQ-STATEMENT', `a statement of type ${quoted(dryRun.statementType)}`)
  }
  for (const table of dryRun.tables) add(tableTarget('read', table), 'tables.getData')
  for (const routine of dryRun.routines) add(routineTarget('read', routine), 'routines.get')
  return ok({
    access: 'read',
    targets,
    permissions,
    complete: dryRun.isWhole && hasItsTables(sql, dryRun),
    pending: NOTHING_PENDING,
    sql: sqlFacts(sql, dryRun),
  })

  function add(target: Target, action: string): void {
    targets.push(target)
    permissions.push(permission(action, target))
  }
}

/**
 * A server that names no table of a text that has one has not said what the text reads, and without
 * targets there would be nothing left to deny. Emulators do so; and Google may come to.
 */
function hasItsTables(sql: QueryJob['sql'], { tables }: DryRunAnswer): boolean {
  return tables.length > 0 || sql.tables.length === 0
}

/** Another statement than a query, or a query whose rows go to a table of the client's. */
function touchedByWrite({ sql, destination }: QueryJob, project: string): TouchedByJob {
  const query = queryTarget('write', project)
  const targets = [query]
  const permissions = [permission('jobs.create', query)]
  if (destination !== undefined) {
    const table = tableTarget('write', destination)
    targets.push(table)
    permissions.push(permission('tables.create', table), permission('tables.updateData', table))
  }
  return {
    access: 'write',
    targets,
    permissions,
    complete: false,
    pending: NOTHING_PENDING,
    sql: sqlFacts(sql, undefined),
  }
}

function touchedByTransfer({ kind, reads, writes, isWhole }: TransferJob): TouchedByJob {
  const read = targetsOf('read', reads)
  const written = targetsOf('write', writes)
  return {
    access: 'write',
    targets: [...written, ...read],
    permissions: [
      ...written.flatMap((target) => permissionsOf(target, 'write')),
      ...read.flatMap((target) => permissionsOf(target, kind === 'extract' ? 'export' : 'read')),
    ],
    complete: isWhole,
    pending: NOTHING_PENDING,
    sql: undefined,
  }
}

function targetsOf(access: Access, { tables, models, objects }: Moved): readonly Target[] {
  return [
    ...tables.map((table) => tableTarget(access, table)),
    ...models.map((model) => modelTarget(access, model)),
    ...objects.map((object) => objectTarget(access, object)),
  ]
}

function permissionsOf(target: Target, use: 'read' | 'write' | 'export'): readonly Permission[] {
  const isWrite = use === 'write'
  if (target.type === 'object') {
    const action = isWrite ? 'storage.objects.create' : 'storage.objects.get'
    return [{ action, resource: resourceOf(target) }]
  }
  if (target.type === 'model') return [permission('models.export', target)]
  if (isWrite) return [permission('tables.create', target), permission('tables.updateData', target)]
  const read = permission('tables.getData', target)
  return use === 'export' ? [read, permission('tables.export', target)] : [read]
}

function sqlFacts(sql: QueryJob['sql'], dryRun: DryRunAnswer | undefined): SqlFacts {
  const { access: _access, tables: _written, ...facts } = sql
  return { ...facts, dryRun }
}
