// Where the body ends (RFC 9112 §6). Exactly one statement, in exactly one spelling: everything
// else is how requests are smuggled past a gateway (RFC 9112 §11.2).

import { refusal, type Refusal, type RequestCode } from '../errors.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Method } from './gateway-request.ts'
import type { Framing } from './message.ts'

const LENGTH = /^(?:0|[1-9][0-9]{0,15})$/
const NONE: Framing = Object.freeze({ kind: 'none' })
const CHUNKED: Framing = Object.freeze({ kind: 'chunked' })

/** A body there has no meaning of its own (RFC 9110 §9.3), so two peers may disagree on it (CL.0). */
const BODYLESS: ReadonlySet<Method> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

export function readFraming(
  method: Method,
  contentLength: string | undefined,
  transferEncoding: string | undefined,
): Result<Framing, Refusal<RequestCode>> {
  if (contentLength !== undefined && transferEncoding !== undefined) {
    return refuse('RQ-F1', 'both Content-Length and Transfer-Encoding')
  }
  if (transferEncoding !== undefined) {
    if (transferEncoding.toLowerCase() !== 'chunked') {
      const detail = 'a transfer coding other than chunked'
      return err(refusal('ERR_SG_REQUEST_TRANSFER_CODING', detail, 'RQ-F2'))
    }
    if (BODYLESS.has(method)) return refuse('RQ-F3', `a body with ${method}`)
    return ok(CHUNKED)
  }
  if (contentLength === undefined) return ok(NONE)
  if (!LENGTH.test(contentLength)) return refuse('RQ-F4', 'Content-Length is not a plain number')
  const length = Number(contentLength)
  if (!Number.isSafeInteger(length)) return refuse('RQ-F4', 'Content-Length is too large')
  if (!BODYLESS.has(method)) return ok({ kind: 'sized', length })
  return length === 0 ? ok(NONE) : refuse('RQ-F3', `a body with ${method}`)
}

function refuse(rule: string, detail: string): Result<never, Refusal<RequestCode>> {
  return err(refusal('ERR_SG_REQUEST_FRAMING', detail, rule))
}
