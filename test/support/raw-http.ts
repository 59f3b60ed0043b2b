// An HTTP client that sends exactly what it is told: node:http with the given path and headers, no
// normalisation, no retries, one connection a request.

import { request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** True when the server said `100 Continue`. */
  readonly continued: boolean
}

export interface RawRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer | undefined
  /** For an https origin. */
  readonly ca?: string
}

export function sendRaw(origin: string, raw: RawRequest): Promise<RawAnswer> {
  const [, scheme, host = '', port = ''] = /^(https?):\/\/([^:]+):(\d+)$/.exec(origin) ?? []
  return new Promise((resolve, reject) => {
    let continued = false
    const outgoing = (scheme === 'https' ? requestTls : request)({
      host,
      port: Number(port),
      method: raw.method,
      path: raw.path,
      headers: raw.headers,
      agent: false,
      ...(raw.ca === undefined ? {} : { ca: raw.ca }),
    })
    outgoing.on('error', reject)
    outgoing.on('continue', () => {
      continued = true
      outgoing.end(raw.body)
    })
    outgoing.on('response', (incoming) => {
      const pieces: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => pieces.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        outgoing.destroy()
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(pieces).toString('utf8'),
          continued,
        })
      })
    })
    if (raw.headers['expect'] === undefined) outgoing.end(raw.body)
    else outgoing.flushHeaders()
  })
}

/** The text of the first element of that name in an XML answer. */
export function xmlText(body: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1]
}
