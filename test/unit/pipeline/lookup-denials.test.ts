// What a look-up must not do: be asked for what may not be asked, or show in an answer what it found.

import t from 'tap'
import { refusal } from '../../../gateway/errors.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import {
  dryRunAnswer,
  googleError,
  insertRequest,
  queryRequest,
  type BigQueryRequest,
} from '../../support/bigquery.ts'
import type { FakeExchange } from '../../support/fake-exchange.ts'
import {
  answered,
  lookupScene,
  policy,
  runQuery,
  SAID,
  SELECT,
  type JudgedInput,
} from '../../support/lookup-scene.ts'
import { type Asked, NOW, type SceneOptions } from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'
import { gcpCredential } from '../../support/shaped.ts'

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
        (input as JudgedInput).operation.complete
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

function second(answer: SceneOptions['policy'] & object): SceneOptions {
  return {
    policy: (input) =>
      (input as JudgedInput).operation.pending.length > 0 ? policy(input) : answer(input),
  }
}

t.test('whatever comes of a look-up, a denied agent sees the same bytes', async (t) => {
  let first: unknown
  for (const [id, options, recorded] of DENIALS) {
    const on = lookupScene(options)
    const exchange = await runQuery(on, queryRequest('SELECT * FROM hr.people'))
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
    const on = lookupScene(options)
    const exchange = await runQuery(on, request)
    t.match(exchange.text, code, id)
    t.strictSame(on.asked, [], `${id}: nothing asked`)
    t.strictSame(on.lookups, [], `${id}: no record of a look-up`)
    t.strictSame(on.sent, [], `${id}: nothing sent`)
    t.match(on.decisions, [{ result: { allow: false, code } }], id)
    t.equal(on.lookingUp, 0, id)
  }
})
