// BigQuery as far as the life of a job goes, and the token service before it: ids that clients give
// and ids that it makes, 409 for one that exists, answers that get lost. It remembers what it was
// asked. Plug it in as `s3Server` of the test gateway, and add `configured` to its configuration.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ServerKey } from '../../gateway/demo/sandbox/http-service.ts'
import type { OwnService } from './running-gateway.ts'
import { TRUST_DOMAIN } from './scene.ts'

export const PROJECT = 'acme-data'
const TOKEN = 'ya29.recording-bigquery'
const PROVIDER = 'projects/1/locations/global/workloadIdentityPools/agents/providers/svidgate'
const ORDERS = { projectId: PROJECT, datasetId: 'sales', tableId: 'orders' }
const BASE = `/bigquery/v2/projects/${PROJECT}/`

interface Body {
  readonly jobReference?: { readonly jobId?: string }
  readonly configuration?: { readonly dryRun?: boolean }
}

export class RecordingBigQuery {
  /** `POST jobs`, `GET queries/<id>`, …; without dry runs. */
  readonly asked: string[] = []
  /** Ids of the jobs that it has. */
  readonly jobs: Set<string> = new Set(['job_of_somebody_else'])
  /** The next job is begun, and its answer lost. */
  losesAnswer = false
  #origin = ''

  readonly start = async ({ key, cert }: ServerKey): Promise<OwnService> => {
    const server = createServer({ key, cert }, (request, response) => {
      void this.#serve(request, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    return {
      origin: this.#origin,
      close: async () => {
        server.close()
        server.closeAllConnections()
        await once(server, 'close')
      },
    }
  }

  /** The configuration with this BigQuery in it. */
  readonly configured = (text: string): string =>
    text
      .replace(
        'bindings:\n',
        `  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: ${JSON.stringify(this.#origin)}
    tls: { ca: ./cloud-ca.pem }
bindings:
  - { service: gcp_bigquery, subject: "spiffe://${TRUST_DOMAIN}/agent/acme/*/*", credentials: [gcp-data] }
`,
      )
      .replace(
        'routes:\n',
        `routes:
  - { service: gcp_bigquery, upstream: ${JSON.stringify(this.#origin)}, tls: { ca: ./cloud-ca.pem } }
`,
      )

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const text = Buffer.concat(pieces).toString()
    const [path = ''] = (request.url ?? '').split('?')
    const [status, answer] =
      path === '/v1/token'
        ? [200, tokenAnswer()]
        : this.#answer(`${request.method ?? ''} ${path}`, request, text)
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' })
    response.end(JSON.stringify(answer))
  }

  #answer(asks: string, { headers }: IncomingMessage, text: string): [number, unknown] {
    if (headers.authorization !== `Bearer ${TOKEN}`) return [401, errorOf(401, 'authError')]
    const what = asks.replace(BASE, '')
    const body = (text === '' ? {} : JSON.parse(text)) as Body
    if (body.configuration?.dryRun === true) return [200, dryRunAnswer()]
    this.asked.push(what)
    if (what === 'POST jobs') return this.#insert(body)
    if (what === 'POST queries') {
      const id = `job_${this.jobs.size}`
      this.jobs.add(id)
      return [200, { kind: 'bigquery#queryResponse', ...referenceTo(id), jobComplete: false }]
    }
    const [, kind, id = ''] = /^GET (jobs|queries)\/([^/]+)$/.exec(what) ?? []
    if (!this.jobs.has(id)) return [404, errorOf(404, 'notFound')]
    return [200, kind === 'jobs' ? jobOf(id) : rowsOf(id)]
  }

  #insert({ jobReference }: Body): [number, unknown] {
    const id = jobReference?.jobId ?? `job_${this.jobs.size}`
    if (this.jobs.has(id)) return [409, errorOf(409, 'duplicate')]
    this.jobs.add(id)
    if (!this.losesAnswer) return [200, jobOf(id)]
    this.losesAnswer = false
    return [503, errorOf(503, 'backendError')]
  }
}

function tokenAnswer() {
  return {
    access_token: TOKEN,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 3599,
  }
}

function dryRunAnswer() {
  return {
    kind: 'bigquery#job',
    jobReference: { projectId: PROJECT, location: 'EU' },
    configuration: { jobType: 'QUERY', dryRun: true },
    status: { state: 'DONE' },
    statistics: {
      totalBytesProcessed: '1024',
      query: {
        statementType: 'SELECT',
        referencedTables: [ORDERS],
        totalBytesProcessed: '1024',
      },
    },
  }
}

function referenceTo(jobId: string) {
  return { jobReference: { projectId: PROJECT, jobId, location: 'EU' } }
}

function jobOf(id: string) {
  return { kind: 'bigquery#job', ...referenceTo(id), status: { state: 'DONE' } }
}

function rowsOf(id: string) {
  return {
    kind: 'bigquery#getQueryResultsResponse',
    ...referenceTo(id),
    schema: { fields: [{ name: 'n', type: 'INTEGER', mode: 'NULLABLE' }] },
    totalRows: '1',
    rows: [{ f: [{ v: '42' }] }],
    jobComplete: true,
  }
}

function errorOf(code: number, reason: string) {
  const message = `recording BigQuery: ${reason}`
  return { error: { code, message, errors: [{ domain: 'global', reason, message }] } }
}
