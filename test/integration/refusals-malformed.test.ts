// A message that has no single reading, or none, is refused before anything is made of it.

import t from 'tap'
import { playRefusals, rawRows, s3Head, type RawRow } from '../support/refusal-scene.ts'

const PATH = '/aws/s3/reports/2026/k'

const MALFORMED: readonly RawRow[] = [
  [
    'a method that is not served',
    s3Head(`TRACE ${PATH}`),
    '405 MethodNotAllowed ERR_SG_REQUEST_METHOD',
  ],
  ['a target with a fragment', s3Head(`GET ${PATH}#x`), '400 InvalidRequest ERR_SG_REQUEST_TARGET'],
  [
    'a target in absolute form',
    s3Head(`GET https://localhost${PATH}`),
    '400 InvalidRequest ERR_SG_REQUEST_TARGET',
  ],
  ['a broken escape', s3Head('GET /aws/s3/reports/%2'), '400 InvalidRequest ERR_SG_REQUEST_TARGET'],
  [
    'a second Host',
    s3Head(`GET ${PATH}`, 'host: elsewhere'),
    '400 InvalidRequest ERR_SG_REQUEST_HEADERS',
  ],
  [
    'an x-amz header twice',
    s3Head(`PUT ${PATH}`, 'x-amz-acl: private', 'x-amz-acl: public-read', 'content-length: 0'),
    '400 InvalidRequest ERR_SG_REQUEST_HEADERS',
  ],
  [
    'Connection that takes a header away',
    s3Head(`GET ${PATH}`, 'connection: x-amz-expected-bucket-owner'),
    '400 InvalidRequest ERR_SG_REQUEST_HEADERS',
  ],
  [
    'a body with GET',
    s3Head(`GET ${PATH}`, 'content-length: 4') + 'body',
    '400 InvalidRequest ERR_SG_REQUEST_FRAMING',
  ],
  [
    'an unknown transfer coding',
    s3Head(`PUT ${PATH}`, 'transfer-encoding: gzip, chunked') + '0\r\n\r\n',
    '501 NotImplemented ERR_SG_REQUEST_TRANSFER_CODING',
  ],
  [
    'another expectation',
    s3Head(`PUT ${PATH}`, 'expect: 200-ok', 'content-length: 1'),
    '417 InvalidRequest ERR_SG_REQUEST_EXPECT',
  ],
  [
    'HTTP/1.0',
    `GET ${PATH} HTTP/1.0\r\nhost: localhost\r\n\r\n`,
    '505 ERR_SG_REQUEST_VERSION ERR_SG_REQUEST_VERSION',
  ],
  [
    'too many header lines',
    s3Head(`GET ${PATH}`, ...Array.from({ length: 101 }, (_, n) => `x-a${n}: 1`)),
    '431 RequestHeaderSectionTooLarge ERR_SG_REQUEST_HEADERS_TOO_LARGE',
  ],
  // What Node's parser refuses has no head to take a dialect from.
  [
    'a header section over the limit',
    s3Head(`GET ${PATH}`, `x-a: ${'a'.repeat(20_000)}`),
    '431 ERR_SG_REQUEST_HEADERS_TOO_LARGE ERR_SG_REQUEST_HEADERS_TOO_LARGE',
  ],
  [
    'Content-Length beside Transfer-Encoding',
    s3Head(`PUT ${PATH}`, 'content-length: 3', 'transfer-encoding: chunked') + '0\r\n\r\n',
    '400 ERR_SG_REQUEST_FRAMING ERR_SG_REQUEST_FRAMING',
  ],
  [
    'a blank before the colon',
    s3Head(`GET ${PATH}`, 'x-a : 1'),
    '400 ERR_SG_REQUEST_HEADERS ERR_SG_REQUEST_HEADERS',
  ],
  [
    'no HTTP at all',
    '\x16\x03\x01 hello\r\n\r\n',
    '405 ERR_SG_REQUEST_METHOD ERR_SG_REQUEST_METHOD',
  ],
  [
    'CONNECT',
    'CONNECT localhost:443 HTTP/1.1\r\nhost: localhost\r\n\r\n',
    '405 ERR_SG_REQUEST_METHOD ERR_SG_REQUEST_METHOD',
  ],
  [
    'an upgrade',
    s3Head(`GET ${PATH}`, 'connection: upgrade', 'upgrade: h2c'),
    '501 ERR_SG_REQUEST_UNSUPPORTED ERR_SG_REQUEST_UNSUPPORTED',
  ],
]
t.test('a malformed request', (t) => playRefusals(t, {}, rawRows(MALFORMED)))
