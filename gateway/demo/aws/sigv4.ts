// Verifies AWS Signature Version 4 in the Authorization header, from the raw request, strictly.
// Written from "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)"
// of the Amazon S3 API reference, on its own: it shares no code with what signs.
//
// Stricter than S3: the clock may differ by 5 minutes only; host, every x-amz-* header,
// content-type and content-md5 must be signed where present; a header that matters may appear once
// only; what has two readings (a raw `+` in the query) is refused.

import { createHash, timingSafeEqual } from 'node:crypto'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import type { IssuedCredential } from './issued-credentials.ts'
import { indexHeaders, single } from '../sandbox/raw-head.ts'
import type { HeaderIndex, RawHead } from '../sandbox/raw-head.ts'
import { ALGORITHM, parseAuthorization, recomputeSignature } from './sigv4-recompute.ts'
import type { SigV4Authorization } from './sigv4-recompute.ts'

const MAX_SKEW_MS = 5 * 60 * 1000
const MUST_BE_SIGNED = new Set(['host', 'content-type', 'content-md5'])
const MAY_NOT_REPEAT = new Set(['host', 'authorization', 'content-length', 'content-type', 'date'])

interface SigV4Rules {
  readonly service: string
  readonly region: string
  /** ms since the epoch */
  readonly now: number
  readonly find: (accessKeyId: string) => IssuedCredential | undefined
}

function repeated(headers: HeaderIndex): string | undefined {
  for (const [name, values] of headers) {
    const matters = MAY_NOT_REPEAT.has(name) || MUST_BE_SIGNED.has(name) || isAmz(name)
    if (values.length > 1 && matters) return name
  }
  return undefined
}

function isAmz(name: string): boolean {
  return name.startsWith('x-amz-')
}

function unsignedHeaders(headers: HeaderIndex, signed: readonly string[]): readonly string[] {
  return [...headers.keys()].filter(
    (name) => (isAmz(name) || MUST_BE_SIGNED.has(name)) && !signed.includes(name),
  )
}

function parseAmzDate(value: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(value)
  if (parts === null) return undefined
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`
  const time = Date.parse(iso)
  return Number.isNaN(time) ? undefined : time
}

function checkCredential(
  credential: IssuedCredential | undefined,
  token: string | undefined,
  now: number,
): Result<IssuedCredential, AwsFault> {
  if (credential === undefined || token === undefined) {
    const message = 'The AWS Access Key Id you provided does not exist in our records.'
    return err(fault(403, 'InvalidAccessKeyId', message))
  }
  const given = createHash('sha256').update(token).digest()
  const wanted = createHash('sha256').update(credential.sessionToken).digest()
  if (!timingSafeEqual(given, wanted)) {
    return err(fault(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'))
  }
  if (now >= credential.expiresAt) {
    return err(fault(400, 'ExpiredToken', 'The provided token has expired.'))
  }
  return ok(credential)
}

function checkScope(
  authorization: SigV4Authorization,
  rules: SigV4Rules,
  amzDate: string,
): AwsFault | undefined {
  const malformed = (what: string, details: AwsFault['details'] = []): AwsFault =>
    fault(
      400,
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; ${what}`,
      details,
    )
  if (authorization.service !== rules.service) {
    return malformed(`incorrect service "${authorization.service}", expected "${rules.service}"`)
  }
  if (authorization.region !== rules.region) {
    return malformed(`the region '${authorization.region}' is wrong; expecting '${rules.region}'`, [
      ['Region', rules.region],
    ])
  }
  if (!amzDate.startsWith(authorization.date)) {
    return malformed('the credential date does not match x-amz-date')
  }
  return undefined
}

function checkTime(amzDate: string, now: number): AwsFault | undefined {
  const time = parseAmzDate(amzDate)
  if (time === undefined) {
    return fault(403, 'AccessDenied', 'AWS authentication requires a valid x-amz-date header')
  }
  if (Math.abs(time - now) <= MAX_SKEW_MS) return undefined
  const message = 'The difference between the request time and the current time is too large.'
  return fault(403, 'RequestTimeTooSkewed', message, [
    ['RequestTime', amzDate],
    ['ServerTime', new Date(now).toISOString()],
    ['MaxAllowedSkewMilliseconds', String(MAX_SKEW_MS)],
  ])
}

/** What must hold before any secret is touched. */
function readClaims(headers: HeaderIndex, rules: SigV4Rules): Result<SigV4Authorization, AwsFault> {
  const twice = repeated(headers)
  if (twice !== undefined) {
    return err(fault(400, 'InvalidRequest', `The header ${twice} appears more than once`))
  }
  const value = single(headers, 'authorization')
  if (value === undefined) return err(fault(403, 'AccessDenied', 'Access Denied'))
  const authorization = parseAuthorization(value)
  if (authorization === undefined) {
    const message = `The authorization header is malformed; expected ${ALGORITHM} with Credential, SignedHeaders and Signature`
    return err(fault(400, 'AuthorizationHeaderMalformed', message))
  }
  const unsigned = unsignedHeaders(headers, authorization.signedHeaders)
  if (unsigned.length > 0 || !headers.has('host')) {
    const message = 'There were headers present in the request which were not signed'
    return err(fault(403, 'AccessDenied', message, [['HeadersNotSigned', unsigned.join(', ')]]))
  }
  if (!headers.has('x-amz-content-sha256')) {
    const message = 'Missing required header for this request: x-amz-content-sha256'
    return err(fault(400, 'InvalidRequest', message))
  }
  const amzDate = single(headers, 'x-amz-date') ?? ''
  const problem = checkTime(amzDate, rules.now) ?? checkScope(authorization, rules, amzDate)
  return problem === undefined ? ok(authorization) : err(problem)
}

/** Who signed, or why the request is not authentic. The body's hash is the caller's to check. */
export function verifySigV4(head: RawHead, rules: SigV4Rules): Result<IssuedCredential, AwsFault> {
  const headers = indexHeaders(head)
  const claims = readClaims(headers, rules)
  if (!claims.ok) return claims
  const authorization = claims.value
  const credential = checkCredential(
    rules.find(authorization.accessKeyId),
    single(headers, 'x-amz-security-token'),
    rules.now,
  )
  if (!credential.ok) return credential
  const expected = recomputeSignature(head, authorization, credential.value.secretAccessKey)
  if (expected === undefined) {
    return err(fault(400, 'InvalidURI', "Couldn't parse the specified URI."))
  }
  const provided = Buffer.from(authorization.signature, 'hex')
  if (timingSafeEqual(expected.signature, provided)) return credential
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
  return err(
    fault(403, 'SignatureDoesNotMatch', message, [
      ['AWSAccessKeyId', authorization.accessKeyId],
      ['StringToSign', expected.stringToSign],
      ['SignatureProvided', authorization.signature],
      ['CanonicalRequest', expected.canonicalRequest],
    ]),
  )
}
