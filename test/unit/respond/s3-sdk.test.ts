// What the real AWS SDK for JavaScript makes of our S3 answers: the error's name, its text, and how
// many times it tries. The expected names and retry counts are S3's and the SDK's own (S3 API
// reference, "List of error codes"; SDK retry documentation), not read from our table.

import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
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
import { startRefusingServer } from '../../support/refusing-server.ts'

const DECISION = '0190a3b4-0000-7000-8000-000000000001'
const MAX_ATTEMPTS = 2

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

/** [name of the SDK's error, HTTP status, requests that the SDK sends] by code. */
const EXPECTED = new Map<Code, readonly [string, number, number]>([
  ...[...SVID_CODES, ...FACT_CODES, ...DECISION_CODES].map(
    (code) => [code, ['AccessDenied', 403, 1]] as const,
  ),
  ['ERR_SG_FROZEN', ['AccessDenied', 403, 1]],
  ['ERR_SG_CREDENTIAL_CONFIG', ['AccessDenied', 403, 1]],
  ['ERR_SG_REQUEST_MALFORMED', ['InvalidRequest', 400, 1]],
  ['ERR_SG_REQUEST_METHOD', ['MethodNotAllowed', 405, 1]],
  ['ERR_SG_REQUEST_TARGET', ['InvalidRequest', 400, 1]],
  ['ERR_SG_REQUEST_HEADERS', ['InvalidRequest', 400, 1]],
  ['ERR_SG_REQUEST_HEADERS_TOO_LARGE', ['RequestHeaderSectionTooLarge', 431, 1]],
  ['ERR_SG_REQUEST_FRAMING', ['InvalidRequest', 400, 1]],
  ['ERR_SG_REQUEST_LENGTH_REQUIRED', ['MissingContentLength', 411, 1]],
  ['ERR_SG_REQUEST_TOO_LARGE', ['EntityTooLarge', 413, 1]],
  ['ERR_SG_REQUEST_TIMEOUT', ['RequestTimeout', 408, MAX_ATTEMPTS]],
  ['ERR_SG_REQUEST_EXPECT', ['InvalidRequest', 417, 1]],
  ['ERR_SG_REQUEST_VERSION', ['InvalidRequest', 505, 1]],
  ['ERR_SG_REQUEST_TRANSFER_CODING', ['NotImplemented', 501, 1]],
  ['ERR_SG_REQUEST_UNSUPPORTED', ['NotImplemented', 501, 1]],
  ['ERR_SG_LIMIT', ['SlowDown', 503, MAX_ATTEMPTS]],
  ['ERR_SG_OVERLOADED', ['SlowDown', 503, MAX_ATTEMPTS]],
  ['ERR_SG_POLICY_UNAVAILABLE', ['ServiceUnavailable', 503, MAX_ATTEMPTS]],
  ['ERR_SG_AUDIT_UNAVAILABLE', ['ServiceUnavailable', 503, MAX_ATTEMPTS]],
  ['ERR_SG_CREDENTIAL_UNAVAILABLE', ['ServiceUnavailable', 503, MAX_ATTEMPTS]],
  ['ERR_SG_UPSTREAM_REFUSED', ['BadGateway', 502, MAX_ATTEMPTS]],
  ['ERR_SG_UPSTREAM_UNREACHABLE', ['BadGateway', 502, MAX_ATTEMPTS]],
  ['ERR_SG_UPSTREAM_RESET', ['BadGateway', 502, MAX_ATTEMPTS]],
  ['ERR_SG_UPSTREAM_PROTOCOL', ['BadGateway', 502, MAX_ATTEMPTS]],
  ['ERR_SG_UPSTREAM_TIMEOUT', ['GatewayTimeout', 504, MAX_ATTEMPTS]],
  ['ERR_SG_INTERNAL', ['InternalError', 500, MAX_ATTEMPTS]],
])

const RESOURCE = 's3://reports/2026/a & b <c>.csv'

interface Call {
  readonly error: S3ServiceException
  readonly attempts: number
  readonly requests: readonly string[]
}

type Operation = 'GetObject' | 'PutObject' | 'HeadObject'

/** Calls the operation against a server that refuses with `code`, and returns what was thrown. */
async function callRefused(code: Code, operation: Operation, clockOffset = 0): Promise<Call> {
  const server = await startRefusingServer((method) =>
    renderRefusal('s3', {
      code,
      decisionId: DECISION,
      role: 'researcher',
      operation: `s3.${operation}`,
      resource: RESOURCE,
      reasons: ['no_grant'],
      alternatives: ['reports/public'],
      isHead: method === 'HEAD',
      now: Date.now() + clockOffset,
    }),
  )
  const client = new S3Client({
    endpoint: server.origin,
    region: 'eu-west-1',
    forcePathStyle: true,
    maxAttempts: MAX_ATTEMPTS,
    credentials: { accessKeyId: 'svidgate', secretAccessKey: 'placeholder' },
  })
  const object = { Bucket: 'reports', Key: '2026/a' }
  try {
    if (operation === 'GetObject') await client.send(new GetObjectCommand(object))
    else if (operation === 'HeadObject') await client.send(new HeadObjectCommand(object))
    else await client.send(new PutObjectCommand({ ...object, Body: 'rows' }))
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error
    return { error, attempts: error.$metadata.attempts ?? 0, requests: server.requests }
  } finally {
    client.destroy()
    await server.close()
  }
  throw new Error(`${operation} was not refused`)
}

t.test('every code has an expectation here', async (t) => {
  t.strictSame([...EXPECTED.keys()].sort(), [...ALL_CODES].sort())
})

t.test('GetObject: name, status, text and retries are what S3 clients expect', async (t) => {
  const calls = await Promise.all(
    [...EXPECTED].map(
      async ([code, row]) => [code, row, await callRefused(code, 'GetObject')] as const,
    ),
  )
  for (const [code, [name, status, requests], call] of calls) {
    t.equal(call.error.name, name, `${code}: name`)
    t.equal(call.error.$metadata.httpStatusCode, status, `${code}: status`)
    t.equal(call.requests.length, requests, `${code}: requests sent`)
    t.equal(call.error.$metadata.requestId, DECISION, `${code}: request id is the decision id`)
    t.match(call.error.message, code, `${code}: named in the message`)
    t.match(call.error.message, DECISION, `${code}: decision id in the message`)
  }
})

t.test('a denial tells role, operation, resource, reasons and alternatives', async (t) => {
  const { error } = await callRefused('ERR_SG_DENIED', 'GetObject')
  for (const part of ['researcher', 's3.GetObject', RESOURCE, 'no_grant', 'reports/public']) {
    t.ok(error.message.includes(part), part)
  }
  t.equal(error.$fault, 'client')
})

t.test('an SVID code after the handshake tells the code and the decision id alone', async (t) => {
  const { error } = await callRefused('ERR_SG_SVID_EXPIRED', 'GetObject')
  t.equal(error.message, `ERR_SG_SVID_EXPIRED (decision ${DECISION})`)
})

t.test('PutObject: a denial reaches the program after one request', async (t) => {
  const call = await callRefused('ERR_SG_DENIED', 'PutObject')
  t.equal(call.error.name, 'AccessDenied')
  t.match(call.error.message, DECISION)
  t.strictSame(call.requests, ['PUT'])
  t.equal(call.attempts, 1)
})

t.test('HeadObject: no body, one request; the ids tell decision and code', async (t) => {
  const call = await callRefused('ERR_SG_DENIED', 'HeadObject')
  t.equal(call.error.$metadata.httpStatusCode, 403)
  t.equal(call.error.$metadata.requestId, DECISION)
  t.equal(call.error.$metadata.extendedRequestId, 'ERR_SG_DENIED')
  t.strictSame(call.requests, ['HEAD'])
})

t.test('HeadObject: an overload is tried again', async (t) => {
  const call = await callRefused('ERR_SG_OVERLOADED', 'HeadObject')
  t.strictSame(call.requests, ['HEAD', 'HEAD'])
})

t.test(
  'a wrong Date would make the SDK repeat a denial: ours is the time it is given',
  async (t) => {
    // The counter-proof: the same answer, ten minutes off, is taken for clock skew.
    const skewed = await callRefused('ERR_SG_DENIED', 'GetObject', -10 * 60_000)
    t.equal(skewed.requests.length, MAX_ATTEMPTS)
  },
)
