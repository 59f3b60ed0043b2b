// The Exchange on top of node:http, which stands in until our own reader takes its place
// (docs/decisions/0007). No type of node:http leaves this folder.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Refusal } from '../errors.ts'
import type { HeaderLine, MessageHead } from '../request/message.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Exchange } from './exchange.ts'
import type { ListenerLimits } from './limits.ts'

export class NodeExchange implements Exchange {
  readonly peer: Peer
  readonly head: MessageHead
  readonly body: Readable
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #limits: ListenerLimits
  #awaitsContinue: boolean
  #lingers = false
  #broken: Refusal | undefined
  #endLinger: (() => void) | undefined
  readonly #onGone: (() => void)[] = []

  constructor(
    peer: Peer,
    request: IncomingMessage,
    response: ServerResponse,
    limits: ListenerLimits,
    awaitsContinue: boolean,
  ) {
    this.peer = peer
    this.head = readHead(request)
    this.body = request
    this.#request = request
    this.#response = response
    this.#limits = limits
    this.#awaitsContinue = awaitsContinue
  }

  get isHeadWritten(): boolean {
    return this.#response.headersSent
  }

  sendContinue(): void {
    if (!this.#awaitsContinue || this.#response.headersSent) return
    this.#awaitsContinue = false
    this.#response.writeContinue()
  }

  writeHead(status: number, headers: readonly HeaderLine[]): void {
    const flat = flatten(headers)
    // The upstream answered before it had the whole body: what still comes belongs to no request.
    this.#lingers = !this.#request.complete
    if (this.#lingers) flat.push('connection', 'close')
    // A Date of the upstream passes; Node adds its own only where there is none.
    this.#response.writeHead(status, flat)
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener)
  }

  end(): void {
    if (this.#lingers && !this.#request.complete) this.#linger()
    else this.#response.end()
  }

  answer(status: number, headers: readonly HeaderLine[], body: Buffer, close: boolean): void {
    const response = this.#response
    if (response.headersSent || response.destroyed) return
    if (!close) {
      response.writeHead(status, flatten(headers))
      response.end(body)
      return
    }
    response.writeHead(status, [...flatten(headers), 'connection', 'close'])
    if (body.length > 0) response.write(body)
    else response.flushHeaders()
    this.#linger()
  }

  cut(): void {
    this.#request.socket.destroy()
  }

  get broken(): Refusal | undefined {
    return this.#broken
  }

  onClientGone(listener: () => void): void {
    const response = this.#response
    // Whoever asks late must learn it too: the event will not come again.
    if (this.#broken !== undefined || (response.destroyed && !response.writableFinished)) {
      listener()
      return
    }
    if (this.#onGone.length === 0) {
      response.once('close', () => {
        if (!response.writableFinished && this.#broken === undefined) this.#tellGone()
      })
    }
    this.#onGone.push(listener)
  }

  /**
   * What follows on the connection cannot be read. Behind a whole request that is nobody's message;
   * within its body it is told, where the answer has not begun. False: it can only be cut.
   */
  breakOff(refused: Refusal): boolean {
    const response = this.#response
    if (this.#request.complete) {
      if (!response.headersSent) response.shouldKeepAlive = false
      return true
    }
    if (this.#endLinger !== undefined) {
      this.#endLinger()
      return true
    }
    if (this.#broken === undefined) {
      if (response.headersSent) return false
      // A sender that ended its side is not there to be told: the whole connection ends with it.
      if (this.#request.socket.readableEnded) return false
      this.#broken = refused
      this.#tellGone()
    }
    return true
  }

  #tellGone(): void {
    for (const listener of this.#onGone) listener()
  }

  /**
   * The whole answer is on its way, but ending now would reset a client that is still sending, and
   * the reset would overtake the answer: SDKs then report EPIPE instead of AccessDenied. So what
   * still comes is read and dropped, for a bounded time and count.
   */
  #linger(): void {
    const request = this.#request
    const response = this.#response
    // Nothing more will come: there is nobody to wait for.
    if (this.#broken !== undefined || request.complete) {
      response.end()
      return
    }
    let remaining = this.#limits.lingerBytes
    const finish = (): void => {
      clearTimeout(timer)
      request.removeListener('data', count)
      if (!response.writableEnded) response.end()
    }
    const count = (chunk: Buffer): void => {
      remaining -= chunk.length
      if (remaining < 0) finish()
    }
    const timer = setTimeout(finish, this.#limits.lingerMs)
    this.#endLinger = finish
    request.on('data', count)
    request.once('end', finish)
    response.once('close', finish)
    // Whoever read the body before may have paused it for good.
    request.resume()
  }
}

function readHead(request: IncomingMessage): MessageHead {
  const raw = request.rawHeaders
  const headers: HeaderLine[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) headers.push([raw[at] ?? '', raw[at + 1] ?? ''])
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    version: request.httpVersion,
    headers,
  }
}

/** Node takes a flat list, which keeps order and duplicates. */
function flatten(headers: readonly HeaderLine[]): string[] {
  const flat: string[] = []
  for (const [name, value] of headers) flat.push(name, value)
  return flat
}
