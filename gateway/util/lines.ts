// Lines of a byte stream, one at a time, so that input of any length is read in constant memory.

/** A line longer than the caller allows; the stream is not read further. */
export class LineTooLong extends Error {
  constructor(maxBytes: number) {
    super(`a line is longer than ${String(maxBytes)} bytes`)
    this.name = 'LineTooLong'
  }
}

const LINE_FEED = 0x0a

/** Yields each line without its line feed; the last one counts without one too. Throws LineTooLong. */
export async function* readLines(
  chunks: AsyncIterable<Buffer | string>,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  const take = (part: Buffer): void => {
    length += part.length
    if (length > maxBytes) throw new LineTooLong(maxBytes)
    parts.push(part)
  }
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    let start = 0
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, start)
      if (end === -1) break
      take(bytes.subarray(start, end))
      yield Buffer.concat(parts)
      parts = []
      length = 0
      start = end + 1
    }
    if (start < bytes.length) take(bytes.subarray(start))
  }
  if (length > 0) yield Buffer.concat(parts)
}
