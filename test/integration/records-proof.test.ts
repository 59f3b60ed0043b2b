// What the records prove afterwards: that the recorded input gives the recorded decision, and, with
// the public key alone, that nothing was changed, taken out or put in.

import { once } from 'node:events'
import { readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readAuditPublicKey } from '../../gateway/audit/audit-key.ts'
import { verifyAuditDirectory } from '../../gateway/audit/verify.ts'
import { openBundle } from '../../gateway/policy/bundle/activate.ts'
import {
  isJsonObject,
  parseStrictJson,
  writeJson,
  type JsonValue,
} from '../../gateway/util/json.ts'
import { auditLines, hashOfLine } from '../support/audit.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway } from '../support/running-gateway.ts'
import { repositoryRoot } from '../support/test-data.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'

const PUT = `${s3Head(
  'PUT /aws/s3/reports/2026/a.csv?x-id=PutObject',
  'x-amz-content-sha256: UNSIGNED-PAYLOAD',
  'content-length: 3',
)}abc`

function member(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let current = value
  for (const name of path) current = isJsonObject(current) ? current.get(name) : undefined
  return current
}

t.test('the recorded input gives the recorded decision again', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  for (const bytes of [PUT, LIST_REPORTS, PUT.replace('2026/a', '2025/a')]) connection.write(bytes)
  await connection.until(() => connection.text.match(/HTTP\/1\.1 \d{3} /g)?.length === 3)
  await test.stop()
  const bundle = readFileSync(join(repositoryRoot(), 'bundles/authz.tar.gz'))
  const opened = openBundle(bundle, {
    name: 'authz',
    verification: { required: false, keys: new Map() },
    entrypoints: ['svidgate/authz/decision'],
  })
  if (!opened.ok) throw new Error(opened.error.message)
  const verdicts: unknown[] = []
  for (const line of auditLines(test.dir)) {
    const parsed = parseStrictJson(line, { maxDepth: 64 })
    const record = parsed.ok ? parsed.value : undefined
    if (member(record, 'type') !== 'decision') continue
    const input = member(record, 'input')
    if (input === undefined) throw new Error('no input')
    const nowNs = writeJson(member(input, 'now', 'ns') ?? null)
    const { engine } = opened.value
    const again = engine.evaluate('svidgate/authz/decision', { text: writeJson(input), nowNs })
    const allow = member(record, 'result', 'allow')
    t.match(again, { ok: true, value: { allow } })
    verdicts.push(allow)
  }
  t.same(verdicts, [true, false, false])
})

t.test('the chain verifies with the public key alone, checkpoints and end included', async (t) => {
  const test = await startTestGateway({
    config: (text) => text.replace('audit:\n', 'audit:\n  checkpoint: 1s\n'),
  })
  t.teardown(() => test.close())
  const watcher = watch(join(test.dir, 'state/audit'))
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(PUT)
  t.equal((await connection.answer()).status, 200)
  const isSigned = (): boolean => auditLines(test.dir).some((line) => line.includes('"checkpoint"'))
  while (!isSigned()) await once(watcher, 'change')
  watcher.close()
  await test.stop()
  const key = await readAuditPublicKey(join(test.dir, 'state/audit.pub.pem'))
  const report = await verifyAuditDirectory(join(test.dir, 'state/audit'), [key])
  t.match(report, { ok: true, problems: [], uncovered: [], files: [{ closed: true }] })
  const lines = auditLines(test.dir)
  t.equal(report.records, lines.length)
  let previous = ''
  for (const line of lines) {
    const { hash, prev } = JSON.parse(line) as { hash: string; prev: string }
    t.equal(hash, hashOfLine(line), 'as an outsider computes it')
    if (previous !== '') t.equal(prev, previous)
    previous = hash
  }
})
