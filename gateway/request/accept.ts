// Station 2: from a message head to a request with exactly one reading, or a refusal. Pure, so that
// `svidgate facts` refuses exactly what the listener refuses (docs/POLICY.md). The only maker of
// GatewayRequest.

import { refusal, type Refusal, type RequestCode } from '../errors.ts'
import { err, ok, type Result } from '../util/result.ts'
import { parseAuthority } from './authority.ts'
import { readFraming } from './framing.ts'
import { makeGatewayRequest, METHODS, type GatewayRequest, type Method } from './gateway-request.ts'
import { readHeaders } from './headers.ts'
import type { RequestLimits } from './limits.ts'
import type { MessageHead } from './message.ts'
import { parseTarget } from './target.ts'

const METHOD_SET: ReadonlyMap<string, Method> = new Map(METHODS.map((method) => [method, method]))

export function acceptRequest(
  head: MessageHead,
  id: string,
  limits: RequestLimits,
): Result<GatewayRequest, Refusal<RequestCode>> {
  if (head.version !== '1.1') return refuse('ERR_SG_REQUEST_VERSION', 'not HTTP/1.1', 'RQ-1')
  const method = METHOD_SET.get(head.method)
  if (method === undefined) return refuse('ERR_SG_REQUEST_METHOD', 'a method not served', 'RQ-2')
  const target = parseTarget(head.target, limits.maxTargetBytes)
  if (!target.ok) return target
  const headers = readHeaders(head.headers, limits.maxHeaderLines)
  if (!headers.ok) return headers
  const { kept, host, contentLength, transferEncoding, expect, overridesMethod } = headers.value
  const authority = host === undefined ? undefined : parseAuthority(host)
  if (authority === undefined) {
    return refuse('ERR_SG_REQUEST_HEADERS', 'Host is missing or not a host', 'RQ-3')
  }
  const framing = readFraming(method, contentLength, transferEncoding)
  if (!framing.ok) return framing
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return refuse('ERR_SG_REQUEST_EXPECT', 'an expectation other than 100-continue', 'RQ-4')
  }
  return ok(
    makeGatewayRequest({
      id,
      method,
      host: authority.host,
      port: authority.port,
      path: target.value.path,
      query: target.value.query,
      headers: kept,
      framing: framing.value,
      expectsContinue: expect !== undefined && framing.value.kind !== 'none',
      overridesMethod,
    }),
  )
}

function refuse(
  code: RequestCode,
  detail: string,
  rule: string,
): Result<never, Refusal<RequestCode>> {
  return err(refusal(code, detail, rule))
}
