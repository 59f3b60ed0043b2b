// Which signatures and keys we trust, and the check itself, by node:crypto over the raw signed
// bytes. Algorithms are matched as whole AlgorithmIdentifiers, parameters included, so that no
// parameter (a PSS salt, a mask function) can weaken one that is trusted by name.

import { constants, createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import type { Certificate } from './x509-svid.ts'

export const MIN_RSA_BITS = 2048
/** Verifying with a larger key costs more than a whole handshake. */
export const MAX_RSA_BITS = 8192

type Family = 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss' | 'ed25519'

interface Algorithm {
  readonly family: Family
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null
}

/**
 * Trusted AlgorithmIdentifiers, DER in hexadecimal: RFC 5758 §3.2 (ECDSA), RFC 4055 §5 (RSA, with
 * NULL or no parameters), RFC 4055 §3.1 with the mask function over the same hash and a salt as
 * long as it (PSS), RFC 8410 §3 (Ed25519).
 */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['300a06082a8648ce3d040302', { family: 'ecdsa', hash: 'sha256' }],
  ['300a06082a8648ce3d040303', { family: 'ecdsa', hash: 'sha384' }],
  ['300a06082a8648ce3d040304', { family: 'ecdsa', hash: 'sha512' }],
  ['300d06092a864886f70d01010b0500', { family: 'rsa-pkcs1', hash: 'sha256' }],
  ['300d06092a864886f70d01010c0500', { family: 'rsa-pkcs1', hash: 'sha384' }],
  ['300d06092a864886f70d01010d0500', { family: 'rsa-pkcs1', hash: 'sha512' }],
  ['300b06092a864886f70d01010b', { family: 'rsa-pkcs1', hash: 'sha256' }],
  ['300b06092a864886f70d01010c', { family: 'rsa-pkcs1', hash: 'sha384' }],
  ['300b06092a864886f70d01010d', { family: 'rsa-pkcs1', hash: 'sha512' }],
  [pss('01', 0x20), { family: 'rsa-pss', hash: 'sha256' }],
  [pss('02', 0x30), { family: 'rsa-pss', hash: 'sha384' }],
  [pss('03', 0x40), { family: 'rsa-pss', hash: 'sha512' }],
  ['300506032b6570', { family: 'ed25519', hash: null }],
])

function pss(hash: string, saltLength: number): string {
  const hashAlgorithm = `300d06096086480165030402${hash}0500`
  return (
    `304106092a864886f70d01010a3034a00f${hashAlgorithm}` +
    `a11c301a06092a864886f70d010108${hashAlgorithm}` +
    `a2030201${saltLength.toString(16)}`
  )
}

const KEY_TYPES: Readonly<Record<Family, string>> = {
  ecdsa: 'ec',
  'rsa-pkcs1': 'rsa',
  'rsa-pss': 'rsa',
  ed25519: 'ed25519',
}

const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

export function hasTrustedAlgorithm(certificate: Certificate): boolean {
  return ALGORITHMS.has(certificate.signatureAlgorithm.toString('hex'))
}

/** Whether `key` made the certificate's signature; false also where the two do not fit together. */
export function isSignedBy(certificate: Certificate, key: KeyObject): boolean {
  const algorithm = ALGORITHMS.get(certificate.signatureAlgorithm.toString('hex'))
  if (algorithm === undefined || key.asymmetricKeyType !== KEY_TYPES[algorithm.family]) return false
  const options =
    algorithm.family === 'rsa-pss'
      ? {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }
      : key
  try {
    return verify(algorithm.hash, certificate.tbs, options, certificate.signature)
  } catch {
    // OpenSSL throws instead of answering for some malformed signatures: not signed by this key.
    return false
  }
}

/** The certificate's own public key, where it is of a kind and size that we trust. */
export function trustedPublicKey(certificate: Certificate): Result<KeyObject, string> {
  let key: KeyObject
  try {
    key = createPublicKey({ key: certificate.spki, format: 'der', type: 'spki' })
  } catch {
    return err('its public key cannot be read')
  }
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return ok(key)
    case 'ec':
      if (namedCurve !== undefined && CURVES.has(namedCurve)) return ok(key)
      return err(`its key is on the curve ${namedCurve ?? '?'}; P-256, P-384 or P-521 is needed`)
    case 'rsa':
      if (modulusLength === undefined || modulusLength < MIN_RSA_BITS) {
        return err(`its RSA key has ${modulusLength ?? '?'} bits; at least ${MIN_RSA_BITS}`)
      }
      if (modulusLength > MAX_RSA_BITS) {
        return err(`its RSA key has ${modulusLength} bits; at most ${MAX_RSA_BITS}`)
      }
      return ok(key)
    default:
      return err(`its key is of the kind ${key.asymmetricKeyType ?? '?'}; EC, RSA or Ed25519`)
  }
}
