// Several sinks as one, and what a failure means: `deny` (the default) lets nothing take effect that
// some sink has not recorded; `continue` is the operator's word that service comes before records,
// and every loss is then told to whoever watches.

import type { AuditLog } from './event.ts'

export type OnAuditFailure = 'deny' | 'continue'

export interface AuditLogOptions {
  readonly sinks: readonly AuditLog[]
  readonly onFailure: OnAuditFailure
  /** Told of every append that a sink refused under `continue`. */
  readonly lost?: (error: unknown) => void
}

/** Throws TypeError without a sink: a gateway that records nowhere is a mistake. */
export function combineAuditLogs(options: AuditLogOptions): AuditLog {
  const [first, ...others] = options.sinks
  if (first === undefined) throw new TypeError('an audit log needs at least one sink')
  const all = others.length === 0 ? first : everySink(options.sinks)
  return options.onFailure === 'deny' ? all : lossy(all, options.lost)
}

function everySink(sinks: readonly AuditLog[]): AuditLog {
  return {
    async append(event, when) {
      await settleAll(sinks.map((sink) => sink.append(event, when)))
    },
    get isWritable() {
      return sinks.every((sink) => sink.isWritable)
    },
    async close() {
      await settleAll(sinks.map((sink) => sink.close()))
    },
  }
}

/** Waits for all, then rejects with the first failure: no sink is left behind at work. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason
  }
}

function lossy(log: AuditLog, lost: ((error: unknown) => void) | undefined): AuditLog {
  return {
    async append(event, when) {
      try {
        await log.append(event, when)
      } catch (error) {
        lost?.(error)
      }
    },
    // Readiness does not depend on a sink that traffic does not depend on.
    isWritable: true,
    close: () => log.close(),
  }
}
