// A process of its own that appends under load until it is killed: `node audit-child.js DIR KEY`.
// Prints the id of every decision whose append resolved, one a line.

import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { loadAuditKey } from '../../gateway/audit/audit-key.ts'
import { openFileSink } from '../../gateway/audit/file-sink.ts'
import { systemClock } from '../../gateway/util/clock.ts'
import { systemTimers } from '../../gateway/util/timers.ts'
import { decisionEvent } from './audit.ts'

const APPENDERS = 32
const [, , dir = '', keyPath = ''] = process.argv

const log = await openFileSink({
  dir,
  fsync: 'group',
  signer: await loadAuditKey(keyPath),
  software: 'svidgate/0.0.0',
  clock: systemClock,
  timers: systemTimers,
  newId: randomUUID,
  limits: { checkpointEveryRecords: 500, rotateBytes: 4 * 1024 * 1024 },
})

async function append(name: number): Promise<void> {
  // oxlint-disable-next-line no-constant-condition -- until killed
  for (let index = 0; true; index += 1) {
    const id = `${name}-${index}`
    await log.append(decisionEvent(id))
    writeSync(1, `${id}\n`)
  }
}

await Promise.all(Array.from({ length: APPENDERS }, (_, name) => append(name)))
