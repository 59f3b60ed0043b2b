// The client's body on its way up: counted, with back-pressure, and cut off from the client's
// socket, so that the HTTP client's clean-up after an early answer cannot tear the connection on
// which that answer still has to go down.

import { Readable } from 'node:stream'

/** One TLS record: what may wait here stands beside the buffers of both sockets, for each upload. */
const HIGH_WATER_MARK = 16 * 1024

/** The client stopped sending in the middle of its body. */
export class BodyStalled extends Error {
  readonly code = 'SVIDGATE_BODY_STALLED'

  constructor() {
    super('the client stopped sending its body')
    this.name = 'BodyStalled'
  }
}

export class RequestBody extends Readable {
  readonly #source: Readable
  readonly #idle: NodeJS.Timeout
  bytes = 0

  /** @param idleMs longest wait for the client's next bytes; the upstream's own pace is not counted */
  constructor(source: Readable, idleMs: number) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#source = source
    this.#idle = setTimeout(this.#onIdle, idleMs)
    source.on('data', this.#onData)
    source.once('end', this.#onEnd)
    source.once('error', this.#onError)
    source.once('close', this.#onClose)
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idle)
    this.#source.removeListener('data', this.#onData)
    this.#source.removeListener('end', this.#onEnd)
    this.#source.removeListener('close', this.#onClose)
    this.#source.pause()
    callback(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length
    this.#idle.refresh()
    if (!this.push(chunk)) this.#source.pause()
  }

  readonly #onEnd = (): void => {
    clearTimeout(this.#idle)
    this.push(null)
  }

  readonly #onIdle = (): void => {
    // While the upstream takes nothing, nothing is asked of the client.
    if (this.#source.isPaused()) this.#idle.refresh()
    else this.destroy(new BodyStalled())
  }

  readonly #onError = (error: Error): void => {
    this.destroy(error)
  }

  /** A body that stops before its end must never look complete to the upstream. */
  readonly #onClose = (): void => {
    if (!this.#source.readableEnded)
      this.destroy(new Error('the client left before its body ended'))
  }
}
