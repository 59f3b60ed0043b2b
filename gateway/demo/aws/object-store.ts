// What the sandbox S3 keeps, in bounded memory: an object over the cap, or one that would exceed the
// budget of all, is verified and hashed like any other but only its length and hashes stay. A
// synthetic object has a length and a content that is computed as it is read.

import { createHash, randomBytes } from 'node:crypto'
import type { ChecksumName } from './checksum.ts'

const MAX_ENTRIES = 10_000
const SYNTHETIC_BLOCK_BYTES = 64 * 1024

export type ObjectContent =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'synthetic' }
  /** Too big to keep: its hashes are known, its bytes are gone. */
  | { readonly kind: 'forgotten' }

export interface ObjectChecksum {
  readonly name: ChecksumName
  /** Base64; of a multipart object `<base64>-<parts>`. */
  readonly value: string
  readonly type: 'FULL_OBJECT' | 'COMPOSITE'
}

/** Headers that are stored with an object and sent back with it. */
export type ObjectHeaders = readonly (readonly [name: string, value: string])[]

export interface StoredObject {
  readonly key: string
  readonly length: number
  /** With its quotes. */
  readonly etag: string
  readonly lastModified: number
  readonly content: ObjectContent
  readonly headers: ObjectHeaders
  readonly checksum: ObjectChecksum | undefined
}

export interface StoredPart {
  readonly length: number
  readonly md5: Buffer
  readonly bytes: Buffer | undefined
  readonly checksum: { readonly name: ChecksumName; readonly value: string } | undefined
  readonly lastModified: number
}

export interface MultipartUpload {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly headers: ObjectHeaders
  readonly checksumName: ChecksumName | undefined
  readonly parts: Map<number, StoredPart>
}

export interface StoredBucket {
  readonly name: string
  /** Twelve digits: the account it belongs to. */
  readonly owner: string
  readonly createdAt: number
  readonly objects: Map<string, StoredObject>
}

export interface MemoryLimits {
  /** A bigger object is not kept. */
  readonly objectBytes: number
  /** All that is kept, together. */
  readonly totalBytes: number
}

export const DEFAULT_MEMORY: MemoryLimits = {
  objectBytes: 16 * 1024 * 1024,
  totalBytes: 64 * 1024 * 1024,
}

/** Collects a body while it fits; what does not fit is dropped at once. */
export class ByteCollector {
  readonly #memory: Memory
  #chunks: Buffer[] | undefined = []
  #held = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  add(chunk: Buffer): void {
    if (this.#chunks === undefined) return
    if (this.#memory.take(this.#held, chunk.length)) {
      this.#chunks.push(chunk)
      this.#held += chunk.length
    } else this.discard()
  }

  discard(): void {
    this.#memory.give(this.#held)
    this.#held = 0
    this.#chunks = undefined
  }

  /** The bytes, whose memory now belongs to the caller; undefined when they did not fit. */
  finish(): Buffer | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks)
  }
}

class Memory {
  readonly limits: MemoryLimits
  #used = 0

  constructor(limits: MemoryLimits) {
    this.limits = limits
  }

  /** Whether `more` bytes fit beside the `held` ones of the same object; counts them if so. */
  take(held: number, more: number): boolean {
    if (held + more > this.limits.objectBytes) return false
    if (this.#used + more > this.limits.totalBytes) return false
    this.#used += more
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }

  get used(): number {
    return this.#used
  }
}

/** The content of synthetic objects: one pseudo-random block of 64 KiB, repeated. */
function syntheticBlock(): Buffer {
  const parts: Buffer[] = []
  for (let index = 0; index < SYNTHETIC_BLOCK_BYTES / 32; index += 1) {
    parts.push(createHash('sha256').update(`svidgate synthetic ${index}`).digest())
  }
  return Buffer.concat(parts)
}

export class ObjectStore {
  readonly buckets = new Map<string, StoredBucket>()
  readonly uploads = new Map<string, MultipartUpload>()
  readonly memory: Memory
  readonly #block = syntheticBlock()
  #entries = 0

  constructor(limits: MemoryLimits) {
    this.memory = new Memory(limits)
  }

  /** False when the store holds as many objects as it may. */
  put(bucket: StoredBucket, object: StoredObject): boolean {
    if (!bucket.objects.has(object.key) && this.#entries >= MAX_ENTRIES) return false
    this.remove(bucket, object.key)
    bucket.objects.set(object.key, object)
    this.#entries += 1
    return true
  }

  remove(bucket: StoredBucket, key: string): void {
    const old = bucket.objects.get(key)
    if (old === undefined) return
    if (old.content.kind === 'bytes') this.memory.give(old.content.bytes.length)
    bucket.objects.delete(key)
    this.#entries -= 1
  }

  openUpload(upload: Omit<MultipartUpload, 'id' | 'parts'>): MultipartUpload | undefined {
    if (this.uploads.size >= MAX_ENTRIES) return undefined
    const opened = { ...upload, id: randomBytes(32).toString('base64url'), parts: new Map() }
    this.uploads.set(opened.id, opened)
    return opened
  }

  setPart(upload: MultipartUpload, number: number, part: StoredPart): void {
    this.memory.give(upload.parts.get(number)?.bytes?.length ?? 0)
    upload.parts.set(number, part)
  }

  /** Forgets the upload and the bytes of its parts. */
  closeUpload(upload: MultipartUpload): void {
    for (const part of upload.parts.values()) this.memory.give(part.bytes?.length ?? 0)
    this.uploads.delete(upload.id)
  }

  /** Bytes `from`..`to` (exclusive) in pieces; undefined when they were not kept. */
  read(object: StoredObject, from: number, to: number): Iterable<Buffer> | undefined {
    const { content } = object
    if (content.kind === 'forgotten') return undefined
    if (content.kind === 'bytes') return [content.bytes.subarray(from, to)]
    return this.#synthetic(from, to)
  }

  *#synthetic(from: number, to: number): Iterable<Buffer> {
    let at = from
    while (at < to) {
      const offset = at % SYNTHETIC_BLOCK_BYTES
      const piece = this.#block.subarray(offset, Math.min(offset + to - at, SYNTHETIC_BLOCK_BYTES))
      at += piece.length
      yield piece
    }
  }
}
