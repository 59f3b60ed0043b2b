// Offline proof over a directory of records, with public keys alone (docs/OPERATIONS.md): every
// line is canonical and hashes to what it says, every file is an unbroken chain, every file
// continues a record of an earlier one, and every checkpoint is signed.
//
// What no offline reader can see: that the newest records, behind the last checkpoint, were cut off
// or written anew. The report says which those are.

import type { KeyObject } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { publicKeyId } from './audit-key.ts'
import type { RecordLink } from './chain.ts'
import { readLines } from './lines.ts'
import { NO_HASH } from './record.ts'
import { segmentsOf } from './segments.ts'
import { walkFile } from './verify-file.ts'
import type { FileWalk, Finding } from './verify-file.ts'
import { checkRecord, readOpenRecord } from './verify-record.ts'

export interface FileReport {
  readonly file: string
  /** Whole records up to the first that is wrong. */
  readonly records: number
  /** It ends with a signed close record. */
  readonly closed: boolean
}

/** Records that no signature covers yet. */
export interface Uncovered {
  readonly file: string
  readonly fromLine: number
  readonly records: number
}

export interface VerifyReport {
  /** No problem was found. Notices and uncovered records do not change it. */
  readonly ok: boolean
  readonly files: readonly FileReport[]
  readonly records: number
  readonly problems: readonly Finding[]
  readonly notices: readonly Finding[]
  readonly uncovered: readonly Uncovered[]
  /** The newest record: kept elsewhere, it proves later that nothing was cut off. */
  readonly head: RecordLink | undefined
}

/** Checks all audit files of a directory. Rejects with the file system's error. */
export async function verifyAuditDirectory(
  dir: string,
  publicKeys: readonly KeyObject[],
): Promise<VerifyReport> {
  const keys = new Map(publicKeys.map((key) => [publicKeyId(key), key]))
  const names = segmentsOf(await readdir(dir)).map((segment) => segment.name)
  const wanted = await linkedRecords(dir, names)
  const problems: Finding[] = []
  const notices: Finding[] = []
  const walks: FileWalk[] = []
  for (const name of names) {
    const walk = await walkFile(join(dir, name), name, wanted.get(name) ?? new Set(), keys)
    walks.push(walk)
    notices.push(...walk.notices)
    if (walk.problem !== undefined) problems.push(walk.problem)
  }
  checkLinks(walks, problems, notices)
  spreadCoverage(walks)
  return report(walks, problems, notices)
}

/** Which records of which files the first records of later files name. */
async function linkedRecords(
  dir: string,
  names: readonly string[],
): Promise<Map<string, Set<number>>> {
  const wanted = new Map<string, Set<number>>()
  for (const name of names) {
    await readLines(join(dir, name), 0, (line) => {
      const record = checkRecord(line)
      const open = record.ok ? readOpenRecord(record.value) : record
      if (open.ok && open.value.previous !== undefined) {
        const { file, seq } = open.value.previous
        wanted.set(file, (wanted.get(file) ?? new Set<number>()).add(seq))
      }
      return false
    })
  }
  return wanted
}

function checkLinks(walks: readonly FileWalk[], problems: Finding[], notices: Finding[]): void {
  const byName = new Map(walks.map((walk) => [walk.file, walk]))
  const first = walks[0]
  for (const walk of walks) {
    if (walk.records === 0) continue
    const at = { file: walk.file, line: 1 }
    const { previous } = walk
    if (previous === undefined) {
      if (walk.prev !== NO_HASH) problems.push({ ...at, what: 'prev without `previous`' })
      else if (walk !== first) {
        problems.push({ ...at, what: 'a new chain begins here, although earlier files exist' })
      }
      continue
    }
    if (previous.hash !== walk.prev) {
      problems.push({ ...at, what: 'prev is not the hash that `previous` names' })
      continue
    }
    const before = byName.get(previous.file)
    if (before === undefined) {
      const what = `the file continues ${previous.file}, which is not here`
      // The oldest files are removed in time; one between others is not.
      if (isOlder(previous.file, first)) notices.push({ ...at, what })
      else problems.push({ ...at, what })
      continue
    }
    const hash = before.found.get(previous.seq)
    // Where the earlier file is broken before that record, its own problem says so.
    if (hash === undefined && before.problem !== undefined) continue
    if (hash !== previous.hash) {
      const what = `the file continues record ${previous.seq} of ${previous.file}, which ${hash === undefined ? 'is not there: that file was cut off' : 'is another one: that file was replaced'}`
      problems.push({ ...at, what })
    } else if (!before.closed && previous.seq < before.records - 1) {
      const what = `${before.records - 1 - previous.seq} records behind the one that ${walk.file} continues: their writes were refused, or another process wrote them`
      notices.push({ file: before.file, line: previous.seq + 2, what })
    }
  }
}

function isOlder(file: string, first: FileWalk | undefined): boolean {
  return first !== undefined && segmentsOf([file, first.file])[0]?.name === file
}

/** A signature covers what its chain covers, through the links into the files before. */
function spreadCoverage(walks: readonly FileWalk[]): void {
  const byName = new Map(walks.map((walk) => [walk.file, walk]))
  for (const walk of [...walks].reverse()) {
    const { previous } = walk
    if (walk.covered < 0 || previous === undefined) continue
    const before = byName.get(previous.file)
    if (before?.found.get(previous.seq) === previous.hash) {
      before.covered = Math.max(before.covered, previous.seq)
    }
  }
}

function report(
  walks: readonly FileWalk[],
  problems: readonly Finding[],
  notices: readonly Finding[],
): VerifyReport {
  const last = walks.at(-1)
  return {
    ok: problems.length === 0,
    files: walks.map(({ file, records, closed }) => ({ file, records, closed })),
    records: walks.reduce((sum, walk) => sum + walk.records, 0),
    problems,
    notices,
    uncovered: walks
      .filter((walk) => walk.covered < walk.records - 1)
      .map((walk) => ({
        file: walk.file,
        fromLine: walk.covered + 2,
        records: walk.records - 1 - walk.covered,
      })),
    head:
      last === undefined || last.records === 0
        ? undefined
        : { file: last.file, seq: last.records - 1, hash: last.lastHash },
  }
}
