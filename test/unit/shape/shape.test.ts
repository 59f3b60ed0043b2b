// The request as it is sent: one spelling, the client's signature gone, the meaning unchanged.

import { createHash } from 'node:crypto'
import t from 'tap'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { shape } from '../../../gateway/shape/shape.ts'
import { makeAllowedRequest } from '../../../gateway/shape/allowed-request.ts'
import { allow } from '../../support/allowed.ts'
import { head, scopeHeader } from '../../support/heads.ts'
import { s3Head, s3Post } from '../../support/s3-facts.ts'

const OPTIONS = { sessionPolicy: 'none' } as const
const LENGTH: HeaderLine = ['content-length', '5']
const EMPTY = createHash('sha256').digest('hex')

function shaped(...allowed: Parameters<typeof allow>) {
  const result = shape(allow(...allowed), OPTIONS)
  if (!result.ok) throw new Error(result.error.detail)
  return result.value
}

const paths: [id: string, target: string, path: string, query: string][] = [
  ['service', '/', '/', ''],
  ['bucket', '/reports', '/reports', ''],
  ['bucket with a slash', '/reports/?acl', '/reports', 'acl='],
  ['plain key', '/reports/2026/r.csv', '/reports/2026/r.csv', ''],
  ['reserved characters', "/reports/a+b=c:d!'()*", '/reports/a%2Bb%3Dc%3Ad%21%27%28%29%2A', ''],
  ['escaped unreserved', '/reports/%61%2E%7e', '/reports/a.~', ''],
  ['lower-case escapes', '/reports/%c3%bc', '/reports/%C3%BC', ''],
  ['an encoded slash is a slash of the key', '/reports/a%2Fb', '/reports/a/b', ''],
  ['a percent sign stays one', '/reports/%252F', '/reports/%252F', ''],
  ['dot segments stay', '/reports/..//x/./y', '/reports/..//x/./y', ''],
  ['encoded dots too', '/reports/%2E%2E/x', '/reports/../x', ''],
  ['leading and trailing slash', '/reports//a/', '/reports//a/', ''],
  [
    'query sorted and encoded',
    '/reports?prefix=a+b%20c&list-type=2&fetch-owner',
    '/reports',
    'fetch-owner=&list-type=2&prefix=a%2Bb%20c',
  ],
]
for (const [id, target, path, query] of paths) {
  t.test(`path and query: ${id}`, (t) => {
    const result = shaped(s3Head('GET', target))
    t.equal(result.path, path)
    t.equal(result.query, query)
    t.end()
  })
}

t.test('a virtual host becomes path style', (t) => {
  const result = shaped(head('GET', '/aws/s3/2026/k', [], 'reports.gw.test'))
  t.equal(result.path, '/reports/2026/k')
  t.end()
})

t.test('the client’s signature, and what only a proxy would say, are gone; the rest stays', (t) => {
  const result = shaped(
    s3Head('PUT', '/reports/k', [
      scopeHeader('eu-west-1', 's3'),
      ['X-Amz-Date', '20261123T000000Z'],
      ['Date', 'Mon, 23 Nov 2026 00:00:00 GMT'],
      ['X-Amz-Security-Token', 'stolen'],
      ['X-Amz-Content-Sha256', 'a'.repeat(64)],
      ['X-Forwarded-For', '10.0.0.1'],
      ['X-HTTP-Method-Override', 'DELETE'],
      ['Expect', '100-continue'],
      ['Content-Type', 'text/csv'],
      ['X-Amz-Meta-Note', 'n'],
      ['User-Agent', 'Boto3/1.43'],
      LENGTH,
    ]),
  )
  t.strictSame(result.headers, [
    ['content-type', 'text/csv'],
    ['x-amz-meta-note', 'n'],
    ['user-agent', 'Boto3/1.43 svidgate/0.1.0'],
  ])
  t.strictSame(result.payload, { mode: 'hash', contentSha256: 'a'.repeat(64) })
  t.strictSame(result.framing, { kind: 'sized', length: 5 })
  t.end()
})

t.test('a client without a name gets ours alone', (t) => {
  t.strictSame(shaped(s3Head('GET', '/reports/k')).headers, [['user-agent', 'svidgate/0.1.0']])
  t.end()
})

t.test('payload: what is signed for each mode', (t) => {
  const sentinel = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const trailer: HeaderLine[] = [
    ['x-amz-content-sha256', sentinel],
    ['content-encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '1'],
    ['x-amz-trailer', 'x-amz-checksum-crc32'],
    ['transfer-encoding', 'chunked'],
  ]
  const put = (...headers: HeaderLine[]) => shaped(s3Head('PUT', '/reports/k', headers))
  t.equal(put(LENGTH).payload.contentSha256, 'UNSIGNED-PAYLOAD')
  t.equal(
    put(LENGTH, ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']).payload.contentSha256,
    'UNSIGNED-PAYLOAD',
  )
  t.equal(shaped(s3Head('GET', '/reports/k')).payload.contentSha256, EMPTY)
  const chunked = put(...trailer)
  t.equal(chunked.payload.contentSha256, sentinel)
  t.match(chunked.headers, [
    ['content-encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '1'],
    ['x-amz-trailer', 'x-amz-checksum-crc32'],
  ])
  t.strictSame(chunked.framing, { kind: 'chunked' })
  t.end()
})

t.test('an inspected body is sent as the very bytes that were judged, with their digest', (t) => {
  const { message, body } = s3Post(
    '/reports?delete',
    '<Delete><Object><Key>a</Key></Object></Delete>',
  )
  const result = shaped(message, {}, body)
  t.equal(result.body, body)
  t.strictSame(result.framing, { kind: 'sized', length: body.length })
  t.equal(result.payload.contentSha256, createHash('sha256').update(body).digest('hex'))
  t.end()
})

t.test('a copy source is sent in one spelling', (t) => {
  const source: HeaderLine = [
    'x-amz-copy-source',
    '/archive%2F2025%2Fa b'.replace(' ', '%20') + '?versionId=v%2f1',
  ]
  const result = shaped(s3Head('PUT', '/reports/k', [source]))
  t.strictSame(result.headers[0], ['x-amz-copy-source', 'archive/2025/a%20b?versionId=v%2F1'])
  t.end()
})

t.test('SH-12: facts of another request are not sent', (t) => {
  const judged = allow(s3Head('GET', '/reports/allowed'))
  const { request, route } = allow(s3Head('GET', '/reports/other'))
  const mixed = makeAllowedRequest({ ...judged, request, route })
  t.match(shape(mixed, OPTIONS), { ok: false, error: { rule: 'SH-12' } })
  t.end()
})

t.test('SH-10: a service without a shaper is not sent', (t) => {
  const judged = allow(s3Head('GET', '/reports/k'))
  const mixed = makeAllowedRequest({
    ...judged,
    route: { ...judged.route, service: 'aws_unheard' },
  })
  t.match(shape(mixed, OPTIONS), { ok: false, error: { rule: 'SH-10' } })
  t.end()
})

t.test('a cap on the bytes of a query is none that an S3 request could keep', (t) => {
  const result = shape(allow(s3Head('GET', '/reports/k'), { maxBytesBilled: 1 }), OPTIONS)
  t.match(result, { ok: false, error: { code: 'ERR_SG_OBLIGATION_UNSUPPORTED', rule: 'SH-5' } })
  t.end()
})
