// Verifies AWS Signature Version 4 in the Authorization header, from the raw request, strictly.
// Written from "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)"
// of the Amazon S3 API reference, on its own: it shares no code with what signs.
//
// Stricter than S3: the clock may differ by 5 minutes only; host, every x-amz-* header,
// content-type and content-md5 must be signed where present; a header that matters may appear once
// only; what has two readings (a raw `+` in the query) is refused.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import type { IssuedCredential } from './issued-credentials.ts'
import {
  indexHeaders,
  pathOf,
  percentDecode,
  percentEncode,
  rawQueryOf,
  single,
} from './raw-head.ts'
import type { HeaderIndex, RawHead } from './raw-head.ts'

export const MAX_SKEW_MS = 5 * 60 * 1000
const ALGORITHM = 'AWS4-HMAC-SHA256'
const MUST_BE_SIGNED = new Set(['host', 'content-type', 'content-md5'])
const MAY_NOT_REPEAT = new Set(['host', 'authorization', 'content-length', 'content-type', 'date'])

export interface SigV4Rules {
  readonly service: string
  readonly region: string
  /** ms since the epoch */
  readonly now: number
  readonly find: (accessKeyId: string) => IssuedCredential | undefined
}

export interface SigV4Authorization {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;_.-]+), ?Signature=([0-9a-f]{64})$/

export function parseAuthorization(value: string): SigV4Authorization | undefined {
  const parts = AUTHORIZATION.exec(value)
  if (parts === null) return undefined
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] =
    parts
  const signedHeaders = names.split(';')
  const isSorted = signedHeaders.every(
    (name, index) => index === 0 || (signedHeaders[index - 1] ?? '') < name,
  )
  if (!isSorted) return undefined
  return { accessKeyId, date, region, service, signedHeaders, signature }
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest()
}

/** Decoded once and encoded once, never normalised: S3's rule, where `a//../b` is a key. */
function canonicalPath(target: string): string | undefined {
  return percentDecode(pathOf(target))?.split('/').map(percentEncode).join('/')
}

function canonicalQuery(target: string): string | undefined {
  const raw = rawQueryOf(target)
  if (raw === '') return ''
  if (raw.includes('+')) return undefined
  const pairs: (readonly [string, string])[] = []
  for (const part of raw.split('&')) {
    const equals = part.indexOf('=')
    const name = percentDecode(equals < 0 ? part : part.slice(0, equals))
    const value = percentDecode(equals < 0 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined || name === '') return undefined
    pairs.push([percentEncode(name), percentEncode(value)])
  }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return pairs
    .toSorted((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function canonicalHeaders(headers: HeaderIndex, signed: readonly string[]): string {
  return signed
    .map((name) => {
      const values = headers.get(name) ?? []
      return `${name}:${values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')}\n`
    })
    .join('')
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

export interface RecomputedSignature {
  readonly canonicalRequest: string
  readonly stringToSign: string
  readonly signature: Buffer
}

/** What the signature must be; undefined when path or query have no single reading. */
export function recomputeSignature(
  head: RawHead,
  authorization: SigV4Authorization,
  secretAccessKey: string,
): RecomputedSignature | undefined {
  const headers = indexHeaders(head)
  const path = canonicalPath(head.target)
  const query = canonicalQuery(head.target)
  if (path === undefined || query === undefined) return undefined
  const canonicalRequest = [
    head.method,
    path,
    query,
    canonicalHeaders(headers, authorization.signedHeaders),
    authorization.signedHeaders.join(';'),
    single(headers, 'x-amz-content-sha256') ?? '',
  ].join('\n')
  const { date, region, service } = authorization
  const stringToSign = [
    ALGORITHM,
    single(headers, 'x-amz-date') ?? '',
    `${date}/${region}/${service}/aws4_request`,
    sha256Hex(canonicalRequest),
  ].join('\n')
  const dateKey = hmac(`AWS4${secretAccessKey}`, date)
  const signingKey = hmac(hmac(hmac(dateKey, region), service), 'aws4_request')
  return { canonicalRequest, stringToSign, signature: hmac(signingKey, stringToSign) }
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
