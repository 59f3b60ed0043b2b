// A look-up on its way through the pipeline: asked only for what policy and our own reading allow,
// recorded before it is sent, limited, kept for a minute, and silent about what it found.

import t from 'tap'
import { excessOf } from '../../../gateway/pipeline/lookup.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import { refusal } from '../../../gateway/errors.ts'
import {
  dryRunAnswer,
  gcpCredential,
  googleError,
  insertRequest,
  queryRequest,
  type BigQueryRequest,
  type DryRun,
} from '../../support/bigquery.ts'
import type { FakeExchange } from '../../support/fake-exchange.ts'
import { peer } from '../../support/peers.ts'
import {
  answering,
  type Asked,
  NOW,
  PipelineScene,
  type SceneOptions,
} from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'

const SELECT = 'SELECT SUM(amount) FROM sales.orders'
const RESEARCHER = 'spiffe://example.org/agent/acme/data-crew/researcher'
const PEER = peer({ spiffeId: RESEARCHER, role: 'researcher' })

interface Input {
  readonly operation: { readonly pending: readonly string[]; readonly complete: boolean }
  readonly targets: readonly { readonly type: string; readonly container: string }[]
  readonly sql?: Readonly<Record<string, unknown>>
}

/** Asks for what is pending; then allows sales, and says more in a denial than it should. */
function policy(input: unknown) {
  const { operation, targets } = input as Input
  if (operation.pending.length > 0) {
    return ok({
      allow: false,
      needs: operation.pending,
      reasons: ['asked'],
      alternatives: ['SELECT from sales'],
    })
  }
  const foreign = targets.filter(
    ({ type, container }) => type === 'table' && container !== 'acme-data.sales',
  )
  return ok(
    foreign.length === 0
      ? { allow: true, reasons: ['reads_sales'], obligations: { max_bytes_billed: 5 } }
      : { allow: false, reasons: ['foreign_table_exists'], alternatives: ['leak'] },
  )
}

const answered = (dryRun?: DryRun): Promise<Asked> =>
  Promise.resolve(ok({ status: 200, body: dryRunAnswer(dryRun) }))

function scene(options: SceneOptions = {}): PipelineScene {
  return new PipelineScene({
    policy,
    candidates: ['gcp-data'],
    obtain: ({ name }) => Promise.resolve(ok(gcpCredential({ name }))),
    lookupCloud: () => answered(),
    cloud: answering(200, [], '{"rows":[]}'),
    ...options,
  })
}

function run(on: PipelineScene, { head, body }: BigQueryRequest): Promise<FakeExchange> {
  return on.run(head, { body, peer: PEER })
}

t.test('asked, recorded, looked up, judged again, recorded, sent', async (t) => {
  const on = scene()
  const exchange = await run(on, queryRequest(SELECT, { maximumBytesBilled: '9' }))
  t.strictSame(on.steps, [
    'recheck',
    'continue',
    'policy',
    'obtain gcp-data',
    'record lookup',
    'recorded lookup',
    'ask',
    'policy',
    'obtain gcp-data',
    'record decision',
    'recorded decision',
    'continue',
    'send',
    'head 200',
    'end',
    'record outcome',
    'recorded outcome',
  ])
  t.equal(exchange.text, '{"rows":[]}')
  t.match(JSON.parse(on.sent[0]?.body?.toString() ?? ''), {
    query: SELECT,
    maximumBytesBilled: '5',
  })
  t.strictSame(on.held, { bytes: 0, inFlight: 0, running: 0 })
  t.equal(on.lookingUp, 0)
  t.strictSame(on.faults, [])
})

t.test('what is asked has one form, whatever the agent sent', async (t) => {
  const on = scene()
  const parameters = [
    { name: 'n', parameterType: { type: 'INT64' }, parameterValue: { value: '1' } },
  ]
  const fields = {
    defaultDataset: { datasetId: 'sales' },
    parameterMode: 'NAMED',
    queryParameters: parameters,
    location: 'EU',
  }
  await run(on, queryRequest('SELECT @n FROM orders', { ...fields, maxResults: 9, timeoutMs: 5 }))
  const [asked] = on.asked
  t.equal(asked?.method, 'POST')
  t.equal(asked?.target, '/bigquery/v2/projects/acme-data/jobs')
  t.equal(asked?.upstream.origin, 'https://bigquery.googleapis.com')
  t.equal(asked?.identity, RESEARCHER)
  t.strictSame(asked?.headers, [
    ['host', 'bigquery.googleapis.com'],
    ['accept', 'application/json'],
    ['content-type', 'application/json'],
    ['authorization', 'Bearer ya29.d.token'],
  ])
  t.strictSame(JSON.parse(asked?.body.toString() ?? ''), {
    jobReference: { projectId: 'acme-data', location: 'EU' },
    configuration: {
      dryRun: true,
      query: {
        query: 'SELECT @n FROM orders',
        useLegacySql: false,
        useQueryCache: false,
        defaultDataset: { projectId: 'acme-data', datasetId: 'sales' },
        parameterMode: 'NAMED',
        queryParameters: parameters,
      },
    },
  })
})

t.test('the records say what was asked, for whom, and what came of it', async (t) => {
  const on = scene()
  await run(on, queryRequest(SELECT))
  t.match(on.lookups, [
    {
      type: 'lookup',
      decision_id: '00000000-0000-4000-8000-000000000001',
      fact: 'sql.dry_run',
      timestamp: '2026-11-23T18:00:00.000Z',
      generation: 7,
      spiffe_id: RESEARCHER,
      request: { method: 'POST', path: '/bigquery/v2/projects/acme-data/jobs' },
      upstream: { host: 'bigquery.googleapis.com' },
      credential: { name: 'gcp-data', session: 'principal://iam.googleapis.com/researcher' },
    },
  ])
  const [decision] = on.decisions
  t.match(decision, {
    result: { allow: true, reasons: ['reads_sales'], obligations: ['max_bytes_billed'] },
    lookups: [{ fact: 'sql.dry_run', how: 'asked', ok: true, status: 200, us: 0 }],
  })
  t.match(JSON.parse(decision?.input ?? ''), {
    operation: { pending: [], complete: true },
    sql: {
      verified: 'dry_run',
      statement_type: 'SELECT',
      tables: ['acme-data.sales.orders'],
      routines: [],
      estimated_bytes: 1_048_576,
    },
    targets: [
      { type: 'query', container: 'acme-data' },
      { type: 'table', name: 'acme-data.sales.orders', access: 'read' },
    ],
  })
  t.notMatch(JSON.stringify(on.lookups), /ya29|SUM/, 'neither token nor text')
  t.match(on.summaries, [{ verdict: 'allow', lookups: [{ how: 'asked' }] }])
})

t.test('time spent waiting for a look-up is no time of the gateway', async (t) => {
  let elapsed = 0
  const on = scene({
    ports: { elapsed: () => elapsed },
    lookupCloud: () => {
      elapsed += 250
      return answered()
    },
  })
  await run(on, queryRequest(SELECT))
  t.match(on.decisions, [{ metrics: { gateway_us: 0 }, lookups: [{ us: 250_000 }] }])
  t.match(on.summaries, [{ gatewayTime: 0 }])
})

t.test('an answer serves for a minute, for the same call and credential only', async (t) => {
  let now = NOW
  const on = scene({ now: () => now })
  const howOf = async (request: BigQueryRequest, who = PEER): Promise<unknown> => {
    const exchange = await on.run(request.head, { body: request.body, peer: who })
    t.equal(exchange.status, 200)
    return on.decisions.at(-1)?.lookups?.map(({ how }) => how)
  }
  t.strictSame(await howOf(queryRequest(SELECT)), ['asked'])
  t.strictSame(await howOf(queryRequest(SELECT)), ['cached'])
  t.strictSame(await howOf(insertRequest(SELECT, {}, 'another')), ['cached'], 'the same query')
  t.strictSame(await howOf(queryRequest(SELECT, { maxResults: 1 })), ['cached'])
  const others: readonly (readonly [id: string, request: BigQueryRequest])[] = [
    ['text', queryRequest(`${SELECT} WHERE TRUE`)],
    ['dataset', queryRequest(SELECT, { defaultDataset: { datasetId: 'hr' } })],
    ['location', queryRequest(SELECT, { location: 'US' })],
    ['project', queryRequest(SELECT, {}, 'other-project')],
    [
      'parameter',
      queryRequest(SELECT, {
        queryParameters: [{ parameterType: { type: 'INT64' }, parameterValue: { value: '1' } }],
      }),
    ],
  ]
  for (const [id, request] of others) t.strictSame(await howOf(request), ['asked'], id)
  const other = peer({ spiffeId: `${RESEARCHER}2`, role: 'researcher2' })
  t.strictSame(await howOf(queryRequest(SELECT), other), ['asked'], 'another credential')
  const asked = on.asked.length
  now += 59_999
  t.strictSame(await howOf(queryRequest(SELECT)), ['cached'])
  now += 1
  t.strictSame(await howOf(queryRequest(SELECT)), ['asked'])
  t.equal(on.asked.length, asked + 1)
  t.equal(on.lookups.length, on.asked.length, 'a record for each look-up, and for nothing else')
})

t.test('requests that come together share one look-up', async (t) => {
  let answer = (): void => undefined
  const on = scene({
    lookupCloud: () =>
      new Promise((resolve) => {
        answer = () => resolve(ok({ status: 200, body: dryRunAnswer() }))
      }),
  })
  const { head, body } = queryRequest(SELECT)
  const begun = [1, 2, 3].map(() => on.begin(head, { body, peer: PEER }))
  await untilStep(on, 'ask')
  await new Promise(setImmediate)
  answer()
  await Promise.all(begun.map(({ done }) => done))
  t.strictSame(
    begun.map(({ exchange }) => exchange.status),
    [200, 200, 200],
  )
  t.equal(on.asked.length, 1)
  t.equal(on.lookups.length, 1)
  t.strictSame(
    on.decisions.map(({ lookups }) => lookups?.[0]?.how),
    ['asked', 'joined', 'joined'],
  )
  t.equal(on.lookingUp, 0)
})

async function untilStep(on: PipelineScene, step: string): Promise<void> {
  while (!on.steps.includes(step)) await new Promise(setImmediate)
}

/** What the agent sees, to the byte. */
function seen({ status, headers, text, closes }: FakeExchange): unknown {
  return { status, headers, text, closes }
}

const upstreamFailure = (code: 'ERR_SG_UPSTREAM_TIMEOUT' | 'ERR_SG_UPSTREAM_PROTOCOL') =>
  Promise.resolve(err(refusal(code, 'no answer of acme-data.hr.people')))
const failing = (status: number, reason: string): Promise<Asked> =>
  Promise.resolve(
    ok({ status, body: googleError(status, reason, 'Not found: Table acme-data:hr.people') }),
  )

/** Every way that a look-up may end in, but an allow. */
const DENIALS: readonly (readonly [
  id: string,
  options: SceneOptions,
  recorded: { readonly detail: RegExp; readonly rule?: string },
])[] = [
  [
    'a foreign table that exists',
    { lookupCloud: () => answered({ tables: ['acme-data.hr.people'] }) },
    { detail: /the policy denies/ },
  ],
  [
    'one that does not',
    { lookupCloud: () => failing(404, 'notFound') },
    { rule: 'LOOK-3', detail: /404 notFound/ },
  ],
  [
    'one that the credential may not see',
    { lookupCloud: () => failing(403, 'accessDenied') },
    { rule: 'LOOK-3', detail: /403 accessDenied/ },
  ],
  [
    'a text that BigQuery does not understand',
    { lookupCloud: () => failing(400, 'invalidQuery') },
    { rule: 'LOOK-3', detail: /400 invalidQuery/ },
  ],
  [
    'no more quota',
    { lookupCloud: () => failing(429, 'quota') },
    { rule: 'LOOK-3', detail: /429/ },
  ],
  [
    'a cloud that fails',
    { lookupCloud: () => failing(503, 'backendError') },
    { rule: 'LOOK-3', detail: /503/ },
  ],
  [
    'a token that is refused',
    { lookupCloud: () => failing(401, 'authError') },
    { rule: 'LOOK-3', detail: /401/ },
  ],
  [
    'a redirect',
    { lookupCloud: () => Promise.resolve(ok({ status: 302, body: Buffer.alloc(0) })) },
    { rule: 'LOOK-3', detail: /302/ },
  ],
  [
    'another success than 200',
    { lookupCloud: () => Promise.resolve(ok({ status: 204, body: dryRunAnswer() })) },
    { rule: 'LOOK-3', detail: /204/ },
  ],
  [
    'no answer in time',
    { lookupCloud: () => upstreamFailure('ERR_SG_UPSTREAM_TIMEOUT') },
    { rule: 'LOOK-3', detail: /TIMEOUT/ },
  ],
  [
    'an answer that is too large',
    { lookupCloud: () => upstreamFailure('ERR_SG_UPSTREAM_PROTOCOL') },
    { rule: 'LOOK-3', detail: /PROTOCOL/ },
  ],
  [
    'a sender that throws',
    { lookupCloud: () => Promise.reject(new Error('nobody foresaw this')) },
    { rule: 'LOOK-3', detail: /nobody foresaw/ },
  ],
  [
    'an answer that is no JSON',
    { lookupCloud: () => Promise.resolve(ok({ status: 200, body: Buffer.from('<html>') })) },
    { rule: 'LOOK-5', detail: /not understood/ },
  ],
  [
    'a script after all',
    { lookupCloud: () => answered({ statementType: 'SCRIPT' }) },
    { rule: 'LOOK-6', detail: /another type of statement/ },
  ],
  ['too many look-ups', { mayLookUp: () => false }, { rule: 'LOOK-4', detail: /over the limit/ }],
  [
    'a credential that has expired meanwhile',
    { obtain: () => Promise.resolve(ok(gcpCredential({ expiresAt: NOW }))) },
    { rule: 'LOOK-3', detail: /CREDENTIAL_UNAVAILABLE/ },
  ],
  [
    'a list that may be cut off',
    {
      policy: (input) =>
        (input as Input).operation.complete
          ? policy(input)
          : ok({ allow: false, reasons: ['facts_incomplete'] }),
      lookupCloud: () =>
        answered({
          tables: Array.from({ length: 50 }, (_, index) => `acme-data.sales.t${String(index)}`),
        }),
    },
    { detail: /the policy denies/ },
  ],
  [
    'a policy that asks again',
    { policy: () => ok({ allow: false, needs: ['sql.dry_run'], ...SAID }) },
    { rule: 'LOOK-2', detail: /sql\.dry_run again/ },
  ],
  [
    'a policy that throws the second time',
    second(() => err({ kind: 'threw', detail: 'conflict' })),
    { rule: 'LOOK-8', detail: /POLICY_ERROR/ },
  ],
  [
    'a policy that cannot judge the second time',
    second(() => err({ kind: 'unavailable', detail: 'none' })),
    { rule: 'LOOK-8', detail: /POLICY_UNAVAILABLE/ },
  ],
  [
    'a policy that demands what nobody can do',
    second(() => ok({ allow: true, obligations: { charge: 1 } })),
    { rule: 'LOOK-8', detail: /OBLIGATION_UNSUPPORTED/ },
  ],
  [
    'a policy that names another credential',
    second(() => ok({ allow: true, credential: 'gcp-admin' })),
    { rule: 'LOOK-8', detail: /CREDENTIAL_CONFIG/ },
  ],
]

const SAID = { reasons: ['asked'], alternatives: ['SELECT from sales'] }

function second(answer: SceneOptions['policy'] & object): SceneOptions {
  return {
    policy: (input) =>
      (input as Input).operation.pending.length > 0 ? policy(input) : answer(input),
  }
}

t.test('whatever comes of a look-up, a denied agent sees the same bytes', async (t) => {
  let first: unknown
  for (const [id, options, recorded] of DENIALS) {
    const on = scene(options)
    const exchange = await run(on, queryRequest('SELECT * FROM hr.people'))
    first ??= seen(exchange)
    t.strictSame(seen(exchange), first, id)
    t.strictSame(on.sent, [], `${id}: nothing is sent`)
    t.match(on.decisions, [{ result: { allow: false, code: 'ERR_SG_DENIED', ...recorded } }], id)
    t.match(on.outcomes, [{ end: 'refused', code: 'ERR_SG_DENIED', status: 403 }], id)
    t.strictSame(on.held, { bytes: 0, inFlight: 0, running: 0 }, id)
    t.equal(on.lookingUp, 0, id)
  }
  t.match(first, {
    status: 403,
    text: /ERR_SG_DENIED.*projects\/acme-data.*asked.*SELECT from sales/,
  })
  t.notMatch(JSON.stringify(first), /hr|people|foreign|leak|1048576/)
})

t.test('a failure is asked again, so that what is new is not missing', async (t) => {
  let asked = 0
  const on = scene({
    lookupCloud: () => ((asked += 1) === 1 ? failing(404, 'notFound') : answered()),
  })
  t.equal((await run(on, queryRequest(SELECT))).status, 403)
  t.equal((await run(on, queryRequest(SELECT))).status, 200)
  t.strictSame(
    on.decisions.map(({ lookups }) => lookups),
    [
      [{ fact: 'sql.dry_run', how: 'asked', ok: false, status: 404, us: 0 }],
      [{ fact: 'sql.dry_run', how: 'asked', ok: true, status: 200, us: 0 }],
    ],
  )
})

t.test('a credential that the cloud refuses is forgotten', async (t) => {
  const on = scene({ lookupCloud: () => failing(401, 'authError') })
  await run(on, queryRequest(SELECT))
  t.strictSame(on.purged, ['gcp-data'])
})

/** A policy that would ask for anything. */
const eager = { policy: () => ok({ allow: false, needs: ['sql.dry_run'], ...SAID }) }

const NEVER: readonly (readonly [
  id: string,
  request: BigQueryRequest,
  options: SceneOptions,
  code: string,
])[] = [
  ['a denied role', queryRequest(SELECT), { policy: () => ok(false) }, 'ERR_SG_DENIED'],
  [
    'a statement that writes',
    queryRequest('DELETE FROM sales.orders WHERE TRUE'),
    eager,
    'ERR_SG_DENIED',
  ],
  ['DDL', queryRequest('CREATE TABLE sales.x AS SELECT 1'), eager, 'ERR_SG_DENIED'],
  ['a call', queryRequest('CALL sales.p()'), eager, 'ERR_SG_DENIED'],
  [
    'rows to a table of its own',
    insertRequest(SELECT, {
      destinationTable: { projectId: 'acme-data', datasetId: 'sales', tableId: 'x' },
    }),
    eager,
    'ERR_SG_DENIED',
  ],
  [
    'a script',
    queryRequest('SELECT 1; DROP TABLE sales.orders'),
    eager,
    'ERR_SG_OPERATION_AMBIGUOUS',
  ],
  ['a text without an end', queryRequest("SELECT 'x"), eager, 'ERR_SG_OPERATION_AMBIGUOUS'],
  [
    'a fact that no look-up gives',
    queryRequest(SELECT),
    { policy: () => ok({ allow: false, needs: ['tags'] }) },
    'ERR_SG_OBLIGATION_UNSUPPORTED',
  ],
  [
    'a credential that is not bound',
    queryRequest(SELECT),
    { policy: () => ok({ allow: false, needs: ['sql.dry_run'], credential: 'gcp-admin' }) },
    'ERR_SG_CREDENTIAL_CONFIG',
  ],
  ['no credential at all', queryRequest(SELECT), { candidates: [] }, 'ERR_SG_CREDENTIAL_CONFIG'],
  [
    'a credential that cannot be had now',
    queryRequest(SELECT),
    { obtain: () => Promise.resolve(err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'STS is down'))) },
    'ERR_SG_CREDENTIAL_UNAVAILABLE',
  ],
  [
    'a record that cannot be written',
    queryRequest(SELECT),
    {
      beforeRecord: ({ type }) => {
        if (type === 'lookup') throw new Error('disk full')
      },
    },
    'ERR_SG_AUDIT_UNAVAILABLE',
  ],
  [
    'a request of another service',
    { head: s3Head('GET', '/reports/2026/q2.csv'), body: Buffer.alloc(0) },
    eager,
    'ERR_SG_DENIED',
  ],
]

t.test('nothing is asked for what may not be asked', async (t) => {
  for (const [id, request, options, code] of NEVER) {
    const on = scene(options)
    const exchange = await run(on, request)
    t.match(exchange.text, code, id)
    t.strictSame(on.asked, [], `${id}: nothing asked`)
    t.strictSame(on.lookups, [], `${id}: no record of a look-up`)
    t.strictSame(on.sent, [], `${id}: nothing sent`)
    t.match(on.decisions, [{ result: { allow: false, code } }], id)
    t.equal(on.lookingUp, 0, id)
  }
})

t.test('a policy judges three times at most, and asks for each fact once', (t) => {
  t.equal(excessOf([], ['a']), undefined)
  t.equal(excessOf([], ['a', 'b']), undefined)
  t.equal(excessOf(['a'], ['b']), undefined)
  t.match(excessOf(['a'], ['a']), { code: 'ERR_SG_DENIED', rule: 'LOOK-2' })
  t.match(excessOf(['a'], ['a', 'b']), { rule: 'LOOK-2' })
  t.match(excessOf([], ['a', 'b', 'c']), { rule: 'LOOK-2' })
  t.match(excessOf(['a'], ['b', 'c']), { rule: 'LOOK-2' })
  t.match(excessOf(['a', 'b'], ['c']), { rule: 'LOOK-2' })
  t.end()
})

/** A look-up that never ends by itself. */
const hanging = (): Promise<Asked> => new Promise(() => undefined)

t.test('a client that leaves takes its look-up with it', async (t) => {
  const on = scene({ lookupCloud: hanging })
  const { head, body } = queryRequest(SELECT)
  const { exchange, done } = on.begin(head, { body, peer: PEER })
  await untilStep(on, 'ask')
  exchange.leave()
  await done
  await untilStep(on, 'abort look-up')
  t.strictSame(on.sent, [])
  t.match(on.decisions, [{ result: { allow: false, rule: 'LOOK-9' } }])
  t.match(on.outcomes, [{ end: 'client-gone' }])
  t.strictSame(on.held, { bytes: 0, inFlight: 0, running: 0 })
  await new Promise(setImmediate)
  t.equal(on.lookingUp, 0)
})

t.test('one that leaves before the look-up is recorded leaves nothing to send', async (t) => {
  let recorded = (): void => undefined
  const on = scene({
    lookupCloud: hanging,
    beforeRecord: ({ type }) =>
      type === 'lookup'
        ? new Promise<void>((resolve) => {
            recorded = resolve
          })
        : undefined,
  })
  const { head, body } = queryRequest(SELECT)
  const { exchange, done } = on.begin(head, { body, peer: PEER })
  await untilStep(on, 'record lookup')
  exchange.leave()
  await done
  recorded()
  await untilStep(on, 'abort look-up')
  t.match(on.outcomes, [{ end: 'client-gone' }])
})

t.test('those who stay get the answer of a look-up whose first asker left', async (t) => {
  let answer = (): void => undefined
  const on = scene({
    lookupCloud: () =>
      new Promise((resolve) => {
        answer = () => resolve(ok({ status: 200, body: dryRunAnswer() }))
      }),
  })
  const { head, body } = queryRequest(SELECT)
  const first = on.begin(head, { body, peer: PEER })
  const other = on.begin(head, { body, peer: PEER })
  await untilStep(on, 'ask')
  await new Promise(setImmediate)
  first.exchange.leave()
  await new Promise(setImmediate)
  answer()
  await other.done
  t.equal(other.exchange.status, 200)
  t.notOk(on.steps.includes('abort look-up'))
  t.equal(on.asked.length, 1)
  t.equal(on.lookingUp, 0)
})

t.test('one who waits for another’s look-up does not use up a limit', async (t) => {
  const allowed = [true]
  let answer = (): void => undefined
  const on = scene({
    mayLookUp: () => allowed.shift() ?? false,
    lookupCloud: () =>
      new Promise((resolve) => {
        answer = () => resolve(ok({ status: 200, body: dryRunAnswer() }))
      }),
  })
  const { head, body } = queryRequest(SELECT)
  const begun = [1, 2].map(() => on.begin(head, { body, peer: PEER }))
  await untilStep(on, 'ask')
  await new Promise(setImmediate)
  answer()
  await Promise.all(begun.map(({ done }) => done))
  t.equal((await run(on, queryRequest(SELECT))).status, 200, 'nor does a cached answer')
  t.strictSame(
    begun.map(({ exchange }) => exchange.status),
    [200, 200],
  )
})
