// What @google-cloud/bigquery puts on the wire means what its caller asked for.

import type { BigQuery } from '@google-cloud/bigquery'
import t from 'tap'
import type { HeaderLine } from '../../../../../gateway/request/message.ts'
import { shape } from '../../../../../gateway/shape/shape.ts'
import { allowBigQuery, bigQueryFacts } from '../../../../support/bigquery-facts.ts'
import { startBigQueryCapture } from '../../../../support/js-bigquery-capture.ts'

type Row = readonly [action: string, access: string, ...targets: string[]]

const SQL = 'SELECT region FROM sales.orders'
const PROJECT = 'projects/acme-data'
const TABLE = 'acme-data.sales.orders'
const JOB = `${PROJECT}/jobs/job_1`
const INSERT: Row = ['jobs.insert', 'read', PROJECT]
const QUERY: Row = ['jobs.query', 'read', PROJECT]
const RESULTS: Row = ['jobs.getQueryResults', 'read', JOB]

function orders(client: BigQuery) {
  return client.dataset('sales').table('orders')
}

const calls: [id: string, send: (client: BigQuery) => Promise<unknown>, expected: Row[]][] = [
  ['query', (client) => client.query(SQL), [QUERY, RESULTS]],
  [
    'query with named parameters of every kind',
    (client) =>
      client.query({
        query: 'SELECT @text, @whole, @part, @list, @struct, @nothing',
        params: {
          text: 'x',
          whole: 5,
          part: 1.5,
          list: [1, 2],
          struct: { flag: true, none: null },
          nothing: null,
        },
        types: { struct: { flag: 'BOOL', none: 'STRING' }, nothing: 'STRING' },
      }),
    [QUERY, RESULTS],
  ],
  [
    'query with positional parameters',
    (client) => client.query({ query: 'SELECT ?', params: [1] }),
    [QUERY, RESULTS],
  ],
  [
    'query with every reading option',
    (client) =>
      client.query({
        query: SQL,
        location: 'eu',
        labels: { team: 'sales' },
        maximumBytesBilled: '1000',
        defaultDataset: { datasetId: 'sales' },
        useQueryCache: false,
        maxResults: 5,
      }),
    [QUERY, RESULTS],
  ],
  ['createQueryJob', (client) => client.createQueryJob(SQL), [INSERT]],
  [
    'createQueryJob with options',
    (client) =>
      client.createQueryJob({
        query: SQL,
        location: 'EU',
        priority: 'BATCH',
        jobTimeoutMs: 1000,
        jobId: 'mine',
        labels: { team: 'sales' },
      }),
    [INSERT],
  ],
  ['a dry run', (client) => client.createQueryJob({ query: SQL, dryRun: true }), [INSERT]],
  [
    'a destination table',
    (client) =>
      client.createQueryJob({ query: SQL, destination: client.dataset('scratch').table('out') }),
    [['jobs.insert', 'write', PROJECT, 'acme-data.scratch.out']],
  ],
  [
    'a DELETE',
    (client) => client.query('DELETE FROM sales.orders WHERE true'),
    [['jobs.query', 'write', PROJECT], RESULTS],
  ],
  ['getDatasets', (client) => client.getDatasets(), [['datasets.list', 'list', PROJECT]]],
  [
    'getTables',
    (client) => client.dataset('sales').getTables(),
    [['tables.list', 'list', 'acme-data.sales']],
  ],
  ['getMetadata', (client) => orders(client).getMetadata(), [['tables.get', 'read', TABLE]]],
  [
    'getRows',
    (client) => orders(client).getRows({ maxResults: 3, selectedFields: 'a' }),
    [['tabledata.list', 'read', TABLE]],
  ],
  [
    'job.getMetadata',
    (client) => client.job('job_1', { location: 'EU' }).getMetadata(),
    [['jobs.get', 'read', JOB]],
  ],
  [
    'job.getQueryResults',
    (client) => client.job('job_1', { location: 'EU' }).getQueryResults({ maxResults: 3 }),
    [RESULTS],
  ],
  [
    'job.cancel',
    (client) => client.job('job_1', { location: 'EU' }).cancel(),
    [['jobs.cancel', 'write', JOB]],
  ],
  ['getJobs', (client) => client.getJobs(), [['jobs.list', 'list', PROJECT]]],
  [
    'getJobs of all users',
    (client) => client.getJobs({ allUsers: true }),
    [['jobs.list', 'read', PROJECT]],
  ],
  [
    'getModels',
    (client) => client.dataset('sales').getModels(),
    [['models.list', 'list', 'acme-data.sales']],
  ],
  [
    'getRoutines',
    (client) => client.dataset('sales').getRoutines(),
    [['routines.list', 'list', 'acme-data.sales']],
  ],
  [
    'insert',
    (client) => orders(client).insert([{ a: 1 }]),
    [['tabledata.insertAll', 'write', TABLE]],
  ],
  ['delete', (client) => orders(client).delete(), [['tables.delete', 'write', TABLE]]],
  [
    'createCopyJob',
    (client) => orders(client).createCopyJob(client.dataset('scratch').table('out')),
    [['jobs.insert', 'write', 'acme-data.scratch.out', TABLE]],
  ],
  [
    'getIamPolicy',
    (client) => orders(client).getIamPolicy(),
    [['tables.getIamPolicy', 'read', TABLE]],
  ],
]

const server = await startBigQueryCapture()
t.teardown(() => server.close())

for (const [id, send, expected] of calls) {
  t.test(id, async (t) => {
    const seen: Row[] = []
    for (const { head, body } of await server.capture(send)) {
      const headers = head.headers.map((line): HeaderLine =>
        line[0].toLowerCase() === 'host' ? ['host', 'gw.test'] : line,
      )
      const message = { ...head, headers }
      const facts = bigQueryFacts(message, body)
      if (!facts.ok) throw new Error(facts.error.detail)
      const { action, operation, targets } = facts.value
      seen.push([action, operation.access, ...targets.map(({ name }) => name)])
      const shaped = shape(allowBigQuery(message, body), { sessionPolicy: 'none' })
      t.ok(shaped.ok, shaped.ok ? action : shaped.error.detail)
    }
    t.strictSame(seen, expected)
  })
}
