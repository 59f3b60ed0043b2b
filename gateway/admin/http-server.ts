// The one small HTTP server behind the health, issuer and admin listeners: exact paths, no bodies,
// bounded in headers, time and connections. It carries no agent's traffic, so node:http serves;
// nothing of it leaves this folder.

import { chmod } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { umask } from 'node:process'

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export interface SimpleRequest {
  readonly method: string
  /** The raw target without its query. */
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
}

export interface SimpleAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpServerOptions {
  readonly listen: ListenAddress
  readonly answer: (request: SimpleRequest) => SimpleAnswer | Promise<SimpleAnswer>
  /** Hears what `answer` threw; the client learns nothing of it. */
  readonly onError: (error: unknown) => void
  readonly limits?: Partial<HttpServerLimits>
}

export interface HttpServerLimits {
  readonly maxHeaderBytes: number
  readonly maxConnections: number
  /** A request's head must be whole by then, ms; also how long an idle connection stays. */
  readonly headersMs: number
  /** A connection on which nothing moves is cut, ms. */
  readonly idleMs: number
  /** What is under way at `close` may take so long, ms. */
  readonly closeMs: number
}

export interface HttpServer {
  /** The port that was given; 0 for a Unix socket. */
  readonly port: number
  /** Takes no more connections, ends the idle ones, waits for the others, then cuts them. */
  close(): Promise<void>
}

/** What is wrong with the operator's listener, and how to mend it. */
export class ListenError extends Error {
  readonly hint: string

  constructor(message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ListenError'
    this.hint = hint
  }
}

const HTTP_SERVER_LIMITS: HttpServerLimits = {
  maxHeaderBytes: 8 * 1024,
  maxConnections: 64,
  headersMs: 5000,
  idleMs: 10_000,
  closeMs: 2000,
}

const OWNER_ONLY = 0o600
const OWNER_ONLY_MASK = 0o177

/** Throws ListenError where the address cannot be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...HTTP_SERVER_LIMITS, ...options.limits }
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.headersMs,
    keepAliveTimeout: limits.headersMs,
    connectionsCheckingInterval: Math.max(100, Math.floor(limits.headersMs / 5)),
  })
  server.maxConnections = limits.maxConnections
  server.setTimeout(limits.idleMs)
  server.on('request', (request, response) => {
    void serve(request, response, options)
  })
  await listen(server, options.listen)
  const address = server.address()
  return {
    port: isAddressInfo(address) ? address.port : 0,
    close: () => close(server, limits.closeMs),
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
): Promise<void> {
  // A client that went away is no event for anybody.
  response.on('error', () => undefined)
  let answer: SimpleAnswer
  try {
    answer = await options.answer(simpleRequest(request))
  } catch (error) {
    options.onError(error)
    answer = { status: 500, contentType: 'text/plain', body: 'internal error\n' }
  }
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
    'content-type': answer.contentType,
    'content-length': body.length,
    // A body is never read: the connection that carries one ends with the answer.
    ...(hasBody(request) ? { connection: 'close' } : {}),
  })
  response.end(body)
}

function simpleRequest(request: IncomingMessage): SimpleRequest {
  const target = request.url ?? ''
  const query = target.indexOf('?')
  return {
    method: request.method ?? '',
    path: query === -1 ? target : target.slice(0, query),
    host: request.headers.host,
    origin: request.headers.origin,
  }
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

async function listen(server: Server, address: ListenAddress): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  try {
    if (address.kind === 'tcp') {
      server.listen({ host: address.host, port: address.port })
      await listening
    } else {
      // The socket is made within the call: there is no moment at which others could connect.
      const before = umask(OWNER_ONLY_MASK)
      try {
        server.listen({ path: address.path })
      } finally {
        umask(before)
      }
      await listening
      await chmod(address.path, OWNER_ONLY)
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    const where = address.kind === 'tcp' ? `${address.host}:${address.port}` : address.path
    throw new ListenError(
      `cannot listen on ${where}: ${code}`,
      code === 'EADDRINUSE'
        ? 'another process listens there: end it or choose another address'
        : 'check that the address is one of this machine and allowed to this user',
      { cause },
    )
  }
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeIdleConnections()
  const cut = setTimeout(() => {
    server.closeAllConnections()
  }, graceMs)
  try {
    await closed
  } finally {
    clearTimeout(cut)
  }
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}
