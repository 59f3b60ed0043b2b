// Where records go, as the configuration says it: key and directories are made on first start.

import { createPublicKey } from 'node:crypto'
import { chmod, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { verifyAuditDirectory } from '../../../gateway/audit/verify.ts'
import { openRecords } from '../../../gateway/compose/records.ts'
import type { Config } from '../../../gateway/config/config.ts'
import { systemClock } from '../../../gateway/util/clock.ts'
import { decisionEvent } from '../../support/audit.ts'
import { loadRight } from '../../support/config-fixture.ts'

const observer = { written: () => undefined, failed: () => undefined, recovered: () => undefined }

async function configIn(dir: string, sinks: readonly string[]): Promise<Config> {
  const { config } = await loadRight()
  return {
    ...config,
    audit: {
      ...config.audit,
      key: join(dir, 'keys/audit.pem'),
      sinks: sinks.map((name) => ({
        kind: 'file',
        dir: join(dir, name),
        fsync: 'none',
        maxFileBytes: 1024 * 1024,
      })),
    },
  }
}

t.test('the first start makes key and directory, the next one goes on with them', async (t) => {
  const dir = t.testdir()
  const config = await configIn(dir, ['audit'])
  for (const id of ['first', 'second']) {
    const records = await openRecords(config, systemClock, observer)
    await records.append(decisionEvent(id))
    await records.close()
  }
  const key = join(dir, 'keys/audit.pem')
  t.equal((await stat(key)).mode & 0o777, 0o600)
  t.match(await readFile(key, 'utf8'), /BEGIN PRIVATE KEY/)
  const publicKey = createPublicKey(await readFile(join(dir, 'keys/audit.pub.pem')))
  t.equal((await readdir(join(dir, 'audit'))).length, 2, 'a file a start')
  const verified = await verifyAuditDirectory(join(dir, 'audit'), [publicKey])
  t.strictSame([verified.problems, verified.uncovered], [[], []])
  t.ok(verified.files.every(({ closed }) => closed))
})

t.test('every sink of the configuration gets every record', async (t) => {
  const dir = t.testdir()
  const records = await openRecords(await configIn(dir, ['one', 'two']), systemClock, observer)
  await records.append(decisionEvent('twice'))
  await records.close()
  for (const name of ['one', 'two']) {
    const [file = ''] = await readdir(join(dir, name))
    t.match(await readFile(join(dir, name, file), 'utf8'), /"decision_id":"twice"/, name)
  }
})

t.test('a key that others can read keeps the gateway from starting', async (t) => {
  const dir = t.testdir()
  const config = await configIn(dir, ['audit'])
  await (await openRecords(config, systemClock, observer)).close()
  await chmod(config.audit.key, 0o644)
  await t.rejects(openRecords(config, systemClock, observer), { name: 'AuditSetupError' })
})
