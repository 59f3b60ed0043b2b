// Keeps credentials while they live (docs/decisions/0016): one exchange for many waiting
// requests, refreshed early beside the traffic, the last good one used until its real end, failures
// remembered briefly. It has no timers: what is due is done when a request asks. It is never asked
// without a key that holds every input, so it cannot give one agent another's credential.

import { LRUCache } from 'lru-cache'
import { refusal, type CredentialCode } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { err, ok, type Ok } from '../util/result.ts'
import type { Credential, CredentialAnswer, CredentialRefusal } from './credential.ts'

export interface CredentialCacheOptions {
  readonly clock: Clock
  /** In [0, 1): spreads refreshes and retries of many replicas. */
  readonly random: () => number
  /** Credentials kept; the least recently used goes first. Default 10000. */
  readonly maxEntries?: number
  /** Exchanges under way at once; more are refused. Default 256. */
  readonly maxExchanges?: number
  /** Told how each request was answered, and what came of each exchange. */
  readonly observer?: (name: string, result: CacheResult) => void
}

/**
 * `cached`: answered by a credential that another request obtained. `obtained`: an exchange
 * succeeded. `refused`, `unavailable`: no credential, for good or for now.
 */
export type CacheResult = 'cached' | 'obtained' | 'refused' | 'unavailable'

/** ms before its end from which a credential is not used: it must outlive the way to the cloud. */
export const EXPIRY_SKEW = 30_000
/** A credential is refreshed after this part of its life, or this many ms before its end. */
const REFRESH_PART = 0.8
const REFRESH_BEFORE = 300_000
/** But never in the first half of its life: a short one would be refreshed without end. */
const EARLIEST_PART = 0.5
/** Up to this part of its life earlier, by chance. */
const JITTER_PART = 0.1
/** ms for which a failure answers for the endpoint. */
export const PERMANENT_FAILURE = 30_000
const TRANSIENT_FAILURE = 1_000
/**
 * A failure that may be a setting still under way answers for this long, and twice as long each time
 * that it comes again, up to the permanent one's: a new set-up works soon after the cloud has it, and
 * one that is wrong for good costs no more calls than any other.
 */
const SETTLING_FAILURE = 2_000
/** ms after which a failure is a new one. Google's settings take about five minutes at most. */
const SETTLING_SPAN = 300_000

export const DEFAULT_MAX_ENTRIES = 10_000
export const DEFAULT_MAX_EXCHANGES = 256

type Exchange = () => Promise<CredentialAnswer>

interface Live {
  readonly name: string
  readonly answer: Ok<Credential>
  readonly refreshAt: number
  readonly usableUntil: number
}

interface Failure {
  readonly name: string
  readonly answer: CredentialAnswer
  readonly until: number
  /** ms for which it answers, without jitter. */
  readonly span: number
}

interface Flight {
  readonly name: string
  readonly answer: Promise<CredentialAnswer>
}

export class CredentialCache {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #maxExchanges: number
  readonly #observe: (name: string, result: CacheResult) => void
  readonly #live: LRUCache<string, Live>
  /** Apart from the live ones, so that many failures cannot push a good credential out. */
  readonly #failures: LRUCache<string, Failure>
  readonly #flights = new Map<string, Flight>()

  constructor(options: CredentialCacheOptions) {
    const max = options.maxEntries ?? DEFAULT_MAX_ENTRIES
    this.#clock = options.clock
    this.#random = options.random
    this.#observe = options.observer ?? (() => undefined)
    this.#maxExchanges = options.maxExchanges ?? DEFAULT_MAX_EXCHANGES
    this.#live = new LRUCache({ max })
    this.#failures = new LRUCache({ max })
  }

  /** Credentials held. */
  get size(): number {
    return this.#live.size
  }

  /**
   * @param name the credential's name in the configuration, for `purge`
   * @param key every input of the exchange
   * @param exchange called when a new one is needed; whatever it throws becomes a refusal
   */
  obtain(
    name: string,
    key: string,
    exchange: Exchange,
  ): CredentialAnswer | Promise<CredentialAnswer> {
    const now = this.#clock.now()
    const live = this.#live.get(key)
    if (live !== undefined && now < live.usableUntil) {
      if (now >= live.refreshAt) this.#refresh(name, key, exchange, now)
      this.#observe(name, 'cached')
      return live.answer
    }
    const failure = this.#failureOf(key, now)
    const flight = this.#flights.get(key)
    if (flight !== undefined) return flight.answer.then((answer) => this.#observed(name, answer))
    if (failure !== undefined) return this.#observed(name, failure.answer)
    if (!this.#mayStart()) {
      const detail = 'too many credential exchanges are under way'
      return this.#observed(
        name,
        err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail, 'CRED-busy')),
      )
    }
    return this.#start(name, key, exchange)
  }

  /** What others obtained, or failed to. */
  #observed(name: string, answer: CredentialAnswer): CredentialAnswer {
    this.#observe(name, answer.ok ? 'cached' : kindOf(answer.error.code))
    return answer
  }

  /**
   * Forgets what is held under a name, or all. An exchange that is under way still answers those
   * who wait for it, but its result is not kept, and nobody else joins it.
   */
  purge(name?: string): void {
    for (const map of [this.#live, this.#failures, this.#flights]) {
      for (const [key, entry] of map.entries()) {
        if (name === undefined || entry.name === name) map.delete(key)
      }
    }
  }

  #refresh(name: string, key: string, exchange: Exchange, now: number): void {
    if (this.#flights.has(key) || !this.#mayStart()) return
    if (this.#failureOf(key, now) === undefined) void this.#start(name, key, exchange)
  }

  #failureOf(key: string, now: number): Failure | undefined {
    const failure = this.#failures.get(key)
    return failure !== undefined && now < failure.until ? failure : undefined
  }

  #mayStart(): boolean {
    return this.#flights.size < this.#maxExchanges
  }

  /** The returned promise never rejects, so a refresh that nobody waits for is safe. */
  #start(name: string, key: string, exchange: Exchange): Promise<CredentialAnswer> {
    const answer = settle(exchange).then((settled) => {
      const judged = this.#judge(settled)
      this.#observe(name, judged.ok ? 'obtained' : kindOf(judged.error.code))
      if (this.#flights.get(key) === flight) {
        this.#flights.delete(key)
        this.#keep(name, key, judged)
      }
      return judged
    })
    const flight: Flight = { name, answer }
    this.#flights.set(key, flight)
    return answer
  }

  #judge(answer: CredentialAnswer): CredentialAnswer {
    if (!answer.ok || this.#clock.now() < answer.value.expiresAt - EXPIRY_SKEW) return answer
    const detail = 'the new credential is about to expire'
    return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail, 'CRED-short'))
  }

  /** How long a failure answers for the endpoint. */
  #spanOf(key: string, refused: CredentialRefusal, now: number): number {
    if (kindOf(refused.code) === 'unavailable') return TRANSIENT_FAILURE
    if (refused.settling !== true) return PERMANENT_FAILURE
    const before = this.#failures.get(key)
    const isAgain =
      before !== undefined && isSettling(before.answer) && now < before.until + SETTLING_SPAN
    return isAgain ? Math.min(before.span * 2, PERMANENT_FAILURE) : SETTLING_FAILURE
  }

  #keep(name: string, key: string, answer: CredentialAnswer): void {
    const now = this.#clock.now()
    if (!answer.ok) {
      const span = this.#spanOf(key, answer.error, now)
      const jitter = span < PERMANENT_FAILURE ? span * this.#random() : 0
      this.#failures.set(key, { name, answer, until: now + span + jitter, span })
      return
    }
    this.#failures.delete(key)
    const { expiresAt } = answer.value
    const life = expiresAt - now
    const due = Math.max(Math.min(life * REFRESH_PART, life - REFRESH_BEFORE), life * EARLIEST_PART)
    const jitter = this.#random() * life * JITTER_PART
    this.#live.set(key, {
      name,
      answer: ok(answer.value),
      refreshAt: now + due - jitter,
      usableUntil: expiresAt - EXPIRY_SKEW,
    })
  }
}

function kindOf(code: CredentialCode): CacheResult {
  return code === 'ERR_SG_CREDENTIAL_CONFIG' ? 'refused' : 'unavailable'
}

function isSettling(answer: CredentialAnswer): boolean {
  return !answer.ok && answer.error.settling === true
}

async function settle(exchange: Exchange): Promise<CredentialAnswer> {
  try {
    return await exchange()
  } catch (error) {
    // Only the kind of error: its text may quote a token.
    const kind = error instanceof Error ? error.name : typeof error
    const detail = `the credential exchange broke off: ${kind}`
    return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail, 'CRED-thrown'))
  }
}
