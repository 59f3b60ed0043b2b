// Where decisions are recorded: the sinks of the configuration, joined as it says.

import { randomUUID } from 'node:crypto'
import { nodeAuditFs } from '../audit/audit-fs.ts'
import { loadAuditKey } from '../audit/audit-key.ts'
import { combineAuditLogs } from '../audit/audit-log.ts'
import type { AuditLog } from '../audit/event.ts'
import { openFileSink } from '../audit/file-sink.ts'
import type { AuditObserver } from '../audit/file-sink-options.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../util/clock.ts'
import { systemTimers } from '../util/timers.ts'
import { VERSION } from '../util/version.ts'

export async function openRecords(
  { audit }: Config,
  clock: Clock,
  observer: AuditObserver,
  fs = nodeAuditFs,
): Promise<AuditLog> {
  const signer = await loadAuditKey(audit.key)
  const sinks: AuditLog[] = []
  try {
    for (const { dir, fsync, maxFileBytes } of audit.sinks) {
      sinks.push(
        await openFileSink({
          dir,
          fsync,
          signer,
          software: `svidgate/${VERSION}`,
          clock,
          timers: systemTimers,
          newId: randomUUID,
          limits: { checkpointEveryMs: audit.checkpoint, rotateBytes: maxFileBytes },
          observer,
          fs,
        }),
      )
    }
  } catch (error) {
    await Promise.allSettled(sinks.map((sink) => sink.close()))
    throw error
  }
  return combineAuditLogs({ sinks, onFailure: audit.onFailure })
}
