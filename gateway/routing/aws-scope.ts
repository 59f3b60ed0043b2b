// The credential scope of an inbound Authorization header (SigV4). Its signature is not checked:
// the agent signs with placeholder keys and is proven by its SVID. Only region and service are
// read, and both are looked up in tables before they mean anything.

import { refusal, type Refusal } from '../errors.ts'
import { err, ok, type Result } from '../util/result.ts'

export interface AwsScope {
  readonly region: string
  readonly service: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const CREDENTIAL = /^[^/]{1,128}\/[0-9]{8}\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,64})\/aws4_request$/

const THREE_PARTS = 'Authorization needs exactly Credential, SignedHeaders and Signature'

type ScopeCode = 'ERR_SG_REQUEST_HEADERS' | 'ERR_SG_REQUEST_UNSUPPORTED'

/** Undefined when there is no Authorization header at all. */
export function readAwsScope(
  authorization: string | undefined,
): Result<AwsScope | undefined, Refusal<ScopeCode>> {
  if (authorization === undefined) return ok(undefined)
  const blank = authorization.indexOf(' ')
  if (authorization.slice(0, blank) !== ALGORITHM) {
    const detail = 'Authorization is not SigV4 (AWS4-HMAC-SHA256); sign by header with SigV4'
    return err(refusal('ERR_SG_REQUEST_UNSUPPORTED', detail, 'RT-A1'))
  }
  const parts = readParts(authorization, blank + 1)
  if (!parts.ok) return parts
  const match = CREDENTIAL.exec(parts.value)
  const region = match?.[1]
  const service = match?.[2]
  if (region === undefined || service === undefined) {
    return malformed('the credential scope does not have its five parts')
  }
  return ok({ region, service })
}

/** The text of `Credential`; the other two parts must be there, and nothing else. */
function readParts(authorization: string, start: number): Result<string, Refusal<ScopeCode>> {
  let credential: string | undefined
  let hasSignedHeaders = false
  let hasSignature = false
  for (let at = start; at <= authorization.length;) {
    const comma = authorization.indexOf(',', at)
    const end = comma === -1 ? authorization.length : comma
    const equals = authorization.indexOf('=', at)
    const key = equals === -1 || equals > end ? '' : authorization.slice(at, equals).trim()
    const isTwice =
      (key === 'Credential' && credential !== undefined) ||
      (key === 'SignedHeaders' && hasSignedHeaders) ||
      (key === 'Signature' && hasSignature)
    if (isTwice) return malformed('a part of Authorization stands twice')
    if (key === 'Credential') credential = authorization.slice(equals + 1, end).trim()
    else if (key === 'SignedHeaders') hasSignedHeaders = true
    else if (key === 'Signature') hasSignature = true
    else return malformed(THREE_PARTS)
    at = end + 1
  }
  if (credential === undefined || !hasSignedHeaders || !hasSignature) return malformed(THREE_PARTS)
  return ok(credential)
}

function malformed(detail: string): Result<never, Refusal<ScopeCode>> {
  return err(refusal('ERR_SG_REQUEST_HEADERS', detail, 'RT-A2'))
}
