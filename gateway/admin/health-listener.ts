// `listen.health` (docs/OPERATIONS.md): alive, ready, metrics; no credentials, and so no detail:
// what exactly is not ready stands in the log and behind the admin listener.

import { isRead, methodNotAllowed, notFound, textAnswer } from './answers.ts'
import { startHttpServer } from './http-server.ts'
import type { HttpServer, HttpServerLimits, SimpleAnswer, SimpleRequest } from './http-server.ts'

export interface HealthListenerOptions {
  readonly host: string
  readonly port: number
  /** All must hold: bundle active and fresh, SVID valid, sink writable. One that throws does not. */
  readonly ready: readonly (() => boolean)[]
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
  readonly onError: (error: unknown) => void
  readonly limits?: Partial<HttpServerLimits>
}

/** Throws ListenError where the address cannot be had. */
export function startHealthListener(options: HealthListenerOptions): Promise<HttpServer> {
  const { host, port, onError, limits } = options
  return startHttpServer({
    listen: { kind: 'tcp', host, port },
    answer: (request) => answer(request, options),
    onError,
    ...(limits === undefined ? {} : { limits }),
  })
}

async function answer(
  request: SimpleRequest,
  options: HealthListenerOptions,
): Promise<SimpleAnswer> {
  switch (request.path) {
    case '/healthz':
    case '/readyz':
    case '/metrics':
      break
    default:
      return notFound()
  }
  if (!isRead(request.method)) return methodNotAllowed()
  if (request.path === '/healthz') return textAnswer(200, 'ok')
  if (request.path === '/readyz') {
    return isReady(options) ? textAnswer(200, 'ok') : textAnswer(503, 'not ready')
  }
  return { status: 200, ...(await options.metrics()) }
}

function isReady(options: HealthListenerOptions): boolean {
  try {
    return options.ready.every((check) => check())
  } catch (error) {
    options.onError(error)
    return false
  }
}
