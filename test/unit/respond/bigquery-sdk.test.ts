// What the real @google-cloud/bigquery makes of our answers: the text that a program sees, and how
// many times the client tries. The expected statuses and reasons are Google's own (BigQuery, "Error
// messages"; google.rpc.Code, HTTP mapping), not read from our table.

import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
import t from 'tap'
import {
  AVAILABILITY_CODES,
  CREDENTIAL_CODES,
  DECISION_CODES,
  FACT_CODES,
  INTERNAL_CODES,
  OPERATION_CODES,
  REQUEST_CODES,
  SVID_CODES,
  UPSTREAM_CODES,
  type Code,
} from '../../../gateway/errors.ts'
import { renderRefusal } from '../../../gateway/respond/answer.ts'
import type { RefusalAnswer, RefusalContext } from '../../../gateway/respond/refusal-answer.ts'
import { refusalMessage } from '../../../gateway/respond/text.ts'
import { startRefusingServer } from '../../support/refusing-server.ts'

const DECISION = '0190a3b4-0000-7000-8000-000000000001'

const ALL_CODES: readonly Code[] = [
  ...SVID_CODES,
  ...REQUEST_CODES,
  ...FACT_CODES,
  ...DECISION_CODES,
  ...AVAILABILITY_CODES,
  ...OPERATION_CODES,
  ...CREDENTIAL_CODES,
  ...UPSTREAM_CODES,
  ...INTERNAL_CODES,
]

/** [HTTP status, google.rpc.Code, reason, whether the clients try again] */
type Expected = readonly [number, string, string, boolean]

const DENIED: Expected = [403, 'PERMISSION_DENIED', 'accessDenied', false]
const INVALID: Expected = [400, 'INVALID_ARGUMENT', 'invalid', false]
const UNAVAILABLE: Expected = [503, 'UNAVAILABLE', 'backendError', true]
const BAD_GATEWAY: Expected = [502, 'UNAVAILABLE', 'badGateway', true]

const EXPECTED = new Map<Code, Expected>([
  ...[...SVID_CODES, ...FACT_CODES, ...DECISION_CODES].map((code) => [code, DENIED] as const),
  ['ERR_SG_FROZEN', DENIED],
  ['ERR_SG_CREDENTIAL_CONFIG', DENIED],
  ['ERR_SG_REQUEST_MALFORMED', INVALID],
  ['ERR_SG_REQUEST_METHOD', [405, 'UNIMPLEMENTED', 'httpMethodNotAllowed', false]],
  ['ERR_SG_REQUEST_TARGET', INVALID],
  ['ERR_SG_REQUEST_HEADERS', INVALID],
  ['ERR_SG_REQUEST_HEADERS_TOO_LARGE', [431, 'INVALID_ARGUMENT', 'invalid', false]],
  ['ERR_SG_REQUEST_FRAMING', INVALID],
  ['ERR_SG_REQUEST_LENGTH_REQUIRED', [411, 'INVALID_ARGUMENT', 'invalid', false]],
  ['ERR_SG_REQUEST_TOO_LARGE', [413, 'INVALID_ARGUMENT', 'requestTooLarge', false]],
  ['ERR_SG_REQUEST_TIMEOUT', [408, 'DEADLINE_EXCEEDED', 'backendError', true]],
  ['ERR_SG_REQUEST_EXPECT', [417, 'INVALID_ARGUMENT', 'invalid', false]],
  ['ERR_SG_REQUEST_VERSION', [505, 'INVALID_ARGUMENT', 'invalid', false]],
  ['ERR_SG_REQUEST_TRANSFER_CODING', [501, 'UNIMPLEMENTED', 'notImplemented', false]],
  ['ERR_SG_REQUEST_UNSUPPORTED', [501, 'UNIMPLEMENTED', 'notImplemented', false]],
  ['ERR_SG_LIMIT', [429, 'RESOURCE_EXHAUSTED', 'rateLimitExceeded', true]],
  ['ERR_SG_OVERLOADED', [503, 'UNAVAILABLE', 'rateLimitExceeded', true]],
  ['ERR_SG_POLICY_UNAVAILABLE', UNAVAILABLE],
  ['ERR_SG_AUDIT_UNAVAILABLE', UNAVAILABLE],
  ['ERR_SG_CREDENTIAL_UNAVAILABLE', UNAVAILABLE],
  ['ERR_SG_UPSTREAM_REFUSED', BAD_GATEWAY],
  ['ERR_SG_UPSTREAM_UNREACHABLE', BAD_GATEWAY],
  ['ERR_SG_UPSTREAM_RESET', BAD_GATEWAY],
  ['ERR_SG_UPSTREAM_PROTOCOL', BAD_GATEWAY],
  ['ERR_SG_UPSTREAM_TIMEOUT', [504, 'DEADLINE_EXCEEDED', 'backendError', true]],
  ['ERR_SG_INTERNAL', [500, 'INTERNAL', 'internalError', true]],
])

/** google-cloud-bigquery for Python tries again by the reason alone (`bigquery.retry`). */
const PYTHON_RETRIES = new Set(['rateLimitExceeded', 'backendError', 'internalError', 'badGateway'])
/** @google-cloud/common by status, and by two reasons (`util.shouldRetryRequest`). */
const NODE_RETRIES = new Set([408, 429, 500, 502, 503, 504])
const NODE_RETRY_REASONS = new Set(['rateLimitExceeded', 'userRateLimitExceeded'])

function contextOf(code: Code, isHead = false): RefusalContext {
  return {
    code,
    decisionId: DECISION,
    role: 'researcher',
    operation: 'bigquery.jobs.query',
    resource: 'projects/p/<datasets> & "tables" \u00fc \u{1F600}',
    reasons: ['no_grant'],
    alternatives: ['sales.orders_public'],
    isHead,
    now: Date.now(),
  }
}

function refused(code: Code, isHead = false): RefusalAnswer {
  return renderRefusal('google', contextOf(code, isHead))
}

function headerOf(answer: RefusalAnswer, name: string): string | undefined {
  return answer.headers.find(([header]) => header === name)?.[1]
}

t.test('every code has an expectation here', async (t) => {
  t.strictSame([...EXPECTED.keys()].sort(), [...ALL_CODES].sort())
})

for (const [code, [status, rpcCode, reason, retries]] of EXPECTED) {
  t.test(`${code}: ${status} ${rpcCode} ${reason}`, async (t) => {
    const answer = refused(code)
    const message = refusalMessage(contextOf(code))
    t.equal(answer.status, status)
    t.strictSame(JSON.parse(answer.body.toString('utf8')), {
      error: {
        code: status,
        message,
        errors: [{ message, domain: 'global', reason }],
        status: rpcCode,
      },
    })
    t.equal(headerOf(answer, 'content-type'), 'application/json; charset=UTF-8')
    t.equal(headerOf(answer, 'content-length'), String(answer.body.length))
    t.equal(headerOf(answer, 'x-svidgate-decision-id'), DECISION)
    t.equal(headerOf(answer, 'retry-after'), undefined, 'never')
    t.equal(headerOf(answer, 'www-authenticate'), undefined)
    t.not(status, 401)
    t.equal(PYTHON_RETRIES.has(reason), retries, 'by the rule of Python')
    t.equal(NODE_RETRIES.has(status) || NODE_RETRY_REASONS.has(reason), retries, 'of Node')
    const head = refused(code, true)
    t.equal(head.body.length, 0)
    t.strictSame(head.headers.slice(1), answer.headers.slice(1))
  })
}

interface Seen {
  readonly error: Error & { code?: unknown; errors?: unknown }
  readonly requests: readonly string[]
}

type Call = (client: BigQuery) => Promise<unknown>

async function callRefused(code: Code, call: Call): Promise<Seen> {
  const server = await startRefusingServer(() => refused(code))
  const client = new BigQuery({
    projectId: 'p',
    apiEndpoint: `${server.origin}/gcp/bigquery`,
    authClient: new PassThroughClient(),
    retryOptions: { maxRetries: 1, retryDelayMultiplier: 0.01 },
  })
  try {
    await call(client)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { error, requests: server.requests }
  } finally {
    await server.close()
  }
  throw new Error('not refused')
}

const CALLS: readonly (readonly [id: string, call: Call])[] = [
  ['query', (client) => client.query('SELECT 1')],
  ['createQueryJob', (client) => client.createQueryJob('SELECT 1')],
  ['getDatasets', (client) => client.getDatasets()],
  ['table.getRows', (client) => client.dataset('d').table('t').getRows()],
  ['table.getMetadata', (client) => client.dataset('d').table('t').getMetadata()],
  ['job.getMetadata', (client) => client.job('j').getMetadata()],
  ['job.cancel', (client) => client.job('j').cancel()],
]

for (const [id, call] of CALLS) {
  for (const code of ['ERR_SG_DENIED', 'ERR_SG_REQUEST_UNSUPPORTED'] as const) {
    t.test(`${id}: ${code} reaches the program in full, after one request`, async (t) => {
      const { error, requests } = await callRefused(code, call)
      t.equal(error.message, refusalMessage(contextOf(code)))
      t.equal(error.code, code === 'ERR_SG_DENIED' ? 403 : 501)
      t.match(error.errors, [
        { reason: code === 'ERR_SG_DENIED' ? 'accessDenied' : 'notImplemented' },
      ])
      t.equal(requests.length, 1)
    })
  }
}

t.test('what passes is tried again', async (t) => {
  const { error, requests } = await callRefused('ERR_SG_OVERLOADED', (client) =>
    client.getDatasets(),
  )
  t.equal(requests.length, 2)
  t.match(error.message, 'ERR_SG_OVERLOADED')
})
