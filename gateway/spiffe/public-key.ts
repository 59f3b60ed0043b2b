// Which public keys we trust. The key algorithm is matched as a whole AlgorithmIdentifier, so that
// a curve spelt out in parameters of the issuer's own (where another generator makes any signature
// verify) or a restricted RSA key has no way in, and the key itself is read as strictly as the rest
// before OpenSSL, which is more forgiving, makes a key object of it.

import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { DerError, DerReader, TAG, checkWellFormed } from './der.ts'
import { readBitString, readOid, readSmallInteger, readWhole } from './der.ts'
import type { Certificate } from './x509-svid.ts'

export const MIN_RSA_BITS = 2048
/** Verifying with a larger key costs more than a whole handshake. */
export const MAX_RSA_BITS = 8192
/** NIST SP 800-56B §6.2: with 1 everybody signs, with 3 a careless padding check is enough. */
const MIN_RSA_EXPONENT = 65537
/** Larger ones, which NIST allows, cost as much as they are long; nobody makes them. */
const MAX_RSA_EXPONENT_BITS = 32

type KeyKind =
  | { readonly kind: 'rsa' }
  | { readonly kind: 'point'; readonly bytes: number }
  | { readonly kind: 'ed25519'; readonly bytes: 32 }

/** AlgorithmIdentifiers, DER in hexadecimal: RFC 3279 §2.3.1, RFC 5480 §2.1.1, RFC 8410 §3. */
const KEY_ALGORITHMS: ReadonlyMap<string, KeyKind> = new Map<string, KeyKind>([
  ['300d06092a864886f70d0101010500', { kind: 'rsa' }],
  ['301306072a8648ce3d020106082a8648ce3d030107', { kind: 'point', bytes: 65 }],
  ['301006072a8648ce3d020106052b81040022', { kind: 'point', bytes: 97 }],
  ['301006072a8648ce3d020106052b81040023', { kind: 'point', bytes: 133 }],
  ['300506032b6570', { kind: 'ed25519', bytes: 32 }],
])

const UNCOMPRESSED = 0x04

/** The certificate's own public key, where it is of a kind and size that we trust. */
export function trustedPublicKey({ spki }: Certificate): Result<KeyObject, string> {
  try {
    const problem = keyProblem(spki)
    if (problem !== undefined) return err(problem)
  } catch (error) {
    if (error instanceof DerError) return err(`its public key cannot be read: ${error.message}`)
    throw error
  }
  try {
    return ok(createPublicKey({ key: spki, format: 'der', type: 'spki' }))
  } catch {
    return err('its public key is none: a point beside the curve, for example')
  }
}

function keyProblem(spki: Buffer): string | undefined {
  const parts = readWhole(spki, TAG.sequence, 'public key')
  const algorithm = parts.read(TAG.sequence, 'algorithm')
  const { bytes } = readBitString(parts.read(TAG.bitString, 'key').content)
  const known = KEY_ALGORITHMS.get(algorithm.raw.toString('hex'))
  if (known === undefined) {
    const id = readOid(new DerReader(algorithm.content, 'key').read(TAG.oid, 'id').content)
    return `its key (${id}) is none of RSA, P-256, P-384, P-521 by name, and Ed25519`
  }
  if (known.kind === 'rsa') return rsaProblem(bytes)
  const isWhole = bytes.length === known.bytes
  if (isWhole && (known.kind === 'ed25519' || bytes[0] === UNCOMPRESSED)) return undefined
  return `its key has ${bytes.length} bytes; ${known.bytes}, uncompressed, are needed`
}

function rsaProblem(bytes: Buffer): string | undefined {
  checkWellFormed(bytes, 'RSA key')
  const key = readWhole(bytes, TAG.sequence, 'RSA key')
  const modulus = key.read(TAG.integer, 'modulus').content
  const exponent = key.read(TAG.integer, 'exponent').content
  key.end()
  const size = bitLength(modulus)
  if (size < MIN_RSA_BITS) return `its RSA key has ${size} bits; at least ${MIN_RSA_BITS}`
  if (size > MAX_RSA_BITS) return `its RSA key has ${size} bits; at most ${MAX_RSA_BITS}`
  if (!isOdd(modulus)) return 'its RSA modulus is even: a product of two primes is not'
  if (bitLength(exponent) > MAX_RSA_EXPONENT_BITS) {
    return `its RSA exponent has more than ${MAX_RSA_EXPONENT_BITS} bits`
  }
  const e = readSmallInteger(exponent, 'RSA exponent')
  if (e < MIN_RSA_EXPONENT || e % 2 === 0) {
    return `its RSA exponent is ${e}; an odd one of at least ${MIN_RSA_EXPONENT} is needed`
  }
  return undefined
}

/** Of a non-negative INTEGER in its shortest form; a negative one has none. */
function bitLength(content: Buffer): number {
  const [first = 0] = content
  if (first >= 0x80) return 0
  return (content.length - 1) * 8 + 32 - Math.clz32(first)
}

function isOdd(content: Buffer): boolean {
  return ((content[content.length - 1] ?? 0) & 1) === 1
}
