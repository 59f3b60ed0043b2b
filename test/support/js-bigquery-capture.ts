// The real @google-cloud/bigquery against a server that only notes what stands on the wire and
// answers with the least that the REST reference allows.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'

export interface Noted {
  readonly head: MessageHead
  readonly body: Buffer
}

export interface BigQueryCapture {
  /** Everything that `send` puts on the wire, whatever the client makes of the answers. */
  capture(send: (client: BigQuery) => Promise<unknown>): Promise<readonly Noted[]>
  close(): Promise<void>
}

export const JS_PROJECT = 'acme-data'

const SCHEMA = { fields: [{ name: 'a', type: 'INTEGER', mode: 'NULLABLE' }] }
const REFERENCE = { projectId: JS_PROJECT, jobId: 'job_1', location: 'EU' }
const JOB = {
  jobReference: REFERENCE,
  status: { state: 'DONE' },
  statistics: { query: { statementType: 'SELECT' } },
}

function answerTo(method: string, path: string): unknown {
  if (path.includes('/queries')) {
    const isFirst = method === 'POST'
    // The first answer comes before the job is done, so that the client asks again.
    return isFirst
      ? { jobReference: REFERENCE, jobComplete: false }
      : { jobReference: REFERENCE, jobComplete: true, schema: SCHEMA, rows: [], totalRows: '0' }
  }
  if (path.endsWith('/jobs')) return method === 'POST' ? JOB : { jobs: [] }
  if (path.includes('/jobs/')) return path.endsWith('/cancel') ? { job: JOB } : JOB
  return { rows: [], totalRows: '0', schema: SCHEMA, datasets: [], tables: [] }
}

export async function startBigQueryCapture(): Promise<BigQueryCapture> {
  let noted: Noted[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers: HeaderLine[] = []
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        headers.push([request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? ''])
      }
      const method = request.method ?? ''
      const target = request.url ?? ''
      const version = request.httpVersion
      noted.push({ head: { method, target, version, headers }, body: Buffer.concat(chunks) })
      const text = JSON.stringify(answerTo(method, target.replace(/\?.*/, '')))
      response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' })
      response.end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = new BigQuery({
    projectId: JS_PROJECT,
    apiEndpoint: `http://127.0.0.1:${port}/gcp/bigquery`,
    authClient: new PassThroughClient(),
    autoRetry: false,
  })
  return {
    async capture(send) {
      noted = []
      await send(client).catch(() => undefined)
      if (noted.length === 0) throw new Error('the client sent nothing')
      return noted
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
