// One audit file, walked from its first record to the first that is wrong.

import type { KeyObject } from 'node:crypto'
import type { RecordLink } from './chain.ts'
import { readLines } from './lines.ts'
import type { FileEnd } from './lines.ts'
import { NO_HASH } from './record.ts'
import { checkRecord, checkSignature, readOpenRecord } from './verify-record.ts'
import type { CheckedRecord } from './verify-record.ts'

/** Something about a place: `line` counts from 1. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly what: string
}

export interface FileWalk {
  readonly file: string
  /** Hashes of the records that later files say they continue. */
  readonly found: Map<number, string>
  readonly notices: Finding[]
  /** What the first record says it continues, and the hash that it gives for it. */
  previous: RecordLink | undefined
  prev: string
  /** Whole records up to the first that is wrong. */
  records: number
  lastHash: string
  closed: boolean
  /** The last record that a signature covers; -1 for none. */
  covered: number
  problem: Finding | undefined
}

/** `wanted`: the records whose hashes later files name. Rejects with the file system's error. */
export async function walkFile(
  path: string,
  file: string,
  wanted: ReadonlySet<number>,
  keys: ReadonlyMap<string, KeyObject>,
): Promise<FileWalk> {
  const walk: FileWalk = {
    file,
    found: new Map(),
    notices: [],
    previous: undefined,
    prev: NO_HASH,
    records: 0,
    lastHash: NO_HASH,
    closed: false,
    covered: -1,
    problem: undefined,
  }
  const end = await readLines(path, 0, (bytes) => {
    const checked = checkRecord(bytes)
    const flaw = checked.ok ? placeRecord(walk, checked.value, keys) : checked.error
    if (flaw === undefined) {
      const seq = walk.records - 1
      if (wanted.has(seq)) walk.found.set(seq, walk.lastHash)
      return true
    }
    walk.problem = { file, line: walk.records + 1, what: flaw }
    return false
  })
  if (walk.problem === undefined) checkEnd(walk, end)
  return walk
}

function checkEnd(walk: FileWalk, { tornBytes, isTooLong }: FileEnd): void {
  const at = { file: walk.file, line: walk.records + 1 }
  if (isTooLong) {
    walk.problem = { ...at, what: 'a line longer than any record' }
    return
  }
  if (tornBytes > 0) {
    const what = `a torn line of ${tornBytes} bytes at the end`
    if (walk.closed) walk.problem = { ...at, what: `${what}, behind the close record` }
    else walk.notices.push({ ...at, what })
  }
  if (walk.records === 0) {
    walk.problem = { ...at, what: 'no whole record' }
  } else if (!walk.closed) {
    walk.notices.push({
      file: walk.file,
      line: walk.records,
      what: 'no close record: the file is still written to, its process was killed, or it was cut off here',
    })
  }
}

/** Undefined when the record stands where its chain wants it; else what is wrong. */
function placeRecord(
  walk: FileWalk,
  record: CheckedRecord,
  keys: ReadonlyMap<string, KeyObject>,
): string | undefined {
  if (walk.closed) return 'a record behind the close record'
  if (record.seq !== walk.records) {
    return `seq is ${record.seq} where ${walk.records} is due: records are missing or out of order`
  }
  const flaw = record.seq === 0 ? placeFirst(walk, record) : placeNext(walk, record)
  if (flaw !== undefined) return flaw
  if (record.type === 'checkpoint' || record.type === 'close') {
    const forged = checkSignature(record, keys)
    if (forged !== undefined) return forged
    walk.covered = record.seq
    walk.closed = record.type === 'close'
  }
  walk.lastHash = record.hash
  walk.records += 1
  return undefined
}

function placeFirst(walk: FileWalk, record: CheckedRecord): string | undefined {
  const open = readOpenRecord(record)
  if (!open.ok) return open.error
  walk.previous = open.value.previous
  walk.prev = record.prev
  if (open.value.file !== walk.file) {
    walk.notices.push({ file: walk.file, line: 1, what: `it was named ${open.value.file}` })
  }
  return undefined
}

function placeNext(walk: FileWalk, record: CheckedRecord): string | undefined {
  if (record.type === 'open') return 'an open record within a file'
  if (record.prev === walk.lastHash) return undefined
  return 'prev is not the hash of the record before: one was changed, taken out or put between'
}
