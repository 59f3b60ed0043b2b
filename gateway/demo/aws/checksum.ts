// The checksums that S3 verifies: CRC-32 (IEEE), CRC-32C (Castagnoli), CRC-64/NVME, SHA-1 and
// SHA-256, each base64 of its big-endian bytes (Amazon S3 User Guide, "Checking object integrity").

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const CHECKSUM_NAMES = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumName = (typeof CHECKSUM_NAMES)[number]

export interface Checksum {
  update(chunk: Uint8Array): void
  digest(): Buffer
}

const CRC32C_REFLECTED = 0x82f63b78
const CRC64NVME_REFLECTED = 0x9a6c9329ac4bc9b5n

function crc32cTable(): Uint32Array {
  const table = new Uint32Array(256)
  for (let index = 0; index < 256; index += 1) {
    let value = index
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1) === 1 ? (value >>> 1) ^ CRC32C_REFLECTED : value >>> 1
    }
    table[index] = value >>> 0
  }
  return table
}

function crc64Tables(): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256)
  const low = new Uint32Array(256)
  for (let index = 0; index < 256; index += 1) {
    let value = BigInt(index)
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1n) === 1n ? (value >> 1n) ^ CRC64NVME_REFLECTED : value >> 1n
    }
    high[index] = Number(value >> 32n)
    low[index] = Number(value & 0xffffffffn)
  }
  return { high, low }
}

class Crc32 implements Checksum {
  #value = 0

  update(chunk: Uint8Array): void {
    this.#value = crc32(chunk, this.#value)
  }

  digest(): Buffer {
    const out = Buffer.alloc(4)
    out.writeUInt32BE(this.#value >>> 0)
    return out
  }
}

class Crc32c implements Checksum {
  static readonly #table = crc32cTable()
  #value = 0xffffffff

  update(chunk: Uint8Array): void {
    const table = Crc32c.#table
    let value = this.#value
    for (const byte of chunk) value = (table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)
    this.#value = value
  }

  digest(): Buffer {
    const out = Buffer.alloc(4)
    out.writeUInt32BE((this.#value ^ 0xffffffff) >>> 0)
    return out
  }
}

/** 64 bits as two halves, because BigInt arithmetic a byte would take seconds per 100 MB. */
class Crc64Nvme implements Checksum {
  static readonly #tables = crc64Tables()
  #high = 0xffffffff
  #low = 0xffffffff

  update(chunk: Uint8Array): void {
    const tables = Crc64Nvme.#tables
    let high = this.#high
    let low = this.#low
    for (const byte of chunk) {
      const index = (low ^ byte) & 0xff
      low = (tables.low[index] ?? 0) ^ ((low >>> 8) | (high << 24))
      high = (tables.high[index] ?? 0) ^ (high >>> 8)
    }
    this.#high = high
    this.#low = low
  }

  digest(): Buffer {
    const out = Buffer.alloc(8)
    out.writeUInt32BE((this.#high ^ 0xffffffff) >>> 0, 0)
    out.writeUInt32BE((this.#low ^ 0xffffffff) >>> 0, 4)
    return out
  }
}

function hashChecksum(algorithm: 'sha1' | 'sha256'): Checksum {
  const hash = createHash(algorithm)
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() }
}

export function createChecksum(name: ChecksumName): Checksum {
  switch (name) {
    case 'crc32':
      return new Crc32()
    case 'crc32c':
      return new Crc32c()
    case 'crc64nvme':
      return new Crc64Nvme()
    case 'sha1':
    case 'sha256':
      return hashChecksum(name)
    default:
      return name satisfies never
  }
}

export function isChecksumName(text: string): text is ChecksumName {
  return CHECKSUM_NAMES.some((name) => name === text)
}

/** How the XML answers spell it: `ChecksumCRC32`. */
export function checksumElement(name: ChecksumName): string {
  return `Checksum${name.toUpperCase()}`
}
