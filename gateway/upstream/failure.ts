// undici's and Node's errors, mapped to our codes. The only file that knows their names.

import type { RequestCode, UpstreamCode } from '../errors.ts'

export type SendCode = UpstreamCode | Extract<RequestCode, 'ERR_SG_REQUEST_TIMEOUT'>

const CODES: ReadonlyMap<string, SendCode> = new Map<string, SendCode>([
  ['SVIDGATE_EGRESS_REFUSED', 'ERR_SG_UPSTREAM_REFUSED'],
  ['SVIDGATE_PROTOCOL', 'ERR_SG_UPSTREAM_PROTOCOL'],
  ['SVIDGATE_LATE', 'ERR_SG_UPSTREAM_TIMEOUT'],
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

/** What undici's parser lets pass and we do not. */
export class ProtocolBroken extends Error {
  readonly code = 'SVIDGATE_PROTOCOL'

  constructor(what: string) {
    super(what)
    this.name = 'ProtocolBroken'
  }
}

/** The whole exchange took longer than it may. */
export class TooLate extends Error {
  readonly code = 'SVIDGATE_LATE'

  constructor(ms: number) {
    super(`no whole answer within ${String(ms)} ms`)
    this.name = 'TooLate'
  }
}

export function mapUpstreamError(error: unknown): MappedFailure {
  const code = codeOf(error)
  const detail = code === '' ? 'the upstream failed' : `the upstream failed: ${code}`
  const known = CODES.get(code)
  if (known !== undefined) return { code: known, detail }
  return { code: 'ERR_SG_UPSTREAM_UNREACHABLE', detail }
}

/** The answer ended with another number of bytes than its Content-Length. */
export function isLengthMismatch(error: unknown): boolean {
  return codeOf(error) === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  // undici 7 means to give its parser's errors a code `HPE_…`, and looks it up the wrong way round.
  if (error.name === 'HTTPParserError') return 'SVIDGATE_PROTOCOL'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const cause = code === '' || code === 'UND_ERR_SOCKET' ? codeOf(error.cause) : ''
  return cause === '' ? code : cause
}
