// What a shaped request must not hold when it reaches the signer. Each rule stops one way of
// speaking with the gateway's authority: a second proof of identity that the upstream might prefer
// to ours, or bytes that end a header line early.

import { refusal, type Refusal } from '../errors.ts'
import type { ShapedRequest } from '../shape/shaped-request.ts'

type Refused = Refusal<'ERR_SG_UPSTREAM_REFUSED'>

/** RFC 9110 §5.6.2 token, lower case only: `X-Amz-Acl` would pass by every comparison below. */
const NAME = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/

/** What ends a line or a text for some reader (RFC 9110 §5.5). */
const BREAKS_LINE = /[\0\r\n]/

/** Only visible ASCII is left after percent-encoding; `?` or `#` would move the border of a part. */
const NOT_PATH = /[^\x21-\x7e]|[?#]/
const NOT_QUERY = /[^\x21-\x7e]|#/

/** Proofs of identity, times of signing, and what the signer itself writes. */
const RESERVED: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'proxy-authorization',
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-region-set',
])

/** Signature parameters of a presigned URL (SigV4, SigV4A and SigV2). */
const PRESIGNED =
  /(?:^|&)(?:x-amz-(?:algorithm|credential|date|expires|region-set|s3session-token|security-token|signature|signedheaders)|awsaccesskeyid|signature)=/i

const SHA256_HEX = /^[0-9a-f]{64}$/

/**
 * Sentinels whose bodies can be forwarded as they are (Amazon S3 API Reference, "Signature
 * calculations: transferring payload").
 */
const SENTINELS: ReadonlySet<string> = new Set([
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
])

type WireForm = Pick<ShapedRequest, 'path' | 'query' | 'headers'>

/** @returns the first rule that refuses; undefined: fit to be signed */
export function checkShaped(shaped: WireForm): Refused | undefined {
  if (!shaped.path.startsWith('/') || NOT_PATH.test(shaped.path)) {
    return refuse('the path is not in wire form', 'SIGN-6')
  }
  if (shaped.query !== '') {
    if (NOT_QUERY.test(shaped.query)) return refuse('the query is not in wire form', 'SIGN-6')
    if (PRESIGNED.test(shaped.query)) return refuse('a signature is left in the query', 'SIGN-7')
  }
  return checkHeaders(shaped)
}

/** @returns what to sign of the payload; undefined: neither a digest nor a known sentinel */
export function payloadHashOf({ payload }: ShapedRequest): string | undefined {
  const { contentSha256 } = payload
  if (contentSha256 === undefined) return undefined
  return SHA256_HEX.test(contentSha256) || SENTINELS.has(contentSha256) ? contentSha256 : undefined
}

function checkHeaders(shaped: WireForm): Refused | undefined {
  for (const [name, value] of shaped.headers) {
    if (!NAME.test(name)) return refuse('a header name is not a lower-case token', 'SIGN-9')
    if (RESERVED.has(name)) return refuse(`header ${name} is left over`, 'SIGN-10')
    if (BREAKS_LINE.test(value)) return refuse(`the value of ${name} breaks its line`, 'SIGN-11')
  }
  return undefined
}

function refuse(detail: string, rule: string): Refused {
  return refusal('ERR_SG_UPSTREAM_REFUSED', detail, rule)
}
