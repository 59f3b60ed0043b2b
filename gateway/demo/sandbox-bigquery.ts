// A strict BigQuery REST API in memory. Every request must bear a token that the sandbox issued, with
// a scope for the method; IAM is asked for every table; jobs belong to whoever made them; and what a
// text says is really done, so that a hole in the gateway's policy shows as a table that is gone.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import type { AccessTokens, Principal } from './google/access-tokens.ts'
import { answerGoogle } from './google/answer.ts'
import { authenticate, checkScopes, CLOUD_PLATFORM } from './google/bearer.ts'
import type { Catalog, Dataset } from './google/bigquery/catalog.ts'
import { Jobs } from './google/bigquery/jobs.ts'
import type { Job } from './google/bigquery/jobs.ts'
import { findMethod } from './google/bigquery/methods.ts'
import type { MethodCall, MethodId } from './google/bigquery/methods.ts'
import { firstPage, page } from './google/bigquery/pages.ts'
import type { Page } from './google/bigquery/pages.ts'
import { parseInsertBody, parseQueryBody } from './google/bigquery/query-request.ts'
import {
  datasetDocument,
  dryRunJob,
  dryRunResponse,
  jobDocument,
  jobReference,
  routineDocument,
  routineSummary,
  rowsOf,
  schemaOf,
  tableDocument,
  tableSummary,
} from './google/bigquery/resources.ts'
import { googleFault } from './google/fault.ts'
import type { GoogleFault } from './google/fault.ts'
import { bad, checkHead, onlyFields, readQuery } from './google/head.ts'
import type { Iam, Permission } from './google/iam.ts'
import { readJsonObject } from './google/json-body.ts'
import type { JsonMap } from './google/strict-json.ts'
import type { HeaderIndex, RawHead } from './sandbox/raw-head.ts'
import { pathOf, rawHead, single } from './sandbox/raw-head.ts'
import type { RequestLog, SandboxRequest } from './sandbox/request-log.ts'

const SCOPES = ['https://www.googleapis.com/auth/bigquery', CLOUD_PLATFORM]
const READ_ONLY = 'https://www.googleapis.com/auth/cloud-platform.read-only'

interface SandboxBigQueryOptions {
  readonly now: () => number
  readonly catalog: Catalog
  readonly iam: Iam
  readonly tokens: AccessTokens
  readonly log: RequestLog
  readonly isOwnHost: (host: string) => boolean
}

const METADATA: Readonly<Partial<Record<MethodId, Permission>>> = {
  'datasets.get': 'bigquery.datasets.get',
  'tables.list': 'bigquery.tables.list',
  'tables.get': 'bigquery.tables.get',
  'routines.list': 'bigquery.routines.list',
  'routines.get': 'bigquery.routines.get',
}

type Answer = Result<object, GoogleFault>

/** A request whose caller and method are known and whose scopes suffice. */
interface Call extends MethodCall {
  readonly caller: Principal
  readonly query: ReadonlyMap<string, string>
  readonly entry: SandboxRequest
}

export class SandboxBigQuery {
  readonly #options: SandboxBigQueryOptions
  readonly #jobs: Jobs

  constructor(options: SandboxBigQueryOptions) {
    this.#options = options
    this.#jobs = new Jobs(options)
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log, now } = this.#options
    const head = rawHead(message)
    const entry = log.begin('bigquery', head.method, head.target, head.headers)
    answerGoogle(response, entry, await this.#answer(head, message, entry), now())
  }

  async #answer(head: RawHead, message: IncomingMessage, entry: SandboxRequest): Promise<Answer> {
    const headers = checkHead(head, this.#options.isOwnHost)
    if (!headers.ok) return headers
    const admitted = this.#admit(head, headers.value, entry)
    if (!admitted.ok) return admitted
    const result = await this.#perform(admitted.value, headers.value, message)
    return result.ok ? ok(onlyFields(result.value, admitted.value.query)) : result
  }

  async #perform(call: Call, headers: HeaderIndex, message: IncomingMessage): Promise<Answer> {
    if (call.method.id !== 'jobs.query' && call.method.id !== 'jobs.insert') {
      const hasBody = (single(headers, 'content-length') ?? '0') !== '0'
      if (hasBody || headers.has('transfer-encoding')) {
        return err(bad(`${call.method.id} takes no body`))
      }
      return this.#read(call)
    }
    const body = await readJsonObject(message, headers, call.entry)
    if (!body.ok) return body
    return call.method.id === 'jobs.query'
      ? this.#query(call, body.value)
      : this.#insert(call, body.value)
  }

  /** Who, then what, as Google's front end asks. */
  #admit(head: RawHead, headers: HeaderIndex, entry: SandboxRequest): Result<Call, GoogleFault> {
    const noted = entry
    const token = authenticate(headers, this.#options.tokens)
    if (!token.ok) return token
    const caller = token.value.principal
    noted.principal = caller.name
    const found = findMethod(head.method, pathOf(head.target))
    if (found === undefined) {
      return err(googleFault(404, 'notFound', 'The sandbox does not serve this method'))
    }
    const { method, names } = found
    noted.operation = `bigquery.${method.id}`
    const query = readQuery(head.target, method.query)
    if (!query.ok) return query
    const scopes = method.isRead ? [...SCOPES, READ_ONLY] : SCOPES
    const narrow = checkScopes(token.value, scopes, 'bigquery')
    if (narrow !== undefined) return err(narrow)
    const project = names.get('project') ?? ''
    if (project !== this.#options.catalog.project) {
      const message = `Access Denied: Project ${project}: User does not have permission in project ${project}, or perhaps it does not exist.`
      return err(googleFault(403, 'accessDenied', message))
    }
    return ok({ method, names, caller, query: query.value, entry })
  }

  #query(call: Call, body: JsonMap): Answer {
    const { catalog } = this.#options
    const noted = call.entry
    const request = parseQueryBody(body, catalog.project)
    if (!request.ok) return request
    noted.isDryRun = request.value.isDryRun
    if (request.value.isDryRun) {
      const dry = this.#jobs.dryRun(request.value, call.caller)
      return dry.ok ? ok(dryRunResponse(dry.value, catalog)) : dry
    }
    const made = this.#jobs.insert(request.value, call.caller)
    if (!made.ok) return made
    const job = made.value
    if (job.error !== undefined) return err(job.error)
    const first = firstPage(job.rows, request.value.maxResults, job.id)
    // A short answer needs no job (JOB_CREATION_OPTIONAL in the REST reference).
    const hasJob = !request.value.isJobOptional || first.nextToken !== undefined
    return ok({
      kind: 'bigquery#queryResponse',
      queryId: job.id,
      ...(hasJob ? { jobReference: jobReference(job, catalog) } : {}),
      ...resultDocument(job, first),
    })
  }

  #insert(call: Call, body: JsonMap): Answer {
    const { catalog } = this.#options
    const noted = call.entry
    const request = parseInsertBody(body, catalog.project)
    if (!request.ok) return request
    noted.isDryRun = request.value.isDryRun
    if (request.value.isDryRun) {
      const dry = this.#jobs.dryRun(request.value, call.caller)
      return dry.ok ? ok(dryRunJob(dry.value, request.value.text, catalog)) : dry
    }
    const made = this.#jobs.insert(request.value, call.caller)
    return made.ok ? ok(jobDocument(made.value, catalog, 'RUNNING')) : made
  }

  #read(call: Call): Answer {
    const { id } = call.method
    switch (id) {
      case 'jobs.getQueryResults':
      case 'jobs.get':
      case 'jobs.cancel':
        return this.#followUp(call)
      case 'tabledata.list':
        return this.#tableData(call)
      case 'datasets.list':
        return ok(this.#datasets(call))
      default:
        return this.#metadata(call)
    }
  }

  #followUp({ method, names, query, caller }: Call): Answer {
    const { catalog } = this.#options
    const found = this.#jobs.find(names.get('job') ?? '', query.get('location'), caller)
    if (!found.ok) return found
    const job = found.value
    if (method.id === 'jobs.get') return ok(jobDocument(job, catalog, 'DONE'))
    if (method.id === 'jobs.cancel') {
      return ok({
        kind: 'bigquery#jobCancelResponse',
        job: jobDocument(job, catalog, 'DONE'),
      })
    }
    if (job.error !== undefined) return err(job.error)
    const rows = page(job.rows, query, job.id)
    if (!rows.ok) return rows
    return ok({
      kind: 'bigquery#getQueryResultsResponse',
      jobReference: jobReference(job, catalog),
      ...resultDocument(job, rows.value),
    })
  }

  /** The dataset, where the caller has the permission on it. */
  #open(call: Call, permission: Permission): Result<Dataset, GoogleFault> {
    const { catalog, iam } = this.#options
    const name = call.names.get('dataset') ?? ''
    const dataset = catalog.datasets.get(name)
    if (dataset === undefined) {
      return err(googleFault(404, 'notFound', `Not found: Dataset ${catalog.project}:${name}`))
    }
    if (iam.isAllowed(call.caller, permission, catalog.resourceOf(name))) return ok(dataset)
    const message = `Access Denied: Dataset ${catalog.project}:${name}: Permission ${permission} denied on dataset ${catalog.project}:${name} (or it may not exist).`
    return err(googleFault(403, 'accessDenied', message))
  }

  #tableData(call: Call): Answer {
    const { names, query, caller } = call
    const [dataset, table] = [names.get('dataset') ?? '', names.get('table') ?? '']
    const own = this.#jobs.withResultIn(dataset, table, caller)
    if (query.has('selectedFields')) return err(bad('selectedFields is not served here'))
    let found: Pick<Job, 'rows' | 'columns'> | undefined = own
    if (own === undefined) {
      const opened = this.#open(call, 'bigquery.tables.getData')
      if (!opened.ok) return opened
      found = opened.value.tables.get(table)
    }
    if (found === undefined) return err(this.#missing('Table', dataset, table))
    const rows = page(found.rows, query, `${dataset}.${table}`)
    if (!rows.ok) return rows
    return ok({
      kind: 'bigquery#tableDataList',
      totalRows: String(found.rows.length),
      ...(rows.value.nextToken === undefined ? {} : { pageToken: rows.value.nextToken }),
      ...(rows.value.rows.length === 0 ? {} : { rows: rowsOf(rows.value.rows, found.columns) }),
    })
  }

  #missing(what: string, dataset: string, name: string): GoogleFault {
    const { project } = this.#options.catalog
    return googleFault(404, 'notFound', `Not found: ${what} ${project}:${dataset}.${name}`)
  }

  #datasets({ caller }: Call): object {
    const { catalog, iam } = this.#options
    const seen = [...catalog.datasets.values()].filter(({ name }) =>
      iam.isAllowed(caller, 'bigquery.datasets.get', catalog.resourceOf(name)),
    )
    const datasets = seen.map((dataset) => ({
      ...datasetDocument(dataset, catalog),
      kind: 'bigquery#datasetListDataset',
    }))
    return { kind: 'bigquery#datasetList', ...(datasets.length === 0 ? {} : { datasets }) }
  }

  #metadata(call: Call): Answer {
    const { catalog } = this.#options
    const { id } = call.method
    const dataset = this.#open(call, METADATA[id] ?? 'bigquery.datasets.get')
    if (!dataset.ok) return dataset
    const { name, tables, routines } = dataset.value
    switch (id) {
      case 'datasets.get':
        return ok(datasetDocument(dataset.value, catalog))
      case 'tables.list': {
        const all = [...tables.values()].map(tableSummary)
        return ok({ kind: 'bigquery#tableList', tables: all, totalItems: all.length })
      }
      case 'tables.get': {
        const table = tables.get(call.names.get('table') ?? '')
        if (table !== undefined) return ok(tableDocument(table, catalog))
        return err(this.#missing('Table', name, call.names.get('table') ?? ''))
      }
      case 'routines.list':
        return ok({ routines: [...routines.values()].map(routineSummary) })
      default: {
        const routine = routines.get(call.names.get('routine') ?? '')
        if (routine !== undefined) return ok(routineDocument(routine))
        return err(this.#missing('Routine', name, call.names.get('routine') ?? ''))
      }
    }
  }
}

function resultDocument(job: Job, { rows, nextToken }: Page): object {
  const { columns, statistics } = job
  return {
    ...(columns.length === 0 ? {} : { schema: schemaOf(columns) }),
    totalRows: String(job.rows.length),
    ...(nextToken === undefined ? {} : { pageToken: nextToken }),
    ...(rows.length === 0 ? {} : { rows: rowsOf(rows, columns) }),
    totalBytesProcessed: String(statistics.bytesProcessed),
    jobComplete: true,
    cacheHit: false,
    ...(statistics.affected === undefined
      ? {}
      : { numDmlAffectedRows: String(statistics.affected) }),
  }
}
