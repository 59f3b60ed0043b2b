// Messages that have no one reading: each is answered with its status and code, recorded, and the
// connection ends, so that nothing behind it is read as another request.

import t from 'tap'
import type { Code } from '../../gateway/errors.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway } from '../support/running-gateway.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'
import { verdictOf } from '../support/verdicts.ts'

const PUT = 'PUT /aws/s3/reports/2026/a.csv'
const GET = 'GET /aws/s3/reports?list-type=2'
const UNSIGNED = 'x-amz-content-sha256: UNSIGNED-PAYLOAD'
/** Whatever was sent before, this must never be served behind it. */
const SMUGGLED = `${s3Head('PUT /aws/s3/reports/2026/smuggled.csv', UNSIGNED, 'content-length: 1')}x`

const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `x-amz-meta-${index}: a`)

const ROWS: { id: string; bytes: string; status: number; code: Code }[] = [
  {
    id: 'Content-Length and Transfer-Encoding',
    bytes: `${s3Head(PUT, UNSIGNED, 'content-length: 5', 'transfer-encoding: chunked')}0\r\n\r\n`,
    status: 400,
    code: 'ERR_SG_REQUEST_FRAMING',
  },
  {
    id: 'two Content-Lengths',
    bytes: `${s3Head(PUT, UNSIGNED, 'content-length: 5', 'content-length: 6')}12345`,
    status: 400,
    code: 'ERR_SG_REQUEST_FRAMING',
  },
  {
    id: 'a Content-Length that is no number',
    bytes: s3Head(PUT, UNSIGNED, 'content-length: 5a'),
    status: 400,
    code: 'ERR_SG_REQUEST_FRAMING',
  },
  {
    id: 'a transfer coding that is not chunked',
    bytes: s3Head(PUT, UNSIGNED, 'transfer-encoding: gzip'),
    status: 501,
    code: 'ERR_SG_REQUEST_TRANSFER_CODING',
  },
  {
    id: 'a chunk size that is no number',
    bytes: `${s3Head(PUT, UNSIGNED, 'transfer-encoding: chunked')}zz\r\nx\r\n`,
    status: 400,
    code: 'ERR_SG_REQUEST_FRAMING',
  },
  {
    id: 'a bare CR in a header',
    bytes: s3Head(GET, 'x-amz-meta-a: b\rx-amz-meta-c: d'),
    status: 400,
    code: 'ERR_SG_REQUEST_MALFORMED',
  },
  {
    id: 'a NUL in a header',
    bytes: s3Head(GET, 'x-amz-meta-a: b\0c'),
    status: 400,
    code: 'ERR_SG_REQUEST_HEADERS',
  },
  {
    id: 'a blank before the colon',
    bytes: s3Head(GET, 'x-amz-meta-a : b'),
    status: 400,
    code: 'ERR_SG_REQUEST_HEADERS',
  },
  {
    id: 'a folded header',
    bytes: s3Head(GET, 'x-amz-meta-a: b\r\n c'),
    status: 400,
    code: 'ERR_SG_REQUEST_HEADERS',
  },
  {
    id: 'two Hosts',
    bytes: s3Head(GET, 'host: localhost'),
    status: 400,
    code: 'ERR_SG_REQUEST_HEADERS',
  },
  {
    id: 'no Host',
    bytes: `${GET} HTTP/1.1\r\n\r\n`,
    status: 400,
    code: 'ERR_SG_REQUEST_HEADERS',
  },
  {
    id: 'the absolute form',
    bytes: s3Head('GET https://localhost/aws/s3/reports?list-type=2'),
    status: 400,
    code: 'ERR_SG_REQUEST_TARGET',
  },
  {
    id: 'HTTP/0.9',
    bytes: 'GET /aws/s3/reports\r\n\r\n',
    status: 505,
    code: 'ERR_SG_REQUEST_VERSION',
  },
  {
    id: 'HTTP/1.0',
    bytes: `${GET} HTTP/1.0\r\nhost: localhost\r\n\r\n`,
    status: 505,
    code: 'ERR_SG_REQUEST_VERSION',
  },
  {
    id: 'the preface of HTTP/2',
    bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    status: 505,
    code: 'ERR_SG_REQUEST_VERSION',
  },
  {
    id: 'a method that is none',
    bytes: s3Head('G@T /aws/s3/reports'),
    status: 405,
    code: 'ERR_SG_REQUEST_METHOD',
  },
  {
    id: 'CONNECT',
    bytes: 'CONNECT s3.eu-west-1.amazonaws.com:443 HTTP/1.1\r\nhost: localhost\r\n\r\n',
    status: 405,
    code: 'ERR_SG_REQUEST_METHOD',
  },
  {
    id: 'an upgrade',
    bytes: s3Head(GET, 'connection: upgrade', 'upgrade: websocket'),
    status: 501,
    code: 'ERR_SG_REQUEST_UNSUPPORTED',
  },
  {
    id: 'an expectation that is not known',
    bytes: s3Head(GET, 'expect: miracles'),
    status: 417,
    code: 'ERR_SG_REQUEST_EXPECT',
  },
  {
    id: 'more than 100 header lines',
    bytes: s3Head(GET, ...lines(120)),
    status: 431,
    code: 'ERR_SG_REQUEST_HEADERS_TOO_LARGE',
  },
  {
    id: 'more than 16 KiB of header',
    bytes: s3Head(GET, `x-amz-meta-a: ${'a'.repeat(17 * 1024)}`),
    status: 431,
    code: 'ERR_SG_REQUEST_HEADERS_TOO_LARGE',
  },
  {
    id: 'not HTTP at all',
    bytes: '\x16\x03\x01 hello\r\n\r\n',
    status: 405,
    code: 'ERR_SG_REQUEST_METHOD',
  },
]

t.test('a message without one reading is refused, recorded, and ends its connection', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const options = clientOptions(test, test.svid('writer'))
  const ids: string[] = []
  for (const { id, bytes, status, code } of ROWS) {
    const connection = await openTls(options)
    connection.write(bytes + SMUGGLED)
    const answer = await connection.answer()
    const text = answer.body.toString()
    t.equal(answer.status, status, id)
    t.ok(text.includes(code), `${id}: ${code} in ${text}`)
    t.equal(answer.headers.get('connection'), 'close', `${id}: says that it closes`)
    await connection.untilClosed()
    t.equal(connection.text.match(/HTTP\/1\.1 \d{3} /g)?.length, 1, `${id}: one answer`)
    ids.push(answer.headers.get('x-svidgate-decision-id') ?? '')
  }
  const next = await openTls(options)
  next.write(LIST_REPORTS)
  t.equal((await next.answer()).status, 403, 'a good message is served after all of them')
  next.socket.destroy()
  const puts = test.cloud.requests.filter(({ operation }) => operation === 's3.PutObject')
  t.same(puts, [], 'nothing took effect')
  const records = await test.stop()
  for (const [index, { id, code }] of ROWS.entries()) {
    const { decisions } = verdictOf(records, ids[index] ?? '')
    const { result, spiffe_id: who } = decisions[0] ?? {}
    const outcomes = JSON.stringify(verdictOf(records, ids[index] ?? '').outcomes)
    const isRecorded = JSON.stringify(result).includes(code) || outcomes.includes(code)
    t.ok(isRecorded, `${id}: recorded: ${JSON.stringify(result)} ${outcomes}`)
    t.match(who, /writer$/, `${id}: with its sender`)
  }
  t.notOk(JSON.stringify(records).includes('smuggled.csv'), 'what stood behind it was never read')
})
