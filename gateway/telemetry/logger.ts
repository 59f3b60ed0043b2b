// The process's own log: JSON lines, one constant text an event, everything else in fields that went
// through `redact`. The only place that knows pino.

import { pino } from 'pino'
import type { Clock } from '../util/clock.ts'
import { redact } from './redact.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFields = Readonly<Record<string, unknown>>

/** What the rest of the gateway sees of it. `event` is a constant text of ours. */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  /** `fields.err`: the error; only its code, our detail and the stack's places are printed. */
  error(event: string, fields?: LogFields): void
  /** From now on, for this logger and all that came or come from it. */
  setLevel(level: LogLevel): void
  /** A logger that puts these fields into every line. */
  child(fields: LogFields): Logger
}

export interface LoggerOptions {
  /** Until `setLevel`. */
  readonly level: LogLevel
  /** Takes whole lines; standard output where absent. */
  readonly destination?: { write(line: string): void }
  readonly clock: Clock
}

export function createLogger(options: LoggerOptions): Logger {
  const { level, clock } = options
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true })
  return wrap(
    pino(
      {
        // Ours decides, because a child of pino's keeps the level that it was born with.
        level: 'debug',
        base: null,
        timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
        // Ours has been at work before; pino's own handling of errors would print messages.
        serializers: { err: (value: unknown) => value },
      },
      destination,
    ),
    { least: LOG_LEVELS.indexOf(level) },
  )
}

type Level = Exclude<LogLevel, 'silent'>

/** Shared by a logger and its children: the place in LOG_LEVELS of the least that is logged. */
interface Threshold {
  least: number
}

function wrap(log: pino.Logger, threshold: Threshold): Logger {
  const write = (level: Level, event: string, fields: LogFields | undefined): void => {
    if (LOG_LEVELS.indexOf(level) < threshold.least) return
    if (fields === undefined) log[level](event)
    else log[level](redact(fields), event)
  }
  return {
    debug: (event, fields) => {
      write('debug', event, fields)
    },
    info: (event, fields) => {
      write('info', event, fields)
    },
    warn: (event, fields) => {
      write('warn', event, fields)
    },
    error: (event, fields) => {
      write('error', event, fields)
    },
    setLevel: (level) => {
      threshold.least = LOG_LEVELS.indexOf(level)
    },
    child: (fields) =>
      wrap(log.child(Object.fromEntries(Object.entries(asObject(redact(fields))))), threshold),
  }
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
