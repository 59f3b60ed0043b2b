// Every way to change a record that an outsider could try, and what verification says of it.

import { sign } from 'node:crypto'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { verifyAuditDirectory } from '../../../gateway/audit/verify.ts'
import type { VerifyReport } from '../../../gateway/audit/verify.ts'
import {
  auditFiles,
  decisionEvent,
  hashOfLine,
  outcomeEvent,
  temporaryDirectory,
  testKey,
  testSink,
} from '../../support/audit.ts'

interface Written {
  readonly dir: string
  readonly files: readonly string[]
  readonly publicKey: KeyObject
}

/** Three files: 1 open, 6 records, 1 close each. */
async function written(t: Test): Promise<Written> {
  const dir = temporaryDirectory(t)
  const key = testKey()
  for (const start of ['a', 'b', 'c']) {
    const { log } = await testSink(t, { dir }, key)
    for (const index of [1, 2, 3]) {
      await log.append(decisionEvent(`${start}-${index}`))
      await log.append(outcomeEvent(`${start}-${index}`))
    }
    await log.close()
  }
  return { dir, files: auditFiles(dir), publicKey: key.publicKey }
}

function lines(dir: string, file: string): string[] {
  return readFileSync(join(dir, file), 'utf8').split('\n').slice(0, -1)
}

function write(dir: string, file: string, text: readonly string[]): void {
  writeFileSync(join(dir, file), text.map((line) => `${line}\n`).join(''))
}

/** What an attacker with the files but without the key can do: compute all later hashes anew. */
function rechain(text: readonly string[]): string[] {
  let prev: string | undefined
  return text.map((line) => {
    const linked =
      prev === undefined ? line : line.replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`)
    const hash = hashOfLine(linked)
    prev = hash
    return linked.replace(/"hash":"[0-9a-f]{64}"/, `"hash":"${hash}"`)
  })
}

t.test('what was written is proven, with the public key alone', async (t) => {
  const { dir, files, publicKey } = await written(t)
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.match(report, { ok: true, records: 24, problems: [], notices: [], uncovered: [] })
  t.strictSame(
    report.files,
    files.map((file) => ({ file, records: 8, closed: true })),
  )
  const last = lines(dir, files[2] ?? '').at(-1) ?? ''
  t.strictSame(report.head, { file: files[2], seq: 7, hash: hashOfLine(last) })
})

interface Tampering {
  readonly id: string
  /** Changes the second file's lines. */
  readonly change: (text: string[]) => readonly string[]
  readonly line: number
  readonly what: RegExp
}

const tamperings: readonly Tampering[] = [
  {
    id: 'a value was changed',
    change: (text) => text.map((line) => line.replace('"b-2"', '"x-2"')),
    line: 4,
    what: /not the hash of this record/,
  },
  {
    id: 'a value was changed and its own hash computed anew',
    change: (text) => [
      ...text.slice(0, 3),
      ...rechain([(text[3] ?? '').replace('"b-2"', '"x-2"')]),
      ...text.slice(4),
    ],
    line: 5,
    what: /prev is not the hash of the record before/,
  },
  {
    id: 'a value was changed and every later hash computed anew',
    change: (text) => rechain(text.map((line) => line.replace('"b-2"', '"x-2"'))),
    line: 8,
    what: /forged/,
  },
  {
    id: 'a record was taken out',
    change: (text) => text.toSpliced(3, 1),
    line: 4,
    what: /seq is 4 where 3/,
  },
  {
    id: 'two records were exchanged',
    change: (text) => text.toSpliced(2, 2, text[3] ?? '', text[2] ?? ''),
    line: 3,
    what: /seq is 3 where 2/,
  },
  {
    id: 'a record was written twice',
    change: (text) => text.toSpliced(2, 0, text[2] ?? ''),
    line: 4,
    what: /seq is 2 where 3/,
  },
  {
    id: 'a record was spelled otherwise',
    change: (text) => text.map((line, index) => (index === 3 ? line.replace(',', ', ') : line)),
    line: 4,
    what: /not canonical JSON/,
  },
  {
    id: 'a member was given twice',
    change: (text) =>
      text.map((line, index) => (index === 3 ? `{"bundles":1,${line.slice(1)}` : line)),
    line: 4,
    what: /not canonical JSON.*repeated/,
  },
  {
    id: 'a line is no JSON',
    change: (text) => text.with(3, 'x'),
    line: 4,
    what: /not canonical JSON/,
  },
  {
    id: 'a line is empty',
    change: (text) => text.toSpliced(3, 0, ''),
    line: 4,
    what: /not canonical JSON/,
  },
  {
    id: 'the first record is gone',
    change: (text) => text.slice(1),
    line: 1,
    what: /seq is 1 where 0/,
  },
  {
    id: 'a record stands behind the close record',
    change: (text) => [...text, text[1] ?? ''],
    line: 9,
    what: /behind the close record/,
  },
  {
    id: 'the format is of another version',
    change: (text) => rechain(text.map((line) => line.replace('"version":1}', '"version":2}'))),
    line: 1,
    what: /no known version/,
  },
  { id: 'nothing is left', change: () => [], line: 1, what: /no whole record/ },
]

t.test('every change within a file is found at its line', async (t) => {
  for (const { id, change, line, what } of tamperings) {
    const { dir, files, publicKey } = await written(t)
    const file = files[1] ?? ''
    write(dir, file, change(lines(dir, file)))
    const report = await verifyAuditDirectory(dir, [publicKey])
    t.notOk(report.ok, id)
    t.match(report.problems[0], { file, line, what }, id)
  }
})

t.test('bytes that are no text are found', async (t) => {
  const { dir, files, publicKey } = await written(t)
  const path = join(dir, files[0] ?? '')
  const bytes = readFileSync(path)
  bytes[bytes.indexOf('reports')] = 0xff
  writeFileSync(path, bytes)
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.match(report.problems[0], { file: files[0], line: 2, what: /not UTF-8/ })
})

t.test('a line without end is found, and not held in memory', async (t) => {
  const { dir, files, publicKey } = await written(t)
  const file = files[2] ?? ''
  write(dir, file, [...lines(dir, file).slice(0, 7), 'x'.repeat(20 * 1024 * 1024)])
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.match(report.problems, [{ file, line: 8, what: /longer than any record/ }])
})

t.test('a file that was cut off is found through the file behind it', async (t) => {
  const { dir, files, publicKey } = await written(t)
  write(dir, files[1] ?? '', lines(dir, files[1] ?? '').slice(0, 5))
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.match(report.problems, [{ file: files[2], line: 1, what: /that file was cut off/ }])
})

t.test(
  'the last file, cut off: said to have no close record, and what is not covered',
  async (t) => {
    const { dir, files, publicKey } = await written(t)
    write(dir, files[2] ?? '', lines(dir, files[2] ?? '').slice(0, 5))
    const report = await verifyAuditDirectory(dir, [publicKey])
    t.match(report.notices, [{ file: files[2], line: 5, what: /no close record/ }])
    t.strictSame(report.uncovered, [{ file: files[2], fromLine: 1, records: 5 }])
  },
)

t.test('a file that was taken out, replaced or moved is found', async (t) => {
  const cases: readonly (readonly [string, (w: Written) => void, RegExp])[] = [
    ['taken out', ({ dir, files }) => rmSync(join(dir, files[1] ?? '')), /which is not here/],
    [
      'replaced by another of the same key',
      ({ dir, files }) => write(dir, files[1] ?? '', lines(dir, files[0] ?? '')),
      /another one: that file was replaced|a new chain begins here/,
    ],
    [
      'renamed to be the last',
      ({ dir, files }) =>
        renameSync(join(dir, files[1] ?? ''), join(dir, 'audit-00000009-20261123T180000Z.jsonl')),
      /which is not here/,
    ],
  ]
  for (const [id, change, what] of cases) {
    const w = await written(t)
    change(w)
    const report = await verifyAuditDirectory(w.dir, [w.publicKey])
    t.notOk(report.ok, id)
    t.ok(
      report.problems.some((problem) => what.test(problem.what)),
      id,
    )
  }
})

t.test('files that were removed in time are a notice', async (t) => {
  const { dir, files, publicKey } = await written(t)
  rmSync(join(dir, files[0] ?? ''))
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.ok(report.ok)
  t.match(report.notices, [{ file: files[1], line: 1, what: /continues .*, which is not here/ }])
})

t.test('a signature counts only with its key', async (t) => {
  const { dir, files, publicKey } = await written(t)
  const other = testKey().publicKey
  const none: VerifyReport = await verifyAuditDirectory(dir, [other])
  t.match(none.problems[0], { file: files[0], line: 8, what: /which was not given/ })
  t.ok((await verifyAuditDirectory(dir, [other, publicKey])).ok, 'several keys may be given')
})

t.test('a checkpoint signed by another key under the name of ours is forged', async (t) => {
  const { dir, files, publicKey } = await written(t)
  const forger = generateKeyPairSync('ed25519').privateKey
  const file = files[2] ?? ''
  const text = lines(dir, file)
  const last = text.at(-1) ?? ''
  const payload = last.replace(/"hash":"[0-9a-f]{64}",/, '').replace(/"signature":"[\w-]+",/, '')
  const forged = sign(null, Buffer.from(`svidgate audit checkpoint v1\n${payload}`), forger)
  const line = last.replace(/"signature":"[\w-]+"/, `"signature":"${forged.toString('base64url')}"`)
  write(dir, file, [...text.slice(0, -1), ...rechain([line])])
  const report = await verifyAuditDirectory(dir, [publicKey])
  t.match(report.problems, [{ file, line: 8, what: /forged/ }])
})

t.test('records behind the last checkpoint are named as not covered', async (t) => {
  const dir = temporaryDirectory(t)
  const { log, key } = await testSink(t, { dir, limits: { checkpointEveryRecords: 4 } })
  for (let index = 0; index < 6; index += 1) await log.append(decisionEvent(`d-${index}`))
  const report = await verifyAuditDirectory(dir, [key.publicKey])
  t.ok(report.ok)
  const [file] = auditFiles(dir)
  t.strictSame(report.uncovered, [{ file, fromLine: 6, records: 3 }])
})
