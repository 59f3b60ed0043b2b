// The reading of a query's body, and the dry run that is made of it.

import t from 'tap'
import { dryRunBody } from '../../../../../gateway/facts/gcp/bigquery/query-job.ts'
import { readQueryJob } from '../../../../../gateway/facts/gcp/bigquery/read-job.ts'

function read(body: unknown, method: 'jobs.query' | 'jobs.insert' = 'jobs.query') {
  const job = readQueryJob(Buffer.from(JSON.stringify(body)), method)
  if (!job.ok) throw new Error(job.error.detail)
  return job.value
}

const PARAMETERS = [
  { name: 'n', parameterType: { type: 'INT64' }, parameterValue: { value: '9007199254740993' } },
]

t.test('a dry run holds all that decides what the text means, and nothing else', (t) => {
  const job = read({
    query: 'SELECT @n',
    useLegacySql: false,
    useQueryCache: true,
    parameterMode: 'named',
    queryParameters: PARAMETERS,
    defaultDataset: { datasetId: 'sales' },
    location: 'eu',
    maximumBytesBilled: '1000',
    labels: { team: 'sales' },
    requestId: 'abc',
    maxResults: 5,
    timeoutMs: 1000,
  })
  t.strictSame(JSON.parse(dryRunBody(job, 'acme-data')), {
    jobReference: { projectId: 'acme-data', location: 'EU' },
    configuration: {
      dryRun: true,
      query: {
        query: 'SELECT @n',
        useLegacySql: false,
        useQueryCache: false,
        defaultDataset: { projectId: 'acme-data', datasetId: 'sales' },
        parameterMode: 'NAMED',
        queryParameters: PARAMETERS,
      },
    },
  })
  t.end()
})

t.test('both methods make the same dry run of the same query', (t) => {
  const inQuery = read({ query: 'SELECT 1', requestId: 'a', location: 'EU' })
  const inJob = read(
    {
      jobReference: { projectId: 'acme-data', jobId: 'mine', location: 'eu' },
      configuration: { dryRun: true, labels: { a: 'b' }, query: { query: 'SELECT 1' } },
    },
    'jobs.insert',
  )
  t.equal(dryRunBody(inQuery, 'acme-data'), dryRunBody(inJob, 'acme-data'))
  t.end()
})

t.test('whatever changes the meaning changes the text', (t) => {
  const bodies = [
    { query: 'SELECT 1' },
    { query: 'SELECT 2' },
    { query: 'SELECT 1', location: 'EU' },
    { query: 'SELECT 1', defaultDataset: { datasetId: 'a' } },
    { query: 'SELECT 1', defaultDataset: { datasetId: 'a', projectId: 'other' } },
    { query: 'SELECT 1', parameterMode: 'NAMED' },
    { query: 'SELECT 1', queryParameters: PARAMETERS },
  ]
  const texts = bodies.flatMap((body) => [
    dryRunBody(read(body), 'acme-data'),
    dryRunBody(read(body), 'another'),
  ])
  t.equal(new Set(texts).size, texts.length)
  t.end()
})

t.test('the same Buffer is read once', (t) => {
  const body = Buffer.from('{"query":"SELECT 1"}')
  const [first, second] = [readQueryJob(body, 'jobs.query'), readQueryJob(body, 'jobs.query')]
  t.ok(first.ok && second.ok && first.value === second.value)
  t.equal(readQueryJob(body, 'jobs.insert').ok, false, 'as the other method it is none')
  t.equal(readQueryJob(body, 'jobs.query').ok, true)
  t.end()
})

t.test('a job of another kind is no query', (t) => {
  const table = { projectId: 'acme-data', datasetId: 'sales', tableId: 'orders' }
  const body = { configuration: { copy: { sourceTable: table, destinationTable: table } } }
  const job = readQueryJob(Buffer.from(JSON.stringify(body)), 'jobs.insert')
  t.match(job, { ok: false, error: { rule: 'BQ-JOB' } })
  t.end()
})

t.test('a message names the field by its path', (t) => {
  const body = { configuration: { query: { query: 'SELECT 1', tableDefinitions: {} } } }
  const job = readQueryJob(Buffer.from(JSON.stringify(body)), 'jobs.insert')
  t.match(job, { ok: false, error: { detail: /"configuration\.query\.tableDefinitions"/ } })
  t.end()
})
