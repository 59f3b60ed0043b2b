// The request target: origin-form only (RFC 9112 §3.2.1), read by hand. WHATWG `URL` would collapse
// dot segments and turn `//host` into an authority, so policy would judge another resource than the
// one that is sent (OPA-Envoy CVE-2026-26205, Envoy CVE-2019-9901).

import { refusal, type Refusal, type RequestCode } from '../errors.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { QueryParameter } from './gateway-request.ts'
import { hasValidEscapes, percentDecode } from './percent.ts'

export interface Target {
  readonly path: string
  readonly query: readonly QueryParameter[]
}

const NO_QUERY: readonly QueryParameter[] = Object.freeze([])

// RFC 3986 §3.3 and §3.4: pchar, "/" and, behind the first "?", "?". Excluded on purpose: "#"
// (a fragment counted into the match, GHSA-pxq7), "\" (a slash to some), controls, 8-bit bytes.
const PATH = /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*$/
const QUERY = /^[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*$/

export function parseTarget(
  target: string,
  maxBytes: number,
): Result<Target, Refusal<RequestCode>> {
  if (target.length > maxBytes) return refuse('RQ-T1', `request target over ${maxBytes} bytes`)
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  if (!PATH.test(path)) return refuse('RQ-T2', 'the path is not an origin-form of RFC 3986 bytes')
  if (!hasValidEscapes(path)) return refuse('RQ-T3', 'malformed percent escape in the path')
  if (mark === -1 || mark === target.length - 1) return ok({ path, query: NO_QUERY })
  const raw = target.slice(mark + 1)
  if (!QUERY.test(raw)) return refuse('RQ-T4', 'the query has bytes outside RFC 3986')
  const query = parseQuery(raw)
  if (query === undefined) {
    return refuse('RQ-T5', 'the query has an empty name, a malformed escape or invalid UTF-8')
  }
  return ok({ path, query })
}

function parseQuery(raw: string): QueryParameter[] | undefined {
  const parameters: QueryParameter[] = []
  for (const part of raw.split('&')) {
    const equals = part.indexOf('=')
    const name = percentDecode(equals === -1 ? part : part.slice(0, equals))
    const value = equals === -1 ? undefined : percentDecode(part.slice(equals + 1))
    if (name === undefined || name === '') return undefined
    if (equals !== -1 && value === undefined) return undefined
    parameters.push({ name, value })
  }
  return parameters
}

function refuse(rule: string, detail: string): Result<never, Refusal<RequestCode>> {
  return err(refusal('ERR_SG_REQUEST_TARGET', detail, rule))
}
