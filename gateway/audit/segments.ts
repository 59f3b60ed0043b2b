// The files of one audit directory: their names, their order, and the record that a new file links
// to. The number orders them, not the time: clocks go backwards, and two starts can share a second.

import { join } from 'node:path'
import { errorCode } from './audit-key.ts'
import type { AuditFile, AuditFs } from './audit-fs.ts'
import { memberText, scanCanonicalObject, withoutMember } from './canonical-form.ts'
import type { RecordLink } from './chain.ts'
import { recordHash } from './record.ts'

/** `audit-00000042-20261123T180000Z.jsonl` */
const NAME = /^audit-(\d{8,})-\d{8}T\d{6}Z\.jsonl$/
const NEWLINE = 0x0a

/** How much of a file's end is read to find its last record. */
const TAIL_BYTES = 1024 * 1024
/** How many numbers are tried where another process takes them at the same moment. */
const NAME_ATTEMPTS = 16

export interface Segment {
  readonly name: string
  readonly number: number
}

/** The audit files among a directory's entries, oldest first. */
export function segmentsOf(entries: readonly string[]): Segment[] {
  const segments: Segment[] = []
  for (const name of entries) {
    const number = NAME.exec(name)?.[1]
    if (number !== undefined) segments.push({ name, number: Number(number) })
  }
  return segments.sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1))
}

function segmentName(number: number, now: number): string {
  const time = `${new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  return `audit-${String(number).padStart(8, '0')}-${time}.jsonl`
}

/** Makes the next file of a directory. Rejects with the file system's error. */
export async function createSegment(
  fs: AuditFs,
  dir: string,
  now: number,
  synced: boolean,
): Promise<{ readonly file: AuditFile; readonly name: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const newest = segmentsOf(await fs.list(dir)).at(-1)
    const name = segmentName((newest?.number ?? 0) + 1, now)
    try {
      return { file: await fs.create(join(dir, name), synced), name }
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || attempt >= NAME_ATTEMPTS) throw error
    }
  }
}

/**
 * The last whole record of the newest file: what the next file links to, also after a crash that
 * tore the file's end. Undefined where there is no file; `hash` is undefined where the file's end
 * holds no record that is whole, which verification then names.
 */
export async function lastRecord(
  fs: AuditFs,
  dir: string,
): Promise<{ readonly file: string; readonly link: RecordLink | undefined } | undefined> {
  const newest = segmentsOf(await fs.list(dir)).at(-1)
  if (newest === undefined) return undefined
  const tail = await fs.readTail(join(dir, newest.name), TAIL_BYTES)
  let end = tail.lastIndexOf(NEWLINE)
  while (end > 0) {
    const start = tail.lastIndexOf(NEWLINE, end - 1)
    const link = readLink(newest.name, tail.toString('utf8', start + 1, end))
    if (link !== undefined) return { file: newest.name, link }
    end = start
  }
  return { file: newest.name, link: undefined }
}

function readLink(file: string, line: string): RecordLink | undefined {
  const scanned = scanCanonicalObject(line)
  if (!scanned.ok) return undefined
  const span = scanned.value.get('hash')
  if (span === undefined) return undefined
  const hash = recordHash(withoutMember(line, span))
  if (memberText(line, scanned.value, 'hash') !== `"${hash}"`) return undefined
  const seq = Number(memberText(line, scanned.value, 'seq'))
  return Number.isSafeInteger(seq) ? { file, seq, hash } : undefined
}
