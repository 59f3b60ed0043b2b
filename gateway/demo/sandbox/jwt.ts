// Verifies a web identity token as a cautious cloud would: compact JWS, RS256 only, a header of
// exactly alg, kid and typ, one audience, a life of at most five minutes (RFC 7515, RFC 7519).
// Stricter than the clouds are, on purpose: whatever the issuer gets wrong shows here first.

import { verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'

/** Each cloud words and codes it in its own way. */
export interface TokenProblem {
  readonly kind: 'invalid' | 'expired' | 'issuer-unreachable'
  readonly message: string
}

const MAX_LIFE_SECONDS = 300

export interface WebIdentity {
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly jti: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Everything that the token says, for mappings and conditions. */
  readonly claims: Readonly<Record<string, unknown>>
}

export interface DecodedToken {
  readonly kid: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly signed: string
  readonly signature: Buffer
}

export function invalidToken(message: string): TokenProblem {
  return { kind: 'invalid', message }
}

/** Base64url without padding in its only spelling; undefined otherwise. */
function decodeBase64Url(encoded: string): Buffer | undefined {
  const bytes = Buffer.from(encoded, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === encoded ? bytes : undefined
}

function decodeJson(encoded: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64Url(encoded)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

export function decodeToken(token: string): Result<DecodedToken, TokenProblem> {
  const [head = '', body = '', tail = '', ...more] = token.split('.')
  const header = decodeJson(head)
  const claims = decodeJson(body)
  const signature = decodeBase64Url(tail)
  if (more.length > 0 || header === undefined || claims === undefined || signature === undefined) {
    return err(invalidToken('The ID Token provided is not a valid JWT.'))
  }
  const { alg, kid, typ } = { alg: header['alg'], kid: header['kid'], typ: header['typ'] }
  const names = Object.keys(header).toSorted().join()
  if (names !== 'alg,kid,typ' || alg !== 'RS256' || typ !== 'JWT' || typeof kid !== 'string') {
    return err(invalidToken('The JOSE header must be exactly alg RS256, kid and typ JWT'))
  }
  return ok({ kid, claims, signed: `${head}.${body}`, signature })
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 && value.length <= 2048 ? value : undefined
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

function oneAudience(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 1 ? text(value[0]) : undefined
  return text(value)
}

function checkTimes(claims: DecodedToken['claims'], now: number): Result<number, TokenProblem> {
  const iat = seconds(claims['iat'])
  const exp = seconds(claims['exp'])
  const nbf = seconds(claims['nbf'])
  if (iat === undefined || exp === undefined || nbf === undefined) {
    return err(invalidToken('Missing or malformed claim: iat, exp and nbf must be integers'))
  }
  if (exp <= now) {
    const message = 'Token expired: current date/time must be before the expiration date/time'
    return err({ kind: 'expired', message })
  }
  if (iat > now) return err(invalidToken('The token was issued in the future'))
  if (nbf > now) return err(invalidToken('The token is not valid yet'))
  if (exp - iat > MAX_LIFE_SECONDS) {
    return err(invalidToken(`The token lives longer than ${MAX_LIFE_SECONDS} seconds`))
  }
  return ok(exp)
}

/** `now` in ms since the epoch. Whether the audience is a known one is the caller's to check. */
export function verifyToken(
  token: DecodedToken,
  key: KeyObject,
  issuer: string,
  now: number,
): Result<WebIdentity, TokenProblem> {
  const isAuthentic = verify('RSA-SHA256', Buffer.from(token.signed), key, token.signature)
  if (!isAuthentic) return err(invalidToken('Token signature invalid'))
  const { claims } = token
  if (claims['iss'] !== issuer) {
    return err(invalidToken('No OpenIDConnect provider found in your account for the issuer'))
  }
  const subject = text(claims['sub'])
  const audience = oneAudience(claims['aud'])
  const jti = text(claims['jti'])
  if (subject === undefined || audience === undefined || jti === undefined) {
    return err(invalidToken('Missing a required claim: sub, a single aud and jti are required'))
  }
  const expiresAt = checkTimes(claims, now / 1000)
  if (!expiresAt.ok) return expiresAt
  return ok({ issuer, subject, audience, jti, expiresAt: expiresAt.value, claims })
}
