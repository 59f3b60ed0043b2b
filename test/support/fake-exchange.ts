// An Exchange without a socket: it writes down what the pipeline does with it, in the order of the
// scene's other events, and says when it is over.

import { Readable, type PassThrough } from 'node:stream'
import type { Exchange } from '../../gateway/downstream/exchange.ts'
import type { Refusal } from '../../gateway/errors.ts'
import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'
import type { Peer } from '../../gateway/spiffe/peer.ts'

export interface FakeExchangeOptions {
  readonly peer: Peer
  readonly head: MessageHead
  /** What the client sends; a stream where the test says when. */
  readonly body?: Buffer | PassThrough
  /** `write` says that there is no room, until `drain` is called. */
  readonly isSlow?: boolean
  /** Told of everything that goes to the client. */
  readonly step: (what: string) => void
}

export class FakeExchange implements Exchange {
  readonly peer: Peer
  readonly head: MessageHead
  readonly body: Readable
  broken: Refusal | undefined
  isHeadWritten = false
  isCut = false
  isEnded = false
  status: number | undefined
  headers: readonly HeaderLine[] = []
  /** Of an answer of ours: whether the connection is to end after it. */
  closes: boolean | undefined
  readonly #chunks: Buffer[] = []
  readonly #options: FakeExchangeOptions
  readonly #onGone: (() => void)[] = []
  readonly #onDrain: (() => void)[] = []

  constructor(options: FakeExchangeOptions) {
    const { peer, head, body = Buffer.alloc(0) } = options
    this.peer = peer
    this.head = head
    this.body = Buffer.isBuffer(body) ? Readable.from([body]) : body
    this.#options = options
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  sendContinue(): void {
    this.#options.step('continue')
  }

  writeHead(status: number, headers: readonly HeaderLine[]): void {
    if (this.isHeadWritten) throw new Error('a second head was written')
    this.isHeadWritten = true
    this.status = status
    this.headers = headers
    this.#options.step(`head ${status}`)
  }

  write(chunk: Buffer): boolean {
    if (!this.isHeadWritten || this.isEnded) throw new Error('data outside of an answer')
    this.#chunks.push(chunk)
    return this.#options.isSlow !== true
  }

  onDrain(listener: () => void): void {
    this.#onDrain.push(listener)
  }

  end(): void {
    if (!this.isHeadWritten) throw new Error('an end without a head')
    this.isEnded = true
    this.#options.step('end')
  }

  answer(status: number, headers: readonly HeaderLine[], body: Buffer, close: boolean): void {
    if (this.isHeadWritten) throw new Error('a second answer was given')
    this.isHeadWritten = true
    this.isEnded = true
    this.status = status
    this.headers = headers
    this.closes = close
    this.#chunks.push(body)
    this.#options.step(`answer ${status}`)
  }

  cut(): void {
    this.isCut = true
    this.#options.step('cut')
  }

  onClientGone(listener: () => void): void {
    this.#onGone.push(listener)
  }

  /** The client takes what was written. */
  drain(): void {
    for (const listener of this.#onDrain) listener()
  }

  /** The client leaves. */
  leave(): void {
    for (const listener of this.#onGone) listener()
  }

  /** The client's body cannot be read to its end, and the client is still there. */
  breakOff(refusal: Refusal): void {
    this.broken = refusal
    this.leave()
  }
}
