// A file as lines, in bounded memory.

import { createReadStream } from 'node:fs'

const NEWLINE = 0x0a
const CHUNK_BYTES = 256 * 1024
/** No record of ours comes near it; a longer line is not read further. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

export interface FileEnd {
  /** Where reading ended: behind the last newline. */
  readonly offset: number
  /** Bytes behind the last newline: a line that is torn, or not yet whole. */
  readonly tornBytes: number
  /** Reading ended in a line that is longer than any record. */
  readonly isTooLong: boolean
}

/**
 * Calls `onLine` for each whole line from `start` on, without its newline; false ends the reading.
 * Rejects with the file system's error.
 */
export async function readLines(
  path: string,
  start: number,
  onLine: (line: Buffer) => boolean,
): Promise<FileEnd> {
  let offset = start
  let rest: Buffer[] = []
  let restBytes = 0
  const stream = createReadStream(path, { start, highWaterMark: CHUNK_BYTES })
  const chunks: AsyncIterable<Buffer> = stream
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, end)
      const line = rest.length === 0 ? piece : Buffer.concat([...rest, piece])
      rest = []
      restBytes = 0
      from = end + 1
      offset += line.length + 1
      if (!onLine(line)) return { offset, tornBytes: 0, isTooLong: false }
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from))
      restBytes += chunk.length - from
      if (restBytes > MAX_LINE_BYTES) break
    }
  }
  return { offset, tornBytes: restBytes, isTooLong: restBytes > MAX_LINE_BYTES }
}
