import t from 'tap'
import { combineAuditLogs } from '../../../gateway/audit/audit-log.ts'
import type { AuditEvent, AuditLog } from '../../../gateway/audit/event.ts'
import { decisionEvent } from '../../support/audit.ts'

class FakeLog implements AuditLog {
  readonly events: AuditEvent[] = []
  isWritable = true
  closed = false

  append(event: AuditEvent): Promise<void> {
    if (!this.isWritable) return Promise.reject(new Error('sink down'))
    this.events.push(event)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.closed = true
    return Promise.resolve()
  }
}

t.test('deny: one sink that fails refuses the record, and readiness with it', async (t) => {
  const sinks = [new FakeLog(), new FakeLog()] as const
  const log = combineAuditLogs({ sinks, onFailure: 'deny' })
  await log.append(decisionEvent('d-1'))
  t.ok(log.isWritable)
  sinks[1].isWritable = false
  t.notOk(log.isWritable)
  await t.rejects(log.append(decisionEvent('d-2')), { message: 'sink down' })
  t.strictSame(
    sinks.map((sink) => sink.events.length),
    [2, 1],
    'the others have it all the same',
  )
  await log.close()
  t.ok(sinks.every((sink) => sink.closed))
})

t.test('continue: a loss stops nothing, and is told', async (t) => {
  const sink = new FakeLog()
  sink.isWritable = false
  const lost: unknown[] = []
  const log = combineAuditLogs({
    sinks: [sink],
    onFailure: 'continue',
    lost: (error) => lost.push(error),
  })
  await log.append(decisionEvent('d-1'))
  t.match(lost, [{ message: 'sink down' }])
  t.ok(log.isWritable)
  await log.close()
  t.ok(sink.closed)
})

t.test('a single sink under deny is used as it is', async (t) => {
  const sink = new FakeLog()
  t.equal(combineAuditLogs({ sinks: [sink], onFailure: 'deny' }), sink)
})

t.test('no sink at all is a mistake', async (t) => {
  t.throws(() => combineAuditLogs({ sinks: [], onFailure: 'deny' }), TypeError)
})
