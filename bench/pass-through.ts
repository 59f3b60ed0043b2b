// (a): what any gateway costs at least. mTLS in, TLS out, both bodies streamed with back-pressure,
// hop-by-hop headers removed, errors handled; no identity, policy, signature or record.

import { constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Pool, type Dispatcher } from 'undici'
import { announce } from './measured.ts'
import { OBJECT_PATH, query, QUERY_PATH, SDK_HEADERS } from './sdk-request.ts'
import { readSetup } from './setup.ts'

const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const setup = readSetup()
const pool = new Pool(setup.origin, {
  connections: 128,
  pipelining: 1,
  connect: { ca: readFileSync(setup.serverCa) },
})

const server = createServer(
  {
    cert: readFileSync(setup.server.cert),
    key: readFileSync(setup.server.key),
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: false,
    secureOptions: constants.SSL_OP_NO_TICKET,
    keepAliveTimeout: 60_000,
    requestTimeout: 0,
  },
  forward,
)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  const ready = { port, path: OBJECT_PATH, headers: SDK_HEADERS, query: query(QUERY_PATH) }
  announce(ready, () => server.close())
})

function forward(request: IncomingMessage, response: ServerResponse): void {
  const headers: string[] = []
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? ''
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push(name, request.rawHeaders[i + 1] ?? '')
  }
  const length = request.headers['content-length']
  const hasBody = length !== undefined || request.headers['transfer-encoding'] !== undefined
  if (length !== undefined) headers.push('content-length', length)
  pool.dispatch(
    {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers,
      body: hasBody ? request : null,
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    new Answer(response),
  )
}

/** Hands the origin's answer on, and stops reading it while the client is slower. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  #controller: Dispatcher.DispatchController | undefined

  constructor(response: ServerResponse) {
    this.#response = response
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the client went away'))
    })
    this.#response.on('drain', () => {
      controller.resume()
    })
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return
    const raw = controller.rawHeaders as Buffer[]
    const headers: string[] = []
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]?.toString('latin1') ?? ''
      const lower = name.toLowerCase()
      if (lower !== 'content-length' && HOP_BY_HOP.has(lower)) continue
      headers.push(name, raw[i + 1]?.toString('latin1') ?? '')
    }
    this.#response.writeHead(status, headers)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) this.#controller?.pause()
  }

  onResponseEnd(): void {
    this.#response.end()
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(502, { connection: 'close' }).end()
  }
}
