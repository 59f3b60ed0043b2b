// What bqemulator does and does not do, measured: the ground on which the BigQuery scenario stands. Each
// of these is a reason for what stands before it there.

import t, { type Test } from 'tap'
import { startBqEmulator, type BqEmulator } from '../../support/bqemulator.ts'

const PROJECT = 'acme-data'
const JOBS = `projects/${PROJECT}/jobs`
const FULL = { [`${PROJECT}.sales.orders`]: 2 }

async function withOrders(t: Test): Promise<BqEmulator> {
  const emulator = await startBqEmulator()
  t.teardown(() => emulator.stop())
  await emulator.createDataset(PROJECT, 'sales')
  await refill(emulator)
  return emulator
}

function refill(emulator: BqEmulator): Promise<void> {
  return emulator.run(PROJECT, [
    'CREATE OR REPLACE TABLE sales.orders (id INT64, customer STRING, amount INT64)',
    "INSERT INTO sales.orders VALUES (1, 'ada', 10), (2, 'bob', 20)",
  ])
}

function dryRun(query: string): unknown {
  return { configuration: { dryRun: true, query: { query, useLegacySql: false } } }
}

t.test('bqemulator', async (t) => {
  const emulator = await withOrders(t)
  const { call, inventory } = emulator

  await t.test('runs what it is sent', async (t) => {
    const query = 'SELECT customer, amount FROM sales.orders ORDER BY id'
    const { body } = await call('POST', `projects/${PROJECT}/queries`, {
      query,
      useLegacySql: false,
    })
    t.match(body, {
      rows: [{ f: [{ v: 'ada' }, { v: '10' }] }, { f: [{ v: 'bob' }, { v: '20' }] }],
      statementType: 'SELECT',
    })
    t.same(await inventory([PROJECT]), FULL)
  })

  await t.test('checks no credential', async (t) => {
    for (const authorization of ['', 'Bearer x', 'Basic eDp5']) {
      const answer = await fetch(`${emulator.origin}/bigquery/v2/projects/${PROJECT}/datasets`, {
        headers: authorization === '' ? {} : { authorization },
      })
      t.equal(answer.status, 200, authorization)
      await answer.arrayBuffer()
    }
  })

  await t.test(
    'a dry run tells the kind of a statement, and neither tables nor bytes',
    async (t) => {
      const { status, body } = await call('POST', JOBS, dryRun('SELECT id FROM sales.orders'))
      t.equal(status, 200)
      t.match(body, {
        statistics: { query: { statementType: 'SELECT', totalBytesProcessed: '0' } },
      })
      t.notMatch(JSON.stringify(body), /referencedTables|referencedRoutines/)
    },
  )

  for (const [query, kind] of [
    ['DELETE FROM sales.orders WHERE true', 'DELETE'],
    ['TRUNCATE TABLE sales.orders', 'TRUNCATE_TABLE'],
    ['DROP TABLE sales.orders', 'DROP_TABLE'],
    ['CREATE TABLE sales.more AS SELECT 1 AS x', 'CREATE_TABLE_AS_SELECT'],
  ] as const) {
    await t.test(`a dry run of one ${kind} changes nothing`, async (t) => {
      const { body } = await call('POST', JOBS, dryRun(query))
      t.match(body, { statistics: { query: { statementType: kind } } })
      t.same(await inventory([PROJECT]), FULL)
    })
  }

  await t.test('a dry run of a script RUNS it: no script may ever get that far', async (t) => {
    const { status, body } = await call('POST', JOBS, dryRun('SELECT 1; DROP TABLE sales.orders'))
    t.equal(status, 200)
    t.match(body, { statistics: { query: { statementType: 'SCRIPT' } } })
    t.same(await inventory([PROJECT]), {}, 'the table is gone')
    await refill(emulator)
  })

  await t.test('another dataset is told from one that is not there', async (t) => {
    await emulator.createDataset(PROJECT, 'payroll')
    await emulator.run(PROJECT, ['CREATE TABLE payroll.salaries (name STRING)'])
    const there = await call('POST', JOBS, dryRun('SELECT * FROM payroll.salaries'))
    const nowhere = await call('POST', JOBS, dryRun('SELECT * FROM nowhere.salaries'))
    t.same([there.status, nowhere.status], [200, 404], 'so it must not be asked for either')
  })
})
