// The BigQuery half of the stand-in gateway: it decides by a few regular expressions, asks for a dry
// run, and forwards with a token of its own. Made of node:https and the test issuer alone.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Misbehaviour } from './misbehaviour.ts'
import { sendRaw } from './raw-http.ts'
import type { RawAnswer } from './raw-http.ts'
import { AUDIENCE_PREFIX, exchangeForm, mintFor } from './sandbox-google.ts'
import type { TestIssuer } from './sandbox.ts'

interface Place {
  readonly stsOrigin: string
  readonly bigqueryOrigin: string
  readonly s3Origin: string
  readonly provider: string
  readonly ca: string
  readonly issuer: TestIssuer
  readonly misbehaviour: Misbehaviour
}

export interface BigQueryVerdict {
  readonly operation: string
  readonly allow: boolean
  readonly code: string
  readonly tables: readonly string[]
  readonly bytes: number
}

interface QueryJob {
  readonly query?: string
  readonly destinationTable?: unknown
}

interface Body extends QueryJob {
  readonly configuration?: { readonly query?: QueryJob }
}

interface DryRunAnswer {
  readonly statistics?: {
    readonly query?: {
      readonly totalBytesProcessed?: string
      readonly referencedTables?: readonly { datasetId: string; tableId: string }[]
    }
  }
}

function refused(operation: string, code: string): BigQueryVerdict {
  return { operation, allow: false, code, tables: [], bytes: 0 }
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of incoming) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

export class StandInBigQuery {
  readonly #place: Place
  #token: Promise<string> | undefined

  constructor(place: Place) {
    this.#place = place
  }

  /** Answers one request; `record` is called before anything is forwarded to be carried out. */
  async handle(
    incoming: IncomingMessage,
    response: ServerResponse,
    role: string,
    record: (verdict: BigQueryVerdict) => Promise<void>,
  ): Promise<void> {
    const body = await bodyOf(incoming)
    const path = (incoming.url ?? '').slice('/gcp/bigquery'.length)
    const verdict = await this.#judge(path, body, role)
    await record(verdict)
    const lets = verdict.allow || this.#place.misbehaviour.runsAnySql === true
    if (!lets) {
      refuse(response, verdict.code)
      return
    }
    const answer = await this.#send(incoming.method ?? '', path, body)
    if (this.#place.misbehaviour.straysToken === true) await this.#stray()
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    response.end(answer.body)
  }

  async #judge(path: string, body: Buffer, role: string): Promise<BigQueryVerdict> {
    const operation = operationOf(path)
    if (role !== 'researcher') return refused(operation, 'ERR_SG_DENIED')
    if (body.length === 0) return { ...refused(operation, ''), allow: true }
    const parsed = JSON.parse(body.toString()) as Body
    const job = parsed.configuration?.query ?? parsed
    const sql = (job.query ?? '').replace(/--.*/, '')
    if (sql.includes(';')) return refused(operation, 'ERR_SG_OPERATION_AMBIGUOUS')
    if (!sql.startsWith('SELECT') || job.destinationTable !== undefined) {
      return refused(operation, 'ERR_SG_DENIED')
    }
    const answer = await this.#send('POST', `${path.replace(/[^/]+$/, '')}jobs`, dryRunOf(job))
    const { statistics } = JSON.parse(answer.body) as DryRunAnswer
    const tables = statistics?.query?.referencedTables ?? []
    const isGranted = answer.status === 200 && tables.every((at) => at.datasetId === 'sales')
    if (!isGranted) return refused(operation, 'ERR_SG_DENIED')
    return {
      operation,
      allow: true,
      code: '',
      tables: tables.map((at) => `acme-data.${at.datasetId}.${at.tableId}`),
      bytes: Number(statistics?.query?.totalBytesProcessed),
    }
  }

  async #exchange(): Promise<string> {
    const { issuer, provider, stsOrigin, ca } = this.#place
    const audience = `${AUDIENCE_PREFIX}${provider}`
    const subjectToken = mintFor(issuer, 'researcher', { claims: { aud: audience } })
    const form = exchangeForm(subjectToken, { audience })
    const type = 'application/x-www-form-urlencoded'
    const headers = { 'content-type': type, 'content-length': String(form.length) }
    const answer = await sendRaw(stsOrigin, {
      method: 'POST',
      path: '/v1/token',
      headers,
      body: form,
      ca,
    })
    const parsed = JSON.parse(answer.body) as { readonly access_token: string }
    return parsed.access_token
  }

  async #send(method: string, path: string, body: Buffer): Promise<RawAnswer> {
    this.#token ??= this.#exchange()
    const headers = {
      authorization: `Bearer ${await this.#token}`,
      ...(body.length === 0
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(body.length) }),
    }
    const { bigqueryOrigin, ca } = this.#place
    return sendRaw(bigqueryOrigin, { method, path, headers, body, ca })
  }

  /** Shows the token at a door that it is not for. */
  async #stray(): Promise<void> {
    const { s3Origin, ca } = this.#place
    const headers = { authorization: `Bearer ${(await this.#token) ?? ''}` }
    await sendRaw(s3Origin, { method: 'GET', path: '/', headers, ca })
  }
}

function operationOf(path: string): string {
  if (path.includes('/queries/')) return 'bigquery.jobs.getQueryResults'
  return path.includes('/queries') ? 'bigquery.jobs.query' : 'bigquery.jobs.insert'
}

function dryRunOf(job: QueryJob): Buffer {
  const { query, queryParameters, parameterMode } = job as QueryJob & Record<string, unknown>
  const asked = { query, queryParameters, parameterMode, useLegacySql: false }
  return Buffer.from(JSON.stringify({ configuration: { dryRun: true, query: asked } }))
}

function refuse(response: ServerResponse, code: string): void {
  const message = `${code}: refused`
  const errors = [{ message, domain: 'global', reason: 'accessDenied' }]
  const body = { error: { code: 403, message, errors, status: 'PERMISSION_DENIED' } }
  response.writeHead(403, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
