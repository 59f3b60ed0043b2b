// The post-condition of every token driver (docs/decisions/0016): its answer is read as hostile
// input before it may be shown to a cloud. A driver that mixes up two agents, or is talked into
// another audience or lifetime, would otherwise hand one agent another's authority.

import { compactVerify } from 'jose'
import { refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { JwtSvid, JwtSvidRequest, JwtSvidSource } from '../spiffe/jwt-svid.ts'
import type { IssuerKeySource } from './key-source.ts'
import { MAX_TOKEN_TTL } from './mint.ts'

export interface TokenChecks {
  /** The `iss` to find, byte for byte. */
  readonly issuerUrl: string
  /** A token must verify with one of these. */
  readonly keys: IssuerKeySource
  readonly clock: Clock
}

/** AWS takes 20000 characters at most. */
const MAX_TOKEN_LENGTH = 16_384
const HEADER_NAMES: ReadonlySet<string> = new Set(['alg', 'kid', 'typ'])
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type Refused = Refusal<CredentialCode>
type Fields = Readonly<Record<string, unknown>>

export function checkedSource(source: JwtSvidSource, checks: TokenChecks): JwtSvidSource {
  return {
    fetch: async (request) => {
      const answer = await source.fetch(request)
      return answer.ok ? checkToken(answer.value, request, checks) : answer
    },
  }
}

async function checkToken(
  answer: JwtSvid,
  request: JwtSvidRequest,
  checks: TokenChecks,
): Promise<Result<JwtSvid, Refused>> {
  const { algorithm = 'RS256' } = request
  const opened = await openToken(answer.token.reveal(), algorithm, checks)
  if (!opened.ok) return opened
  const { header, claims } = opened.value
  const now = checks.clock.now()
  const unfit = checkHeader(header) ?? checkClaims(claims, request, checks.issuerUrl, now)
  if (unfit !== undefined) return err(unfit)
  return ok({ token: answer.token, expiresAt: Number(claims['exp']) * 1000 })
}

async function openToken(
  token: string,
  algorithm: string,
  checks: TokenChecks,
): Promise<Result<{ header: Fields; claims: Fields }, Refused>> {
  if (token.length > MAX_TOKEN_LENGTH) return refuse('the token is too long', 'JWT-1')
  try {
    const verified = await compactVerify(
      token,
      ({ kid }) => {
        const { published } = checks.keys.current()
        const key = published.find(({ jwk }) => jwk.kid === kid && jwk.alg === algorithm)
        if (key === undefined) throw new TypeError('unknown kid')
        return key.publicKey
      },
      { algorithms: [algorithm] },
    )
    const header = parseObject(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url'))
    const claims = parseObject(verified.payload)
    if (header === undefined || claims === undefined) {
      return refuse('header or claims are not one compact JSON object', 'JWT-3')
    }
    return ok({ header, claims })
  } catch {
    // The library's text may quote the token, so it is left out.
    return refuse('no signature of a published key on it', 'JWT-2')
  }
}

/** Only text that is spelled as JSON.stringify would: no name twice, no `1.0`, no blanks. */
function parseObject(bytes: Uint8Array): Fields | undefined {
  const text = UTF8.decode(bytes)
  const value: unknown = JSON.parse(text)
  if (JSON.stringify(value) !== text) return undefined
  return isFields(value) ? value : undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkHeader(header: Fields): Refused | undefined {
  const odd = Object.keys(header).find((name) => !HEADER_NAMES.has(name))
  if (odd !== undefined) return fault('a header parameter that JWT-SVID forbids', 'JWT-4')
  const { typ } = header
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') return fault('another typ', 'JWT-4')
  return undefined
}

function checkClaims(
  claims: Fields,
  request: JwtSvidRequest,
  issuerUrl: string,
  now: number,
): Refused | undefined {
  if (claims['iss'] !== issuerUrl) return fault('the token has another issuer', 'JWT-5')
  if (claims['sub'] !== request.subject) return fault('the token is for another subject', 'JWT-6')
  if (!isAudience(claims['aud'], request.audience)) {
    return fault('the token is for another audience', 'JWT-7')
  }
  return checkCloudClaims(claims, request) ?? checkTimes(claims, now)
}

/** A tag that nobody configured would be authority (AWS, attribute-based access control). */
function checkCloudClaims(
  claims: Fields,
  { cloudClaims = {} }: JwtSvidRequest,
): Refused | undefined {
  const names = Object.keys(claims).filter((name) => name.includes(':'))
  const isExact =
    names.length === Object.keys(cloudClaims).length &&
    names.every((name) => JSON.stringify(claims[name]) === JSON.stringify(cloudClaims[name]))
  return isExact ? undefined : fault('claims for the cloud that were not asked for', 'JWT-11')
}

function isAudience(aud: unknown, expected: string): boolean {
  if (Array.isArray(aud)) return aud.length === 1 && aud[0] === expected
  return aud === expected
}

function checkTimes(claims: Fields, now: number): Refused | undefined {
  const { exp, iat, nbf } = claims
  if (!isTime(exp) || exp * 1000 <= now) return fault('the token has expired', 'JWT-8')
  if (exp * 1000 > now + MAX_TOKEN_TTL * 1000) return fault('the token lives too long', 'JWT-9')
  for (const start of [iat, nbf]) {
    if (start !== undefined && !(isTime(start) && start * 1000 <= now)) {
      return fault('the token is not valid yet', 'JWT-10')
    }
  }
  return undefined
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function fault(detail: string, rule: string): Refused {
  return refusal('ERR_SG_CREDENTIAL_CONFIG', detail, rule)
}

function refuse(detail: string, rule: string): Result<never, Refused> {
  return err(fault(detail, rule))
}
