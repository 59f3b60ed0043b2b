// The demo, with a stand-in for the gateway: it ends with 0 when all goes as it should, and notices
// when a gateway lets something through, asks the cloud first, trusts anyone or keeps no records.

import { existsSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import t from 'tap'
import type { CliIo } from '../../../gateway/cli/command.ts'
import { runDemo } from '../../../gateway/demo/demo.ts'
import type { DemoOptions } from '../../../gateway/demo/ports.ts'
import { SCENARIO } from '../../../gateway/demo/scenario.ts'
import type { Misbehaviour } from '../../support/misbehaviour.ts'
import { standInGateway } from '../../support/stand-in-gateway.ts'
import { createTestTrustDomain } from '../../support/test-trust-domain.ts'

interface Run {
  readonly text: () => string
  readonly dir: () => string
  readonly options: DemoOptions
}

function prepare(
  changes: Partial<DemoOptions> & { terminal?: boolean } = {},
  how: Misbehaviour = {},
): Run {
  let text = ''
  let dir = ''
  const start = standInGateway(how)
  const io: CliIo = {
    out: (more) => {
      text += more
    },
    err: () => undefined,
    stdin: new PassThrough(),
    isTerminal: changes.terminal ?? false,
    env: {},
  }
  return {
    text: () => text,
    dir: () => dir,
    options: {
      io,
      keep: false,
      json: false,
      now: Date.now,
      start: async (config, where) => {
        dir = where
        return start(config, where)
      },
      createTrustDomain: createTestTrustDomain,
      verifyAudit: async () => ({ ok: true, records: 20, problems: [] }),
      bundleFile: '/nowhere/authz.tar.gz',
      ...changes,
    },
  }
}

t.test('a gateway that does its job: every step as expected, nothing left behind', async (t) => {
  const run = prepare()
  t.equal(await runDemo(run.options), 0)
  const text = run.text()
  t.match(text, `${SCENARIO.length} of ${SCENARIO.length} steps went as expected`)
  t.notMatch(text, 'NOT AS EXPECTED')
  t.notMatch(text, '\u001b', 'no colour when piped')
  t.match(text, 'AccessDenied: ERR_SG_DENIED: refused ($metadata.httpStatusCode 403')
  t.match(text, /s3\.UploadPart +200 +agents-writer\/writer/)
  t.match(text, 'aws-data (session writer)')
  t.match(text, 'acme-data.sales.orders, acme-data.sales.customers: 141 bytes')
  t.match(text, 'ApiError: ERR_SG_DENIED: refused (code 403, errors[0].reason accessDenied)')
  t.match(text, /bigquery\.jobs\.insert \(dry run\) +404 notFound spiffe:.*\/researcher/)
  t.match(text, /access token 1 of spiffe:.*\/researcher: bigquery \d+ ×; nowhere else/)
  t.match(text, 'Tables of BigQuery: all as they were; no exports')
  t.notOk(existsSync(run.dir()), 'the directory is gone')
})

t.test('as JSON: one document a line, one for each step and a summary', async (t) => {
  const run = prepare({ json: true, terminal: true })
  t.equal(await runDemo(run.options), 0)
  const lines = run.text().trimEnd().split('\n')
  const documents: unknown[] = lines.map((line) => JSON.parse(line) as unknown)
  t.equal(documents.length, SCENARIO.length + 1)
  t.match(documents[0], {
    step: 'writer-puts',
    role: 'writer',
    verdict: 'allowed',
    reasons: ['writer_puts'],
    credential: { name: 'aws-data' },
    cloud: ['s3.PutObject'],
    surprises: [],
  })
  t.match(documents.at(-1), { summary: { asExpected: true } })
})

t.test('colour on a terminal', async (t) => {
  const coloured = prepare({ terminal: true })
  await runDemo(coloured.options)
  t.match(coloured.text(), '\u001b[32mallowed')
})

const MISBEHAVIOURS: readonly (readonly [title: string, how: Misbehaviour, step: string])[] = [
  ['lets the writer read', { allowsReads: true }, 'writer-reads-back'],
  ['asks the cloud before it refuses', { asksFirst: true }, 'researcher-gets'],
  ['trusts any certificate', { trustsAnyone: true }, 'foreign-ca'],
  ['keeps no records', { recordsNothing: true }, 'writer-puts'],
]

for (const [title, how, step] of MISBEHAVIOURS) {
  t.test(`a gateway that ${title} is found out`, async (t) => {
    const run = prepare({ json: true }, how)
    t.equal(await runDemo(run.options), 1)
    const lines = run.text().trimEnd().split('\n')
    const documents = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    const found = documents.find((document) => document['step'] === step)
    t.not(JSON.stringify(found?.['surprises']), '[]', `noticed at ${step}`)
    t.notOk(existsSync(run.dir()))
  })
}

t.test(
  'SQL that a gateway lets through, and a token that strays, show in the clouds',
  async (t) => {
    const run = prepare({}, { runsAnySql: true, straysToken: true })
    t.equal(await runDemo(run.options), 1)
    t.match(run.text(), 'LOST: the table acme-data.sales.orders is gone')
    t.match(run.text(), 'LOST: the table acme-data.sales.copy was made')
    t.match(run.text(), 'LOST: 3 rows were exported to gs://elsewhere/customers-*.csv')
    t.match(run.text(), /access token 1 of \S+: .*s3 \d+ ×.*; STRAYED \d+ ×/)
  },
)

t.test('records that do not verify are a failure; no colour where NO_COLOR is set', async (t) => {
  const problems = ['audit-1.jsonl line 3: hash differs']
  const verifyAudit = async () => ({ ok: false, records: 3, problems })
  const run = prepare({ terminal: true, verifyAudit })
  const io = { ...run.options.io, env: { NO_COLOR: '1' } }
  t.equal(await runDemo({ ...run.options, io }), 1)
  t.match(run.text(), problems[0])
  t.notMatch(run.text(), '\u001b')
})

t.test('--keep prints how to play on, and ends at a signal', async (t) => {
  const run = prepare({ keep: true })
  const io = {
    ...run.options.io,
    out: (more: string) => {
      run.options.io.out(more)
      if (more.includes('Still running')) process.emit('SIGTERM')
    },
  }
  t.equal(await runDemo({ ...run.options, io }), 0)
  t.match(run.text(), `curl --cert ${run.dir()}/writer.pem --key ${run.dir()}/writer.key.pem`)
  t.match(run.text(), "new S3Client({ endpoint: 'https://localhost:")
  t.match(run.text(), "new BigQuery({ projectId: 'acme-data', apiEndpoint: 'https://localhost:")
  t.match(run.text(), "bigquery.Client(project='acme-data', credentials=AnonymousCredentials()")
  t.notOk(existsSync(run.dir()))
})

t.test('a gateway that does not start leaves nothing behind', async (t) => {
  let dir = ''
  const run = prepare({
    start: async (_config, where) => {
      dir = where
      throw new Error('cannot start')
    },
  })
  await t.rejects(runDemo(run.options), { message: 'cannot start' })
  t.not(dir, '')
  t.notOk(existsSync(dir))
})
