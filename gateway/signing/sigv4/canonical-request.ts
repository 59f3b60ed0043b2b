// The canonical request of the AWS SigV4 document (task 1), and its hash (task 2).

import { hash } from 'node:crypto'
import type { CanonicalHeaders } from './canonical-headers.ts'

export interface CanonicalRequestParts {
  readonly method: string
  readonly uri: string
  readonly queryString: string
  readonly headers: CanonicalHeaders
  /** A hex digest, or a sentinel such as `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string
}

export function canonicalRequest(parts: CanonicalRequestParts): string {
  const { text, signedHeaders } = parts.headers
  return `${parts.method}\n${parts.uri}\n${parts.queryString}\n${text}\n${signedHeaders}\n${parts.payloadHash}`
}

/** Header values are latin1 text, one character for each byte on the wire: those bytes are hashed. */
export function hashCanonicalRequest(request: string): string {
  return hash('sha256', Buffer.from(request, 'latin1'), 'hex')
}
