// A strict reader of gzipped tar (RFC 1952; POSIX ustar and pax) for bundles, whose bytes come from
// a network and are judged before their signature is: regular files only, each name once, plain
// relative paths, everything counted and capped, nothing behind the end. Nothing is written to
// disk. Decision 0003 says why this is not a package.

import { crc32, gunzipSync } from 'node:zlib'
import { err, ok, type Result } from '../../util/result.ts'

export interface ArchiveLimits {
  readonly compressedBytes: number
  readonly totalBytes: number
  readonly entries: number
  /** Uncompressed bytes per compressed byte; a module compresses to a third, JSON data to a fiftieth. */
  readonly ratio: number
}

export const ARCHIVE_LIMITS: ArchiveLimits = {
  compressedBytes: 64 * 1024 * 1024,
  totalBytes: 256 * 1024 * 1024,
  entries: 10_000,
  ratio: 200,
}

/** Small archives may compress well by chance, so the ratio counts from here. */
const RATIO_FROM_BYTES = 1024 * 1024
const BLOCK = 512
const GZIP_TRAILER = 8
const MAX_PATH = 256
const SEGMENT = /^[A-Za-z0-9_@+=,.-]+$/

/** Name without leading `/` or `./` → content. */
export type Archive = ReadonlyMap<string, Buffer>

/** The error says what is wrong with the archive. */
export function readTarGz(
  bytes: Buffer,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Result<Archive, string> {
  const tar = gunzip(bytes, limits)
  return tar.ok ? readTar(tar.value, limits) : tar
}

function gunzip(bytes: Buffer, limits: ArchiveLimits): Result<Buffer, string> {
  if (bytes.length > limits.compressedBytes) {
    return err(`larger than ${String(limits.compressedBytes)} bytes`)
  }
  if (bytes.length < GZIP_TRAILER || bytes.readUInt16BE(0) !== 0x1f8b) return err('not gzip')
  const ratioBytes = Math.max(RATIO_FROM_BYTES, bytes.length * limits.ratio)
  const maxOutputLength = Math.min(limits.totalBytes, ratioBytes)
  try {
    const tar = gunzipSync(bytes, { maxOutputLength })
    // zlib ignores what follows the first member and joins further members; then this trailer is
    // not the one of everything that was read.
    const trailer = bytes.length - GZIP_TRAILER
    const isWhole =
      bytes.readUInt32LE(trailer) === crc32(tar) && bytes.readUInt32LE(trailer + 4) === tar.length
    return isWhole ? ok(tar) : err('cut short, or followed by other bytes')
  } catch (error) {
    if (error instanceof RangeError)
      return err(`unpacks to more than ${String(maxOutputLength)} bytes`)
    return err('damaged gzip')
  }
}

function readTar(tar: Buffer, limits: ArchiveLimits): Result<Archive, string> {
  const files = new Map<string, Buffer>()
  let pax = new Map<string, string>()
  let at = 0
  while (!isZero(tar.subarray(at, at + BLOCK))) {
    const header = readHeader(tar.subarray(at, at + BLOCK))
    if (!header.ok) return header
    const { type, name: shortName, size: shortSize } = header.value
    const size = type === 'x' ? shortSize : Number(pax.get('size') ?? shortSize)
    const start = at + BLOCK
    if (!Number.isSafeInteger(size) || start + size > tar.length)
      return err('an entry is cut short')
    const content = tar.subarray(start, start + size)
    at = start + Math.ceil(size / BLOCK) * BLOCK
    if (type === 'x') {
      const records = readPax(content)
      if (!records.ok) return records
      pax = records.value
      continue
    }
    const name = entryName(pax.get('path') ?? shortName)
    pax = new Map()
    if (name === undefined) return err(`${JSON.stringify(shortName)} is not a plain path`)
    if (files.has(name)) return err(`${name} appears twice`)
    files.set(name, content)
    if (files.size > limits.entries) return err(`more than ${String(limits.entries)} entries`)
  }
  // The end is two blocks of zeros, and writers pad with more of them.
  if (tar.length - at < 2 * BLOCK || !isZero(tar.subarray(at))) return err('no clean end')
  return pax.size === 0 ? ok(files) : err('an extended header without its entry')
}

interface Header {
  readonly type: '0' | 'x'
  readonly name: string
  readonly size: number
}

function readHeader(block: Buffer): Result<Header, string> {
  if (block.length < BLOCK) return err('cut short')
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return err('not a POSIX tar')
  if (octal(block, 148, 8) !== checksum(block)) return err('a header has a wrong checksum')
  const size = octal(block, 124, 12)
  if (size === undefined) return err('a header has an unreadable size')
  const prefix = text(block, 345, 155)
  const base = text(block, 0, 100)
  const name = prefix === '' ? base : `${prefix}/${base}`
  const type = block.toString('latin1', 156, 157)
  if (type === 'x') return ok({ type, name, size })
  if (type === '0' || type === '\0') return ok({ type: '0', name, size })
  return err(`${JSON.stringify(name)} is not a regular file`)
}

/** Sum of all bytes of the header, its own field counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (const [index, byte] of block.entries()) {
    if (index < 148 || index >= 156) sum += byte
  }
  return sum
}

function octal(block: Buffer, start: number, length: number): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(block.toString('latin1', start, start + length))
  return digits?.[1] === undefined ? undefined : Number.parseInt(digits[1], 8)
}

function text(block: Buffer, start: number, length: number): string {
  const field = block.toString('utf8', start, start + length)
  const end = field.indexOf('\0')
  return end === -1 ? field : field.slice(0, end)
}

/** Records `<length> <key>=<value>\n` (POSIX pax, "pax Header Block"). */
function readPax(content: Buffer): Result<Map<string, string>, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < content.length;) {
    const match = /^([1-9][0-9]{0,5}) /.exec(content.toString('latin1', at, at + 7))
    const length = Number(match?.[1])
    const record = content.toString('utf8', at + (match?.[0].length ?? 0), at + length)
    const equals = record.indexOf('=')
    const isWhole = at + length <= content.length && record.endsWith('\n')
    if (match === null || equals < 1 || !isWhole) return err('an unreadable pax record')
    const key = record.slice(0, equals)
    const value = record.slice(equals + 1, -1)
    if (records.has(key)) return err(`pax record ${key} appears twice`)
    if (key === 'size' && !/^[0-9]{1,15}$/.test(value)) return err('an unreadable pax size')
    records.set(key, value)
    at += length
  }
  return ok(records)
}

/** undefined for a name that is absolute beyond one slash, climbs, or needs any quoting. */
function entryName(name: string): string | undefined {
  const plain = name.replace(/^(?:\.?\/)/, '')
  if (plain.length > MAX_PATH) return undefined
  const isPlain = plain
    .split('/')
    .every((segment) => SEGMENT.test(segment) && segment !== '.' && segment !== '..')
  return isPlain ? plain : undefined
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}
