// The cloud of the benchmark: answers every GET with 1 KiB, swallows every PUT, and answers BigQuery's
// queries with 1 KiB of rows and its dry runs with the table that they read.

import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { announce } from './measured.ts'
import { QUERIED_TABLE } from './sdk-request.ts'
import { readSetup } from './setup.ts'

const BODY = Buffer.alloc(1024, 'x')
const HEADERS = {
  'content-type': 'application/octet-stream',
  'content-length': String(BODY.length),
  etag: '"5a7b"',
  'x-amz-request-id': '4442587FB7D0A2F9',
}

const ROWS = Buffer.from(
  JSON.stringify({
    kind: 'bigquery#queryResponse',
    jobComplete: true,
    queryId: 'job_bench',
    totalRows: '24',
    rows: Array.from({ length: 24 }, () => ({ f: [{ v: 'DE' }, { v: '1234.5' }] })),
  }),
)
const DRY_RUN = Buffer.from(
  JSON.stringify({
    kind: 'bigquery#job',
    configuration: { dryRun: true },
    statistics: {
      query: {
        statementType: 'SELECT',
        totalBytesProcessed: '1048576',
        referencedTables: [QUERIED_TABLE],
      },
    },
    status: { state: 'DONE' },
  }),
)

const setup = readSetup()
const server = createServer(
  { cert: readFileSync(setup.server.cert), key: readFileSync(setup.server.key) },
  (request, response) => {
    const chunks: Buffer[] = []
    if (request.method === 'POST') request.on('data', (chunk: Buffer) => chunks.push(chunk))
    else request.resume()
    request.once('end', () => {
      if (request.method === 'POST') answerQuery(response, Buffer.concat(chunks))
      else if (request.method === 'GET') response.writeHead(200, HEADERS).end(BODY)
      else response.writeHead(200, { 'content-length': '0', etag: '"5a7b"' }).end()
    })
  },
)

function answerQuery(response: ServerResponse, body: Buffer): void {
  const answer = body.includes('"dryRun":true') ? DRY_RUN : ROWS
  const headers = { 'content-type': 'application/json', 'content-length': String(answer.length) }
  response.writeHead(200, headers).end(answer)
}

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  announce({ port, path: '/', headers: [] }, () => server.close())
})
