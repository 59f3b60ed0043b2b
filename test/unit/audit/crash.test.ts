// A gateway that is killed while it writes: nothing that was acknowledged is lost, and what is torn
// is named.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import {
  loadAuditKey,
  publicKeyPath,
  readAuditPublicKey,
} from '../../../gateway/audit/audit-key.ts'
import { openFileSink } from '../../../gateway/audit/file-sink.ts'
import { verifyAuditDirectory } from '../../../gateway/audit/verify.ts'
import { auditFiles, readAllRecords, temporaryDirectory } from '../../support/audit.ts'
import { ManualTime } from '../../support/manual-time.ts'

const CHILD = fileURLToPath(new URL('../../support/audit-child.js', import.meta.url))
const ACKNOWLEDGED_BEFORE_KILL = 3000

t.test('kill -9 under load loses no acknowledged record and breaks no chain', async (t) => {
  const base = temporaryDirectory(t)
  const dir = join(base, 'audit')
  const keyPath = join(base, 'audit.pem')
  const child = spawn(process.execPath, [CHILD, dir, keyPath], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  let lines = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    printed += text
    lines += text.split('\n').length - 1
    if (lines >= ACKNOWLEDGED_BEFORE_KILL) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string]
  t.equal(signal, 'SIGKILL')

  const publicKey = await readAuditPublicKey(publicKeyPath(keyPath))
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.strictSame(report.problems, [])
  t.ok(report.records > ACKNOWLEDGED_BEFORE_KILL)

  const acknowledged = printed.split('\n').slice(0, -1)
  const recorded = new Set(readAllRecords(dir).map((record) => record['decision_id']))
  t.strictSame(
    acknowledged.filter((id) => !recorded.has(id)),
    [],
    `${acknowledged.length} acknowledged records are on file`,
  )

  await t.test('a torn tail is named, and the next start goes on behind it', async (t) => {
    const newest = auditFiles(dir).at(-1) ?? ''
    const before = await verifyAuditDirectory(dir, [publicKey])
    const tornAlready = before.notices.some((notice) => /torn line/.test(notice.what))
    if (!tornAlready) appendFileSync(join(dir, newest), '{"bundles":{"authz":{"rev')
    const torn = await verifyAuditDirectory(dir, [publicKey])
    t.ok(torn.ok)
    t.equal(torn.records, report.records, 'intact up to the last whole line')
    t.match(
      torn.notices.find((notice) => notice.file === newest),
      {
        line: (torn.files.at(-1)?.records ?? 0) + 1,
        what: /^a torn line of \d+ bytes/,
      },
    )

    const time = new ManualTime()
    const log = await openFileSink({
      dir,
      fsync: 'group',
      signer: await loadAuditKey(keyPath),
      software: 'svidgate/0.0.0',
      clock: time,
      timers: time,
      newId: () => 'second-start',
    })
    await log.close()
    const after = await verifyAuditDirectory(dir, [publicKey])
    t.match(after, { ok: true, uncovered: [] }, 'and its signature covers the file before')
  })
})
