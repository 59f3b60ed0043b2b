// Writes the DER that a development CA needs (X.690 §8, §10): values in their only correct form.
// Names of functions are those of the ASN.1 types.

import { TAG, contextTag } from './der.ts'

export function encode(tag: number, ...content: readonly Buffer[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.from([tag]), encodeLength(length), ...content])
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length])
  const hex = length.toString(16)
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets])
}

export function sequence(...content: readonly Buffer[]): Buffer {
  return encode(TAG.sequence, ...content)
}

export function set(...content: readonly Buffer[]): Buffer {
  return encode(TAG.set, ...content)
}

export function explicit(number: number, content: Buffer): Buffer {
  return encode(contextTag(number, true), content)
}

export function implicit(number: number, content: Buffer): Buffer {
  return encode(contextTag(number, false), content)
}

export function boolean(value: boolean): Buffer {
  return encode(TAG.boolean, Buffer.from([value ? 0xff : 0]))
}

/** A non-negative INTEGER, from its big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const shortest = bytes.subarray(start)
  const sign = (shortest[0] ?? 0) >= 0x80 || shortest.length === 0 ? Buffer.from([0]) : Buffer.of()
  return encode(TAG.integer, sign, shortest)
}

export function octetString(bytes: Buffer): Buffer {
  return encode(TAG.octetString, bytes)
}

export function bitString(bytes: Buffer): Buffer {
  return encode(TAG.bitString, Buffer.from([0]), bytes)
}

/** A named bit list: no trailing zero bits (X.690 §11.2.2). Bit 0 is the highest of the first byte. */
export function namedBits(bits: readonly number[]): Buffer {
  const highest = Math.max(-1, ...bits)
  const bytes = Buffer.alloc((highest + 8) >> 3)
  for (const bit of bits)
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) | (0x80 >> (bit & 7)), bit >> 3)
  return encode(TAG.bitString, Buffer.from([(bytes.length << 3) - highest - 1]), bytes)
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const number of [first * 40 + second, ...rest]) {
    const groups = [number & 0x7f]
    for (let high = number >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return encode(TAG.oid, Buffer.from(bytes))
}

export function utf8String(text: string): Buffer {
  return encode(TAG.utf8String, Buffer.from(text, 'utf8'))
}

/** Time of RFC 5280 §4.1.2.5; `ms` is cut to whole seconds. */
export function time(ms: number): Buffer {
  const iso = new Date(ms).toISOString()
  const digits = iso.slice(0, 19).replace(/[-:T]/g, '')
  const isUtcTime = digits >= '1950' && digits < '2050'
  return isUtcTime
    ? encode(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : encode(TAG.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'))
}
