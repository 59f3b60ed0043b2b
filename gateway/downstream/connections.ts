// The connections that are open: whose each one is, what is under way on it, and when it must end,
// which is with the SVID that opened it at the latest.

import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Peer } from '../spiffe/peer.ts'
import type { Clock } from '../util/clock.ts'
import type { NodeExchange } from './node-exchange.ts'

export interface Connection {
  readonly peer: Peer
  /** Bytes of the handshake: what came since then was meant as a message. */
  readonly bytesBefore: number
  /** The exchange under way, or the answer to what could not be read. */
  current: { readonly exchange?: NodeExchange; readonly response?: ServerResponse } | undefined
  /** The parser has given up: no further message can come. */
  isUnreadable: boolean
  /** Pipelined requests: each begins when the answer before it is complete. */
  readonly waiting: (() => void)[]
}

/** setTimeout takes 31 bits of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** A drain leaves a connection so long without a request before it ends it. */
const SETTLE_MS = 100

export class Connections {
  readonly #clock: Clock
  readonly #onCount: (open: number) => void
  readonly #open = new Map<Duplex, Connection>()
  readonly #perIdentity = new Map<string, number>()

  constructor(clock: Clock, onCount: (open: number) => void) {
    this.#clock = clock
    this.#onCount = onCount
  }

  add(socket: TLSSocket, peer: Peer): void {
    const { spiffeId } = peer
    this.#perIdentity.set(spiffeId, this.countOf(spiffeId) + 1)
    const { bytesRead: bytesBefore } = socket
    const connection = { peer, bytesBefore, current: undefined, isUnreadable: false, waiting: [] }
    this.#open.set(socket, connection)
    this.#onCount(this.#open.size)
    const expiry = setTimeout(() => socket.destroy(), this.#lifetime(peer))
    socket.once('close', () => {
      clearTimeout(expiry)
      this.#open.delete(socket)
      const left = this.countOf(spiffeId) - 1
      if (left <= 0) this.#perIdentity.delete(spiffeId)
      else this.#perIdentity.set(spiffeId, left)
      this.#onCount(this.#open.size)
    })
  }

  get(socket: Duplex): Connection | undefined {
    return this.#open.get(socket)
  }

  countOf(spiffeId: string): number {
    return this.#perIdentity.get(spiffeId) ?? 0
  }

  cutUnless(holds: (peer: Peer) => boolean): void {
    for (const [socket, { peer }] of this.#open) if (!holds(peer)) socket.destroy()
  }

  /** Each ends as soon as what is under way on it is answered. */
  endAll(): void {
    for (const [socket, connection] of this.#open) {
      const response = connection.current?.response
      if (connection.current === undefined) this.endWhenSettled(socket, connection)
      // Where the head is not written yet, it tells the client not to use the connection again.
      else if (response?.headersSent === false) response.shouldKeepAlive = false
    }
  }

  /** The client may have sent its next request before it could know; that one is still served. */
  endWhenSettled(socket: Duplex, connection: Connection): void {
    const settled = setTimeout(() => {
      // What has arrived is read first, however late this timer is.
      setImmediate(() => {
        if (connection.current === undefined) socket.end()
      })
    }, SETTLE_MS)
    socket.once('close', () => clearTimeout(settled))
  }

  #lifetime(peer: Peer): number {
    return Math.min(Math.max(peer.expiresAt - this.#clock.now(), 0), LONGEST_TIMER_MS)
  }
}

/** It opened a connection and sent nothing: there is no request to refuse. */
export function isSilent(socket: Duplex, { bytesBefore }: Connection): boolean {
  return 'bytesRead' in socket && socket.bytesRead === bytesBefore
}
