// Answers of look-ups while they are fresh, and one call for many that wait for the same (contract
// §6). The key holds every input of the call and whose credential it is made with, so no agent can be
// judged by what another's credential could see. Only answers are kept: a failure is asked again, so
// that what was just created or granted is not missing for a minute. It has no timers: freshness
// counts from the moment of asking.

import { LRUCache } from 'lru-cache'
import type { Clock } from '../util/clock.ts'
import type { Result } from '../util/result.ts'

/** ms. What a view or a routine reads may change behind an answer's back. */
export const LOOKUP_TTL = 60_000
/** Of all kept answers together, by `sizeOf`. */
export const LOOKUP_CACHE_BYTES = 16 * 1024 * 1024

export interface LookupCacheOptions<T> {
  readonly clock: Clock
  /** Bytes that an answer takes, about. */
  readonly sizeOf: (answer: T) => number
}

/** A call under way, as one of those who wait for it sees it. */
export interface Waiting<T, E> {
  readonly answer: Promise<Result<T, E>>
  /** Nobody had asked yet. */
  readonly isFirst: boolean
  /** Stops waiting; when the last one leaves, the call is abandoned. Once at most. */
  leave(): void
}

/** Makes the call; `onAbandoned` takes what ends it when nobody waits any more. Never rejects. */
export type Call<T, E> = (onAbandoned: (abort: () => void) => void) => Promise<Result<T, E>>

interface Kept<T> {
  readonly answer: T
  readonly until: number
}

interface Flight<T, E> {
  readonly answer: Promise<Result<T, E>>
  waiters: number
  abort: () => void
}

export class LookupCache<T, E> {
  readonly #clock: Clock
  readonly #kept: LRUCache<string, Kept<T>>
  readonly #flights = new Map<string, Flight<T, E>>()

  constructor({ clock, sizeOf }: LookupCacheOptions<T>) {
    this.#clock = clock
    this.#kept = new LRUCache({
      maxSize: LOOKUP_CACHE_BYTES,
      sizeCalculation: ({ answer }, key) => sizeOf(answer) + key.length,
    })
  }

  /** A fresh answer. */
  get(key: string): T | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    if (this.#clock.now() < kept.until) return kept.answer
    this.#kept.delete(key)
    return undefined
  }

  isUnderWay(key: string): boolean {
    return this.#flights.has(key)
  }

  /** Joins the call under way, or makes it. */
  wait(key: string, call: Call<T, E>): Waiting<T, E> {
    const running = this.#flights.get(key)
    const flight = running ?? this.#start(key, call)
    flight.waiters += 1
    return {
      answer: flight.answer,
      isFirst: running === undefined,
      leave: () => {
        flight.waiters -= 1
        if (flight.waiters > 0) return
        // Who comes now must not be given an answer that was cut short.
        if (this.#flights.get(key) === flight) this.#flights.delete(key)
        flight.abort()
      },
    }
  }

  #start(key: string, call: Call<T, E>): Flight<T, E> {
    const until = this.#clock.now() + LOOKUP_TTL
    let isAbandoned = false
    let abort = (): void => undefined
    const answer = call((ends) => {
      abort = ends
      if (isAbandoned) ends()
    }).then((result) => {
      if (this.#flights.get(key) === flight) {
        this.#flights.delete(key)
        if (result.ok) this.#kept.set(key, { answer: result.value, until })
      }
      return result
    })
    const flight: Flight<T, E> = {
      answer,
      waiters: 0,
      abort: () => {
        isAbandoned = true
        abort()
      },
    }
    this.#flights.set(key, flight)
    return flight
  }
}
