// The connections that are open: whose each one is, what is under way on it, and when it must end:
// with the SVID that opened it at the latest, and at the configured age.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Peer } from '../spiffe/peer.ts'
import type { Clock } from '../util/clock.ts'
import type { StopTimer, Timers } from '../util/timers.ts'
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
  /** The next answer says that the connection ends with it. */
  isLast: boolean
  readonly ends: Ends
}

/** Milliseconds of the monotonic clock. */
interface Ends {
  /** When the SVID has had all the time that was left of it, whatever the wall clock says then. */
  readonly expiresAt: number
  /** From then on no further request is invited. */
  readonly agedAt: number
  /** What is under way then is cut. */
  readonly cutAt: number
}

export interface ConnectionsOptions {
  readonly clock: Clock
  /** Monotonic milliseconds. */
  readonly elapsed: () => number
  readonly timers: Timers
  /** At least 0, less than 1. */
  readonly random: () => number
  /** How old a connection may become; asked for each new one. */
  readonly maxAge: () => MaxAge
  readonly onCount: (open: number) => void
}

export interface MaxAge {
  readonly ageMs: number
  /** After that, for what is under way. */
  readonly graceMs: number
}

/**
 * The wall clock is looked at so often: a machine that slept, or whose clock was set, finds SVIDs
 * expired that its timers know nothing of.
 */
export const SWEEP_MS = 1_000
/** Connections that were opened together, after a restart, do not come back together. */
const JITTER = 0.1
/** A drain leaves a connection so long without a request before it ends it. */
const SETTLE_MS = 100

export class Connections {
  readonly #options: ConnectionsOptions
  readonly #open = new Map<Duplex, Connection>()
  readonly #perIdentity = new Map<string, number>()
  /** One for all: 10,000 timers would be most of what an idle connection costs. */
  #timer: { readonly stop: StopTimer; readonly due: number } | undefined

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  add(socket: Socket, peer: Peer): void {
    const { spiffeId } = peer
    this.#perIdentity.set(spiffeId, this.countOf(spiffeId) + 1)
    const ends = this.#endsOf(peer)
    this.#open.set(socket, {
      peer,
      bytesBefore: socket.bytesRead,
      current: undefined,
      isUnreadable: false,
      waiting: [],
      isLast: false,
      ends,
    })
    this.#options.onCount(this.#open.size)
    this.#wakeAt(ends.expiresAt)
    socket.once('close', () => this.#forget(socket, spiffeId))
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
      if (connection.current === undefined) this.endWhenSettled(socket, connection)
      else makeLast(connection)
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

  #forget(socket: Duplex, spiffeId: string): void {
    this.#open.delete(socket)
    const left = this.countOf(spiffeId) - 1
    if (left <= 0) this.#perIdentity.delete(spiffeId)
    else this.#perIdentity.set(spiffeId, left)
    if (this.#open.size === 0) {
      this.#timer?.stop()
      this.#timer = undefined
    }
    this.#options.onCount(this.#open.size)
  }

  #endsOf(peer: Peer): Ends {
    const { clock, elapsed, random, maxAge } = this.#options
    const now = elapsed()
    const { ageMs, graceMs } = maxAge()
    const agedAt = now + ageMs * (1 - JITTER * random())
    return { expiresAt: now + peer.expiresAt - clock.now(), agedAt, cutAt: agedAt + graceMs }
  }

  /** Sooner than a sweep only for an end that is due before it. */
  #wakeAt(due: number): void {
    const now = this.#options.elapsed()
    const at = Math.min(due, now + SWEEP_MS)
    if (this.#timer !== undefined && this.#timer.due <= at) return
    this.#timer?.stop()
    // A timer may fire a fraction of a millisecond early, and what is not due yet would wait a sweep.
    const stop = this.#options.timers.after(Math.max(Math.ceil(at - now), 0) + 1, () =>
      this.#sweep(),
    )
    this.#timer = { stop, due: at }
  }

  #sweep(): void {
    this.#timer = undefined
    const now = this.#options.elapsed()
    const wall = this.#options.clock.now()
    let next = Infinity
    for (const [socket, connection] of this.#open) {
      const { peer, ends } = connection
      if (wall >= peer.expiresAt || now >= ends.expiresAt || now >= ends.cutAt) socket.destroy()
      else {
        if (now >= ends.agedAt) makeLast(connection)
        next = Math.min(next, ends.expiresAt)
      }
    }
    if (next !== Infinity) this.#wakeAt(next)
  }
}

/**
 * No request is lost: the client learns it from an answer before it could send another. An answer
 * whose head is already on its way leaves it to the one after.
 */
function makeLast(connection: Connection): void {
  connection.isLast = true
  const response = connection.current?.response
  if (response?.headersSent === false) response.shouldKeepAlive = false
}

/** It opened a connection and sent nothing: there is no request to refuse. */
export function isSilent(socket: Duplex, { bytesBefore }: Connection): boolean {
  return 'bytesRead' in socket && socket.bytesRead === bytesBefore
}
