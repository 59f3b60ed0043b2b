// The obligation `set_headers`: a closed list, and never against what the client said.

import t from 'tap'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { shape } from '../../../gateway/shape/shape.ts'
import { allow } from '../../support/allowed.ts'
import { s3Head } from '../../support/s3-facts.ts'

const OWNER = 'x-amz-expected-bucket-owner'
const SOURCE_OWNER = 'x-amz-source-expected-bucket-owner'
const LENGTH: HeaderLine = ['content-length', '5']

function shapeWith(method: string, headers: HeaderLine[], set: [string, string][]) {
  const allowed = allow(s3Head(method, '/reports/k', headers), { setHeaders: new Map(set) })
  return shape(allowed, { sessionPolicy: 'none' })
}

const set: [id: string, method: string, headers: HeaderLine[], name: string, value: string][] = [
  ['owner', 'GET', [], OWNER, '123456789012'],
  ['the same as the client said', 'GET', [[OWNER, '123456789012']], OWNER, '123456789012'],
  [
    'source owner on a copy',
    'PUT',
    [['x-amz-copy-source', 'archive/k']],
    SOURCE_OWNER,
    '123456789012',
  ],
  ['if-match', 'GET', [], 'if-match', '"etag"'],
  ['encryption', 'PUT', [LENGTH], 'x-amz-server-side-encryption', 'aws:kms'],
  ['bucket key', 'PUT', [LENGTH], 'x-amz-server-side-encryption-bucket-key-enabled', 'true'],
]
for (const [id, method, headers, name, value] of set) {
  t.test(`sets ${id}`, (t) => {
    const shaped = shapeWith(method, headers, [[name, value]])
    if (!shaped.ok) throw new Error(shaped.error.detail)
    const lines = shaped.value.headers.filter((line) => line[0] === name)
    t.strictSame(lines, [[name, value]])
    t.end()
  })
}

const refused: [
  rule: string,
  id: string,
  method: string,
  headers: HeaderLine[],
  name: string,
  value: string,
][] = [
  ['SH-1', 'an ACL', 'PUT', [LENGTH], 'x-amz-acl', 'private'],
  ['SH-1', 'a header of ours', 'GET', [], 'authorization', 'x'],
  ['SH-1', 'an SSE-C key', 'PUT', [LENGTH], 'x-amz-server-side-encryption-customer-key', 'AAAA'],
  ['SH-2', 'a value with a line end', 'GET', [], OWNER, '123456789012\r\nx: y'],
  ['SH-2', 'an unknown encryption', 'PUT', [LENGTH], 'x-amz-server-side-encryption', 'rot13'],
  ['SH-3', 'encryption on a read', 'GET', [], 'x-amz-server-side-encryption', 'AES256'],
  ['SH-3', 'a source owner without a source', 'PUT', [LENGTH], SOURCE_OWNER, '123456789012'],
  [
    'SH-4',
    'another owner than the client’s',
    'GET',
    [[OWNER, '999999999999']],
    OWNER,
    '123456789012',
  ],
]
for (const [rule, id, method, headers, name, value] of refused) {
  t.test(`${rule}: refuses ${id}`, (t) => {
    const shaped = shapeWith(method, headers, [[name, value]])
    t.match(shaped, { ok: false, error: { code: 'ERR_SG_OBLIGATION_UNSUPPORTED', rule } })
    t.end()
  })
}

t.test('SH-3: if-match where S3 would ignore it is refused', (t) => {
  const setHeaders = new Map([['if-match', '"e"']])
  const allowed = allow(s3Head('GET', '/reports?list-type=2'), { setHeaders })
  const shaped = shape(allowed, { sessionPolicy: 'none' })
  t.match(shaped, { ok: false, error: { rule: 'SH-3' } })
  t.end()
})
