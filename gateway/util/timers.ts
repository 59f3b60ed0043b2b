// Timers are injected from server.ts like the clock: a test can advance them by hand, and none of
// ours keeps a process alive unless somebody waits for what it starts.

/** Ends a timer; harmless when called twice. */
export type StopTimer = () => void

export interface Timers {
  /** Calls `tick` every `ms` milliseconds until stopped. */
  every(ms: number, tick: () => void): StopTimer
  /** Calls `action` once, after `ms` milliseconds, unless stopped. */
  after(ms: number, action: () => void): StopTimer
  /** The same, and the process does not end before. */
  holdFor(ms: number, action: () => void): StopTimer
}

export const systemTimers: Timers = {
  every(ms, tick) {
    const timer = setInterval(tick, ms)
    timer.unref()
    return () => {
      clearInterval(timer)
    }
  },
  after(ms, action) {
    const timer = setTimeout(action, ms)
    timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
  holdFor(ms, action) {
    const timer = setTimeout(action, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}
