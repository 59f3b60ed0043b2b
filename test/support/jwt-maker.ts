// Makes JWTs, good and bad, with node:crypto alone: the code under test verifies with another library.

import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

export interface TestKeyPair {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export type KeyKind = 'rsa' | 'P-256' | 'P-384' | 'P-521' | 'ed25519'

const pairs = new Map<string, TestKeyPair>()

/** The same pair for the same kid within a test file. */
export function keyPair(kid: string, kind: KeyKind): TestKeyPair {
  const known = pairs.get(`${kid} ${kind}`)
  if (known !== undefined) return known
  const made =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : kind === 'ed25519'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('ec', { namedCurve: kind })
  const pair = { kid, ...made }
  pairs.set(`${kid} ${kind}`, pair)
  return pair
}

/** As it stands in a SPIFFE bundle. */
export function bundleKey(
  { kid, publicKey }: TestKeyPair,
  change: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'jwt-svid', ...change }
}

/** RFC 7518 §3: the signature of each algorithm, over `input`. */
export function signatureOf(alg: string, input: string, key: KeyObject): Buffer {
  const hash = `sha${alg.slice(2)}`
  const data = Buffer.from(input)
  switch (alg.slice(0, 2)) {
    case 'RS':
      return sign(hash, data, key)
    case 'PS':
      return sign(hash, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    case 'ES':
      return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
    default:
      return sign(null, data, key)
  }
}

export function base64url(value: object | string | Buffer): string {
  const bytes = Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  return bytes.toString('base64url')
}

/** Header and claims as objects, or as JSON text of their own. */
export function jwt(header: object | string, claims: object | string, pair: TestKeyPair): string {
  const alg = /"alg":"(\w+)"/.exec(typeof header === 'string' ? header : JSON.stringify(header))
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${base64url(signatureOf(alg?.[1] ?? '', input, pair.privateKey))}`
}

/** Signed with a secret. */
export function hmacJwt(header: object, claims: object, secret: Buffer | string): string {
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
