// The outbound port of token exchanges: one POST, its whole answer within limits, through the egress
// guard. No redirect is followed: a token must never travel to a host that an answer names
// (Pomerium POM-01-001).

import { Pool } from 'undici'
import type {
  HttpPost,
  OutboundAnswer,
  OutboundFailure,
  OutboundLimits,
} from '../credential/outbound.ts'
import type { HeaderLine } from '../request/message.ts'
import { err, ok, type Result } from '../util/result.ts'
import { mapUpstreamError } from './failure.ts'
import { guardedConnect, type ConnectOptions } from './guarded-connect.ts'
import { responseHeaders } from './response-headers.ts'

export interface PostOptions {
  /** How an origin is dialled: guard, certificate authorities. */
  readonly connect: (origin: string) => ConnectOptions
}

export interface PostClient {
  readonly post: HttpPost
  /** New connections are made by what is configured now; what runs ends on the old ones. */
  renew(): void
  close(): Promise<void>
}

const TOO_LARGE = 'SVIDGATE_TOO_LARGE'

export function createPostClient(options: PostOptions): PostClient {
  // Origins come from the configuration, so their number is bounded by it.
  const pools = new Map<string, Pool>()
  const retired = new Set<Pool>()
  const poolOf = (origin: string): Pool => {
    const found = pools.get(origin)
    if (found !== undefined) return found
    const pool = new Pool(origin, {
      connect: guardedConnect(options.connect(origin)),
      connections: 8,
      pipelining: 1,
      allowH2: false,
    })
    pools.set(origin, pool)
    return pool
  }
  return {
    post: (origin, path, headers, body, limits) =>
      post(poolOf(origin), path, headers, body, limits),
    renew: () => {
      for (const pool of pools.values()) {
        retired.add(pool)
        const forget = (): void => void retired.delete(pool)
        pool.close().then(forget, forget)
      }
      pools.clear()
    },
    close: async () => {
      await Promise.all([...pools.values(), ...retired].map((pool) => pool.destroy()))
    },
  }
}

function post(
  pool: Pool,
  path: string,
  headers: readonly HeaderLine[],
  body: Buffer,
  limits: OutboundLimits,
): Promise<Result<OutboundAnswer, OutboundFailure>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    let status = 0
    let lines: readonly HeaderLine[] = []
    let abort = (_reason: Error): void => undefined
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      const detail = `no answer within ${limits.deadlineMs} ms`
      finish(err({ kind: 'timeout', detail }))
      abort(new Error(detail))
    }, limits.deadlineMs)
    const finish = (result: Result<OutboundAnswer, OutboundFailure>): void => {
      clearTimeout(timer)
      resolve(result)
    }
    pool.dispatch(
      { method: 'POST', path, headers: headers.flat(), body },
      {
        onRequestStart: (controller) => {
          abort = (reason) => controller.abort(reason)
          if (isLate) abort(new Error('late'))
        },
        onResponseStart: (controller, code) => {
          status = code
          const raw = controller.rawHeaders
          lines = responseHeaders(Array.isArray(raw) ? raw : [])
        },
        onResponseData: (controller, chunk) => {
          length += chunk.length
          chunks.push(chunk)
          if (length > limits.maxBytes) controller.abort(new Error(TOO_LARGE))
        },
        onResponseEnd: () => finish(ok({ status, headers: lines, body: Buffer.concat(chunks) })),
        onResponseError: (_controller, error) => finish(err(failureOf(error))),
      },
    )
  })
}

function failureOf(error: Error): OutboundFailure {
  if (error.message === TOO_LARGE) return { kind: 'too-large', detail: 'the answer is too large' }
  const { code, detail } = mapUpstreamError(error)
  switch (code) {
    case 'ERR_SG_UPSTREAM_REFUSED':
      return { kind: 'blocked', detail }
    case 'ERR_SG_UPSTREAM_TIMEOUT':
      return { kind: 'timeout', detail }
    case 'ERR_SG_UPSTREAM_PROTOCOL':
      return { kind: 'protocol', detail }
    default:
      return { kind: 'unreachable', detail }
  }
}
