// Which signatures we trust, and the check itself, by node:crypto over the raw signed bytes. Algorithms are matched as whole AlgorithmIdentifiers, parameters included, so that no
// parameter (a PSS salt, a mask function) can weaken one that is trusted by name.

import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Certificate } from './x509-svid.ts'

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
