// The Exchange on top of node:http, which stands in until our own reader takes its place
// (architecture decision 3). No type of node:http leaves this folder.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
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

  onClientGone(listener: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) listener()
    })
  }

  /**
   * The whole answer is on its way, but ending now would reset a client that is still sending, and
   * the reset would overtake the answer: SDKs then report EPIPE instead of AccessDenied. So what
   * still comes is read and dropped, for a bounded time and count.
   */
  #linger(): void {
    const request = this.#request
    const response = this.#response
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
    request.on('data', count)
    request.once('end', finish)
    response.once('close', finish)
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
