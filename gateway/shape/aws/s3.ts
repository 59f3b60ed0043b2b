// An S3 request as it is sent: path style, every name decoded and encoded once more in the one
// spelling that SigV4 signs, nothing normalised, the query sorted, the client's own authorization
// gone. The bytes of the body are not touched.

import { refusal, type Refusal } from '../../errors.ts'
import { parseCopySource } from '../../facts/aws/s3/copy-source.ts'
import {
  EMPTY_SHA256,
  sha256,
  UNSIGNED_PAYLOAD,
  UNSIGNED_TRAILER,
} from '../../facts/aws/s3/payload-mode.ts'
import { placeOf, type Place } from '../../facts/aws/s3/place.ts'
import type { PayloadMode } from '../../facts/facts.ts'
import { headerValue, type HeaderMap } from '../../request/gateway-request.ts'
import { isNeverForwarded } from '../../request/headers.ts'
import type { HeaderLine } from '../../request/message.ts'
import { err, ok, type Result } from '../../util/result.ts'
import { canonicalQueryString } from '../../signing/sigv4/canonical-query-string.ts'
import { encodeText } from '../../signing/sigv4/percent-encode.ts'
import type { AllowedRequest } from '../allowed-request.ts'
import type { ShapedParts, ShapeOptions } from '../shaper.ts'
import { userAgentLine } from '../user-agent.ts'
import { sessionPolicyFor } from './session-policy.ts'
import { checkSetHeaders } from './set-headers.ts'

/** The client's proof of identity and its time; the signer writes its own. */
const SIGNATURE_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'date',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-region-set',
  'x-amz-s3session-token',
  'x-amz-security-token',
])

const NOTHING_SET: ReadonlyMap<string, string> = new Map()

export function shapeS3(
  allowed: AllowedRequest,
  options: ShapeOptions,
): Result<ShapedParts, Refusal> {
  const { request, route, facts } = allowed
  const {
    setHeaders = NOTHING_SET,
    sessionPolicy: stated,
    maxBytesBilled,
  } = allowed.decision.obligations
  if (maxBytesBilled !== undefined) {
    const detail = `max_bytes_billed: ${facts.action} bills no bytes of a query`
    return err(refusal('ERR_SG_OBLIGATION_UNSUPPORTED', detail, 'SH-5'))
  }
  const place = placeOf(route)
  if (!place.ok) return place
  const fault = checkSetHeaders(setHeaders, facts.action, request.headers)
  if (fault !== undefined) return err(fault)
  const headers = headerLines(request.headers, setHeaders)
  if (!headers.ok) return headers
  const policy = sessionPolicyFor(options.sessionPolicy, stated, facts, headers.value)
  if (!policy.ok) return policy
  const mode = facts.payloadMode
  const body = mode === 'buffered' ? allowed.body : undefined
  return ok({
    path: pathOf(place.value),
    query: canonicalQueryString(request.query),
    headers: headers.value,
    framing: body === undefined ? request.framing : { kind: 'sized', length: body.length },
    payload: { mode, contentSha256: contentSha256Of(mode, request.headers, body) },
    body,
    sessionPolicy: policy.value,
  })
}

function pathOf(place: Place): string {
  if (place.level === 'service') return '/'
  return place.level === 'bucket'
    ? `/${place.bucket}`
    : `/${place.bucket}/${encodeText(place.key, true)}`
}

function headerLines(
  client: HeaderMap,
  setHeaders: ReadonlyMap<string, string>,
): Result<readonly HeaderLine[], Refusal> {
  const lines: HeaderLine[] = []
  for (const [name, values] of client) {
    if (SIGNATURE_HEADERS.has(name) || isNeverForwarded(name) || setHeaders.has(name)) continue
    if (name === 'user-agent') continue
    if (name === 'x-amz-copy-source') {
      const source = copySourceOf(values[0] ?? '')
      if (!source.ok) return source
      lines.push([name, source.value])
    } else {
      for (const value of values) lines.push([name, value])
    }
  }
  for (const line of setHeaders) lines.push(line)
  lines.push(userAgentLine(client.get('user-agent')))
  return ok(lines)
}

/** In one spelling too, so that S3 reads the source that was judged. */
function copySourceOf(text: string): Result<string, Refusal> {
  const parsed = parseCopySource(text)
  if (!parsed.ok) return parsed
  const { bucket, key, version } = parsed.value
  const suffix = version === undefined ? '' : `?versionId=${encodeText(version, false)}`
  return ok(`${bucket}/${encodeText(key, true)}${suffix}`)
}

/** The value of x-amz-content-sha256. The classifier has checked what the client stated. */
function contentSha256Of(mode: PayloadMode, client: HeaderMap, body: Buffer | undefined): string {
  switch (mode) {
    case 'none':
      return EMPTY_SHA256
    case 'hash':
      return headerValue(client, 'x-amz-content-sha256') ?? UNSIGNED_PAYLOAD
    case 'unsigned':
      return UNSIGNED_PAYLOAD
    case 'unsigned-trailer':
      return UNSIGNED_TRAILER
    case 'buffered':
      return sha256(body ?? Buffer.alloc(0))
  }
}
