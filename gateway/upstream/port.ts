// How the pipeline speaks to the network: nothing but a SignedRequest can be sent, and nothing but a
// SignedLookup asked.

import type { Readable } from 'node:stream'
import type { Refusal } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'
import type { SignedLookup } from '../signing/signed-lookup.ts'
import type { SignedRequest } from '../signing/signed-request.ts'
import type { Result } from '../util/result.ts'
import type { SendCode } from './failure.ts'

export interface ResponseSink {
  /** Called once, before any data. */
  onHead(status: number, headers: readonly HeaderLine[]): void
  /** False: stop, until the callback given to `onDrain` is called. */
  onData(chunk: Buffer): boolean
  onDrain(listener: () => void): void
  /** Called once, behind the last data and in the same turn, so that both can leave together. */
  onEnd(): void
}

export interface ExchangeTotals {
  readonly status: number
  readonly requestId: string | undefined
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface SendFailure extends Refusal<SendCode> {
  /** True when the head had been delivered: the answer can only be cut. */
  readonly afterHead: boolean
  readonly totals: { readonly bytesIn: number; readonly bytesOut: number }
}

export interface AskLimits {
  /** From the call to the last byte of the answer, in ms. */
  readonly deadlineMs: number
  /** Of the answer's body. */
  readonly maxBytes: number
}

/** An answer that was read whole. */
export interface AskedAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface Upstream {
  /**
   * Sends and streams. `body` is the client's stream (ignored where the request carries its own
   * bytes). `cancel` is given a function that aborts the upstream exchange.
   */
  send(
    request: SignedRequest,
    body: Readable,
    sink: ResponseSink,
    cancel: (abort: () => void) => void,
  ): Promise<Result<ExchangeTotals, SendFailure>>
  /**
   * Asks, and reads the whole answer within limits. Over them, or aborted by the function that
   * `cancel` is given, it is a refusal like any other failure.
   */
  ask(
    lookup: SignedLookup,
    limits: AskLimits,
    cancel: (abort: () => void) => void,
  ): Promise<Result<AskedAnswer, Refusal<SendCode>>>
  close(): Promise<void>
}
