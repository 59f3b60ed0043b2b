// An ECDSA signature on P-256 as JWS wants it: r and s, 32 bytes each (RFC 7518 §3.4). Most programs
// write SEQUENCE { r INTEGER, s INTEGER } instead (RFC 3279 §2.2.3). Which of the two it was matters
// to nobody: the caller verifies what comes out.

import { DerError, readWhole, TAG } from '../spiffe/der.ts'

const COORDINATE = 32

/** Undefined: neither form. */
export function ecdsaSignatureOf(bytes: Buffer): Buffer | undefined {
  if (bytes.length === 2 * COORDINATE) return bytes
  try {
    const sequence = readWhole(bytes, TAG.sequence, 'ECDSA signature')
    const r = coordinate(sequence.read(TAG.integer, 'r').content)
    const s = coordinate(sequence.read(TAG.integer, 's').content)
    sequence.end()
    return r === undefined || s === undefined ? undefined : Buffer.concat([r, s])
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return undefined
  }
}

/** A DER integer without its sign byte, with leading zeros. */
function coordinate(content: Buffer): Buffer | undefined {
  const digits = content[0] === 0 ? content.subarray(1) : content
  if (digits.length === 0 || digits.length > COORDINATE) return undefined
  return Buffer.concat([Buffer.alloc(COORDINATE - digits.length), digits])
}
