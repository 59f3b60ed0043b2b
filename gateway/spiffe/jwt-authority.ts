// The JWT authorities of a SPIFFE bundle: keys with `use` `jwt-svid`, each under a `kid`
// (Trust_Domain_and_Bundle.md §4.2). A key that is for something else, of an unknown kind, without a
// `kid` or too weak is nobody's authority: it is skipped, and the rest counts (§4.2.2). Two keys under
// one `kid` are none: which of them was meant, nobody could say.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { isRocaModulus } from './roca.ts'
import { MAX_RSA_BITS, MIN_RSA_BITS } from './public-key.ts'

export interface JwtAuthority {
  readonly kid: string
  readonly key: KeyObject
  /** The JWK's own, where it has one: then no other will do (RFC 7517 §4.4). */
  readonly alg: string | undefined
}

const MAX_KID = 1024
/** FIPS 186-5 §A.1.1. */
const MIN_PUBLIC_EXPONENT = 65_537n
const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * @param jwks the elements of the bundle's `keys`
 * @param unmarked a key without `use`: in a SPIFFE bundle it is skipped, while the JWT bundles of the
 * Workload API hold nothing but JWT authorities, and SPIRE leaves `use` out there
 */
export function jwtAuthoritiesOf(
  jwks: readonly unknown[],
  unmarked: 'skip' | 'take' = 'skip',
): readonly JwtAuthority[] {
  const byKid = new Map<string, JwtAuthority | undefined>()
  for (const jwk of jwks) {
    const authority = authorityOf(jwk, unmarked)
    if (authority === undefined) continue
    byKid.set(authority.kid, byKid.has(authority.kid) ? undefined : authority)
  }
  const authorities = [...byKid.values()].filter((authority) => authority !== undefined)
  return Object.freeze(authorities)
}

function authorityOf(jwk: unknown, unmarked: 'skip' | 'take'): JwtAuthority | undefined {
  const { use, kid, kty, alg, key_ops: operations } = fieldsOf(jwk)
  const isOurs = use === 'jwt-svid' || (use === undefined && unmarked === 'take')
  if (!isOurs || typeof kid !== 'string' || kid === '' || kid.length > MAX_KID) return undefined
  if (alg !== undefined && typeof alg !== 'string') return undefined
  if (operations !== undefined && !isForVerifying(operations)) return undefined
  const key = kty === 'EC' || kty === 'RSA' ? publicKeyOf(fieldsOf(jwk), kty) : undefined
  return key === undefined ? undefined : Object.freeze({ kid, key, alg })
}

/** Only what a public key is made of is looked at, so that no private member can come along. */
function publicKeyOf(jwk: Fields, kty: 'EC' | 'RSA'): KeyObject | undefined {
  const names = kty === 'EC' ? ['crv', 'x', 'y'] : ['n', 'e']
  const members: Record<string, string> = { kty }
  for (const name of names) {
    const value = jwk[name]
    if (typeof value !== 'string') return undefined
    members[name] = value
  }
  let key: KeyObject
  try {
    key = createPublicKey({ key: members, format: 'jwk' })
  } catch {
    // OpenSSL's words say nothing that could be used: the key is none.
    return undefined
  }
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (kty === 'EC') return CURVES.has(namedCurve) ? key : undefined
  const isStrong =
    modulusLength >= MIN_RSA_BITS &&
    modulusLength <= MAX_RSA_BITS &&
    publicExponent >= MIN_PUBLIC_EXPONENT
  return isStrong && !isRocaModulus(Buffer.from(members['n'] ?? '', 'base64url')) ? key : undefined
}

function isForVerifying(operations: unknown): boolean {
  return Array.isArray(operations) && operations.includes('verify')
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(Object.entries(value))
}
