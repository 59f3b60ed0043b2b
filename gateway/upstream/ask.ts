// A look-up on its way: one POST, its whole answer within limits, over the same guarded pools as the
// requests of the same identity. No retry, no redirect, no decompression. Whatever goes wrong is a
// refusal that says nothing of what the answer held.

import type { Dispatcher, Pool } from 'undici'
import type { Refusal } from '../errors.ts'
import type { SignedLookup } from '../signing/signed-lookup.ts'
import { err, ok, type Result } from '../util/result.ts'
import { mapUpstreamError, ProtocolBroken, TooLate, type SendCode } from './failure.ts'
import type { AskedAnswer, AskLimits } from './port.ts'

type Asked = Result<AskedAnswer, Refusal<SendCode>>

export function ask(
  pool: Pool,
  lookup: SignedLookup,
  limits: AskLimits,
  cancel: (abort: () => void) => void,
): Promise<Asked> {
  return new Promise((resolve) => {
    const asking = new Asking(limits, resolve)
    cancel(() => asking.fail(new Error('nobody waits any more')))
    asking.start(pool, lookup)
  })
}

class Asking implements Dispatcher.DispatchHandler {
  readonly #maxBytes: number
  readonly #resolve: (asked: Asked) => void
  readonly #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #length = 0
  #status = 0
  #controller: Dispatcher.DispatchController | undefined
  #failed: Error | undefined
  #isOver = false

  constructor(limits: AskLimits, resolve: (asked: Asked) => void) {
    this.#maxBytes = limits.maxBytes
    this.#resolve = resolve
    this.#timer = setTimeout(() => this.fail(new TooLate(limits.deadlineMs)), limits.deadlineMs)
  }

  start(pool: Pool, { target, headers, body }: SignedLookup): void {
    if (this.#isOver) return
    try {
      pool.dispatch({ method: 'POST', path: target, headers: headers.flat(), body }, this)
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error('the look-up could not be sent'))
    }
  }

  /** Those who wait are told at once; the exchange is torn down as soon as there is one. */
  fail(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failed = error
    clearTimeout(this.#timer)
    this.#resolve(err(mapUpstreamError(error)))
    this.#controller?.abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failed !== undefined) controller.abort(this.#failed)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
    if (status < 200) this.fail(new ProtocolBroken('an informational answer'))
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length
    this.#chunks.push(chunk)
    if (this.#length > this.#maxBytes) this.fail(new ProtocolBroken('the answer is too large'))
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#resolve(ok({ status: this.#status, body: Buffer.concat(this.#chunks, this.#length) }))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error)
  }
}
