import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { verifyAuditDirectory } from '../../../gateway/audit/verify.ts'
import {
  auditFiles,
  decisionEvent,
  outcomeEvent,
  readAllRecords,
  readRecords,
  temporaryDirectory,
  testKey,
  testSink,
} from '../../support/audit.ts'
import { FaultyAuditFs } from '../../support/faulty-audit-fs.ts'
import { ManualTime } from '../../support/manual-time.ts'
import { SinkEvents } from '../../support/sink-events.ts'

/** Turns of the event loop, until a condition holds. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(10_000)
  while (!holds()) {
    deadline.throwIfAborted()
    await new Promise(setImmediate)
  }
}

function ids(records: readonly Record<string, unknown>[]): unknown[] {
  return records.filter((record) => record['type'] === 'decision').map((r) => r['decision_id'])
}

t.test('records lie in files for the owner alone, from an open to a close record', async (t) => {
  const dir = join(temporaryDirectory(t), 'audit')
  const { log, key } = await testSink(t, { dir })
  t.ok(log.isWritable)
  await log.append(decisionEvent('d-1'))
  await log.append(outcomeEvent('d-1'))
  await log.close()
  t.notOk(log.isWritable)
  t.equal(statSync(dir).mode & 0o777, 0o700)
  t.strictSame(auditFiles(dir), ['audit-00000001-20261123T180000Z.jsonl'])
  t.equal(statSync(join(dir, 'audit-00000001-20261123T180000Z.jsonl')).mode & 0o777, 0o600)
  const records = readAllRecords(dir)
  t.strictSame(
    records.map((record) => record.type),
    ['open', 'decision', 'outcome', 'close'],
  )
  t.match(records[0], {
    file: 'audit-00000001-20261123T180000Z.jsonl',
    key_id: key.signer.keyId,
    software: 'svidgate/0.0.0',
    seq: 0,
    prev: '0'.repeat(64),
  })
})

t.test('the order of the calls is the order of the chain, with 32 appenders at once', async (t) => {
  const dir = temporaryDirectory(t)
  const { log, key } = await testSink(t, { dir, fsync: 'group' })
  const called: string[] = []
  const appender = async (name: number): Promise<void> => {
    for (let index = 0; index < 25; index += 1) {
      const id = `${name}-${index}`
      called.push(id)
      await log.append(decisionEvent(id))
    }
  }
  await Promise.all(Array.from({ length: 32 }, (_, name) => appender(name)))
  await log.close()
  t.strictSame(ids(readAllRecords(dir)), called)
  const report = await verifyAuditDirectory(dir, [key.publicKey])
  t.match(report, { ok: true, notices: [], uncovered: [], records: 32 * 25 + 2 })
})

t.test('group: one write and one sync serve all that wait, and none resolves before', async (t) => {
  const dir = temporaryDirectory(t)
  const fs = new FaultyAuditFs()
  const { log } = await testSink(t, { dir, fs, fsync: 'group' })
  const before = { writes: fs.writes, syncs: fs.syncs }
  fs.hold()
  let resolved = 0
  const appends = Array.from({ length: 20 }, (_, index) =>
    log.append(decisionEvent(`d-${index}`)).then(() => (resolved += 1)),
  )
  await new Promise(setImmediate)
  t.equal(resolved, 0)
  t.equal(fs.waiting, 1)
  fs.release()
  await Promise.all(appends)
  t.equal(fs.writes - before.writes, 1)
  t.equal(fs.syncs - before.syncs, 1)
})

t.test('a busy writer pauses for company, an idle one does not', async (t) => {
  const fs = new FaultyAuditFs()
  const limits = { gatherMs: 1 }
  const { log, time } = await testSink(t, { dir: temporaryDirectory(t), fs, limits })
  await log.append(decisionEvent('d-1'))
  await new Promise(setImmediate)
  const before = fs.writes
  fs.hold()
  const first = log.append(decisionEvent('d-2'))
  await until(() => fs.waiting === 1)
  const second = log.append(decisionEvent('d-3'))
  fs.release()
  await first
  await new Promise(setImmediate)
  const third = log.append(decisionEvent('d-4'))
  await new Promise(setImmediate)
  t.equal(fs.writes - before, 1, 'the next batch waits')
  time.advance(1)
  await Promise.all([second, third])
  t.equal(fs.writes - before, 2)
})

t.test('a pause ends early for a large batch, and when the log closes', async (t) => {
  const fs = new FaultyAuditFs()
  const limits = { gatherMs: 1 }
  const { log } = await testSink(t, { dir: temporaryDirectory(t), fs, limits })
  const pausing = async (id: string): Promise<{ readonly second: Promise<void> }> => {
    fs.hold()
    const first = log.append(decisionEvent(`${id}-1`))
    await until(() => fs.waiting === 1)
    const second = log.append(decisionEvent(`${id}-2`))
    fs.release()
    await first
    return { second }
  }
  const { second } = await pausing('large')
  const input = `{"a":"${'x'.repeat(200_000)}"}`
  await Promise.all([second, log.append(decisionEvent('large-3', { input }))])
  const last = await pausing('last')
  await Promise.all([last.second, log.close()])
  t.pass('no time went by')
})

t.test('none: nothing is synced', async (t) => {
  const fs = new FaultyAuditFs()
  const { log } = await testSink(t, { dir: temporaryDirectory(t), fs })
  await log.append(decisionEvent('d-1'))
  await log.close()
  t.equal(fs.syncs, 0)
})

t.test('short writes are continued', async (t) => {
  const dir = temporaryDirectory(t)
  const fs = new FaultyAuditFs()
  const { log, key } = await testSink(t, { dir, fs })
  fs.writeLimit = 100
  await log.append(decisionEvent('d-1'))
  await log.close()
  t.match(await verifyAuditDirectory(dir, [key.publicKey]), { ok: true, notices: [] })
})

t.test('a record appended while the writer ends is not left behind', async (t) => {
  const { log } = await testSink(t, { dir: temporaryDirectory(t) })
  for (let index = 0; index < 200; index += 1) {
    await log.append(decisionEvent(`d-${index}`))
    await Promise.all([log.append(outcomeEvent(`d-${index}`)), Promise.resolve()])
  }
  t.pass('every append resolved')
})

t.test('a full disk: refused, not writable, recovered in a fresh file, chain intact', async (t) => {
  const dir = temporaryDirectory(t)
  const fs = new FaultyAuditFs()
  const observer = new SinkEvents()
  const { log, time, key } = await testSink(t, { dir, fs, observer, fsync: 'group' })
  await log.append(decisionEvent('d-1'))

  fs.freeBytes = 700
  await t.rejects(log.append(decisionEvent('d-2')), { code: 'ERR_SG_AUDIT_UNAVAILABLE' })
  t.notOk(log.isWritable)
  await t.rejects(log.append(decisionEvent('d-3')), { code: 'ERR_SG_AUDIT_UNAVAILABLE' })

  const failedAgain = observer.next('failed')
  time.advance(1000)
  await failedAgain
  t.notOk(log.isWritable, 'the disk is still full, and the failed file is gone')
  t.equal(auditFiles(dir).length, 1)

  fs.freeBytes = Number.POSITIVE_INFINITY
  const recovered = observer.next('recovered')
  time.advance(1000)
  await recovered
  t.ok(log.isWritable)
  await log.append(decisionEvent('d-4'))
  await log.close()

  t.strictSame(observer.failures, ['ENOSPC', 'UNAVAILABLE', 'ENOSPC'])
  t.equal(observer.recoveries, 1)
  const files = auditFiles(dir)
  t.equal(files.length, 2)
  t.strictSame(ids(readRecords(dir, files[1] ?? '')), ['d-4'])
  const report = await verifyAuditDirectory(dir, [key.publicKey])
  t.ok(report.ok)
  t.strictSame(report.uncovered, [], 'the close record covers the first file through the link')
  t.match(report.notices, [{ file: files[0], line: 3, what: /torn line/ }, { file: files[0] }])
})

t.test('a sync that fails refuses the batch and all that wait behind it', async (t) => {
  const fs = new FaultyAuditFs()
  const { log } = await testSink(t, { dir: temporaryDirectory(t), fs, fsync: 'group' })
  fs.failSync = true
  fs.hold()
  const first = log.append(decisionEvent('d-1'))
  await new Promise(setImmediate)
  const behind = log.append(decisionEvent('d-2'))
  fs.release()
  const results = await Promise.allSettled([first, behind])
  t.strictSame(
    results.map((result) => result.status),
    ['rejected', 'rejected'],
  )
  t.notOk(log.isWritable)
})

t.test('a disk that hangs counts as failed, and a late success changes nothing', async (t) => {
  const dir = temporaryDirectory(t)
  const fs = new FaultyAuditFs()
  const observer = new SinkEvents()
  const { log, time, key } = await testSink(t, { dir, fs, observer })
  fs.hold()
  const hanging = log.append(decisionEvent('d-1'))
  await new Promise(setImmediate)
  time.advance(12_000)
  await t.rejects(hanging, { message: /STALLED/ })
  t.notOk(log.isWritable)
  fs.release()
  const recovered = observer.next('recovered')
  time.advance(1000)
  await recovered
  await log.append(decisionEvent('d-2'))
  await log.close()
  const report = await verifyAuditDirectory(dir, [key.publicKey])
  t.ok(report.ok)
  t.match(report.notices, [{ what: /no close record/ }, { what: /their writes were refused/ }])
})

t.test('what may wait is bounded', async (t) => {
  const fs = new FaultyAuditFs()
  const { log } = await testSink(t, {
    dir: temporaryDirectory(t),
    fs,
    limits: { maxQueued: 3000 },
  })
  fs.hold()
  const first = log.append(decisionEvent('d-0'))
  await new Promise(setImmediate)
  const waiting = [log.append(decisionEvent('d-1')), log.append(decisionEvent('d-2'))]
  await t.rejects(log.append(decisionEvent('d-3')), { message: /OVERFLOW/ })
  t.notOk(log.isWritable)
  fs.release()
  await Promise.all([first, ...waiting])
  t.ok(log.isWritable, 'the queue has drained')
})

t.test('an event that is no data is refused and harms no other', async (t) => {
  const dir = temporaryDirectory(t)
  const { log, key } = await testSink(t, { dir })
  await t.rejects(log.append(decisionEvent('d-1', { input: 'no object' })), {
    code: 'ERR_SG_AUDIT_UNAVAILABLE',
    message: /INVALID_EVENT/,
  })
  t.ok(log.isWritable)
  await log.append(decisionEvent('d-2'))
  await log.close()
  t.ok((await verifyAuditDirectory(dir, [key.publicKey])).ok)
})

t.test('a file that has grown to its size is closed, and the next one continues it', async (t) => {
  const dir = temporaryDirectory(t)
  const { log, key } = await testSink(t, { dir, limits: { rotateBytes: 6000 } })
  for (let index = 0; index < 20; index += 1) await log.append(decisionEvent(`d-${index}`))
  await log.close()
  const files = auditFiles(dir)
  t.ok(files.length > 3)
  for (const file of files) {
    t.equal(readRecords(dir, file).at(-1)?.type, 'close', file)
    t.ok(statSync(join(dir, file)).size < 8500, file)
  }
  t.equal(ids(readAllRecords(dir)).length, 20)
  t.match(await verifyAuditDirectory(dir, [key.publicKey]), { ok: true, notices: [] })
})

t.test('checkpoints come with time and with number, and not without records', async (t) => {
  const dir = temporaryDirectory(t)
  const observer = new SinkEvents()
  const { log, time, key } = await testSink(t, {
    dir,
    observer,
    limits: { checkpointEveryRecords: 3 },
  })
  const types = (): string[] => readAllRecords(dir).map((record) => record.type)
  const minute = async (): Promise<void> => {
    const written = observer.next('written')
    time.advance(60_000)
    await written
  }
  await minute()
  t.strictSame(types(), ['open', 'checkpoint'], 'a file that only opened gets one')
  time.advance(600_000)
  await log.append(decisionEvent('d-1'))
  t.strictSame(types(), ['open', 'checkpoint', 'decision'], 'nothing had happened since')
  await minute()
  for (const id of ['d-2', 'd-3', 'd-4']) await log.append(decisionEvent(id))
  t.strictSame(types().slice(3), ['checkpoint', 'decision', 'decision', 'decision', 'checkpoint'])
  const report = await verifyAuditDirectory(dir, [key.publicKey])
  t.match(report, { ok: true, uncovered: [] })
})

t.test('a start after a crash continues behind the last whole record', async (t) => {
  const dir = temporaryDirectory(t)
  const key = testKey()
  const first = await testSink(t, { dir }, key)
  await first.log.append(decisionEvent('d-1'))
  const [file = ''] = auditFiles(dir)
  const last = readRecords(dir, file).at(-1)
  writeFileSync(join(dir, file), '{"bundles":{"au', { flag: 'a' })
  const second = await testSink(t, { dir }, key)
  await second.log.close()
  t.match(readRecords(dir, auditFiles(dir)[1] ?? '')[0], {
    previous: { file, seq: 1, hash: last?.hash },
    prev: last?.hash,
  })
  t.match(await verifyAuditDirectory(dir, [key.publicKey]), { ok: true, uncovered: [] })
})

t.test('closing writes what waits, ends every timer and refuses the rest', async (t) => {
  const dir = temporaryDirectory(t)
  const { log, time } = await testSink(t, { dir })
  const last = log.append(decisionEvent('d-1'))
  const closed = log.close()
  await t.rejects(log.append(decisionEvent('d-2')), { message: /CLOSED/ })
  await Promise.all([last, closed, log.close()])
  t.equal(time.running, 0)
  t.strictSame(ids(readAllRecords(dir)), ['d-1'])
})

t.test('closing does not wait for a disk that hangs', async (t) => {
  const fs = new FaultyAuditFs()
  const { log, time } = await testSink(t, { dir: temporaryDirectory(t), fs })
  fs.hold()
  const closed = log.close()
  await new Promise(setImmediate)
  time.advance(11_000)
  await closed
  t.equal(time.running, 0)
  fs.release()
})

t.test(
  'a directory that others can write, or that cannot be written, stops the start',
  async (t) => {
    const dir = join(temporaryDirectory(t), 'audit')
    mkdirSync(dir)
    chmodSync(dir, 0o770)
    await t.rejects(testSink(t, { dir }), {
      name: 'AuditSetupError',
      hint: `run: chmod 700 ${dir}`,
    })
    chmodSync(dir, 0o700)
    const fs = new FaultyAuditFs()
    fs.failCreate = true
    await t.rejects(testSink(t, { dir, fs }), { name: 'AuditSetupError', message: /EROFS/ })
    writeFileSync(join(dir, 'file'), '')
    await t.rejects(testSink(t, { dir: join(dir, 'file') }), { name: 'AuditSetupError' })
  },
)

t.test('two processes in one directory get files of their own', async (t) => {
  const dir = temporaryDirectory(t)
  const key = testKey()
  const sinks = await Promise.all([testSink(t, { dir }, key), testSink(t, { dir }, key)])
  await Promise.all(sinks.map(({ log }, index) => log.append(decisionEvent(`d-${index}`))))
  await Promise.all(sinks.map(({ log }) => log.close()))
  t.equal(auditFiles(dir).length, 2)
  t.strictSame(new Set(ids(readAllRecords(dir))), new Set(['d-0', 'd-1']))
})

t.test('time in these tests is by hand', async (t) => {
  const time = new ManualTime(0)
  const ticks: number[] = []
  const stop = time.every(10, () => ticks.push(time.now()))
  time.advance(35)
  stop()
  time.advance(100)
  t.strictSame(ticks, [10, 20, 30])
})
