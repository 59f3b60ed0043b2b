// The jobs of the sandbox: each belongs to the principal that made it, and is run when it is made.

import { createHash, randomUUID } from 'node:crypto'
import { err, ok } from '../../../util/result.ts'
import type { Result } from '../../../util/result.ts'
import type { Principal } from '../access-tokens.ts'
import { googleFault } from '../fault.ts'
import type { GoogleFault } from '../fault.ts'
import type { Iam } from '../iam.ts'
import type { StoredRoutine, TableName } from '../sql/access.ts'
import type { Prepared } from '../sql/run-statement.ts'
import { prepareText } from '../sql/script.ts'
import type { PreparedText } from '../sql/script.ts'
import { SqlError } from '../sql/sql-error.ts'
import type { SqlReason } from '../sql/sql-error.ts'
import type { Column, Row } from '../sql/values.ts'
import { CallerAccess } from './catalog.ts'
import type { Catalog } from './catalog.ts'
import type { Destination, QueryRequest } from './query-request.ts'

/** HTTP statuses of BigQuery's "Error messages". */
const STATUS: Readonly<Record<SqlReason, number>> = {
  invalidQuery: 400,
  invalid: 400,
  notFound: 404,
  accessDenied: 403,
  duplicate: 409,
  bytesBilledLimitExceeded: 400,
  notImplemented: 501,
}

export interface QueryStatistics {
  readonly statementType: string
  readonly tables: readonly TableName[]
  readonly routines: readonly StoredRoutine[]
  readonly bytesProcessed: number
  readonly bytesBilled: number
  readonly affected: number | undefined
  /** Types of the statements of a script that ran. */
  readonly children: readonly string[]
}

export interface Job {
  readonly id: string
  readonly owner: Principal
  readonly request: QueryRequest
  /** Named, or an anonymous one that only the owner reads. */
  readonly destination: TableName
  readonly createdAt: number
  readonly statistics: QueryStatistics
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  /** Undefined: it did what was asked. */
  readonly error: GoogleFault | undefined
}

export interface DryRun {
  readonly statistics: QueryStatistics
  /** Undefined for scripts. */
  readonly columns: readonly Column[] | undefined
}

interface JobsOptions {
  readonly catalog: Catalog
  readonly iam: Iam
  readonly now: () => number
}

function faultOf(error: unknown): GoogleFault {
  if (!(error instanceof SqlError)) throw error
  return googleFault(STATUS[error.reason], error.reason, error.message)
}

function statisticsOf({ statementType, analysis }: Prepared): QueryStatistics {
  return {
    statementType,
    tables: analysis.tables,
    routines: analysis.routines,
    bytesProcessed: analysis.bytesProcessed,
    bytesBilled: analysis.bytesBilled,
    affected: undefined,
    children: [],
  }
}

const SCRIPT: QueryStatistics = {
  statementType: 'SCRIPT',
  tables: [],
  routines: [],
  bytesProcessed: 0,
  bytesBilled: 0,
  affected: undefined,
  children: [],
}

type Ran = Pick<Job, 'statistics' | 'columns' | 'rows' | 'error'>

export class Jobs {
  readonly #options: JobsOptions
  readonly #jobs = new Map<string, Job>()

  constructor(options: JobsOptions) {
    this.#options = options
  }

  #access(request: QueryRequest, principal: Principal): CallerAccess {
    const { catalog, iam, now } = this.#options
    const { defaultDataset } = request
    return new CallerAccess({ catalog, iam, principal, defaultDataset, now: now() })
  }

  #prepare(request: QueryRequest, principal: Principal): Result<PreparedText, GoogleFault> {
    const { catalog, now } = this.#options
    if (request.location !== undefined && request.location !== catalog.location) {
      return err(
        googleFault(404, 'notFound', `Not found: no dataset lies in location ${request.location}`),
      )
    }
    try {
      return ok(
        prepareText(request.text, {
          access: this.#access(request, principal),
          parameters: request.parameters,
          user: principal.name,
          now: now(),
          variables: new Map(),
        }),
      )
    } catch (error) {
      return err(faultOf(error))
    }
  }

  #checkPermission(principal: Principal): GoogleFault | undefined {
    const { iam, catalog } = this.#options
    const { project } = catalog
    if (iam.isAllowed(principal, 'bigquery.jobs.create', `projects/${project}`)) return undefined
    const message = `Access Denied: Project ${project}: User does not have bigquery.jobs.create permission in project ${project}.`
    return googleFault(403, 'accessDenied', message)
  }

  /** What would be done, and nothing is. */
  dryRun(request: QueryRequest, principal: Principal): Result<DryRun, GoogleFault> {
    const denied = this.#checkPermission(principal)
    if (denied !== undefined) return err(denied)
    const text = this.#prepare(request, principal)
    if (!text.ok) return text
    if (text.value.kind === 'script') return ok({ statistics: SCRIPT, columns: undefined })
    const { prepared } = text.value
    return ok({ statistics: statisticsOf(prepared), columns: prepared.columns })
  }

  /** Runs it. What cannot even be planned leaves no job behind; what fails later does. */
  insert(request: QueryRequest, principal: Principal): Result<Job, GoogleFault> {
    const denied = this.#checkPermission(principal)
    if (denied !== undefined) return err(denied)
    const { catalog, now } = this.#options
    const id = request.jobId ?? `job_${randomUUID().replaceAll('-', '')}`
    if (this.#jobs.has(id)) {
      const message = `Already Exists: Job ${catalog.project}:${catalog.location}.${id}`
      return err(googleFault(409, 'duplicate', message))
    }
    const text = this.#prepare(request, principal)
    if (!text.ok) return text
    const ran =
      text.value.kind === 'script'
        ? this.#runScript(text.value.run, request)
        : this.#runStatement(text.value.prepared, request, principal)
    const job: Job = {
      id,
      owner: principal,
      request,
      destination: request.destination?.table ?? this.#anonymousTable(id, principal),
      createdAt: now(),
      ...ran,
    }
    this.#jobs.set(id, job)
    return ok(job)
  }

  #anonymousTable(id: string, principal: Principal): TableName {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
    return {
      project: this.#options.catalog.project,
      dataset: `_${hash(principal.name).slice(0, 40)}`,
      table: `anon${hash(id)}`,
    }
  }

  #runStatement(prepared: Prepared, request: QueryRequest, principal: Principal): Ran {
    const statistics = statisticsOf(prepared)
    try {
      checkBudget(statistics.bytesBilled, request)
      const { columns, rows, affected } = prepared.run()
      if (request.destination !== undefined && prepared.statementType === 'SELECT') {
        writeResult(this.#access(request, principal), request.destination, columns, rows)
      }
      return { statistics: { ...statistics, affected }, columns, rows, error: undefined }
    } catch (error) {
      return { statistics, columns: [], rows: [], error: faultOf(error) }
    }
  }

  #runScript(run: Extract<PreparedText, { kind: 'script' }>['run'], request: QueryRequest): Ran {
    let bytesBilled = 0
    let bytesProcessed = 0
    const charge = ({ analysis }: Prepared): void => {
      bytesBilled += analysis.bytesBilled
      bytesProcessed += analysis.bytesProcessed
      checkBudget(bytesBilled, request)
    }
    try {
      const { last, ran } = run({ charge })
      const statistics = { ...SCRIPT, bytesBilled, bytesProcessed, children: ran }
      return { statistics, columns: last?.columns ?? [], rows: last?.rows ?? [], error: undefined }
    } catch (error) {
      return { statistics: SCRIPT, columns: [], rows: [], error: faultOf(error) }
    }
  }

  /** A job of another principal is denied; one that there is not, is not found. */
  find(id: string, location: string | undefined, caller: Principal): Result<Job, GoogleFault> {
    const { catalog } = this.#options
    const name = `Job ${catalog.project}:${location ?? catalog.location}.${id}`
    const job = this.#jobs.get(id)
    if (job === undefined || (location !== undefined && location !== catalog.location)) {
      return err(googleFault(404, 'notFound', `Not found: ${name}`))
    }
    if (job.owner.name === caller.name) return ok(job)
    const message = `Access Denied: ${name}: User does not have bigquery.jobs.get permission for job ${id}.`
    return err(googleFault(403, 'accessDenied', message))
  }

  /** The caller's own job whose result lies in this anonymous table. */
  withResultIn(dataset: string, table: string, caller: Principal): Job | undefined {
    for (const job of this.#jobs.values()) {
      const isThere = job.destination.dataset === dataset && job.destination.table === table
      if (isThere && job.request.destination === undefined && job.owner.name === caller.name) {
        return job
      }
    }
    return undefined
  }
}

function checkBudget(bytesBilled: number, { maximumBytesBilled }: QueryRequest): void {
  if (maximumBytesBilled === undefined || bytesBilled <= maximumBytesBilled) return
  throw new SqlError(
    'bytesBilledLimitExceeded',
    `Query exceeded limit for bytes billed: ${maximumBytesBilled}. ${bytesBilled} or higher required.`,
  )
}

function writeResult(
  access: CallerAccess,
  { table, write, create }: Destination,
  columns: readonly Column[],
  rows: readonly Row[],
): void {
  const path = [table.project, table.dataset, table.table]
  const there = access.existing(table)
  if (there === undefined) {
    if (create === 'CREATE_NEVER') access.table(path, 'updateData')
    access.put(access.place(path), columns, rows)
    return
  }
  const existing = access.table(path, 'updateData')
  if (write === 'WRITE_TRUNCATE') access.put(table, columns, rows)
  else if (write === 'WRITE_APPEND' || existing.rows.length === 0) {
    existing.rows = [...existing.rows, ...rows]
  } else {
    const name = `${table.project}:${table.dataset}.${table.table}`
    throw new SqlError('duplicate', `Already Exists: Table ${name}`)
  }
}
