// One file's chain of records: every record names the hash of the one before it, so that nothing
// can be changed, taken out or put between without every later hash being wrong; and checkpoints,
// signed with the audit key, keep whoever can write the file from computing all later hashes anew.
//
// What a signature covers is the checkpoint's own record without `hash` and `signature`: its `prev`
// stands for every record before it, its `file` and `seq` for the place.

import { canonicalRecordJson, canonicalRecordString } from './canonical.ts'
import { RecordLines } from './record-lines.ts'
import { RECORD_VERSION } from './record.ts'
import type { PreparedRecord } from './record.ts'

/** Keeps a signature over a checkpoint from meaning anything anywhere else. */
const SIGNATURE_CONTEXT = 'svidgate audit checkpoint v1\n'

/** Signs checkpoints; the private key stays behind it. */
export interface AuditSigner {
  /** RFC 7638 thumbprint of the public key. */
  readonly keyId: string
  /** Ed25519 over the bytes, base64url. */
  sign(data: Buffer): string
}

/** A record in some file, as a later file's first record names it. */
export interface RecordLink {
  readonly file: string
  readonly seq: number
  readonly hash: string
}

export interface ChainOpening {
  /** The file's own name. */
  readonly file: string
  /** Makes this file's chain differ from every other's. */
  readonly id: string
  readonly keyId: string
  readonly software: string
  /** RFC 3339 */
  readonly timestamp: string
  /** The last record of the file before, where there is one. */
  readonly previous: RecordLink | undefined
  /** What the first record has as `prev`: the previous record's hash, or zeros. */
  readonly prev: string
}

export type CheckpointType = 'checkpoint' | 'close'

export interface Chain {
  readonly file: string
  /** The record sealed last. */
  readonly last: RecordLink
  append(record: PreparedRecord): void
  /** A `close` record is a checkpoint after which nothing may follow. */
  checkpoint(type: CheckpointType, timestamp: string): void
  /** The lines of what was appended since the last call; they stand until the next record. */
  takeLines(): Buffer
}

/** The bytes that a checkpoint's signature covers, from its record without hash and signature. */
export function checkpointPayload(unsigned: string): Buffer {
  return Buffer.from(SIGNATURE_CONTEXT + unsigned)
}

/** Starts a file's chain; its first record is the first of the lines to take. */
export function openChain(opening: ChainOpening, signer: AuditSigner): Chain {
  const { file } = opening
  const lines = new RecordLines()
  let last: RecordLink = { file, seq: 0, hash: lines.add(openRecord(opening), 0, opening.prev) }

  const seal = (record: PreparedRecord): void => {
    const seq = last.seq + 1
    last = { file, seq, hash: lines.add(record, seq, last.hash) }
  }

  return {
    file,
    get last() {
      return last
    },
    append: seal,
    checkpoint(type, timestamp) {
      const unsigned = canonicalRecordJson({
        file,
        key_id: signer.keyId,
        prev: last.hash,
        seq: last.seq + 1,
        timestamp,
        type,
        version: RECORD_VERSION,
      })
      const signature = signer.sign(checkpointPayload(unsigned))
      seal(checkpointRecord(file, signer.keyId, signature, type, timestamp))
    },
    takeLines: () => lines.take(),
  }
}

function openRecord(opening: ChainOpening): PreparedRecord {
  return {
    beforeHash: `"file":${canonicalRecordString(opening.file)},`,
    beforePrev: `"id":${canonicalRecordString(opening.id)},"key_id":${canonicalRecordString(opening.keyId)},`,
    beforeSeq:
      opening.previous === undefined ? '' : `"previous":${canonicalRecordJson(opening.previous)},`,
    afterSeq:
      `"software":${canonicalRecordString(opening.software)},` +
      `"timestamp":${canonicalRecordString(opening.timestamp)},"type":"open","version":${RECORD_VERSION}`,
  }
}

function checkpointRecord(
  file: string,
  keyId: string,
  signature: string,
  type: CheckpointType,
  timestamp: string,
): PreparedRecord {
  return {
    beforeHash: `"file":${canonicalRecordString(file)},`,
    beforePrev: `"key_id":${canonicalRecordString(keyId)},`,
    beforeSeq: '',
    afterSeq:
      `"signature":${canonicalRecordString(signature)},` +
      `"timestamp":${canonicalRecordString(timestamp)},"type":"${type}","version":${RECORD_VERSION}`,
  }
}
