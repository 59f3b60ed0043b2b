// What one identity may use of the gateway at a time. Buckets are bounded in number: the oldest
// identity without a request under way is forgotten first.

import type { Clock } from '../util/clock.ts'

export interface IdentityLimitOptions {
  readonly requestsPerSecond: number
  readonly concurrent: number
}

interface Usage {
  tokens: number
  refilledAt: number
  running: number
}

export const MOST_IDENTITIES = 100_000

export class IdentityLimits {
  readonly #options: () => IdentityLimitOptions
  readonly #clock: Clock
  readonly #usage = new Map<string, Usage>()

  constructor(options: () => IdentityLimitOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** False: over the limit. After true, `leave` must be called exactly once. */
  enter(identity: string): boolean {
    const usage = this.#usageOf(identity)
    const now = this.#clock.now()
    const { requestsPerSecond, concurrent } = this.#options()
    // A clock that steps back refills nothing, and takes nothing away.
    const elapsed = Math.max(now - usage.refilledAt, 0)
    usage.tokens = Math.min(requestsPerSecond, usage.tokens + (elapsed * requestsPerSecond) / 1000)
    usage.refilledAt = now
    if (usage.tokens < 1 || usage.running >= concurrent) return false
    usage.tokens -= 1
    usage.running += 1
    return true
  }

  leave(identity: string): void {
    const usage = this.#usage.get(identity)
    if (usage !== undefined) usage.running -= 1
  }

  #usageOf(identity: string): Usage {
    const found = this.#usage.get(identity)
    if (found !== undefined) return found
    if (this.#usage.size >= MOST_IDENTITIES) this.#forgetOne()
    const usage: Usage = {
      tokens: this.#options().requestsPerSecond,
      refilledAt: this.#clock.now(),
      running: 0,
    }
    this.#usage.set(identity, usage)
    return usage
  }

  #forgetOne(): void {
    for (const [identity, usage] of this.#usage) {
      if (usage.running > 0) continue
      this.#usage.delete(identity)
      return
    }
  }
}
