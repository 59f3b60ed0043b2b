// undici's and Node's errors, mapped to our codes. The only file that knows their names.

import type { RequestCode, UpstreamCode } from '../errors.ts'

export type SendCode = UpstreamCode | Extract<RequestCode, 'ERR_SG_REQUEST_TIMEOUT'>

const CODES: ReadonlyMap<string, SendCode> = new Map<string, SendCode>([
  ['SVIDGATE_EGRESS_REFUSED', 'ERR_SG_UPSTREAM_REFUSED'],
  ['SVIDGATE_BODY_STALLED', 'ERR_SG_REQUEST_TIMEOUT'],
  ['UND_ERR_CONNECT_TIMEOUT', 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['UND_ERR_HEADERS_TIMEOUT', 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['UND_ERR_BODY_TIMEOUT', 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['ETIMEDOUT', 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['UND_ERR_SOCKET', 'ERR_SG_UPSTREAM_RESET'],
  ['ECONNRESET', 'ERR_SG_UPSTREAM_RESET'],
  ['EPIPE', 'ERR_SG_UPSTREAM_RESET'],
  ['UND_ERR_HEADERS_OVERFLOW', 'ERR_SG_UPSTREAM_PROTOCOL'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_SG_UPSTREAM_PROTOCOL'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'ERR_SG_UPSTREAM_PROTOCOL'],
  ['UND_ERR_INVALID_ARG', 'ERR_SG_UPSTREAM_PROTOCOL'],
])

export interface MappedFailure {
  readonly code: SendCode
  readonly detail: string
}

export function mapUpstreamError(error: unknown): MappedFailure {
  const code = codeOf(error)
  const detail = code === '' ? 'the upstream failed' : `the upstream failed: ${code}`
  const known = CODES.get(code)
  if (known !== undefined) return { code: known, detail }
  if (code.startsWith('HPE_')) return { code: 'ERR_SG_UPSTREAM_PROTOCOL', detail }
  return { code: 'ERR_SG_UPSTREAM_UNREACHABLE', detail }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const cause = code === '' || code === 'UND_ERR_SOCKET' ? codeOf(error.cause) : ''
  return cause === '' ? code : cause
}
