// The client's body on its way up: counted, with back-pressure, and cut off from the client's
// socket, so that the HTTP client's clean-up after an early answer cannot tear the connection on
// which that answer still has to go down.

import { Readable } from 'node:stream'

export class RequestBody extends Readable {
  readonly #source: Readable
  bytes = 0

  constructor(source: Readable) {
    super({ highWaterMark: 64 * 1024 })
    this.#source = source
    source.on('data', this.#onData)
    source.once('end', this.#onEnd)
    source.once('error', this.#onError)
    source.once('close', this.#onClose)
  }

  override _read(): void {
    this.#source.resume()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#source.removeListener('data', this.#onData)
    this.#source.removeListener('end', this.#onEnd)
    this.#source.removeListener('close', this.#onClose)
    this.#source.pause()
    callback(error)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length
    if (!this.push(chunk)) this.#source.pause()
  }

  readonly #onEnd = (): void => {
    this.push(null)
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
