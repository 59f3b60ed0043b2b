// Writes tar archives, well-formed and malformed, for tests of the reader. Independent of it.

import { gzipSync } from 'node:zlib'

export interface TarEntry {
  readonly name: string
  readonly content?: Buffer | string
  /** Typeflag; `0` is a regular file. */
  readonly type?: string
  /** Overrides of header fields, by offset. */
  readonly patch?: readonly (readonly [offset: number, text: string])[]
  readonly breakChecksum?: boolean
}

export function tarBytes(entries: readonly TarEntry[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), end])
}

export function tarGz(entries: readonly TarEntry[]): Buffer {
  return gzipSync(tarBytes(entries))
}

function entryBlocks(entry: TarEntry): readonly Buffer[] {
  const content = Buffer.from(entry.content ?? '')
  const header = Buffer.alloc(512)
  header.write(entry.name, 0, 100)
  header.write('0000600\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write(entry.type ?? '0', 156)
  header.write('ustar\0', 257)
  header.write('00', 263)
  for (const [offset, text] of entry.patch ?? []) header.write(text, offset, 'latin1')
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, entry.breakChecksum === true ? 1 : 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
  return [header, content, padding]
}
