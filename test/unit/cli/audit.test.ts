import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { auditTail, auditVerify } from '../../../gateway/cli/audit.ts'
import { loadAuditKey, publicKeyPath } from '../../../gateway/audit/audit-key.ts'
import type { AuditLog } from '../../../gateway/audit/event.ts'
import type { FileSinkOptions } from '../../../gateway/audit/file-sink-options.ts'
import {
  auditFiles,
  decisionEvent,
  lookupEvent,
  outcomeEvent,
  temporaryDirectory,
  testKey,
  testSink,
} from '../../support/audit.ts'
import { TestIo } from '../../support/cli-io.ts'

const RESEARCHER = 'spiffe://example.org/agent/acme/data-crew/researcher'

interface Setup {
  readonly dir: string
  readonly publicKey: string
  readonly log: AuditLog
}

async function setup(t: Test, limits: FileSinkOptions['limits'] = {}): Promise<Setup> {
  const base = temporaryDirectory(t)
  const dir = join(base, 'audit')
  const keyPath = join(base, 'audit.pem')
  const signer = await loadAuditKey(keyPath)
  const { log } = await testSink(t, { dir, limits }, { ...testKey(), signer })
  return { dir, publicKey: publicKeyPath(keyPath), log }
}

async function traffic(log: AuditLog): Promise<void> {
  await log.append(decisionEvent('d-1'))
  await log.append(outcomeEvent('d-1'))
  await log.append(
    decisionEvent('d-2', {
      spiffe_id: RESEARCHER,
      credential: undefined,
      result: { allow: false, code: 'ERR_SG_DENIED', reasons: ['no_grant', 'x'] },
    }),
  )
  await log.append(
    outcomeEvent('d-2', {
      upstream: undefined,
      status: 403,
      end: 'refused',
      code: 'ERR_SG_DENIED',
    }),
  )
}

t.test('tail prints one readable line for each of the last records', async (t) => {
  const { dir, log } = await setup(t)
  await traffic(log)
  const io = new TestIo()
  t.equal(await auditTail({ dir, lines: 4 }, io), 0)
  t.strictSame(io.stdout.split('\n'), [
    '2026-11-23T18:00:00.123Z ALLOW spiffe://example.org/agent/acme/data-crew/writer s3.PutObject arn:aws:s3:::reports/2026/q1.csv reasons=writer_puts_reports credential=aws-data id=d-1',
    '2026-11-23T18:00:00.456Z END   complete status=200 upstream=s3.eu-west-1.amazonaws.com upstream_status=200 bytes_in=0 bytes_out=1024 id=d-1',
    `2026-11-23T18:00:00.123Z DENY  ${RESEARCHER} s3.PutObject arn:aws:s3:::reports/2026/q1.csv code=ERR_SG_DENIED reasons=no_grant,x id=d-2`,
    '2026-11-23T18:00:00.456Z END   refused status=403 code=ERR_SG_DENIED id=d-2',
    '',
  ])
})

t.test('tail shows look-ups, and how each decision came by what it knew', async (t) => {
  const { dir, log } = await setup(t)
  await log.append(lookupEvent('d-3'))
  await log.append(
    decisionEvent('d-3', {
      spiffe_id: RESEARCHER,
      credential: undefined,
      result: { allow: false, code: 'ERR_SG_DENIED', rule: 'LOOK-3', reasons: [] },
      lookups: [{ fact: 'sql.dry_run', how: 'asked', ok: false, status: 404, us: 9 }],
    }),
  )
  const shown = async (filter: object): Promise<readonly string[]> => {
    const io = new TestIo()
    t.equal(await auditTail({ dir, lines: 2, ...filter }, io), 0)
    return io.stdout.split('\n').slice(0, -1)
  }
  const asked = `2026-11-23T18:00:00.100Z ASK   ${RESEARCHER} sql.dry_run POST /bigquery/v2/projects/acme-data/jobs upstream=bigquery.googleapis.com credential=gcp-data id=d-3`
  const denied = `2026-11-23T18:00:00.123Z DENY  ${RESEARCHER} s3.PutObject arn:aws:s3:::reports/2026/q1.csv code=ERR_SG_DENIED rule=LOOK-3 lookup=sql.dry_run:asked:failed:404 id=d-3`
  t.strictSame(await shown({}), [asked, denied])
  t.strictSame(await shown({ spiffeId: RESEARCHER }), [asked, denied])
  t.strictSame(await shown({ deny: true }), [denied], 'a look-up is no decision')
  t.strictSame(await shown({ spiffeId: 'spiffe://example.org/x' }), [])
})

t.test('tail --json prints the records byte for byte', async (t) => {
  const { dir, log } = await setup(t)
  await traffic(log)
  await log.close()
  const io = new TestIo()
  await auditTail({ dir, lines: 100, json: true }, io)
  t.equal(io.stdout, readFileSync(join(dir, auditFiles(dir)[0] ?? ''), 'utf8'))
})

t.test('tail counts over the borders of files', async (t) => {
  const { dir, log } = await setup(t, { rotateBytes: 2000 })
  for (let index = 0; index < 9; index += 1) await log.append(decisionEvent(`d-${index}`))
  t.ok(auditFiles(dir).length > 3)
  const io = new TestIo()
  await auditTail({ dir, lines: 7, deny: false, allow: true, json: true }, io)
  const ids = io.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { decision_id: string }).decision_id)
  t.strictSame(ids, ['d-2', 'd-3', 'd-4', 'd-5', 'd-6', 'd-7', 'd-8'])
})

t.test('filters keep a decision and what became of it', async (t) => {
  const { dir, log } = await setup(t)
  await traffic(log)
  const shown = async (filter: object): Promise<string[]> => {
    const io = new TestIo()
    await auditTail({ dir, lines: 100, ...filter }, io)
    return (
      io.stdout
        .match(/(?:ALLOW|DENY|END).* id=d-\d/g)
        ?.map((line) => line.slice(0, 3) + line.slice(-4)) ?? []
    )
  }
  t.strictSame(await shown({ allow: true }), ['ALL=d-1', 'END=d-1'])
  t.strictSame(await shown({ deny: true }), ['DEN=d-2', 'END=d-2'])
  t.strictSame(await shown({ spiffeId: RESEARCHER }), ['DEN=d-2', 'END=d-2'])
  t.strictSame(await shown({ spiffeId: RESEARCHER, allow: true }), [])
})

t.test(
  'tail --follow prints each record once, across rotation, and torn lines never',
  async (t) => {
    const { dir, log } = await setup(t, { rotateBytes: 3000 })
    await log.append(decisionEvent('before'))
    const io = new TestIo()
    const abort = new AbortController()
    const ended = auditTail({ dir, lines: 1, follow: true, json: true, signal: abort.signal }, io)
    await io.until(/"before"/)
    for (let index = 0; index < 10; index += 1) await log.append(decisionEvent(`d-${index}`))
    await io.until(/"d-9"/)
    const newest = join(dir, auditFiles(dir).at(-1) ?? '')
    await log.close()
    await io.until(/"type":"close","version":1\}\n$/)
    appendFileSync(newest, '{"torn":')
    appendFileSync(newest, '1}\n')
    await io.until(/torn/)
    abort.abort()
    t.equal(await ended, 0)
    const decisions = io.stdout.match(/"decision_id":"[\w-]+"/g) ?? []
    t.equal(decisions.length, 11)
    t.equal(new Set(decisions).size, 11)
    t.match(io.stdout, /\n\{"torn":1\}\n$/)
  },
)

t.test('B24: what an agent sent cannot move the cursor or pose as a field of ours', async (t) => {
  const { dir, log } = await setup(t)
  await log.append(
    decisionEvent('d-1', {
      facts: undefined,
      credential: undefined,
      result: { allow: false, reasons: [] },
      request: { method: 'GET', path: '/x\r\n\u001b[31m\u009b2J\u202e ALLOW id=d-9\u2028"\\' },
    }),
  )
  const io = new TestIo()
  await auditTail({ dir, lines: 1 }, io)
  t.match(
    io.stdout,
    'GET "/x\\r\\n\\u001b[31m\\u{9b}2J\\u{202e} ALLOW id=d-9\\u{2028}\\"\\\\" id=d-1\n',
  )
  t.equal(io.stdout.split('\n').length, 2)
})

t.test('verify says that all is well, and keeps quiet otherwise', async (t) => {
  const { dir, publicKey, log } = await setup(t)
  await traffic(log)
  await log.close()
  const io = new TestIo()
  t.equal(await auditVerify({ dir, key: [publicKey], requireClosed: true }, io), 0)
  t.match(
    io.stdout,
    /^ok: 6 records in 1 files, every chain unbroken, every checkpoint signed\nhead: /,
  )
  const json = new TestIo()
  t.equal(await auditVerify({ dir, key: [publicKey], json: true }, json), 0)
  t.match(JSON.parse(json.stdout), { ok: true, records: 6, problems: [] })
})

t.test('verify names file and line of what is wrong and ends with 1', async (t) => {
  const { dir, publicKey, log } = await setup(t)
  await traffic(log)
  await log.close()
  const [file = ''] = auditFiles(dir)
  const path = join(dir, file)
  writeFileSync(path, readFileSync(path, 'utf8').replace('"allow":false', '"allow":true'))
  const io = new TestIo()
  t.equal(await auditVerify({ dir, key: [publicKey] }, io), 1)
  t.match(io.stdout, `FAIL    ${file}:4: the hash is not the hash of this record`)
})

t.test('verify --require-closed refuses a newest file without an end', async (t) => {
  const { dir, publicKey, log } = await setup(t)
  await traffic(log)
  t.equal(await auditVerify({ dir, key: [publicKey] }, new TestIo()), 0)
  const io = new TestIo()
  t.equal(await auditVerify({ dir, key: [publicKey], requireClosed: true }, io), 1)
  t.match(io.stdout, /notice .*:1: 5 records from here on are covered by no signature yet/)
})

t.test('what is wrong with the call ends with 2 and a hint', async (t) => {
  const { dir, publicKey, log } = await setup(t)
  await log.close()
  const io = new TestIo()
  const empty = temporaryDirectory(t)
  const none = join(empty, 'none')
  await t.rejects(auditVerify({ dir, key: [] }, io), {
    name: 'CliError',
    exitCode: 2,
    hint: /--key FILE/,
  })
  await t.rejects(auditVerify({ dir, key: [none] }, io), { exitCode: 2, message: /ENOENT/ })
  await t.rejects(auditVerify({ dir: none, key: [publicKey] }, io), {
    exitCode: 2,
    message: /ENOENT/,
  })
  await t.rejects(auditVerify({ dir: empty, key: [publicKey] }, io), {
    exitCode: 2,
    message: /no audit files/,
  })
  await t.rejects(auditTail({ dir: none, lines: 1 }, io), { exitCode: 2, message: /ENOENT/ })
  await t.rejects(auditTail({ dir, lines: -1 }, io), { name: 'CliError', exitCode: 2 })
  await t.rejects(auditTail({ dir, lines: 1, allow: true, deny: true }, io), {
    name: 'CliError',
    exitCode: 2,
  })
  t.equal(io.stdout, '')
})
