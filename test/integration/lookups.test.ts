// Look-ups against a whole gateway with the shipped policy: Google's STS and BigQuery in the cloud's
// place, a researcher who reads acme-data.sales, real sockets and records.

import { readFile } from 'node:fs/promises'
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { verifyAuditDirectory } from '../../gateway/audit/verify.ts'
import { getJson } from '../../gateway/demo/get-json.ts'
import {
  googleError,
  insertRequest,
  queryRequest,
  type BigQueryRequest,
} from '../support/bigquery.ts'
import { runCli } from '../support/child.ts'
import { FakeBigQuery, touching } from '../support/fake-bigquery.ts'
import { FakeGcpSts } from '../support/fake-gcp-sts.ts'
import { exposition } from '../support/health.ts'
import { ManualTime } from '../support/manual-time.ts'
import { RawConnection, type RawAnswer } from '../support/raw-connection.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { unmatched, type AuditRecord } from '../support/verdicts.ts'

const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'
const ISSUER = 'https://oidc.example.org'
const SELECT = 'SELECT SUM(amount) FROM `acme-data`.sales.orders'

interface Scene {
  readonly test: TestGateway
  readonly sts: FakeGcpSts
  readonly cloud: FakeBigQuery
  readonly time: ManualTime
  send(role: string, request: BigQueryRequest): Promise<RawAnswer>
}

async function scene(t: Test, lookupsPerSecond = 10): Promise<Scene> {
  const time = new ManualTime()
  const cloud = new FakeBigQuery()
  let issuerOrigin = ''
  const sts = await FakeGcpSts.start({
    providers: [
      {
        name: `//iam.googleapis.com/${PROVIDER}`,
        issuer: ISSUER,
        audiences: [],
        condition: () => true,
      },
    ],
    now: () => time.now(),
    fetchJson: (url) => getJson(issuerOrigin + url.slice(ISSUER.length)),
  })
  const test = await startTestGateway({
    clock: { now: () => time.now() },
    s3Server: cloud.start,
    config: (text) => configured(text, sts.origin, lookupsPerSecond),
  })
  issuerOrigin = `http://127.0.0.1:${String(test.gateway.listeners.issuerPort)}`
  t.teardown(async () => {
    await test.close()
    await sts.close()
  })
  const send = async (role: string, { head, body }: BigQueryRequest): Promise<RawAnswer> => {
    const connection = new RawConnection(await test.connect(test.svid(role)))
    connection.write(wire(head, body))
    const answer = await connection.answer()
    connection.socket.destroy()
    return answer
  }
  return { test, sts, cloud, time, send }
}

function configured(text: string, stsOrigin: string, lookupsPerSecond: number): string {
  const origin = /service: aws_s3, upstream: ("[^"]*")/.exec(text)?.[1] ?? ''
  const credential = `  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: ${stsOrigin}
    impersonationEndpoint: ${stsOrigin}`
  const binding =
    '  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp-data] }'
  const route = `  - { service: gcp_bigquery, upstream: ${origin}, tls: { ca: ./cloud-ca.pem } }`
  return text
    .replace('\nbindings:\n', `\n${credential}\nbindings:\n${binding}\n`)
    .replace('\nroutes:\n', `\nroutes:\n${route}\n`)
    .concat(`limits: { perIdentity: { lookupsPerSecond: ${String(lookupsPerSecond)} } }\n`)
}

function wire({ method, target, headers }: BigQueryRequest['head'], body: Buffer): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([
    Buffer.from([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n')),
    body,
  ])
}

function types(records: readonly AuditRecord[]): readonly unknown[] {
  return records.map(({ type }) => type).filter((type) => type !== 'open' && type !== 'close')
}

t.test('a researcher’s SELECT is dry-run, judged and run, as the agent', async (t) => {
  const { test, sts, cloud, send } = await scene(t)
  const answer = await send('researcher', queryRequest(SELECT))
  t.equal(answer.status, 200)
  t.match(JSON.parse(answer.body.toString()), { rows: [{ f: [{ v: '41' }] }] })
  t.match(
    cloud.calls.map(({ method, path, isDryRun }) => [method, path, isDryRun]),
    [
      ['POST', '/bigquery/v2/projects/acme-data/jobs', true],
      ['POST', '/bigquery/v2/projects/acme-data/queries?prettyPrint=false', false],
    ],
  )
  t.match(cloud.calls[0]?.document, {
    jobReference: { projectId: 'acme-data' },
    configuration: { dryRun: true, query: { query: SELECT, useLegacySql: false } },
  })
  t.match(cloud.calls[1]?.document, { query: SELECT, maximumBytesBilled: '10737418240' })
  for (const { headers } of cloud.calls) {
    const token = String(headers['authorization']).slice('Bearer '.length)
    t.equal(sts.introspect(token)?.subject, 'spiffe://example.org/agent/acme/data-crew/researcher')
  }
  const records = await test.stop()
  t.strictSame(types(records), ['lookup', 'decision', 'outcome'])
  t.match(
    records.find(({ type }) => type === 'decision'),
    {
      result: { allow: true, reasons: ['researcher_reads_sales'] },
      facts: {
        targets: [{ name: 'projects/acme-data' }, { name: 'acme-data.sales.orders' }],
        sql: { verified: 'dry_run', estimated_bytes: 1_048_576 },
      },
      lookups: [{ fact: 'sql.dry_run', how: 'asked', ok: true, status: 200 }],
    },
  )
  t.notMatch(JSON.stringify(records), /SUM\(amount|ya29/, 'neither text nor token')
  const key = createPublicKey(await readFile(join(test.dir, 'state/audit.pub.pem'), 'utf8'))
  const report = await verifyAuditDirectory(join(test.dir, 'state/audit'), [key])
  t.match(report, { ok: true, problems: [], uncovered: [] })
})

t.test('a foreign table that exists and one that does not: the same answer', async (t) => {
  const { test, cloud, send } = await scene(t)
  cloud.dryRuns = (query) => {
    if (query.includes('hr.people')) return touching({ tables: ['acme-data.hr.people'] })
    if (query.includes('hr.nobody')) {
      const message = 'Not found: Table acme-data:hr.nobody was not found in location EU'
      return { status: 404, body: googleError(404, 'notFound', message) }
    }
    const message = 'Access Denied: Table other:hr.secret'
    return { status: 403, body: googleError(403, 'accessDenied', message) }
  }
  const answers: string[] = []
  for (const table of ['`acme-data`.hr.people', '`acme-data`.hr.nobody', 'other.hr.secret']) {
    for (const make of [queryRequest, insertRequest]) {
      const { status, headers, body } = await send('researcher', make(`SELECT * FROM ${table}`))
      t.equal(status, 403)
      const id = headers.get('x-svidgate-decision-id') ?? ''
      const seen = JSON.stringify([...headers, body.toString()])
      answers.push(seen.replaceAll(id, 'ID').replace(/"date","[^"]*"/, ''))
    }
  }
  const [query, insert, ...others] = answers
  for (const [index, other] of others.entries()) t.equal(other, index % 2 === 0 ? query : insert)
  t.match(query, /ERR_SG_DENIED.*bigquery\.jobs\.query.*not_granted_or_not_found/)
  t.notMatch(answers.join(''), /hr|people|nobody|secret|target_not_granted|Not found/)
  t.equal(cloud.dryRunCount, cloud.calls.length, 'nothing was run')
  const records = await test.stop()
  t.match(
    records.filter(({ type }) => type === 'decision').map(({ result }) => result),
    [
      { reasons: ['target_not_granted'] },
      { reasons: ['target_not_granted'] },
      { rule: 'LOOK-3', detail: /404 notFound/ },
      { rule: 'LOOK-3' },
      { rule: 'LOOK-3', detail: /403 accessDenied/ },
      { rule: 'LOOK-3' },
    ],
    'the records have the difference',
  )
  t.same(unmatched(records), [])
})

const NEVER: readonly (readonly [id: string, role: string, request: BigQueryRequest])[] = [
  ['a DELETE', 'researcher', queryRequest('DELETE FROM sales.orders WHERE TRUE')],
  ['a script', 'researcher', queryRequest('SELECT 1; DROP TABLE sales.orders')],
  [
    'a statement hidden by a raw string',
    'researcher',
    queryRequest("SELECT r'\\''; DROP TABLE t --'"),
  ],
  ['EXPORT DATA', 'researcher', queryRequest("EXPORT DATA OPTIONS(uri='gs://b/*') AS SELECT 1")],
  [
    'a destination table',
    'researcher',
    insertRequest(SELECT, {
      destinationTable: { projectId: 'acme-data', datasetId: 'sales', tableId: 'x' },
    }),
  ],
  ['an external query', 'researcher', queryRequest("SELECT * FROM EXTERNAL_QUERY('c', 'DROP')")],
  ['another project’s bill', 'researcher', queryRequest(SELECT, {}, 'other-project')],
  ['legacy SQL', 'researcher', queryRequest(SELECT, { useLegacySql: true })],
  ['another role', 'writer', queryRequest(SELECT)],
]

t.test('nothing reaches the cloud for what is denied by its text or its agent', async (t) => {
  const { test, sts, cloud, send } = await scene(t)
  for (const [id, role, request] of NEVER) {
    const { status, body } = await send(role, request)
    t.ok(status === 403 || status === 501, `${id}: ${String(status)}`)
    t.match(body.toString(), /ERR_SG_/, id)
  }
  t.equal(cloud.calls.length, 0, 'BigQuery was asked nothing')
  t.equal(sts.calls.length, 0, 'nor STS for a token')
  const records = await test.stop()
  t.equal(records.filter(({ type }) => type === 'lookup').length, 0)
  t.same(unmatched(records), [])
})

t.test('look-ups of an identity are limited, and what is known is not looked up', async (t) => {
  const { test, cloud, time, send } = await scene(t, 1)
  const statusOf = async (text: string): Promise<number> =>
    (await send('researcher', queryRequest(text))).status
  t.equal(await statusOf('SELECT 1'), 200)
  t.equal(await statusOf('SELECT 2'), 403, 'the second in a second')
  t.equal(await statusOf('SELECT 1'), 200, 'the first again')
  t.equal(cloud.dryRunCount, 1)
  time.advance(1_000)
  t.equal(await statusOf('SELECT 2'), 200)
  time.advance(59_000)
  t.equal(await statusOf('SELECT 2'), 200)
  t.equal(cloud.dryRunCount, 2, 'still known')
  time.advance(1_000)
  t.equal(await statusOf('SELECT 2'), 200)
  t.equal(cloud.dryRunCount, 3, 'a minute later it is asked again')
  const { samples } = await exposition(test)
  const count = (result: string): unknown =>
    samples.get(`svidgate_lookups_total{fact="sql.dry_run",result="${result}"}`)
  t.strictSame(['asked', 'cached', 'limited'].map(count), [3, 2, 1])
})

t.test(
  'what is left of an agent’s look-ups does not tell which of its denials had found something',
  async (t) => {
    const { test, cloud, time, send } = await scene(t, 2)
    cloud.dryRuns = (query) => {
      if (query.includes('hr.people')) return touching({ tables: ['acme-data.hr.people'] })
      if (!query.includes('hr.nobody')) return touching({ tables: [] })
      return {
        status: 404,
        body: googleError(404, 'notFound', 'Not found: Table acme-data:hr.nobody'),
      }
    }
    const statusOf = async (text: string): Promise<number> =>
      (await send('researcher', queryRequest(text))).status
    for (const [index, table] of ['hr.people', 'hr.nobody'].entries()) {
      time.advance(1_000)
      t.equal(await statusOf(`SELECT * FROM ${table}`), 403)
      t.equal(await statusOf(`SELECT * FROM ${table}`), 403)
      t.equal(await statusOf(`SELECT ${String(index)}`), 403, `after ${table} nothing is left`)
    }
    t.equal(cloud.dryRunCount, 3, 'what is known was asked once')
    time.advance(500)
    t.equal(await statusOf('SELECT 3'), 200)
    t.equal(await statusOf('SELECT 3'), 200, 'an allowed one costs nothing again')
    time.advance(500)
    t.equal(await statusOf('SELECT 4'), 200)
    await test.stop()
  },
)

t.test(
  'explain --decision: a denial by a look-up still stands while the policy still asks',
  async (t) => {
    const { test, cloud, time, send } = await scene(t, 1)
    const notFound = googleError(404, 'notFound', 'Not found')
    cloud.dryRuns = (query) =>
      query.includes('hr.people')
        ? touching({ tables: ['acme-data.hr.people'] })
        : { status: 404, body: notFound }
    const ids: string[] = []
    for (const text of ['SELECT * FROM hr.nobody', 'SELECT * FROM hr.people', SELECT]) {
      const { headers } = await send('researcher', queryRequest(text))
      ids.push(headers.get('x-svidgate-decision-id') ?? '')
      if (ids.length === 1) time.advance(1_000)
    }
    const records = await test.stop()
    t.match(
      records.filter(({ type }) => type === 'decision').map(({ result }) => result),
      [{ rule: 'LOOK-3' }, { reasons: ['target_not_granted'] }, { rule: 'LOOK-4' }],
    )
    const config = join(test.dir, 'svidgate.yaml')
    for (const id of ids) {
      const { code, out, err } = await runCli(['explain', '-c', config, '--decision', id])
      t.match(JSON.parse(out), { same: true }, err)
      t.equal(code, 0)
    }
  },
)

t.test('a client that leaves ends its look-up', async (t) => {
  const { test, cloud } = await scene(t)
  let asked = (): void => undefined
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  cloud.dryRuns = () => {
    asked()
    return new Promise(() => undefined)
  }
  const { head, body } = queryRequest(SELECT)
  const connection = new RawConnection(await test.connect(test.svid('researcher')))
  connection.write(wire(head, body))
  await isAsked
  connection.socket.destroy()
  const records = await test.stop()
  t.strictSame(types(records), ['lookup', 'decision', 'outcome'])
  t.match(
    records.find(({ type }) => type === 'outcome'),
    { end: 'client-gone' },
  )
  t.equal(cloud.abandoned, 1)
  t.equal(cloud.calls.length, 1)
})

t.test('an answer beyond all measure is not held', async (t) => {
  const { test, cloud, send } = await scene(t)
  cloud.dryRuns = () => ({ status: 200, body: Buffer.alloc(2 * 1024 * 1024, ' ') })
  const answer = await send('researcher', queryRequest(SELECT))
  t.equal(answer.status, 403)
  const records = await test.stop()
  t.match(
    records.find(({ type }) => type === 'decision'),
    { result: { rule: 'LOOK-3', detail: /UPSTREAM_PROTOCOL/ } },
  )
})
