// A plain HTTP client for the small listeners, over TCP or a Unix socket, and a raw one for what no
// client library would send.

import { connect } from 'node:net'
import type { NetConnectOpts } from 'node:net'
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Where = { readonly port: number } | { readonly socketPath: string }

export interface Ask {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
}

export function ask(where: Where, { method = 'GET', path, headers = {} }: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const to = 'port' in where ? { host: '127.0.0.1', ...where } : where
    const options = { ...to, method, path, headers, agent: false }
    const sent = request(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      )
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Sends bytes and resolves with all that came back until the other side closed. */
export function exchangeRaw(where: NetConnectOpts, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(where)
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => (received += text))
    socket.on('close', () => resolve(received))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.write(bytes)
  })
}
