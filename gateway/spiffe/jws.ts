// Opens a compact JWS (RFC 7515 §7.1) by the rules that a JWT-SVID sets for it (JWT-SVID.md §2): the
// algorithm from a closed list and fit for the key, three header parameters at most, one spelling.
// The mathematics is jose's; what it would let pass without being told is refused before it is asked.

import { compactVerify } from 'jose'
import type { Refusal, SvidCode } from '../errors.ts'
import { isJsonObject, parseStrictJson, type JsonObject, type JsonValue } from '../util/json.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { JwtAuthority } from './jwt-authority.ts'
import { refuseJwt } from './jwt-rules.ts'

type Refused = Refusal<SvidCode>

export interface UnverifiedJws {
  readonly token: string
  readonly alg: string
  readonly kid: string | undefined
  /** Not to be believed before `verifyJws`. */
  readonly payload: Buffer
}

/** Characters; a JWT-SVID has about 500. */
export const MAX_JWT_SVID_LENGTH = 8192

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)$/
const HEADER_NAMES: ReadonlySet<string> = new Set(['alg', 'kid', 'typ'])
const MAX_DEPTH = 16
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Key type, and for elliptic curves the curve, that each algorithm takes (RFC 7518 §3.1). */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['RS256', 'rsa'],
  ['RS384', 'rsa'],
  ['RS512', 'rsa'],
  ['PS256', 'rsa'],
  ['PS384', 'rsa'],
  ['PS512', 'rsa'],
  ['ES256', 'prime256v1'],
  ['ES384', 'secp384r1'],
  ['ES512', 'secp521r1'],
])

export function readJws(token: string): Result<UnverifiedJws, Refused> {
  if (token.length > MAX_JWT_SVID_LENGTH) {
    return refuseJwt('JV+2', `it has more than ${MAX_JWT_SVID_LENGTH} characters`)
  }
  const parts = COMPACT.exec(token)
  if (parts === null) return refuseJwt('JV-24', 'it is no JWS in compact serialisation')
  const decoded = parts.slice(1).map((part) => decodeOnlySpelling(part))
  const [head, payload, signature] = decoded
  if (head === undefined || payload === undefined || signature === undefined) {
    return refuseJwt('JV-24', 'a part of it is not base64url in its only spelling')
  }
  const header = readJsonObject(head)
  if (header === undefined) return refuseJwt('JV+1', 'its header is not one JSON object')
  const odd = [...header.keys()].find((name) => !HEADER_NAMES.has(name))
  if (odd !== undefined) return refuseJwt('JV-23', 'its header has another parameter')
  return readHeader(token, header, payload)
}

function readHeader(
  token: string,
  header: JsonObject,
  payload: Buffer,
): Result<UnverifiedJws, Refused> {
  const alg = header.get('alg')
  if (typeof alg !== 'string' || !ALGORITHMS.has(alg)) {
    return refuseJwt('JV-3', 'its algorithm is none of JWT-SVID')
  }
  const typ = header.get('typ')
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') {
    return refuseJwt('JV-21', 'its typ is neither JWT nor JOSE')
  }
  const kid = header.get('kid')
  if (kid !== undefined && typeof kid !== 'string') {
    return refuseJwt('JV-24', 'its kid is no text')
  }
  return ok({ token, alg, kid, payload })
}

/** Whether one of the keys made the signature; without a `kid`, any that fits may have. */
export async function verifyJws(
  jws: UnverifiedJws,
  authorities: readonly JwtAuthority[],
): Promise<Result<void, Refused>> {
  const { alg, kid } = jws
  const named = kid === undefined ? authorities : authorities.filter((key) => key.kid === kid)
  if (named.length === 0) return refuseJwt('JV-16', 'no key of the bundle has its kid')
  const fit = named.filter((authority) => isFit(authority, alg))
  if (fit.length === 0) return refuseJwt('JV-7', 'its key is of another kind than its algorithm')
  for (const { key } of fit) {
    if (await isSignedWith(jws, key)) return ok(undefined)
  }
  return refuseJwt('JV-16', 'its signature is of no key of the bundle')
}

function isFit({ key, alg: own }: JwtAuthority, alg: string): boolean {
  if (own !== undefined && own !== alg) return false
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  return ALGORITHMS.get(alg) === (type === 'ec' ? details?.namedCurve : type)
}

async function isSignedWith({ token, alg }: UnverifiedJws, key: JwtAuthority['key']) {
  try {
    await compactVerify(token, key, { algorithms: [alg] })
    return true
  } catch {
    // The library's text may quote the token, so it is left out.
    return false
  }
}

/** Base64url has several spellings for some bytes; whoever compares texts must meet one only. */
function decodeOnlySpelling(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

/** Undefined: not UTF-8, no JSON, a name twice, or no object. */
export function readJsonObject(bytes: Buffer): JsonObject | undefined {
  const text = decodeUtf8(bytes)
  const parsed: Result<JsonValue, unknown> =
    text === undefined ? err(undefined) : parseStrictJson(text, { maxDepth: MAX_DEPTH })
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return UTF8.decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return undefined
  }
}
