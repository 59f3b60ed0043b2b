// Judges a JWT-SVID (JWT-SVID.md §5): signed by the trust domain that its subject is of, for us, now.
// The key comes from that domain's own bundle and from nowhere else: not from the token, not from an
// `iss`, not from another domain's bundle (Workload API §6.3). Time is a parameter; no clock
// tolerance is added.

import type { Refusal, SvidCode } from '../errors.ts'
import { isJsonArray, JsonNumber, type JsonObject } from '../util/json.ts'
import { ok, type Result } from '../util/result.ts'
import { parseSpiffeId, type SpiffeId } from './id.ts'
import { readJsonObject, readJws, verifyJws } from './jws.ts'
import { refuseJwt } from './jwt-rules.ts'
import type { TrustBundleSet } from './trust-bundle.ts'

export interface JwtSvidExpectations {
  readonly bundles: TrustBundleSet
  /** One of the token's audiences, byte for byte. */
  readonly audience: string
  /** ms since the epoch */
  readonly now: number
}

export interface VerifiedJwtSvid {
  readonly id: SpiffeId
  readonly audiences: readonly string[]
  /** ms since the epoch; absent: valid from the beginning. */
  readonly validFrom: number
  /** ms since the epoch; not valid at this instant any more (RFC 7519 §4.1.4). */
  readonly expiresAt: number
}

type Refused = Refusal<SvidCode>

export async function verifyJwtSvid(
  token: string,
  { bundles, audience, now }: JwtSvidExpectations,
): Promise<Result<VerifiedJwtSvid, Refused>> {
  const jws = readJws(token)
  if (!jws.ok) return jws
  const claims = readJsonObject(jws.value.payload)
  if (claims === undefined) return refuseJwt('JV+1', 'its claims are not one JSON object')
  const subject = claims.get('sub')
  const id = typeof subject === 'string' ? parseSpiffeId(subject) : undefined
  if (id?.ok !== true) return refuseJwt('JV-19', 'its subject is no SPIFFE ID')
  const bundle = bundles.get(id.value.trustDomain)
  if (bundle === undefined) return refuseJwt('JV-18', 'its trust domain is not known here')
  const signed = await verifyJws(jws.value, bundle.jwtAuthorities ?? [])
  if (!signed.ok) return signed
  const audiences = audiencesOf(claims)
  if (!audiences.includes(audience)) return refuseJwt('JV-11', 'it is for another audience')
  const expiresAt = instantOf(claims, 'exp')
  if (expiresAt === undefined) return refuseJwt('JV-13', 'it has no expiry')
  const validFrom = claims.has('nbf') ? instantOf(claims, 'nbf') : 0
  if (validFrom === undefined) return refuseJwt('JV-15', 'its nbf is no time')
  return withinTimes({ id: id.value, audiences, validFrom, expiresAt }, now)
}

/** Whether what was verified once is still good. */
export function withinTimes(svid: VerifiedJwtSvid, now: number): Result<VerifiedJwtSvid, Refused> {
  if (now >= svid.expiresAt) return refuseJwt('JV-13', 'it has expired')
  if (now < svid.validFrom) return refuseJwt('JV-15', 'it is not valid yet')
  return ok(svid)
}

/** Text, or a list of texts (RFC 7519 §4.1.3); anything else names nobody. */
function audiencesOf(claims: JsonObject): readonly string[] {
  const aud = claims.get('aud')
  if (typeof aud === 'string') return [aud]
  if (!isJsonArray(aud)) return []
  const texts = aud.filter((each) => typeof each === 'string')
  return texts.length === aud.length ? texts : []
}

/** NumericDate (RFC 7519 §2), which may have a fraction; ms since the epoch. */
function instantOf(claims: JsonObject, name: string): number | undefined {
  const value = claims.get(name)
  if (!(value instanceof JsonNumber)) return undefined
  const ms = Number(value.text) * 1000
  return Number.isFinite(ms) && ms >= 0 && ms <= 8.64e15 ? ms : undefined
}
