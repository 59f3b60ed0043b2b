// What Node's parser refused, as our codes. The only file that knows its error codes.

import { refusal, type Refusal, type RequestCode } from '../errors.ts'

const CODES: ReadonlyMap<string, RequestCode> = new Map<string, RequestCode>([
  ['HPE_HEADER_OVERFLOW', 'ERR_SG_REQUEST_HEADERS_TOO_LARGE'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'ERR_SG_REQUEST_FRAMING'],
  ['HPE_INVALID_CHUNK_SIZE', 'ERR_SG_REQUEST_FRAMING'],
  ['HPE_INVALID_CONTENT_LENGTH', 'ERR_SG_REQUEST_FRAMING'],
  ['HPE_INVALID_TRANSFER_ENCODING', 'ERR_SG_REQUEST_FRAMING'],
  ['HPE_UNEXPECTED_CONTENT_LENGTH', 'ERR_SG_REQUEST_FRAMING'],
  ['HPE_INVALID_HEADER_TOKEN', 'ERR_SG_REQUEST_HEADERS'],
  ['HPE_INVALID_METHOD', 'ERR_SG_REQUEST_METHOD'],
  ['HPE_INVALID_URL', 'ERR_SG_REQUEST_TARGET'],
  ['HPE_INVALID_VERSION', 'ERR_SG_REQUEST_VERSION'],
  ['HPE_PAUSED_H2_UPGRADE', 'ERR_SG_REQUEST_VERSION'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_SG_REQUEST_TIMEOUT'],
])

/** Undefined when there was no message at all: a connection that broke is nobody's request. */
export function parserRefusal(error: Error): Refusal<RequestCode> | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (!code.startsWith('HPE_') && code !== 'ERR_HTTP_REQUEST_TIMEOUT') return undefined
  if (code === 'HPE_INVALID_EOF_STATE') return undefined
  const known = CODES.get(code) ?? 'ERR_SG_REQUEST_MALFORMED'
  return refusal(known, `the message is malformed (${code})`)
}
