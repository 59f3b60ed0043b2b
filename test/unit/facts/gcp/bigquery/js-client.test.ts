import t from 'tap'
import { startBigQueryCapture } from '../../../../support/js-bigquery-capture.ts'
import { bigQueryFacts } from '../../../../support/bigquery-facts.ts'
const c = await startBigQueryCapture()
const SQL = 'SELECT 1'
const calls: [string, (b: any) => Promise<unknown>][] = [
  ['query', (b) => b.query(SQL)],
  [
    'query params',
    (b) =>
      b.query({
        query: 'SELECT @a, @n, @d, @arr, @s',
        params: { a: 'x', n: 5, d: 1.5, arr: [1, 2], s: { x: true, y: null } },
        types: { s: { x: 'BOOL', y: 'STRING' } },
        location: 'eu',
        labels: { a: 'b' },
        maximumBytesBilled: '1000',
        defaultDataset: { datasetId: 'sales' },
        useQueryCache: false,
        maxResults: 5,
      }),
  ],
  ['query positional', (b) => b.query({ query: 'SELECT ?', params: [1] })],
  [
    'createQueryJob',
    (b) =>
      b.createQueryJob({
        query: SQL,
        location: 'EU',
        priority: 'BATCH',
        jobTimeoutMs: 1000,
        jobId: 'mine',
        params: ['a'],
        labels: { a: 'b' },
      }),
  ],
  ['dry', (b) => b.createQueryJob({ query: SQL, dryRun: true })],
  ['dest', (b) => b.createQueryJob({ query: SQL, destination: b.dataset('scratch').table('out') })],
  ['jobPrefix', (b) => b.createQueryJob({ query: SQL, jobPrefix: 'x-' })],
  ['datasets', (b) => b.getDatasets()],
  ['tables', (b) => b.dataset('sales').getTables()],
  ['meta', (b) => b.dataset('sales').table('orders').getMetadata()],
  [
    'rows',
    (b) => b.dataset('sales').table('orders').getRows({ maxResults: 3, selectedFields: 'a' }),
  ],
  ['job', (b) => b.job('job_1', { location: 'EU' }).getMetadata()],
  ['results', (b) => b.job('job_1', { location: 'EU' }).getQueryResults({ maxResults: 3 })],
  ['cancel', (b) => b.job('job_1', { location: 'EU' }).cancel()],
  ['jobs', (b) => b.getJobs({ allUsers: true })],
  ['models', (b) => b.dataset('sales').getModels()],
  ['routines', (b) => b.dataset('sales').getRoutines()],
  ['routine', (b) => b.dataset('sales').routine('f').getMetadata()],
  [
    'insert',
    (b) =>
      b
        .dataset('sales')
        .table('orders')
        .insert([{ a: 1 }]),
  ],
  ['delete', (b) => b.dataset('sales').table('orders').delete()],
  [
    'copy',
    (b) => b.dataset('sales').table('orders').createCopyJob(b.dataset('scratch').table('o')),
  ],
  ['iam', (b) => b.dataset('sales').table('orders').getIamPolicy()],
]
for (const [id, f] of calls)
  for (const { head, body } of await c.capture(f)) {
    const r = bigQueryFacts(
      {
        ...head,
        headers: head.headers.map(([n, v]) =>
          n.toLowerCase() === 'host' ? [n, 'gw.test'] : [n, v],
        ),
      },
      body,
    )
    console.log(
      id,
      head.method,
      head.target,
      body.toString(),
      r.ok
        ? [r.value.action, r.value.operation.access, r.value.targets.map((x) => x.name)]
        : r.error,
    )
  }
await c.close()
t.pass('x')
