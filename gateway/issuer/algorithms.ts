// The two algorithms that the issuer knows (RFC 7518 §3.1), and what a key of each must be. RS256 is
// what every cloud takes; ES256 is for those that take it too. The algorithm is a property of the
// key, never of a token (RFC 8725 §3.1).

import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'

export const ISSUER_ALGORITHMS = ['RS256', 'ES256'] as const
export type IssuerAlgorithm = (typeof ISSUER_ALGORITHMS)[number]

/** Bits. What all three clouds accept and NIST SP 800-131A asks for. */
export const MIN_MODULUS_LENGTH = 2048

interface PublicJwkCommon {
  readonly use: 'sig'
  /** RFC 7638 thumbprint. */
  readonly kid: string
}

/** RFC 7517, public members only; Google refuses any other than these in an uploaded JWK Set. */
export type PublicJwk =
  | (PublicJwkCommon & {
      readonly kty: 'RSA'
      readonly n: string
      readonly e: string
      readonly alg: 'RS256'
    })
  | (PublicJwkCommon & {
      readonly kty: 'EC'
      readonly crv: 'P-256'
      readonly x: string
      readonly y: string
      readonly alg: 'ES256'
    })

/** What a key of an algorithm must be, for messages. */
export const KEY_FORMS: Readonly<Record<IssuerAlgorithm, string>> = {
  RS256: `an RSA key of ${MIN_MODULUS_LENGTH} bits or more`,
  ES256: 'an elliptic curve key on P-256',
}

/** The algorithm that a key is good for; undefined: none of ours. */
export function algorithmOf(key: KeyObject): IssuerAlgorithm | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (asymmetricKeyType === 'rsa') {
    const bits = asymmetricKeyDetails?.modulusLength ?? 0
    return bits >= MIN_MODULUS_LENGTH ? 'RS256' : undefined
  }
  const isP256 = asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
  return isP256 ? 'ES256' : undefined
}

/** Undefined for a key that is good for none of our algorithms. */
export async function publicJwkOf(publicKey: KeyObject): Promise<PublicJwk | undefined> {
  const algorithm = algorithmOf(publicKey)
  if (algorithm === undefined) return undefined
  const { n, e, x, y } = publicKey.export({ format: 'jwk' })
  if (algorithm === 'RS256') {
    if (n === undefined || e === undefined) return undefined
    const kid = await calculateJwkThumbprint({ kty: 'RSA', n, e }, 'sha256')
    return Object.freeze({ kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid })
  }
  if (x === undefined || y === undefined) return undefined
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y }, 'sha256')
  return Object.freeze({ kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig', kid })
}
