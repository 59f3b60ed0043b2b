import t from 'tap'
import { acceptRequest } from '../../../gateway/request/accept.ts'
import { REQUEST_LIMITS } from '../../../gateway/request/limits.ts'
import type { HeaderLine, MessageHead } from '../../../gateway/request/message.ts'
import { head } from '../../support/heads.ts'

function accept(message: MessageHead) {
  return acceptRequest(message, 'id-1', REQUEST_LIMITS)
}

interface Refused {
  readonly id: string
  readonly message: MessageHead
  readonly code: string
  /** The same message without the fault, which must pass. */
  readonly control: MessageHead
}

const plain = head('GET', '/a')
const put = head('PUT', '/a', [['Content-Length', '3']])

function withLine(name: string, value: string, base: MessageHead = plain): MessageHead {
  return { ...base, headers: [...base.headers, [name, value]] }
}

const manyLines: HeaderLine[] = Array.from({ length: 100 }, (_, at) => [`x-h${at}`, '1'])

const refused: Refused[] = [
  { id: 'RQ-1 HTTP/1.0', message: { ...plain, version: '1.0' }, code: 'VERSION', control: plain },
  { id: 'RQ-1 HTTP/0.9', message: { ...plain, version: '0.9' }, code: 'VERSION', control: plain },
  { id: 'RQ-2 TRACE', message: head('TRACE', '/a'), code: 'METHOD', control: plain },
  { id: 'RQ-2 lower case', message: head('get', '/a'), code: 'METHOD', control: plain },
  { id: 'RQ-2 prototype name', message: head('constructor', '/a'), code: 'METHOD', control: plain },
  {
    id: 'RQ-T1 long',
    message: head('GET', `/${'a'.repeat(8192)}`),
    code: 'TARGET',
    control: head('GET', `/${'a'.repeat(8191)}`),
  },
  {
    id: 'RQ-T2 absolute form',
    message: head('GET', 'http://evil/a'),
    code: 'TARGET',
    control: plain,
  },
  {
    id: 'RQ-T2 asterisk',
    message: head('OPTIONS', '*'),
    code: 'TARGET',
    control: head('OPTIONS', '/'),
  },
  { id: 'RQ-T2 backslash', message: head('GET', '/a\\..\\b'), code: 'TARGET', control: plain },
  { id: 'RQ-T2 fragment', message: head('GET', '/a#b'), code: 'TARGET', control: plain },
  {
    id: 'RQ-T2 8-bit byte',
    message: head('GET', '/\u00e9'),
    code: 'TARGET',
    control: head('GET', '/%C3%A9'),
  },
  { id: 'RQ-T2 control byte', message: head('GET', '/a\u0000b'), code: 'TARGET', control: plain },
  { id: 'RQ-T2 empty', message: head('GET', ''), code: 'TARGET', control: plain },
  {
    id: 'RQ-T3 short escape',
    message: head('GET', '/a%2'),
    code: 'TARGET',
    control: head('GET', '/a%2F'),
  },
  {
    id: 'RQ-T3 not hexadecimal',
    message: head('GET', '/%zz'),
    code: 'TARGET',
    control: head('GET', '/%aA'),
  },
  {
    id: 'RQ-T4 fragment in query',
    message: head('GET', '/a?b#c'),
    code: 'TARGET',
    control: head('GET', '/a?b'),
  },
  {
    id: 'RQ-T5 empty name',
    message: head('GET', '/a?=b'),
    code: 'TARGET',
    control: head('GET', '/a?b='),
  },
  {
    id: 'RQ-T5 empty part',
    message: head('GET', '/a?b&&c'),
    code: 'TARGET',
    control: head('GET', '/a?b&c'),
  },
  {
    id: 'RQ-T5 bad escape',
    message: head('GET', '/a?b=%4'),
    code: 'TARGET',
    control: head('GET', '/a?b=%41'),
  },
  {
    id: 'RQ-T5 not UTF-8',
    message: head('GET', '/a?b=%ff'),
    code: 'TARGET',
    control: head('GET', '/a?b=%C3%BF'),
  },
  { id: 'RQ-3 no Host', message: { ...plain, headers: [] }, code: 'HEADERS', control: plain },
  {
    id: 'RQ-3 Host with userinfo',
    message: head('GET', '/', [], 'a,b@c'),
    code: 'HEADERS',
    control: head('GET', '/', [], 'a.b:8443'),
  },
  {
    id: 'RQ-3 Host with NUL-like label',
    message: head('GET', '/', [], 'a..b'),
    code: 'HEADERS',
    control: plain,
  },
  {
    id: 'RQ-3 port out of range',
    message: head('GET', '/', [], 'a:70000'),
    code: 'HEADERS',
    control: head('GET', '/', [], 'a:65535'),
  },
  {
    id: 'RQ-H1 too many lines',
    message: { ...plain, headers: [...plain.headers, ...manyLines] },
    code: 'HEADERS_TOO_LARGE',
    control: { ...plain, headers: [...plain.headers, ...manyLines.slice(1)] },
  },
  {
    id: 'RQ-H2 underscore',
    message: withLine('X_Forwarded_User', 'a'),
    code: 'HEADERS',
    control: withLine('X-Some-User', 'a'),
  },
  { id: 'RQ-H2 __proto__', message: withLine('__proto__', 'a'), code: 'HEADERS', control: plain },
  {
    id: 'RQ-H2 blank in name',
    message: withLine('a b', 'c'),
    code: 'HEADERS',
    control: withLine('a-b', 'c'),
  },
  {
    id: 'RQ-H3 CR in value',
    message: withLine('a', 'b\rc'),
    code: 'HEADERS',
    control: withLine('a', 'b\tc'),
  },
  {
    id: 'RQ-H4 8-bit in a singleton',
    message: withLine('Content-Type', '\u00ff'),
    code: 'HEADERS',
    control: withLine('x-note', '\u00ff'),
  },
  {
    id: 'RQ-H5 two Host lines',
    message: withLine('host', 'gw.test'),
    code: 'HEADERS',
    control: plain,
  },
  {
    id: 'RQ-H5 two x-amz lines',
    message: withLine('x-amz-acl', 'a', withLine('X-Amz-Acl', 'b')),
    code: 'HEADERS',
    control: withLine('x-amz-acl', 'a'),
  },
  {
    id: 'RQ-H5 two Content-Length',
    message: withLine('content-length', '3', put),
    code: 'HEADERS',
    control: put,
  },
  {
    id: 'RQ-H6 Connection names a header',
    message: withLine('Connection', 'close, x-amz-acl'),
    code: 'HEADERS',
    control: withLine('Connection', 'Keep-Alive'),
  },
  { id: 'RQ-H7 upgrade', message: withLine('Upgrade', 'h2c'), code: 'UNSUPPORTED', control: plain },
  {
    id: 'RQ-F1 CL and TE',
    message: withLine('Transfer-Encoding', 'chunked', put),
    code: 'FRAMING',
    control: put,
  },
  {
    id: 'RQ-F2 gzip, chunked',
    message: head('PUT', '/a', [['Transfer-Encoding', 'gzip, chunked']]),
    code: 'TRANSFER_CODING',
    control: head('PUT', '/a', [['Transfer-Encoding', 'chunked']]),
  },
  {
    id: 'RQ-F2 chunked twice',
    message: head('PUT', '/a', [['Transfer-Encoding', 'chunked, chunked']]),
    code: 'TRANSFER_CODING',
    control: head('PUT', '/a', [['Transfer-Encoding', 'Chunked']]),
  },
  {
    id: 'RQ-F3 GET with a body',
    message: head('GET', '/a', [['Content-Length', '1']]),
    code: 'FRAMING',
    control: head('GET', '/a', [['Content-Length', '0']]),
  },
  {
    id: 'RQ-F3 DELETE chunked',
    message: head('DELETE', '/a', [['Transfer-Encoding', 'chunked']]),
    code: 'FRAMING',
    control: head('DELETE', '/a'),
  },
  {
    id: 'RQ-F4 leading zero',
    message: head('PUT', '/a', [['Content-Length', '0003']]),
    code: 'FRAMING',
    control: put,
  },
  {
    id: 'RQ-F4 sign',
    message: head('PUT', '/a', [['Content-Length', '+3']]),
    code: 'FRAMING',
    control: put,
  },
  {
    id: 'RQ-F4 list',
    message: head('PUT', '/a', [['Content-Length', '3, 3']]),
    code: 'FRAMING',
    control: put,
  },
  {
    id: 'RQ-F4 too large',
    message: head('PUT', '/a', [['Content-Length', '9999999999999999']]),
    code: 'FRAMING',
    control: head('PUT', '/a', [['Content-Length', '5497558138880']]),
  },
  {
    id: 'RQ-4 other expectation',
    message: withLine('Expect', 'y 100-continue', put),
    code: 'EXPECT',
    control: withLine('Expect', '100-Continue', put),
  },
]

for (const { id, message, code, control } of refused) {
  t.test(`refuses ${id}, and takes the same without the fault`, (t) => {
    const result = accept(message)
    t.equal(result.ok ? 'accepted' : result.error.code, `ERR_SG_REQUEST_${code}`)
    t.equal(result.ok ? '' : result.error.rule, id.slice(0, id.indexOf(' ')))
    t.equal(accept(control).ok, true)
    t.end()
  })
}

t.test('keeps path bytes and decodes the query once', (t) => {
  const result = accept(head('GET', '//..//b%2Fc/./d?x=%2B+%25&y&z='))
  if (!result.ok) throw new Error(result.error.detail)
  t.equal(result.value.path, '//..//b%2Fc/./d')
  t.same(result.value.query, [
    { name: 'x', value: '++%' },
    { name: 'y', value: undefined },
    { name: 'z', value: '' },
  ])
  t.end()
})

t.test('takes away hop-by-hop, identity, forwarding and method-override headers', (t) => {
  const dropped = [
    ['Connection', 'close'],
    ['Keep-Alive', 'timeout=5'],
    ['TE', 'trailers'],
    ['Trailer', 'x'],
    ['Proxy-Authorization', 'Basic x'],
    ['X-Forwarded-For', '1.2.3.4'],
    ['x-forwarded-client-cert', 'By=spiffe://example.org/admin'],
    ['Forwarded', 'for=1.2.3.4'],
    ['X-Original-URL', '/admin'],
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-Svidgate-Jwt-Svid', 'a.b.c'],
    ['Workload-Identity-Token', 'a'],
    ['Txn-Token', 'a'],
    ['Cookie', 'a=b'],
  ] as const
  const result = accept(head('GET', '/a', [...dropped, ['X-Amz-Meta-A', '1'], ['Accept', 'b']]))
  if (!result.ok) throw new Error(result.error.detail)
  t.same([...result.value.headers.keys()].sort(), ['accept', 'x-amz-meta-a'])
  t.end()
})

t.test('says when the client waits for 100 Continue', (t) => {
  const waits = accept(withLine('expect', '100-continue', put))
  const without = accept(withLine('expect', '100-continue', head('PUT', '/a')))
  t.equal(waits.ok && waits.value.expectsContinue, true)
  t.equal(without.ok && without.value.expectsContinue, false)
  t.end()
})
