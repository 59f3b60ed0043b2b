// `listen.issuer`: what the clouds fetch to trust our tokens, OpenID Connect Discovery 1.0 §4 and
// RFC 7517. Public documents, made elsewhere; plain HTTP behind the operator's TLS.

import { isRead, methodNotAllowed, notFound } from './answers.ts'
import { startHttpServer } from './http-server.ts'
import type { HttpServer, HttpServerLimits, SimpleAnswer, SimpleRequest } from './http-server.ts'

/** A document at a path; asked anew each time, as keys rotate. */
export interface IssuerDocument {
  /** `/.well-known/openid-configuration`, behind the issuer URL's own path where it has one. */
  readonly path: string
  /** JSON text. */
  readonly body: () => string
}

export interface IssuerListenerOptions {
  readonly host: string
  readonly port: number
  readonly discovery: IssuerDocument
  readonly jwks: IssuerDocument
  /** How long others may keep the documents; a key must be published longer than this before use. */
  readonly maxAgeSeconds: number
  readonly onError: (error: unknown) => void
  readonly limits?: Partial<HttpServerLimits>
}

/** Throws ListenError where the address cannot be had. */
export function startIssuerListener(options: IssuerListenerOptions): Promise<HttpServer> {
  const { host, port, discovery, jwks, maxAgeSeconds, onError, limits } = options
  const documents = new Map([discovery, jwks].map((document) => [document.path, document]))
  const headers = { 'cache-control': `public, max-age=${maxAgeSeconds}` }
  return startHttpServer({
    listen: { kind: 'tcp', host, port },
    answer: (request: SimpleRequest): SimpleAnswer => {
      const document = documents.get(request.path)
      if (document === undefined) return notFound()
      if (!isRead(request.method)) return methodNotAllowed()
      return { status: 200, contentType: 'application/json', body: document.body(), headers }
    },
    onError,
    ...(limits === undefined ? {} : { limits }),
  })
}
