// A look-up on its way through the pipeline: recorded before it is sent, judged with what it found,
// kept for a minute, shared by those who ask the same, and ended with the last of them.

import t from 'tap'
import { excessOf } from '../../../gateway/pipeline/lookup.ts'
import { ok } from '../../../gateway/util/result.ts'
import {
  dryRunAnswer,
  googleError,
  insertRequest,
  queryRequest,
  type BigQueryRequest,
} from '../../support/bigquery.ts'
import {
  answered,
  lookupScene,
  PEER,
  RESEARCHER,
  runQuery,
  SELECT,
  untilStep,
} from '../../support/lookup-scene.ts'
import { peer } from '../../support/peers.ts'
import { type Asked, NOW } from '../../support/pipeline-scene.ts'
import { gcpCredential } from '../../support/shaped.ts'

t.test('asked, recorded, looked up, judged again, recorded, sent', async (t) => {
  const on = lookupScene()
  const exchange = await runQuery(on, queryRequest(SELECT, { maximumBytesBilled: '9' }))
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
  const on = lookupScene()
  const parameters = [
    { name: 'n', parameterType: { type: 'INT64' }, parameterValue: { value: '1' } },
  ]
  const fields = {
    defaultDataset: { datasetId: 'sales' },
    parameterMode: 'NAMED',
    queryParameters: parameters,
    location: 'EU',
  }
  await runQuery(
    on,
    queryRequest('SELECT @n FROM orders', { ...fields, maxResults: 9, timeoutMs: 5 }),
  )
  const [asked] = on.asked
  t.equal(asked?.method, 'POST')
  t.equal(asked?.target, '/bigquery/v2/projects/acme-data/jobs')
  t.equal(asked?.upstream.origin, 'https://bigquery.googleapis.com')
  t.equal(asked?.identity, RESEARCHER)
  t.strictSame(asked?.headers, [
    ['host', 'bigquery.googleapis.com'],
    ['accept', 'application/json'],
    ['content-type', 'application/json'],
    ['authorization', `Bearer ${gcpCredential().accessToken.reveal()}`],
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
  const on = lookupScene()
  await runQuery(on, queryRequest(SELECT))
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
      credential: { name: 'gcp-data', session: gcpCredential().session },
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
  const on = lookupScene({
    ports: { elapsed: () => elapsed },
    lookupCloud: () => {
      elapsed += 250
      return answered()
    },
  })
  await runQuery(on, queryRequest(SELECT))
  t.match(on.decisions, [{ metrics: { gateway_us: 0 }, lookups: [{ us: 250_000 }] }])
  t.match(on.summaries, [{ gatewayTime: 0 }])
})

t.test('an answer serves for a minute, for the same call and credential only', async (t) => {
  let now = NOW
  const on = lookupScene({ now: () => now })
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
  const on = lookupScene({
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

t.test('a failure is asked again, so that what is new is not missing', async (t) => {
  let asked = 0
  const on = lookupScene({
    lookupCloud: () =>
      (asked += 1) === 1
        ? Promise.resolve(ok({ status: 404, body: googleError(404, 'notFound', 'x') }))
        : answered(),
  })
  t.equal((await runQuery(on, queryRequest(SELECT))).status, 403)
  t.equal((await runQuery(on, queryRequest(SELECT))).status, 200)
  t.strictSame(
    on.decisions.map(({ lookups }) => lookups),
    [
      [{ fact: 'sql.dry_run', how: 'asked', ok: false, status: 404, us: 0 }],
      [{ fact: 'sql.dry_run', how: 'asked', ok: true, status: 200, us: 0 }],
    ],
  )
})

t.test('a credential that the cloud refuses is forgotten', async (t) => {
  const on = lookupScene({
    lookupCloud: () =>
      Promise.resolve(ok({ status: 401, body: googleError(401, 'authError', 'x') })),
  })
  await runQuery(on, queryRequest(SELECT))
  t.strictSame(on.purged, ['gcp-data'])
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
  const on = lookupScene({ lookupCloud: hanging })
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
  const on = lookupScene({
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
  const on = lookupScene({
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
  const on = lookupScene({
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
  t.equal((await runQuery(on, queryRequest(SELECT))).status, 200, 'nor does a cached answer')
  t.strictSame(
    begun.map(({ exchange }) => exchange.status),
    [200, 200],
  )
})
