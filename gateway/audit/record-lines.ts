// Records on their way to the file, as bytes: each is written once, hashed where it stands, and its
// hash is put in between. One buffer serves every batch of a file, because a file is written by one
// call at a time.

import { hash as digest } from 'node:crypto'
import type { PreparedRecord } from './record.ts'

const FIRST_BYTES = 64 * 1024
/** A buffer that one large batch made larger is not kept. */
const KEPT_BYTES = 1024 * 1024
/** UTF-8 takes at most this many bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3
/** `"hash":"<64 digits>",` */
const HASH_MEMBER_BYTES = 74

export class RecordLines {
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #length = 0

  /**
   * Puts a record into its place: `prev` is the hash of the record before it. Returns its own hash,
   * SHA-256 over the canonical record without its `hash`, lower-case hexadecimal.
   */
  add(record: PreparedRecord, seq: number, prev: string): string {
    const head = `{${record.beforeHash}`
    const rest = `${record.beforePrev}"prev":"${prev}",${record.beforeSeq}"seq":${seq},${record.afterSeq}}\n`
    this.#reserve((head.length + rest.length) * BYTES_PER_UNIT + HASH_MEMBER_BYTES)
    const bytes = this.#bytes
    const start = this.#length
    const middle = start + bytes.write(head, start, 'utf8')
    const end = middle + bytes.write(rest, middle, 'utf8')
    const hash = digest('sha256', bytes.subarray(start, end - 1), 'hex')
    bytes.copyWithin(middle + HASH_MEMBER_BYTES, middle, end)
    bytes.write(`"hash":"${hash}",`, middle, 'latin1')
    this.#length = end + HASH_MEMBER_BYTES
    return hash
  }

  /** The lines since the last call, newlines included. They stand until the next `add`. */
  take(): Buffer {
    const lines = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
    return lines
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
