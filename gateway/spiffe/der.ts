// A strict reader of DER (X.690 §8, §10, §11): one byte tags, definite and minimal lengths, nothing
// after the end, a bounded depth. What two readers could take for two different things (BER forms,
// padded lengths, a Boolean of 0x01) is refused, because OpenSSL has read the same bytes before us
// and the two must not be able to differ.
//
// Inside this file and `certificate` parsing a malformed byte throws `DerError`; the exported
// parser of a certificate is its only catcher and turns it into a refusal.

import { isUtf8 } from 'node:buffer'

export class DerError extends Error {}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** A certificate with a name and its extensions is 7 deep; nothing honest comes near this. */
const MAX_DEPTH = 16
/** An OID with a UUID in it has 21 bytes; reading one costs the square of its length. */
const MAX_OID_BYTES = 64
const CONSTRUCTED = 0x20
const CONTEXT = 0x80

export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  /** Tag, length and content. */
  readonly raw: Buffer
}

/** Tag of a context-specific element `[number]`. */
export function contextTag(number: number, constructed: boolean): number {
  return CONTEXT | (constructed ? CONSTRUCTED : 0) | number
}

/** Walks the elements of one constructed value, in order. */
export class DerReader {
  readonly #bytes: Buffer
  readonly #what: string
  #at = 0

  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  next(): DerValue {
    const value = readValue(this.#bytes, this.#at, this.#what)
    this.#at += value.raw.length
    return value
  }

  read(tag: number, what: string): DerValue {
    const value = this.next()
    if (value.tag !== tag) {
      throw new DerError(`${what} of ${this.#what}: tag ${hex(value.tag)} instead of ${hex(tag)}`)
    }
    return value
  }

  readOptional(tag: number): DerValue | undefined {
    return !this.atEnd && this.#bytes[this.#at] === tag ? this.next() : undefined
  }

  sequence(what: string): DerReader {
    return new DerReader(this.read(TAG.sequence, what).content, what)
  }

  end(): void {
    if (!this.atEnd) {
      throw new DerError(`${this.#what}: ${this.#bytes.length - this.#at} bytes after its end`)
    }
  }
}

/** The one value that `bytes` holds, with nothing after it. */
export function readWhole(bytes: Buffer, tag: number, what: string): DerReader {
  const outer = new DerReader(bytes, what)
  const value = outer.read(tag, 'outer element')
  outer.end()
  return new DerReader(value.content, what)
}

/** Length in bytes of the first value of `bytes`; for splitting concatenated certificates. */
export function firstValueLength(bytes: Buffer): number {
  return readValue(bytes, 0, 'DER').raw.length
}

function readValue(bytes: Buffer, at: number, what: string): DerValue {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw new DerError(`${what}: truncated`)
  if ((tag & 0x1f) === 0x1f) throw new DerError(`${what}: a tag of several bytes`)
  let start = at + 2
  let length = first
  if (first >= 0x80) {
    const octets = first & 0x7f
    // 0x80 is the indefinite form of BER; four octets are more than any certificate has.
    if (octets === 0 || octets > 4) throw new DerError(`${what}: length form ${hex(first)}`)
    if (start + octets > bytes.length) throw new DerError(`${what}: truncated`)
    length = bytes.readUIntBE(start, octets)
    const isMinimal = length >= 0x80 && bytes[start] !== 0
    if (!isMinimal) throw new DerError(`${what}: a length that is not in its shortest form`)
    start += octets
  }
  const end = start + length
  if (end > bytes.length) throw new DerError(`${what}: truncated`)
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) }
}

/**
 * Throws unless `bytes` is one well-formed DER value through and through, parts that nobody else
 * looks at (names, unknown alternatives) included.
 */
export function checkWellFormed(bytes: Buffer, what: string): void {
  const reader = new DerReader(bytes, what)
  checkValue(reader.next(), what, 1)
  reader.end()
}

function checkValue(value: DerValue, what: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new DerError(`${what}: nested deeper than ${MAX_DEPTH}`)
  const isUniversal = (value.tag & 0xc0) === 0
  const isConstructed = (value.tag & CONSTRUCTED) !== 0
  if (isUniversal && isConstructed && value.tag !== TAG.sequence && value.tag !== TAG.set) {
    throw new DerError(`${what}: a string in constructed (BER) form`)
  }
  if (isConstructed) {
    checkParts(value, what, depth)
  } else if (isUniversal) {
    checkPrimitive(value, what)
  }
}

function checkParts({ tag, content }: DerValue, what: string, depth: number): void {
  const reader = new DerReader(content, what)
  let previous: Buffer | undefined
  while (!reader.atEnd) {
    const part = reader.next()
    checkValue(part, what, depth + 1)
    // X.690 §11.6. A second order would be a second spelling of one name.
    if (tag === TAG.set && previous !== undefined && previous.compare(part.raw) >= 0) {
      throw new DerError(`${what}: a SET whose parts are not in their order`)
    }
    previous = part.raw
  }
}

function checkPrimitive({ tag, content }: DerValue, what: string): void {
  switch (tag) {
    case 0x00:
    case 0x10:
    case 0x11:
      throw new DerError(`${what}: tag ${hex(tag)} in primitive form`)
    case TAG.boolean:
      readBoolean(content)
      return
    case TAG.integer:
    case TAG.enumerated:
      checkInteger(content)
      return
    case TAG.universalString:
      if (content.length % 4 !== 0) throw new DerError(`${what}: a UniversalString cut short`)
      return
    case TAG.bmpString:
      if (content.length % 2 !== 0) throw new DerError(`${what}: a BMPString cut short`)
      return
    case TAG.bitString:
      readBitString(content)
      return
    case TAG.null:
      if (content.length > 0) throw new DerError(`${what}: a NULL with content`)
      return
    case TAG.oid:
      checkOid(content)
      return
    case TAG.utf8String:
      if (!isUtf8(content)) throw new DerError(`${what}: a UTF8String that is not UTF-8`)
      return
    default:
  }
}

export function readBoolean(content: Buffer): boolean {
  const byte = content[0]
  if (content.length !== 1 || (byte !== 0 && byte !== 0xff)) {
    throw new DerError('a BOOLEAN that is neither 00 nor ff')
  }
  return byte === 0xff
}

/** Throws unless these are the content octets of an INTEGER in its shortest form. */
export function checkInteger(content: Buffer): void {
  const [first, second] = content
  if (first === undefined) throw new DerError('an INTEGER without content')
  if (second === undefined) return
  if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)) {
    throw new DerError('an INTEGER that is not in its shortest form')
  }
}

/** A non-negative INTEGER of at most six bytes. */
export function readSmallInteger(content: Buffer, what: string): number {
  checkInteger(content)
  if (content.length > 6 || (content[0] ?? 0) >= 0x80) {
    throw new DerError(`${what}: not a small non-negative number`)
  }
  return content.readUIntBE(0, content.length)
}

/** The content octets of a BIT STRING and how many bits of the last one are unused (zero). */
export function readBitString(content: Buffer): { bytes: Buffer; unusedBits: number } {
  const unusedBits = content[0]
  if (unusedBits === undefined || unusedBits > 7 || (content.length === 1 && unusedBits > 0)) {
    throw new DerError('a BIT STRING with an impossible count of unused bits')
  }
  const bytes = content.subarray(1)
  const last = bytes[bytes.length - 1] ?? 0
  if ((last & ((1 << unusedBits) - 1)) !== 0) {
    throw new DerError('a BIT STRING whose unused bits are not zero')
  }
  return { bytes, unusedBits }
}

function checkOid(content: Buffer): void {
  if (content.length > MAX_OID_BYTES) throw new DerError('an OID of more than 64 bytes')
  let atStart = true
  for (const byte of content) {
    // A leading 0x80 pads a number: a second spelling of the same OID.
    if (atStart && byte === 0x80) throw new DerError('an OID with a padded number')
    atStart = byte < 0x80
  }
  if (content.length === 0 || !atStart) throw new DerError('an OID that is cut short')
}

/** Dotted text of an OID. */
export function readOid(content: Buffer): string {
  checkOid(content)
  const numbers: bigint[] = []
  let number = 0n
  for (const byte of content) {
    number = (number << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    if (numbers.length === 0) {
      const root = number < 40n ? 0n : number < 80n ? 1n : 2n
      numbers.push(root, number - root * 40n)
    } else {
      numbers.push(number)
    }
    number = 0n
  }
  return numbers.join('.')
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}
