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
  let credential: string | undefined
  const seen = new Set<string>()
  for (const part of authorization.slice(blank + 1).split(',')) {
    const equals = part.indexOf('=')
    const key = part.slice(0, equals).trim()
    if (seen.has(key)) return malformed('a part of Authorization stands twice')
    seen.add(key)
    if (key === 'Credential') credential = part.slice(equals + 1).trim()
  }
  if (seen.size !== 3 || !seen.has('SignedHeaders') || !seen.has('Signature')) {
    return malformed('Authorization needs exactly Credential, SignedHeaders and Signature')
  }
  const match = CREDENTIAL.exec(credential ?? '')
  const region = match?.[1]
  const service = match?.[2]
  if (region === undefined || service === undefined) {
    return malformed('the credential scope does not have its five parts')
  }
  return ok({ region, service })
}

function malformed(detail: string): Result<never, Refusal<ScopeCode>> {
  return err(refusal('ERR_SG_REQUEST_HEADERS', detail, 'RT-A2'))
}
