// Google as strict as it is documented, with a real engine behind: a token service (strict-sts.ts), and
// a BigQuery that takes only tokens of that service and only bodies of a stated list, adds to a dry run
// what bqemulator does not say (tables, bytes), and hands the rest to it byte for byte. Whatever a
// gateway ought never to let through is kept in `violations`.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { BqEmulator } from '../bqemulator.ts'
import { readJob, type QueryJob } from './job-body.ts'
import { StrictSts, type StrictStsOptions } from './strict-sts.ts'
import type { TableReader } from './table-reader.ts'

export interface StrictGoogleOptions extends StrictStsOptions {
  readonly tls: { readonly key: string; readonly cert: string }
  readonly emulator: BqEmulator
  readonly tables: TableReader
  /** What a row counts in a dry run's bytes; the emulator has no sizes. Default 8. */
  readonly bytesPerRow?: number
}

export interface SeenRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Whose token it carried; undefined: none of ours. */
  readonly subject: string | undefined
  readonly status: number
  readonly job?: QueryJob
}

export interface StrictGoogle {
  readonly stsOrigin: string
  readonly bigqueryOrigin: string
  readonly sts: StrictSts
  readonly requests: readonly SeenRequest[]
  readonly violations: readonly string[]
  close(): Promise<void>
}

const BASE = /^\/bigquery\/v2\/projects\/([^/]+)\//
const SCOPES: ReadonlySet<string> = new Set([
  'https://www.googleapis.com/auth/bigquery',
  'https://www.googleapis.com/auth/cloud-platform',
])

/** Method and path of what reads (BigQuery API v2), the project apart. */
const READS: readonly (readonly [method: string, path: RegExp])[] = [
  ['GET', /^datasets(?:\/[^/]+)?$/],
  ['GET', /^datasets\/[^/]+\/(?:tables|routines|models)(?:\/[^/]+)?$/],
  ['GET', /^datasets\/[^/]+\/tables\/[^/]+\/data$/],
  ['GET', /^jobs\/[^/]+$/],
  ['GET', /^queries\/[^/]+$/],
  ['POST', /^jobs\/[^/]+\/cancel$/],
]
/** What only an agent's own client would send. */
const AGENTS_HEADERS = ['x-goog-api-key', 'x-goog-user-project', 'cookie', 'x-bqemu-caller']
const AGENTS_PARAMETERS = ['access_token', 'oauth_token', 'key', 'callback', '$.xgafv']

export async function startStrictGoogle(options: StrictGoogleOptions): Promise<StrictGoogle> {
  const sts = new StrictSts(options)
  const bigquery = new StrictBigQuery(options, sts)
  const stsServer = await listen(options.tls, async (incoming, outgoing) => {
    const text = (await bytesOf(incoming)).toString()
    const isToken = incoming.method === 'POST' && incoming.url === '/v1/token'
    const { status, body } = isToken
      ? await sts.exchange(incoming.headers['content-type'], text)
      : { status: 404, body: {} }
    json(outgoing, status, body)
  })
  const bigqueryServer = await listen(options.tls, (incoming, outgoing) =>
    bigquery.serve(incoming, outgoing),
  )
  return {
    stsOrigin: originOf(stsServer),
    bigqueryOrigin: originOf(bigqueryServer),
    sts,
    requests: bigquery.requests,
    violations: bigquery.violations,
    close: async () => {
      await Promise.all([stsServer, bigqueryServer].map(closeServer))
    },
  }
}

class StrictBigQuery {
  readonly requests: SeenRequest[] = []
  readonly violations: string[] = []
  readonly #options: StrictGoogleOptions
  readonly #sts: StrictSts

  constructor(options: StrictGoogleOptions, sts: StrictSts) {
    this.#options = options
    this.#sts = sts
  }

  async serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const method = incoming.method ?? ''
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'https://bigquery.invalid')
    const body = await bytesOf(incoming)
    const subject = this.#subjectOf(incoming)
    let job: QueryJob | undefined
    const log = (status: number): void => {
      const seen = { method, path: pathname, subject, status }
      this.requests.push(job === undefined ? seen : { ...seen, job })
    }
    const refuse = (code: number, reason: string, message: string): void => {
      if (code !== 401) this.violations.push(`${method} ${pathname}: ${message}`)
      log(code)
      json(outgoing, code, googleError(code, reason, message))
    }
    if (subject === undefined) {
      refuse(401, 'authError', 'Request had invalid authentication credentials.')
      return
    }
    const carried = carriedByAgent(incoming, searchParams)
    if (carried !== undefined) {
      refuse(400, 'invalid', `${carried} is the agent's own`)
      return
    }
    const [, project = ''] = BASE.exec(pathname) ?? []
    const path = pathname.replace(BASE, '')
    const jobMethod = method === 'POST' ? JOB_METHODS.get(path) : undefined
    if (jobMethod !== undefined) {
      const read = readJob(jobMethod, body.toString())
      if (typeof read === 'string') {
        refuse(400, 'invalid', read)
        return
      }
      job = read
    } else if (!READS.some(([name, form]) => name === method && form.test(path))) {
      refuse(403, 'accessDenied', 'a reader has no such method')
      return
    }
    const answer = await this.#forward(incoming, body)
    const bytes = job?.dryRun === true ? await this.#complete(answer, project, job) : answer.bytes
    log(answer.status)
    outgoing.writeHead(answer.status, { 'content-type': answer.contentType }).end(bytes)
  }

  #subjectOf({ headersDistinct }: IncomingMessage): string | undefined {
    const [header = '', ...more] = headersDistinct['authorization'] ?? []
    const token = /^Bearer ([\w.-]+)$/.exec(header)?.[1]
    const grant = token === undefined || more.length > 0 ? undefined : this.#sts.grantOf(token)
    return grant?.scopes.some((scope) => SCOPES.has(scope)) === true ? grant.subject : undefined
  }

  async #forward(incoming: IncomingMessage, body: Buffer): Promise<Answer> {
    const type = incoming.headers['content-type']
    const answer = await fetch(this.#options.emulator.origin + (incoming.url ?? ''), {
      method: incoming.method ?? '',
      headers: type === undefined ? {} : { 'content-type': type },
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    })
    return {
      status: answer.status,
      contentType: answer.headers.get('content-type') ?? 'application/json',
      bytes: Buffer.from(await answer.arrayBuffer()),
    }
  }

  /** What the real one says of a dry run besides (BigQuery API v2, `JobStatistics2`). */
  async #complete({ status, bytes }: Answer, project: string, job: QueryJob): Promise<Buffer> {
    if (status !== 200) return bytes
    const dataset = String(Reflect.get(Object(job.defaultDataset), 'datasetId') ?? '')
    const { tables } = await this.#options.tables.read(job.sql, project, dataset)
    const inventory = await this.#options.emulator.inventory([...new Set(tables.map(([p]) => p))])
    const rows = tables.reduce((sum, name) => sum + (inventory[name.join('.')] ?? 0), 0)
    const totalBytesProcessed = String(rows * (this.#options.bytesPerRow ?? 8))
    const answer = JSON.parse(bytes.toString()) as {
      statistics?: { query?: Record<string, unknown>; totalBytesProcessed?: string }
    }
    if (answer.statistics?.query === undefined) {
      return Buffer.from(JSON.stringify({ ...answer, totalBytesProcessed }))
    }
    answer.statistics.totalBytesProcessed = totalBytesProcessed
    Object.assign(answer.statistics.query, {
      totalBytesProcessed,
      totalBytesProcessedAccuracy: 'PRECISE',
      referencedTables: tables.map(([projectId, datasetId, tableId]) => ({
        projectId,
        datasetId,
        tableId,
      })),
    })
    return Buffer.from(JSON.stringify(answer))
  }
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly bytes: Buffer
}

const JOB_METHODS: ReadonlyMap<string, 'jobs.insert' | 'jobs.query'> = new Map([
  ['jobs', 'jobs.insert'],
  ['queries', 'jobs.query'],
])

function carriedByAgent(
  { headers }: IncomingMessage,
  parameters: URLSearchParams,
): string | undefined {
  return (
    AGENTS_HEADERS.find((name) => headers[name] !== undefined) ??
    AGENTS_PARAMETERS.find((name) => parameters.has(name))
  )
}

function googleError(code: number, reason: string, message: string): unknown {
  const status = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED' }[code] ?? 'PERMISSION_DENIED'
  return { error: { code, message, status, errors: [{ message, domain: 'global', reason }] } }
}

function json(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
  outgoing.end(JSON.stringify(body))
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

async function listen(
  tls: StrictGoogleOptions['tls'],
  serve: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>,
): Promise<Server> {
  const server = createServer(tls, (incoming, outgoing) => {
    serve(incoming, outgoing).catch((error: unknown) => {
      json(outgoing, 500, googleError(500, 'internalError', String(error)))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function originOf(server: Server): string {
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
