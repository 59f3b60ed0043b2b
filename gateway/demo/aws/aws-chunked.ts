// The `aws-chunked` content coding without chunk signatures, and its one trailing checksum:
//   size-in-hex CRLF data CRLF … 0 CRLF name:value CRLF CRLF
// ("transferring a payload with trailers", Amazon S3 API reference). Any other byte is refused, and
// so is, as S3 does, a chunk under 8 KiB that is not the last.

import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'

const MAX_LINE = 256
const MIN_CHUNK = 8192

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'final' | 'done' | 'failed'

export class AwsChunkedDecoder {
  readonly #trailerName: string
  readonly #onBytes: (chunk: Buffer) => void
  #state: State = 'size'
  #line = ''
  #left = 0
  #sawShortChunk = false
  #problem: AwsFault | undefined
  trailer: string | undefined

  constructor(trailerName: string, onBytes: (chunk: Buffer) => void) {
    this.#trailerName = trailerName
    this.#onBytes = onBytes
  }

  write(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && this.#state !== 'failed') {
      if (this.#state === 'data') {
        const end = Math.min(chunk.length, at + this.#left)
        this.#onBytes(chunk.subarray(at, end))
        this.#left -= end - at
        at = end
        if (this.#left === 0) this.#state = 'data-end'
      } else at = this.#readLine(chunk, at)
    }
  }

  /** To be called at the end of the body; the problem, if there was one. */
  finish(): AwsFault | undefined {
    if (this.#state !== 'done' && this.#state !== 'failed') {
      this.#fail(fault(400, 'IncompleteBody', 'The request body terminated unexpectedly'))
    }
    return this.#problem
  }

  #fail(problem: AwsFault): void {
    this.#state = 'failed'
    this.#problem ??= problem
  }

  #malformed(message: string): void {
    this.#fail(fault(400, 'InvalidRequest', message))
  }

  /** Takes bytes up to a line feed; returns where it stopped. */
  #readLine(chunk: Buffer, from: number): number {
    if (this.#state === 'done') {
      this.#malformed('Bytes follow the end of the aws-chunked body')
      return chunk.length
    }
    const feed = chunk.indexOf(0x0a, from)
    const end = feed < 0 ? chunk.length : feed + 1
    this.#line += chunk.toString('latin1', from, end)
    if (this.#line.length > MAX_LINE) this.#malformed('A line of the aws-chunked body is too long')
    else if (feed >= 0) {
      const line = this.#line
      this.#line = ''
      if (line.endsWith('\r\n')) this.#onLine(line.slice(0, -2))
      else this.#malformed('A line of the aws-chunked body does not end with CRLF')
    }
    return end
  }

  #onLine(line: string): void {
    switch (this.#state) {
      case 'size':
        this.#onSize(line)
        return
      case 'data-end':
        if (line === '') this.#state = 'size'
        else this.#malformed('A chunk is longer than it says')
        return
      case 'trailer':
        this.#onTrailer(line)
        return
      case 'final':
        if (line === '') this.#state = 'done'
        else this.#fail(malformedTrailer())
        return
      case 'data':
      case 'done':
      case 'failed':
        return
      default:
        this.#state satisfies never
    }
  }

  #onSize(line: string): void {
    if (!/^[0-9A-Fa-f]{1,8}$/.test(line)) {
      this.#malformed('A chunk size is not plain hexadecimal')
      return
    }
    const size = parseInt(line, 16)
    if (size === 0) {
      this.#state = 'trailer'
      return
    }
    if (this.#sawShortChunk) {
      const message = 'Only the last chunk is allowed to have a size less than 8192 bytes'
      this.#fail(fault(403, 'InvalidChunkSizeError', message))
      return
    }
    this.#sawShortChunk = size < MIN_CHUNK
    this.#left = size
    this.#state = 'data'
  }

  #onTrailer(line: string): void {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    if (name !== this.#trailerName) {
      this.#fail(malformedTrailer())
      return
    }
    this.trailer = line.slice(colon + 1).trim()
    this.#state = 'final'
  }
}

function malformedTrailer(): AwsFault {
  const message =
    'The request contained trailing data that was not well-formed or did not conform to our published schema.'
  return fault(400, 'MalformedTrailerError', message)
}
