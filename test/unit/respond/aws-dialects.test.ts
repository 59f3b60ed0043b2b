// The AWS dialects besides S3, read by readers of this test's own: a CBOR decoder, an XML reader,
// JSON.parse. Structures and names: Smithy protocol specifications and the services' error lists.

import t from 'tap'
import type { Code } from '../../../gateway/errors.ts'
import { renderRefusal } from '../../../gateway/respond/answer.ts'
import type { RefusalAnswer, RefusalContext } from '../../../gateway/respond/refusal-answer.ts'
import type { Dialect } from '../../../gateway/routing/route.ts'
import { readCborMap } from '../../support/cbor-reader.ts'
import { readXml } from '../../support/xml-reader.ts'

const DECISION = '0190a3b4-0000-7000-8000-000000000001'
const NOW = Date.UTC(2026, 10, 5, 8, 9, 7)

function context(code: Code, more: Partial<RefusalContext> = {}): RefusalContext {
  return {
    code,
    decisionId: DECISION,
    role: 'researcher',
    operation: 'dynamodb.GetItem',
    resource: 'orders "<&>\' ü 😀',
    reasons: ['no_grant'],
    alternatives: [],
    isHead: false,
    now: NOW,
    ...more,
  }
}

function header(answer: RefusalAnswer, name: string): string | undefined {
  return answer.headers.find(([lineName]) => lineName === name)?.[1]
}

/** Reads `{name, message}` out of an answer the way an SDK of this dialect does. */
function readError(dialect: Dialect, answer: RefusalAnswer): { name: unknown; message: unknown } {
  switch (dialect) {
    case 's3': {
      const xml = readXml(answer.body)
      return { name: xml.get('Error/Code'), message: xml.get('Error/Message') }
    }
    case 'aws-query': {
      const xml = readXml(answer.body)
      const error = 'ErrorResponse/Error'
      return { name: xml.get(`${error}/Code`), message: xml.get(`${error}/Message`) }
    }
    case 'aws-ec2': {
      const xml = readXml(answer.body)
      const error = 'Response/Errors/Error'
      return { name: xml.get(`${error}/Code`), message: xml.get(`${error}/Message`) }
    }
    case 'aws-json': {
      const body = JSON.parse(answer.body.toString('utf8'))
      if (body.message !== body.Message) throw new Error('the two spellings differ')
      return { name: String(body.__type).split('#')[1], message: body.message }
    }
    case 'aws-rest-json': {
      const body = JSON.parse(answer.body.toString('utf8'))
      return { name: header(answer, 'x-amzn-errortype'), message: body.message }
    }
    case 'aws-cbor': {
      const body = readCborMap(answer.body)
      return { name: body.get('__type')?.split('#')[1], message: body.get('message') }
    }
    default: {
      const { error } = JSON.parse(answer.body.toString('utf8'))
      return { name: error.kind, message: error.message }
    }
  }
}

interface Row {
  readonly dialect: Dialect
  readonly contentType: string
  readonly requestIdHeader: string | undefined
  readonly denied: readonly [number, string]
  readonly limited: readonly [number, string]
  readonly unavailable: readonly [number, string]
}

const TABLE: readonly Row[] = [
  {
    dialect: 's3',
    contentType: 'application/xml',
    requestIdHeader: 'x-amz-request-id',
    denied: [403, 'AccessDenied'],
    limited: [503, 'SlowDown'],
    unavailable: [503, 'ServiceUnavailable'],
  },
  {
    dialect: 'aws-query',
    contentType: 'text/xml',
    requestIdHeader: 'x-amzn-requestid',
    denied: [403, 'AccessDenied'],
    limited: [400, 'Throttling'],
    unavailable: [503, 'ServiceUnavailable'],
  },
  {
    dialect: 'aws-ec2',
    contentType: 'text/xml;charset=UTF-8',
    requestIdHeader: 'x-amzn-requestid',
    denied: [403, 'UnauthorizedOperation'],
    limited: [503, 'RequestLimitExceeded'],
    unavailable: [503, 'Unavailable'],
  },
  {
    dialect: 'aws-json',
    contentType: 'application/x-amz-json-1.1',
    requestIdHeader: 'x-amzn-requestid',
    denied: [400, 'AccessDeniedException'],
    limited: [400, 'ThrottlingException'],
    unavailable: [503, 'ServiceUnavailableException'],
  },
  {
    dialect: 'aws-rest-json',
    contentType: 'application/json',
    requestIdHeader: 'x-amzn-requestid',
    denied: [403, 'AccessDeniedException'],
    limited: [429, 'ThrottlingException'],
    unavailable: [503, 'ServiceUnavailableException'],
  },
  {
    dialect: 'aws-cbor',
    contentType: 'application/cbor',
    requestIdHeader: 'x-amzn-requestid',
    denied: [403, 'AccessDeniedException'],
    limited: [400, 'ThrottlingException'],
    unavailable: [503, 'ServiceUnavailableException'],
  },
  {
    dialect: 'json',
    contentType: 'application/json',
    requestIdHeader: undefined,
    denied: [403, 'access_denied'],
    limited: [429, 'throttled'],
    unavailable: [503, 'unavailable'],
  },
]

for (const row of TABLE) {
  t.test(`${row.dialect}: status, name and message`, async (t) => {
    const cases = [
      ['ERR_SG_DENIED', row.denied],
      ['ERR_SG_LIMIT', row.limited],
      ['ERR_SG_POLICY_UNAVAILABLE', row.unavailable],
    ] as const
    for (const [code, [status, name]] of cases) {
      const answer = renderRefusal(row.dialect, context(code))
      const error = readError(row.dialect, answer)
      t.equal(answer.status, status, `${code}: status`)
      t.equal(error.name, name, `${code}: name`)
      t.ok(String(error.message).includes('orders "<&>\' ü 😀'), `${code}: resource as sent`)
      t.ok(String(error.message).includes(DECISION), `${code}: decision id`)
    }
  })

  t.test(`${row.dialect}: headers`, async (t) => {
    const answer = renderRefusal(row.dialect, context('ERR_SG_DENIED'))
    t.equal(header(answer, 'date'), 'Thu, 05 Nov 2026 08:09:07 GMT')
    t.equal(header(answer, 'content-type'), row.contentType)
    t.equal(header(answer, 'content-length'), String(answer.body.length))
    t.equal(header(answer, 'x-svidgate-decision-id'), DECISION)
    if (row.requestIdHeader !== undefined) t.equal(header(answer, row.requestIdHeader), DECISION)
    t.equal(header(answer, 'retry-after'), undefined, 'a denial names no pause')
  })

  t.test(`${row.dialect}: HEAD gets the headers of GET and no body`, async (t) => {
    const get = renderRefusal(row.dialect, context('ERR_SG_DENIED'))
    const head = renderRefusal(row.dialect, context('ERR_SG_DENIED', { isHead: true }))
    t.equal(head.body.length, 0)
    t.strictSame(head.headers, get.headers)
  })
}

t.test('query errors say whose fault it was', async (t) => {
  const type = (code: Code) =>
    readXml(renderRefusal('aws-query', context(code)).body).get('ErrorResponse/Error/Type')
  t.equal(type('ERR_SG_DENIED'), 'Sender')
  t.equal(type('ERR_SG_POLICY_UNAVAILABLE'), 'Receiver')
})

t.test('x-amzn-query-error is sent to those who asked, and only to them', async (t) => {
  for (const dialect of ['aws-json', 'aws-cbor'] as const) {
    const asked = renderRefusal(dialect, context('ERR_SG_DENIED', { wantsQueryError: true }))
    t.equal(header(asked, 'x-amzn-query-error'), 'AccessDenied;Sender', dialect)
    const limit = renderRefusal(dialect, context('ERR_SG_LIMIT', { wantsQueryError: true }))
    t.equal(header(limit, 'x-amzn-query-error'), 'Throttling;Sender', dialect)
    const other = renderRefusal(dialect, context('ERR_SG_DENIED'))
    t.equal(header(other, 'x-amzn-query-error'), undefined, dialect)
  }
})

t.test('CBOR answers carry the protocol header, without which no SDK reads them', async (t) => {
  const answer = renderRefusal('aws-cbor', context('ERR_SG_DENIED'))
  t.equal(header(answer, 'smithy-protocol'), 'rpc-v2-cbor')
})

t.test('a CBOR text of every length class is read back whole', async (t) => {
  for (const length of [1, 100, 300, 500]) {
    const resource = 'x'.repeat(length)
    const answer = renderRefusal('aws-cbor', context('ERR_SG_DENIED', { resource }))
    t.ok(readCborMap(answer.body).get('message')?.includes(`Resource: ${resource}.`))
  }
})
