// One request and its answer, as the listener offers them to the pipeline: no type of an HTTP
// library crosses this border (docs/decisions/0007).

import type { Readable } from 'node:stream'
import type { Refusal } from '../errors.ts'
import type { HeaderLine, MessageHead } from '../request/message.ts'
import type { Peer } from '../spiffe/peer.ts'

export interface Exchange {
  readonly peer: Peer
  readonly head: MessageHead
  /** The body's bytes, transfer coding removed. Reading it is what makes the client send. */
  readonly body: Readable
  /** Writes `100 Continue`; does nothing if the client did not ask, or a head was written. */
  sendContinue(): void
  /** True: an answer has begun, and no other can be given. */
  readonly isHeadWritten: boolean
  /** Starts the answer. */
  writeHead(status: number, headers: readonly HeaderLine[]): void
  /** False: wait for `onDrain` before the next. */
  write(chunk: Buffer): boolean
  onDrain(listener: () => void): void
  end(): void
  /**
   * Writes a whole answer. With `close` the connection ends after it; where the client is still
   * sending, what it sends is read and dropped for a bounded time and count, so that the answer is
   * not lost in a reset (lingering close, RFC 9112 §9.6).
   */
  answer(status: number, headers: readonly HeaderLine[], body: Buffer, close: boolean): void
  /** Cuts the connection: the client sees a truncated message, never a clean end. */
  cut(): void
  /**
   * Called when the client went away before the answer was complete, or, with `broken` set, when
   * its body cannot be read to the end. Nothing more will come of it.
   */
  onClientGone(listener: () => void): void
  /** Why the body broke off, where the client is still there to be told. */
  readonly broken: Refusal | undefined
}

export type Handler = (exchange: Exchange) => void
