// One HTTP or HTTPS server of a sandbox cloud, on a free port of the loopback interface.

import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { RequestLog } from './request-log.ts'
import type { SandboxService } from './service.ts'

export interface ServerKey {
  readonly key: string
  readonly cert: string
}

export type Handle = (
  message: IncomingMessage,
  response: ServerResponse,
  sendContinue: (() => void) | undefined,
) => Promise<void>

export interface HttpService {
  /** `127.0.0.1:<port>` */
  readonly authority: string
  readonly port: string
  readonly origin: string
  close(): Promise<void>
}

interface HttpServiceOptions {
  readonly service: SandboxService
  /** Undefined: plain HTTP. */
  readonly tls: ServerKey | undefined
  readonly log: RequestLog
  readonly handle: Handle
}

/** Anything unforeseen cuts the connection: no answer of the sandbox is ever a guess. */
function listener(handle: Handle, waitsForContinue: boolean): RequestListener {
  return (message, response) => {
    const sendContinue = waitsForContinue ? () => response.writeContinue() : undefined
    handle(message, response, sendContinue).catch(() => response.destroy())
  }
}

/** Resolves when it listens. */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { service, tls, log, handle } = options
  const server =
    tls === undefined ? createHttpServer() : createHttpsServer({ ...tls, minVersion: 'TLSv1.2' })
  server.on('request', listener(handle, false))
  server.on('checkContinue', listener(handle, true))
  server.on('connection', () => {
    log.connections[service] += 1
  })
  server.on('clientError', (_error, socket) => {
    const entry = log.begin(service, '', '', [])
    entry.verdict = 'refused'
    entry.code = 'MalformedHttp'
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else socket.destroy()
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address')
  const port = String(address.port)
  const authority = `127.0.0.1:${port}`
  return {
    authority,
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://${authority}`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
