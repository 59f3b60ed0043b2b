// Station 9: sends what was signed, and only that, and streams the answer with back-pressure. No
// retry, no redirect, no decompression: undici is used as a bare pool (docs/ARCHITECTURE.md).

import type { Readable } from 'node:stream'
import type { Dispatcher, Pool } from 'undici'
import type { HeaderLine } from '../request/message.ts'
import { isSignedLookup, type SignedLookup } from '../signing/signed-lookup.ts'
import { isSignedRequest, type SignedRequest } from '../signing/signed-request.ts'
import { ask } from './ask.ts'
import { err, ok, type Result } from '../util/result.ts'
import { isLengthMismatch, mapUpstreamError, ProtocolBroken } from './failure.ts'
import { PoolCache, type PoolOptions } from './pool-cache.ts'
import type { AskLimits, ExchangeTotals, ResponseSink, SendFailure, Upstream } from './port.ts'
import { RequestBody } from './request-body.ts'
import { responseHeaders } from './response-headers.ts'

/** More informational answers than any real upstream sends before one final answer. */
export const MOST_INFORMATIONAL = 8
const REQUEST_ID_HEADERS: ReadonlySet<string> = new Set(['x-amz-request-id', 'x-amzn-requestid'])

type Sent = Result<ExchangeTotals, SendFailure>

export class UpstreamForwarder implements Upstream {
  readonly #pools: PoolCache

  readonly #bodyIdleMs: number

  /** @param bodyIdleMs longest wait for a client's next body bytes */
  constructor(options: PoolOptions, bodyIdleMs: number) {
    this.#pools = new PoolCache(options)
    this.#bodyIdleMs = bodyIdleMs
  }

  send(
    request: SignedRequest,
    body: Readable,
    sink: ResponseSink,
    cancel: (abort: () => void) => void,
  ): Promise<Sent> {
    if (!isSignedRequest(request)) throw new TypeError('only a signed request can be sent')
    const pool = this.#pools.get(request.upstream, request.identity)
    return new Promise((resolve) => {
      const payload = this.#payloadOf(request, body)
      new Exchange(sink, payload, cancel, resolve).start(pool, request)
    })
  }

  ask(
    lookup: SignedLookup,
    limits: AskLimits,
    cancel: (abort: () => void) => void,
  ): ReturnType<Upstream['ask']> {
    if (!isSignedLookup(lookup)) throw new TypeError('only a signed look-up can be asked')
    return ask(this.#pools.get(lookup.upstream, lookup.identity), lookup, limits, cancel)
  }

  /** New connections are made by what is configured now; what runs ends on the old ones. */
  renew(): void {
    this.#pools.retireAll()
  }

  close(): Promise<void> {
    return this.#pools.close()
  }

  #payloadOf(request: SignedRequest, body: Readable): Buffer | RequestBody | null {
    if (request.body !== undefined) return request.body
    return request.framing.kind === 'none' ? null : new RequestBody(body, this.#bodyIdleMs)
  }
}

/**
 * undici's older handler interface: the newer one is laid over it, and makes an object of header
 * names and values that nobody reads here, for every answer.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #sink: ResponseSink
  readonly #payload: Buffer | RequestBody | null
  readonly #cancel: (abort: () => void) => void
  readonly #resolve: (result: Sent) => void
  #status = 0
  #requestId: string | undefined
  #informational = 0
  #bytesIn = 0
  #abort: ((error?: Error) => void) | undefined
  /** Until a listener for the first pause has it: it does nothing where nothing is paused. */
  #resume: (() => void) | undefined

  constructor(
    sink: ResponseSink,
    payload: Buffer | RequestBody | null,
    cancel: (abort: () => void) => void,
    resolve: (result: Sent) => void,
  ) {
    this.#sink = sink
    this.#payload = payload
    this.#cancel = cancel
    this.#resolve = resolve
  }

  start(pool: Pool, request: SignedRequest): void {
    try {
      pool.dispatch(
        {
          method: request.method,
          path: request.target,
          headers: flatten(request),
          body: this.#payload,
        },
        this,
      )
    } catch (error) {
      this.onError(error)
    }
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort
    this.#cancel(() => abort(new Error('the client is gone')))
  }

  onHeaders(status: number, raw: readonly Buffer[], resume: () => void): boolean {
    if (status < 200) {
      this.#informational += 1
      if (this.#informational > MOST_INFORMATIONAL || status === 101) {
        this.#abort?.(new ProtocolBroken('informational answers without end'))
      }
      return true
    }
    this.#status = status
    this.#resume = resume
    const headers = responseHeaders(raw)
    this.#requestId = requestIdOf(headers)
    this.#sink.onHead(status, headers)
    return true
  }

  /** False pauses the upstream until `resume`. */
  onData(chunk: Buffer): boolean {
    this.#bytesIn += chunk.length
    if (this.#sink.onData(chunk)) return true
    const resume = this.#resume
    if (resume !== undefined) {
      this.#resume = undefined
      this.#sink.onDrain(resume)
    }
    return false
  }

  onComplete(): void {
    this.#letGo()
    this.#sink.onEnd()
    this.#resolve(ok({ status: this.#status, requestId: this.#requestId, ...this.#totals() }))
  }

  onError(error: unknown): void {
    if (this.#status === 304 && this.#bytesIn === 0 && isLengthMismatch(error)) {
      // A 304 has no body whatever length it states (RFC 9110 §8.6); undici waits for one in vain.
      this.onComplete()
      return
    }
    const { code, detail } = mapUpstreamError(error)
    this.#letGo()
    this.#resolve(err({ code, detail, afterHead: this.#status !== 0, totals: this.#totals() }))
  }

  /** From now on the client's stream is not ours: what still comes is for the listener to drop. */
  #letGo(): void {
    if (this.#payload instanceof RequestBody) this.#payload.destroy()
  }

  #totals(): { bytesIn: number; bytesOut: number } {
    const payload = this.#payload
    const bytesOut =
      payload === null ? 0 : Buffer.isBuffer(payload) ? payload.length : payload.bytes
    return { bytesIn: this.#bytesIn, bytesOut }
  }
}

function flatten(request: SignedRequest): string[] {
  const flat: string[] = []
  for (const [name, value] of request.headers) flat.push(name, value)
  const length = request.body?.length ?? lengthOf(request)
  if (length !== undefined) flat.push('content-length', String(length))
  return flat
}

function lengthOf({ framing }: SignedRequest): number | undefined {
  return framing.kind === 'sized' ? framing.length : undefined
}

function requestIdOf(headers: readonly HeaderLine[]): string | undefined {
  return headers.find(([name]) => REQUEST_ID_HEADERS.has(name.toLowerCase()))?.[1]
}
