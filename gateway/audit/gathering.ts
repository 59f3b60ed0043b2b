// The pause of a writer that is busy: what the disk takes for a batch hardly depends on how much is
// in it, so under load the next batch waits a moment for company. A writer that was idle never does.

import type { StopTimer, Timers } from '../util/timers.ts'

export class Gathering {
  readonly #timers: Timers
  readonly #ms: number
  #end: (() => void) | undefined

  /** @param ms the longest pause; 0: none */
  constructor(timers: Timers, ms: number) {
    this.#timers = timers
    this.#ms = ms
  }

  /** Resolves after the pause, or at `end`. */
  wait(): Promise<void> {
    if (this.#ms === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const stop: StopTimer = this.#timers.holdFor(this.#ms, () => this.end())
      this.#end = () => {
        this.#end = undefined
        stop()
        resolve()
      }
    })
  }

  /** Ends a pause that is under way: there is company enough, or the log closes. */
  end(): void {
    this.#end?.()
  }
}
