// `listen.admin` (docs/OPERATIONS.md): a Unix socket for its owner alone. GET never changes
// anything; Host and Origin are checked all the same, for the day when a proxy stands before it and
// a web page behind that (DNS rebinding, cross-site requests). Errors are problem documents (RFC
// 9457).

import { isRead } from './answers.ts'
import { startHttpServer } from './http-server.ts'
import type { HttpServer, HttpServerLimits, SimpleAnswer, SimpleRequest } from './http-server.ts'
import { prepareSocketPath } from './unix-socket.ts'

export interface AdminListenerOptions {
  /** Path of the socket. */
  readonly socket: string
  readonly status: () => unknown
  /** The configuration, already without secrets. */
  readonly config: () => unknown
  readonly onError: (error: unknown) => void
  /** Host names beside `localhost` and `svidgate`, in lower case. */
  readonly hosts?: readonly string[]
  readonly limits?: Partial<HttpServerLimits>
}

const HOSTS = ['localhost', 'svidgate']

/** Paths whose features come later. */
const RESERVED: readonly RegExp[] = [
  /^\/v1\/generation$/,
  /^\/v1\/decisions(?:\/stream)?$/,
  /^\/v1\/freezes(?:\/[^/]+)?$/,
  /^\/console(?:\/|$)/,
]

/** Throws ListenError where the socket cannot be had. */
export async function startAdminListener(options: AdminListenerOptions): Promise<HttpServer> {
  const { socket, onError, limits } = options
  const hosts = new Set([...HOSTS, ...(options.hosts ?? [])])
  await prepareSocketPath(socket)
  return startHttpServer({
    listen: { kind: 'unix', path: socket },
    answer: (request) => answer(request, hosts, options),
    onError,
    ...(limits === undefined ? {} : { limits }),
  })
}

function answer(
  request: SimpleRequest,
  hosts: ReadonlySet<string>,
  options: AdminListenerOptions,
): SimpleAnswer {
  const { method, path, host, origin } = request
  if (host === undefined || !hosts.has(host.replace(/:\d+$/, '').toLowerCase())) {
    return problem(403, 'Forbidden', 'the Host is not one that this listener answers for')
  }
  if (origin !== undefined) {
    return problem(403, 'Forbidden', 'requests from web pages are refused')
  }
  const read =
    path === '/v1/status' ? options.status : path === '/v1/config' ? options.config : undefined
  if (read === undefined) {
    return RESERVED.some((pattern) => pattern.test(path))
      ? problem(501, 'Not Implemented', 'this name is reserved for a later version')
      : problem(404, 'Not Found', 'no such resource')
  }
  if (!isRead(method)) {
    return {
      ...problem(405, 'Method Not Allowed', 'this resource can only be read'),
      headers: { allow: 'GET, HEAD' },
    }
  }
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(read())}\n` }
}

function problem(status: number, title: string, detail: string): SimpleAnswer {
  return {
    status,
    contentType: 'application/problem+json',
    body: `${JSON.stringify({ type: 'about:blank', title, status, detail })}\n`,
  }
}
