// One request of our own making and its whole answer, within limits. No redirect is followed and
// nothing is tried again: undici does neither by itself, and nobody here asks it to.

import type { Dispatcher } from 'undici'
import type { OutboundAnswer, OutboundFailure, OutboundLimits } from '../credential/outbound.ts'
import type { HeaderLine } from '../request/message.ts'
import { err, ok, type Result } from '../util/result.ts'
import { mapUpstreamError } from './failure.ts'
import { responseHeaders } from './response-headers.ts'

export interface WholeRequest {
  readonly method: 'GET' | 'POST'
  /** Starts with `/`. */
  readonly path: string
  /** Without Host and Content-Length. */
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer | null
}

const TOO_LARGE = 'SVIDGATE_TOO_LARGE'

export function askWhole(
  dispatcher: Dispatcher,
  { method, path, headers, body }: WholeRequest,
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
    dispatcher.dispatch(
      { method, path, headers: headers.flat(), body },
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
