// undici's and Node's errors, mapped to our codes. The only file that knows their names.

import type { UpstreamCode } from '../errors.ts'

const CODES: ReadonlyMap<string, UpstreamCode> = new Map<string, UpstreamCode>([
  ['SVIDGATE_EGRESS_REFUSED', 'ERR_SG_UPSTREAM_REFUSED'],
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
  readonly code: UpstreamCode
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
