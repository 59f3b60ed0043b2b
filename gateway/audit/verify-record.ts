// What one line can prove by itself: that it is canonical, that its hash is its own, that a
// checkpoint's signature is the audit key's. Trusts public keys and nothing in the file.

import { verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { memberText, scanCanonicalObject, withoutMember } from './canonical-form.ts'
import type { Members } from './canonical-form.ts'
import { checkpointPayload } from './chain.ts'
import type { RecordLink } from './chain.ts'
import { RECORD_VERSION, recordHash } from './record.ts'

const HASH = /^"[0-9a-f]{64}"$/
const SEQ = /^(?:0|[1-9][0-9]*)$/

export interface CheckedRecord {
  readonly text: string
  readonly members: Members
  readonly type: string
  readonly seq: number
  readonly prev: string
  readonly hash: string
}

/** A file's first record, as far as the chain needs it. */
export interface OpenRecord {
  readonly file: string
  readonly previous: RecordLink | undefined
}

/** The record on a line (without its newline), or what is wrong with it. */
export function checkRecord(line: Buffer): Result<CheckedRecord, string> {
  const text = line.toString('utf8')
  // The decoder repairs with U+FFFD what is not UTF-8, which would hide what was changed.
  if (text.includes('\ufffd') && !Buffer.from(text).equals(line)) {
    return err('the line is not UTF-8')
  }
  const scanned = scanCanonicalObject(text)
  if (!scanned.ok) return err(`the line is not canonical JSON: ${scanned.error}`)
  const members = scanned.value

  const version = memberText(text, members, 'version')
  if (version !== String(RECORD_VERSION)) return err('the record has no known version')
  const hash = memberText(text, members, 'hash')
  const prev = memberText(text, members, 'prev')
  const seq = memberText(text, members, 'seq')
  const type = stringMember(text, members, 'type')
  const span = members.get('hash')
  if (span === undefined || hash === undefined || !HASH.test(hash)) return err('no hash')
  if (prev === undefined || !HASH.test(prev)) return err('no prev')
  if (seq === undefined || !SEQ.test(seq)) return err('no seq')
  if (type === undefined) return err('no type')
  if (`"${recordHash(withoutMember(text, span))}"` !== hash) {
    return err('the hash is not the hash of this record: it was changed')
  }
  return ok({
    text,
    members,
    type,
    seq: Number(seq),
    prev: prev.slice(1, -1),
    hash: hash.slice(1, -1),
  })
}

/** Undefined when the checkpoint's signature is good; else what is wrong. */
export function checkSignature(
  record: CheckedRecord,
  keys: ReadonlyMap<string, KeyObject>,
): string | undefined {
  const { text, members } = record
  const keyId = stringMember(text, members, 'key_id')
  const signature = stringMember(text, members, 'signature')
  const hashSpan = members.get('hash')
  const signatureSpan = members.get('signature')
  if (
    keyId === undefined ||
    signature === undefined ||
    hashSpan === undefined ||
    signatureSpan === undefined
  ) {
    return 'a checkpoint without key_id or signature'
  }
  const key = keys.get(keyId)
  if (key === undefined) return `signed with the key ${keyId}, which was not given`
  // `signature` stands behind `hash`: taken out first, it leaves the other's place as it is.
  const unsigned = withoutMember(withoutMember(text, signatureSpan), hashSpan)
  const good = verify(null, checkpointPayload(unsigned), key, Buffer.from(signature, 'base64url'))
  return good ? undefined : `the signature is not the key ${keyId}'s: the checkpoint is forged`
}

export function readOpenRecord(record: CheckedRecord): Result<OpenRecord, string> {
  const { text, members } = record
  const file = stringMember(text, members, 'file')
  if (record.type !== 'open' || file === undefined) return err('the first record is no open record')
  const previousText = memberText(text, members, 'previous')
  if (previousText === undefined) return ok({ file, previous: undefined })
  const previous: unknown = JSON.parse(previousText)
  if (!isLink(previous)) return err('the open record names no record in `previous`')
  return ok({ file, previous })
}

/** The text of a member that is a string; undefined for any other. */
function stringMember(text: string, members: Members, name: string): string | undefined {
  const value = memberText(text, members, name)
  return value?.startsWith('"') === true ? String(JSON.parse(value)) : undefined
}

function isLink(value: unknown): value is RecordLink {
  return (
    typeof value === 'object' &&
    value !== null &&
    'file' in value &&
    typeof value.file === 'string' &&
    'seq' in value &&
    typeof value.seq === 'number' &&
    'hash' in value &&
    typeof value.hash === 'string'
  )
}
