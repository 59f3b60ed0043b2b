// Time is injected from server.ts, so that no module below it can read a clock of its own and
// every test can set one.

export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
