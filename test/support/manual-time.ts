// Time by hand: nothing happens until a test says that it is later.

import type { Clock } from '../../gateway/util/clock.ts'
import type { StopTimer, Timers } from '../../gateway/util/timers.ts'

interface Timer {
  readonly ms: number
  due: number
  tick(): void
}

export class ManualTime implements Clock, Timers {
  #now: number
  readonly #timers = new Set<Timer>()

  constructor(now = Date.parse('2026-11-23T18:00:00.000Z')) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  every(ms: number, tick: () => void): StopTimer {
    const timer: Timer = { ms, due: this.#now + ms, tick }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  after(ms: number, action: () => void): StopTimer {
    const stop = this.every(ms, () => {
      stop()
      action()
    })
    return stop
  }

  holdFor(ms: number, action: () => void): StopTimer {
    return this.after(ms, action)
  }

  get running(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.due - b.due)[0]
      if (next === undefined || next.due > end) break
      this.#now = next.due
      next.due += next.ms
      next.tick()
    }
    this.#now = end
  }
}
