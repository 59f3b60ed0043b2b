// One TLS connection in bytes: what was received so far, and a wait for it to hold something. For
// messages that no HTTP library would write, and endings that none would show.

import type { TLSSocket } from 'node:tls'

export interface RawAnswer {
  readonly status: number
  /** Lower-case names; a repeated one keeps its last value. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** False: the connection ended before the message did. */
  readonly isComplete: boolean
}

/** Nothing received for so long, and nothing will be. */
const SILENCE_MS = 20_000
const HEAD_END = '\r\n\r\n'

export class RawConnection {
  readonly socket: TLSSocket
  /** Bytes received. */
  length = 0
  isClosed = false
  #chunks: Buffer[] = []
  readonly #waiting = new Set<() => void>()

  constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.length += chunk.length
      this.#wake()
    })
    // An error ends the connection; that it ended is what tests look at.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0] ?? Buffer.alloc(0)
  }

  write(data: string | Buffer): void {
    if (typeof data === 'string') this.socket.write(data, 'latin1')
    else this.socket.write(data)
  }

  /** Waits until it holds; rejects when the connection closes before, or nothing comes of it. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure: string | undefined): void => {
        clearTimeout(deadline)
        this.#waiting.delete(check)
        if (failure === undefined) resolve()
        else reject(new Error(`${failure}; received: ${this.text.slice(0, 2000)}`))
      }
      const check = (): void => {
        deadline.refresh()
        if (holds()) settle(undefined)
        else if (this.isClosed) settle('closed')
      }
      const deadline = setTimeout(() => settle('waited in vain'), SILENCE_MS)
      this.#waiting.add(check)
      check()
    })
  }

  untilText(part: string): Promise<void> {
    return this.until(() => this.received.includes(part, 0, 'latin1'))
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.isClosed)
  }

  get text(): string {
    return this.received.toString('latin1')
  }

  /** Waits for one whole answer, or for the end of the connection within one. */
  async answer(): Promise<RawAnswer> {
    await this.until(() => this.isClosed || parseAnswer(this.received)?.isComplete === true)
    const answer = parseAnswer(this.received)
    if (answer === undefined) throw new Error(`no answer in: ${this.text.slice(0, 2000)}`)
    return answer
  }

  #wake(): void {
    for (const check of this.#waiting) check()
  }
}

/** The first answer that is not informational; undefined before its head has ended. */
export function parseAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf(HEAD_END)
  if (end === -1) return undefined
  const [statusLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const rest = bytes.subarray(end + HEAD_END.length)
  if (status < 200) return parseAnswer(rest)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  if (headers.get('transfer-encoding') === 'chunked') return { status, headers, ...dechunk(rest) }
  const length = Number(headers.get('content-length') ?? 0)
  return {
    status,
    headers,
    body: rest.subarray(0, length),
    isComplete: rest.length >= length,
  }
}

function dechunk(bytes: Buffer): { body: Buffer; isComplete: boolean } {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    const isShort = lineEnd === -1 || bytes.length < lineEnd + 2 + size + 2
    if (isShort) return { body: Buffer.concat(pieces), isComplete: false }
    if (size === 0) return { body: Buffer.concat(pieces), isComplete: true }
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}
