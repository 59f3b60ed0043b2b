// The BigQuery request as it is sent: one spelling, only what was judged, and what the gateway decides.

import t from 'tap'
import { makeAllowedRequest } from '../../../../gateway/shape/allowed-request.ts'
import type { JobOwnership } from '../../../../gateway/facts/job-ownership.ts'
import type { Obligations } from '../../../../gateway/policy/decision-types.ts'
import type { HeaderLine } from '../../../../gateway/request/message.ts'
import { shape } from '../../../../gateway/shape/shape.ts'
import { allowBigQuery, bqHead, bqPost, ID, type Asking } from '../../../support/bigquery-facts.ts'
import { VERSION } from '../../../../gateway/util/version.ts'

const OPTIONS = { sessionPolicy: 'none' } as const
const QUERIES = '/projects/acme-data/queries'
const JOBS = '/projects/acme-data/jobs'

const jobs: JobOwnership = {
  resolve: (_project, jobId) => {
    if (jobId.startsWith('tag_')) return { jobId, own: true }
    return jobId === 'mine' ? { jobId: 'tag_mine', own: true } : { jobId, own: false }
  },
  stamp: (_project, jobId) => (jobId.startsWith('tag_') ? jobId : `tag_${jobId}`),
}

function ask(method: string, target: string, headers: readonly HeaderLine[] = []) {
  return send({ message: bqHead(method, target, headers), body: undefined })
}

function send(
  { message, body }: { message: ReturnType<typeof bqHead>; body: Buffer | undefined },
  asking: Asking = {},
) {
  const allowed = allowBigQuery(message, body, asking)
  const { jobs: known } = asking
  return shape(allowed, known === undefined ? OPTIONS : { ...OPTIONS, jobs: known })
}

function shaped(result: ReturnType<typeof send>) {
  if (!result.ok) throw new Error(result.error.detail)
  return result.value
}

function sentBody(result: ReturnType<typeof send>): unknown {
  return JSON.parse(shaped(result).body?.toString() ?? 'null')
}

t.test('path and query: one spelling, without what says nothing', (t) => {
  const rows: [id: string, target: string, path: string, query: string][] = [
    ['plain', '/projects/acme-data/datasets', '/projects/acme-data/datasets', ''],
    ['an empty query', '/projects/acme-data/datasets?', '/projects/acme-data/datasets', ''],
    [
      'needless escapes',
      '/projects/acme%2ddata/datasets/s%61les',
      '/projects/acme-data/datasets/sales',
      '',
    ],
    [
      'letters beyond ASCII',
      '/projects/acme-data/datasets/sales/tables/Auftr%c3%a4ge%202026/data',
      '/projects/acme-data/datasets/sales/tables/Auftr%C3%A4ge%202026/data',
      '',
    ],
    [
      'a project of a domain',
      '/projects/example.com%3Alegacy/jobs/j_1',
      '/projects/example.com:legacy/jobs/j_1',
      '',
    ],
    [
      'sorted, canonical location, no quota user',
      '/projects/acme-data/jobs/j_1?location=eu&fields=id,status&quotaUser=x&%24.xgafv=2',
      '/projects/acme-data/jobs/j_1',
      'fields=id%2Cstatus&location=EU',
    ],
  ]
  for (const [id, target, path, query] of rows) {
    const result = shaped(ask('GET', target))
    t.equal(result.path, `/bigquery/v2${path}`, id)
    t.equal(result.query, query, id)
  }
  t.end()
})

t.test('a custom verb stays where it was', (t) => {
  const table = '/projects/acme-data/datasets/sales/tables/orders:getIamPolicy'
  const result = shaped(send(bqPost(table, {})))
  t.equal(result.path, `/bigquery/v2${table}`)
  t.equal(result.body, undefined, 'its body streams')
  t.match(result.payload, { mode: 'unsigned', contentSha256: undefined })
  t.end()
})

t.test('only listed headers pass; identity, billing and other methods do not', (t) => {
  const result = shaped(
    ask('GET', '/projects/acme-data/datasets', [
      ['authorization', 'Bearer agent'],
      ['cookie', 'a=b'],
      ['x-goog-user-project', 'victim'],
      ['x-cloud-trace-context', 'x'],
      ['x-goog-api-client', 'gl-python/3'],
      ['accept', 'application/json'],
      ['accept-encoding', 'gzip'],
      ['user-agent', 'agent/1'],
      ['x-anything', 'x'],
    ]),
  )
  t.strictSame(result.headers, [
    ['x-goog-api-client', 'gl-python/3'],
    ['accept', 'application/json'],
    ['accept-encoding', 'gzip'],
    ['user-agent', `agent/1 svidgate/${VERSION}`],
  ])
  t.end()
})

t.test('a job’s request has headers of our own, and says its length', (t) => {
  const headers: HeaderLine[] = [
    ['accept', '*/*'],
    ['accept-encoding', 'gzip'],
  ]
  const result = shaped(send(bqPost(QUERIES, { query: 'SELECT 1' }, headers)))
  t.strictSame(result.headers, [
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
    ['content-type', 'application/json'],
    ['user-agent', `svidgate/${VERSION}`],
  ])
  t.strictSame(result.framing, { kind: 'sized', length: result.body?.length })
  t.match(result.payload, { mode: 'buffered', contentSha256: undefined })
  t.end()
})

t.test('what was judged is written anew, with legacy SQL off', (t) => {
  const text = `  { "query" : "SELECT \\u0031 -- \\/é", "maxResults": "5", "location":"eu",
    "useQueryCache": null, "labels": {"team":"x"}, "parameterMode":"named",
    "queryParameters":[{"name":"n","parameterType":{"type":"INT64"},"parameterValue":{"value":9007199254740993}}] } `
  const result = send(bqPost(QUERIES, text))
  t.equal(
    shaped(result).body?.toString(),
    '{"query":"SELECT 1 -- /é","maxResults":5,"location":"EU","labels":{"team":"x"},' +
      '"parameterMode":"NAMED","queryParameters":[{"name":"n","parameterType":{"type":"INT64"},' +
      '"parameterValue":{"value":9007199254740993}}],"useLegacySql":false}',
  )
  t.end()
})

t.test('jobs.insert: the id carries the agent’s mark, the project is the path’s', (t) => {
  const configuration = { query: { query: 'SELECT 1' } }
  const expected = { query: { query: 'SELECT 1', useLegacySql: false } }
  const own = { jobReference: { jobId: 'mine-1', location: 'eu' }, configuration }
  t.strictSame(sentBody(send(bqPost(JOBS, own), { jobs })), {
    jobReference: { jobId: 'tag_mine-1', location: 'EU', projectId: 'acme-data' },
    configuration: expected,
  })
  t.strictSame(
    sentBody(send(bqPost(JOBS, { configuration }), { jobs })),
    {
      jobReference: { projectId: 'acme-data', jobId: `tag_${ID}` },
      configuration: expected,
    },
    'the request’s own id where the client names none',
  )
  t.strictSame(
    sentBody(send(bqPost(JOBS, { configuration }))),
    { jobReference: { projectId: 'acme-data' }, configuration: expected },
    'nobody in particular asks',
  )
  t.end()
})

t.test('an id that the mark makes too long is refused', (t) => {
  const body = {
    jobReference: { jobId: 'x'.repeat(1024) },
    configuration: { query: { query: 'SELECT 1' } },
  }
  t.match(send(bqPost(JOBS, body), { jobs }), {
    ok: false,
    error: { code: 'ERR_SG_OPERATION_AMBIGUOUS', rule: 'SH-6' },
  })
  t.end()
})

t.test('a follow-up asks for the job by the id that BigQuery knows', (t) => {
  for (const target of ['/jobs/mine', '/queries/mine']) {
    const message = bqHead('GET', `/projects/acme-data${target}`)
    const result = shaped(send({ message, body: undefined }, { jobs }))
    t.equal(result.path, `/bigquery/v2/projects/acme-data${target.replace('mine', 'tag_mine')}`)
  }
  t.end()
})

t.test('max_bytes_billed: the smaller of what the client and the policy says', (t) => {
  const obligations: Obligations = { maxBytesBilled: 1000 }
  const rows: [own: string | number | undefined, sent: string][] = [
    [undefined, '1000'],
    ['999', '999'],
    ['1000', '1000'],
    ['1001', '1000'],
    [1001, '1000'],
    ['9223372036854775807', '1000'],
  ]
  for (const [own, sent] of rows) {
    const query = { query: 'SELECT 1', maximumBytesBilled: own }
    t.match(
      sentBody(send(bqPost(QUERIES, query), { obligations })),
      { maximumBytesBilled: sent },
      `jobs.query with ${String(own)}`,
    )
    t.match(
      sentBody(send(bqPost(JOBS, { configuration: { query } }), { obligations })),
      { configuration: { query: { maximumBytesBilled: sent } } },
      `jobs.insert with ${String(own)}`,
    )
  }
  const big = { maxBytesBilled: Number.MAX_SAFE_INTEGER }
  const capped = send(bqPost(QUERIES, { query: 'SELECT 1' }), { obligations: big })
  t.match(sentBody(capped), { maximumBytesBilled: '9007199254740991' }, 'exactly')
  t.match(
    sentBody(send(bqPost(QUERIES, { query: 'SELECT 1', maximumBytesBilled: '7' }))),
    { maximumBytesBilled: '7' },
    'without the obligation the client’s own stays',
  )
  t.end()
})

t.test('an obligation that the request cannot carry refuses it', (t) => {
  const table = { projectId: 'acme-data', datasetId: 'sales', tableId: 'orders' }
  const copy = { configuration: { copy: { sourceTable: table, destinationTable: table } } }
  const list = { message: bqHead('GET', '/projects/acme-data/datasets'), body: undefined }
  const query = bqPost(QUERIES, { query: 'SELECT 1' })
  const rows: [id: string, sent: Parameters<typeof send>[0], obligations: Obligations][] = [
    ['a cap on a list', list, { maxBytesBilled: 1 }],
    ['a cap on a copy', bqPost(JOBS, copy), { maxBytesBilled: 1 }],
    [
      'a session policy',
      query,
      { sessionPolicy: [{ actions: ['s3:GetObject'], resources: ['*'] }] },
    ],
    ['a header of S3', query, { setHeaders: new Map([['x-amz-expected-bucket-owner', '1']]) }],
    ['a header that BigQuery ignores', query, { setHeaders: new Map([['if-match', '"x"']]) }],
    ['a project that is none', query, { setHeaders: new Map([['x-goog-user-project', 'a b']]) }],
  ]
  for (const [id, sent, obligations] of rows) {
    const expected = { ok: false, error: { code: 'ERR_SG_OBLIGATION_UNSUPPORTED' } }
    t.match(send(sent, { obligations }), expected, id)
  }
  t.end()
})

t.test('the policy, and only it, says which project pays', (t) => {
  const sent = bqPost(QUERIES, { query: 'SELECT 1' }, [['x-goog-user-project', 'victim']])
  const obligations = { setHeaders: new Map([['x-goog-user-project', 'billing-1']]) }
  const lines = shaped(send(sent, { obligations })).headers.filter(
    ([name]) => name === 'x-goog-user-project',
  )
  t.strictSame(lines, [['x-goog-user-project', 'billing-1']])
  t.end()
})

t.test('a destination table survives as it was judged', (t) => {
  const destinationTable = { projectId: 'acme-data', datasetId: 'scratch', tableId: 'out' }
  const query = { query: 'SELECT 1', destinationTable, writeDisposition: 'write_append' }
  t.strictSame(sentBody(send(bqPost(JOBS, { configuration: { query } }))), {
    jobReference: { projectId: 'acme-data' },
    configuration: {
      query: {
        query: 'SELECT 1',
        destinationTable,
        writeDisposition: 'WRITE_APPEND',
        useLegacySql: false,
      },
    },
  })
  t.end()
})

t.test('what was judged with a dry run is judged with it again', (t) => {
  const dryRun = {
    statementType: 'SELECT',
    tables: [{ project: 'acme-data', dataset: 'sales', table: 'orders' }],
    routines: [],
    estimatedBytes: 10,
    isWhole: true,
  }
  const sent = bqPost(QUERIES, { query: 'SELECT * FROM sales.orders' })
  const result = shaped(send(sent, { dryRun, obligations: { maxBytesBilled: 10 } }))
  t.equal(result.allowed.facts.targets.length, 2)
  t.end()
})

t.test('another body than the judged one is never sent', (t) => {
  const judged = bqPost(QUERIES, { query: 'SELECT 1' })
  const { body } = bqPost(QUERIES, { query: 'DROP TABLE sales.orders' })
  const allowed = allowBigQuery(judged.message, judged.body)
  const result = shape(makeAllowedRequest({ ...allowed, body }), OPTIONS)
  t.match(result, { ok: false, error: { code: 'ERR_SG_INTERNAL', rule: 'SH-12' } })
  t.end()
})
