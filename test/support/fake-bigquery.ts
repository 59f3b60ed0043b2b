// BigQuery as far as look-ups go, over TLS: it keeps what it was asked, and answers a dry run and a
// query as a test says. Written from the REST reference; it imports nothing of the gateway.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dryRunAnswer, type DryRun } from './bigquery.ts'

export interface BigQueryCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly document: Readonly<Record<string, unknown>>
  /** By its body, whatever its path. */
  readonly isDryRun: boolean
}

export interface BigQueryAnswer {
  readonly status: number
  readonly body: Buffer
}

/** What a dry run of a text is answered with; a promise may never settle. */
export type DryRuns = (query: string) => BigQueryAnswer | Promise<BigQueryAnswer>

export class FakeBigQuery {
  readonly calls: BigQueryCall[] = []
  dryRuns: DryRuns = () => touching()
  /** Dry runs whose connection ended before their answer. */
  abandoned = 0

  get dryRunCount(): number {
    return this.calls.filter(({ isDryRun }) => isDryRun).length
  }

  readonly start = async (tls: { readonly key: string; readonly cert: string }) => {
    const server = createServer(tls, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      origin: `https://127.0.0.1:${port}`,
      close: async () => {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      },
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const document = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
    const { dryRun, query: asked } = (document['configuration'] ?? {}) as Record<string, unknown>
    const { method = '', url = '', headers } = request
    const isDryRun = dryRun === true
    this.calls.push({ method, path: url, headers, document, isDryRun })
    response.on('close', () => {
      if (isDryRun && !response.writableFinished) this.abandoned += 1
    })
    const query = (asked as Record<string, unknown> | undefined)?.['query']
    const answer = isDryRun ? await this.dryRuns(String(query)) : ROWS
    response.writeHead(answer.status, { 'content-type': 'application/json; charset=UTF-8' })
    response.end(answer.body)
  }
}

const ROWS: BigQueryAnswer = {
  status: 200,
  body: Buffer.from(
    JSON.stringify({
      kind: 'bigquery#queryResponse',
      jobReference: { projectId: 'acme-data', jobId: 'job_1', location: 'EU' },
      jobComplete: true,
      rows: [{ f: [{ v: '41' }] }],
      totalRows: '1',
    }),
  ),
}

export function touching(dryRun?: DryRun): BigQueryAnswer {
  return { status: 200, body: dryRunAnswer(dryRun) }
}
