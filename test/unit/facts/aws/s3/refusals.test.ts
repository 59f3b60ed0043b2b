// What has no single reading is refused before policy, each row by its own rule.

import t from 'tap'
import { S3_RULES, type S3Rule } from '../../../../../gateway/facts/aws/s3/refusal-rules.ts'
import { classify } from '../../../../../gateway/facts/classify.ts'
import type { HeaderLine } from '../../../../../gateway/request/message.ts'
import { factsOf, s3Head, s3Post, understand } from '../../../../support/s3-facts.ts'

const SENTINEL: HeaderLine = ['x-amz-content-sha256', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']
const LENGTH: HeaderLine = ['content-length', '5']
const DECODED: HeaderLine = ['x-amz-decoded-content-length', '5']

type Row = [rule: S3Rule, id: string, method: string, target: string, headers?: HeaderLine[]]

const rows: Row[] = [
  ['S3-BUCKET', 'upper case', 'GET', '/Reports/k'],
  ['S3-BUCKET', 'two characters', 'GET', '/ab/k'],
  ['S3-BUCKET', 'an address', 'GET', '/10.0.0.1/k'],
  ['S3-BUCKET', 'two dots', 'GET', '/a..b/k'],
  ['S3-BUCKET', 'an empty first segment', 'GET', '//reports/k'],
  ['S3-BUCKET', 'an encoded slash in the bucket', 'GET', '/reports%2Fk'],
  ['S3-BUCKET', 'an encoded letter in the bucket', 'GET', '/r%65ports/k'],
  ['S3-BUCKET-KIND', 'directory bucket', 'GET', '/data--euw1-az1--x-s3/k'],
  ['S3-BUCKET-KIND', 'access point alias', 'GET', '/ap-abcdefghij-s3alias/k'],
  ['S3-BUCKET-KIND', 'Object Lambda alias', 'GET', '/olap-abc--ol-s3/k'],
  ['S3-BUCKET-KIND', 'Multi-Region Access Point', 'GET', '/abcdef.mrap/k'],
  ['S3-KEY', 'NUL', 'GET', '/reports/a%00b'],
  ['S3-KEY', 'line feed', 'GET', '/reports/a%0Ab'],
  ['S3-KEY', 'DEL', 'GET', '/reports/a%7fb'],
  ['S3-KEY', 'not UTF-8', 'GET', '/reports/%ff'],
  ['S3-KEY', 'overlong slash', 'GET', '/reports/%c0%af'],
  ['S3-KEY', 'surrogate in UTF-8', 'GET', '/reports/%ed%a0%80'],
  ['S3-QUERY-SIGNED', 'SigV4 presigned', 'GET', '/reports/k?X-Amz-Signature=0'],
  ['S3-QUERY-SIGNED', 'SigV4 algorithm', 'GET', '/reports/k?x-amz-algorithm=AWS4-HMAC-SHA256'],
  ['S3-QUERY-SIGNED', 'header in the query', 'PUT', '/reports/k?x-amz-acl=public-read'],
  [
    'S3-QUERY-SIGNED',
    'SigV2 presigned',
    'GET',
    '/reports/k?AWSAccessKeyId=A&Signature=b&Expires=1',
  ],
  ['S3-QUERY-UNKNOWN', 'a parameter of next year', 'PUT', '/reports/k?teleport'],
  ['S3-QUERY-UNKNOWN', 'a subresource in capitals', 'GET', '/reports?ACL'],
  ['S3-QUERY-TWICE', 'versionId', 'GET', '/reports/k?versionId=a&versionId=b'],
  ['S3-QUERY-TWICE', 'a marker', 'GET', '/reports?acl&acl='],
  ['S3-QUERY-TWICE', 'the same in two spellings', 'GET', '/reports?prefix=a&p%72efix=b'],
  ['S3-QUERY-VALUE', 'NUL in a prefix', 'GET', '/reports?list-type=2&prefix=a%00'],
  ['S3-SUBRESOURCES', 'acl and tagging', 'PUT', '/reports/k?acl&tagging'],
  ['S3-SUBRESOURCES', 'policy hidden behind list', 'GET', '/reports?list-type=2&policy'],
  ['S3-FORM', 'POST Object', 'POST', '/reports', [LENGTH]],
  [
    'S3-FORM',
    'a form with a marker',
    'POST',
    '/reports?delete',
    [LENGTH, ['content-type', 'multipart/form-data; boundary=x']],
  ],
  ['S3-OPTIONS', 'preflight', 'OPTIONS', '/reports/k'],
  ['S3-UNKNOWN', 'PATCH', 'PATCH', '/reports/k'],
  ['S3-UNKNOWN', 'HEAD of tags', 'HEAD', '/reports/k?tagging'],
  ['S3-UNKNOWN', 'PUT on the service', 'PUT', '/'],
  ['S3-UNKNOWN', 'DELETE of an ACL', 'DELETE', '/reports/k?acl'],
  ['S3-MISMATCH', 'x-id names another', 'GET', '/reports/k?x-id=PutObject'],
  ['S3-MISMATCH', 'list-type=1', 'GET', '/reports?list-type=1'],
  ['S3-MISMATCH', 'marker with a value', 'GET', '/reports?acl=x'],
  ['S3-MISMATCH', 'a part without an upload', 'PUT', '/reports/k?partNumber=1', [LENGTH]],
  ['S3-MISMATCH', 'an upload without a part', 'PUT', '/reports/k?uploadId=u', [LENGTH]],
  ['S3-MISMATCH', 'part and parts', 'GET', '/reports/k?uploadId=u&partNumber=1'],
  ['S3-MISMATCH', 'empty upload id', 'DELETE', '/reports/k?uploadId='],
  ['S3-MISMATCH', 'empty version', 'DELETE', '/reports/k?versionId='],
  ['S3-MISMATCH', 'a version to put', 'PUT', '/reports/k?versionId=v', [LENGTH]],
  ['S3-MISMATCH', 'a part to complete', 'POST', '/reports/k?uploadId=u&partNumber=1', [LENGTH]],
  ['S3-MISMATCH', 'attributes that are not named', 'GET', '/reports/k?attributes'],
  ['S3-MISMATCH', 'V2 parameter on V1', 'GET', '/reports?continuation-token=x'],
  ['S3-UNREACHABLE', 'directory buckets, by x-id', 'GET', '/?x-id=ListDirectoryBuckets'],
  ['S3-UNREACHABLE', 'directory buckets, by size', 'GET', '/?max-directory-buckets=5'],
  [
    'S3-UNREACHABLE',
    'RenameObject',
    'PUT',
    '/reports/k?renameObject',
    [['x-amz-rename-source', '/reports/old']],
  ],
  [
    'S3-UNREACHABLE',
    'WriteGetObjectResponse',
    'POST',
    '/WriteGetObjectResponse',
    [
      ['x-amz-request-route', 'evil.example'],
      ['x-amz-request-token', 't'],
    ],
  ],
  ['S3-HEADER', 'a header of next year', 'GET', '/reports/k', [['x-amz-become-root', '1']]],
  ['S3-HEADER', 'a header of another operation', 'GET', '/reports/k', [['x-amz-acl', 'private']]],
  ['S3-HEADER', 'rename on put', 'PUT', '/reports/k', [LENGTH, ['x-amz-rename-source', 'r/k']]],
  ['S3-HEADER', 'copy source on get', 'GET', '/reports/k', [['x-amz-copy-source', 'archive/k']]],
  ['S3-HEADER', 'metadata on get', 'GET', '/reports/k', [['x-amz-meta-a', 'b']]],
  ['S3-HEADER', 'checksum without a body', 'GET', '/reports/k', [['x-amz-checksum-crc32', 'x']]],
  ['S3-SESSION', 'S3 Express session', 'GET', '/reports/k', [['x-amz-s3session-token', 't']]],
  ['S3-SIGV4A', 'region set', 'GET', '/reports/k', [['x-amz-region-set', '*']]],
  ['S3-SOURCE', 'no key', 'PUT', '/reports/k', [['x-amz-copy-source', 'archive']]],
  ['S3-SOURCE', 'a raw plus', 'PUT', '/reports/k', [['x-amz-copy-source', 'archive/a+b']]],
  ['S3-SOURCE', 'a raw blank', 'PUT', '/reports/k', [['x-amz-copy-source', 'archive/a b']]],
  ['S3-SOURCE', 'a parameter', 'PUT', '/reports/k', [['x-amz-copy-source', 'archive/a?acl']]],
  [
    'S3-SOURCE',
    'two versions',
    'PUT',
    '/reports/k',
    [['x-amz-copy-source', 'archive/a?versionId=1&versionId=2']],
  ],
  [
    'S3-SOURCE',
    'a border that moves',
    'PUT',
    '/reports/k',
    [['x-amz-copy-source', 'archive%2Fa/b']],
  ],
  [
    'S3-BUCKET-KIND',
    'an access point as source',
    'PUT',
    '/reports/k',
    [['x-amz-copy-source', 'arn:aws:s3:eu-west-1:123456789012:accesspoint/ap/object/k']],
  ],
  [
    'S3-BODY-UNEXPECTED',
    'a copy with a body',
    'PUT',
    '/reports/k',
    [LENGTH, ['x-amz-copy-source', 'archive/k']],
  ],
  ['S3-BODY-UNEXPECTED', 'an upload start with a body', 'POST', '/reports/k?uploads', [LENGTH]],
  [
    'S3-CHUNK-SIGNED',
    'signed chunks',
    'PUT',
    '/reports/k',
    [LENGTH, ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD']],
  ],
  [
    'S3-CHUNKED',
    'signed chunks with their marks',
    'PUT',
    '/reports/k',
    [LENGTH, DECODED, ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER']],
  ],
  [
    'S3-CHUNKED',
    'aws-chunked under an ordinary digest',
    'PUT',
    '/reports/k',
    [LENGTH, ['content-encoding', 'gzip, AWS-Chunked'], ['x-amz-content-sha256', 'a'.repeat(64)]],
  ],
  [
    'S3-CHUNKED',
    'aws-chunked alone',
    'PUT',
    '/reports/k',
    [LENGTH, ['content-encoding', 'aws-chunked']],
  ],
  [
    'S3-CHUNKED',
    'a trailer alone',
    'PUT',
    '/reports/k',
    [LENGTH, ['x-amz-trailer', 'x-amz-checksum-crc32']],
  ],
  ['S3-CHUNKED', 'no decoded length', 'PUT', '/reports/k', [LENGTH, SENTINEL]],
  [
    'S3-CHUNKED',
    'an empty body',
    'PUT',
    '/reports/k',
    [['content-length', '0'], DECODED, SENTINEL],
  ],
  [
    'S3-CHUNKED',
    'a trailer that is no checksum',
    'PUT',
    '/reports/k',
    [LENGTH, DECODED, SENTINEL, ['x-amz-trailer', 'x-amz-acl']],
  ],
  ['S3-CHUNKED', 'a list in aws-chunked', 'POST', '/reports?delete', [LENGTH, DECODED, SENTINEL]],
  ['S3-HASH', 'no digest', 'PUT', '/reports/k', [LENGTH, ['x-amz-content-sha256', 'required']]],
  ['S3-HASH', 'capitals', 'PUT', '/reports/k', [LENGTH, ['x-amz-content-sha256', 'A'.repeat(64)]]],
  [
    'S3-HASH',
    'digest of a missing body',
    'GET',
    '/reports/k',
    [['x-amz-content-sha256', 'a'.repeat(64)]],
  ],
]

for (const [rule, id, method, target, headers] of rows) {
  t.test(`${rule}: ${id}`, (t) => {
    const facts = factsOf(s3Head(method, target, headers))
    t.match(facts, { ok: false, error: { rule, code: S3_RULES[rule].code } })
    t.end()
  })
}

const bodies: [rule: S3Rule, id: string, target: string, body: string, headers?: HeaderLine[]][] = [
  ['S3-BODY', 'no XML', '/reports?delete', 'key=1'],
  ['S3-BODY', 'another element', '/reports?delete', '<Remove/>'],
  ['S3-BODY', 'no object', '/reports?delete', '<Delete></Delete>'],
  [
    'S3-BODY',
    'quiet twice',
    '/reports?delete',
    '<Delete><Quiet>true</Quiet><Object><Key>a</Key></Object><Quiet>false</Quiet></Delete>',
  ],
  [
    'S3-BODY',
    'two keys',
    '/reports?delete',
    '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>',
  ],
  [
    'S3-BODY',
    'an empty version',
    '/reports?delete',
    '<Delete><Object><Key>a</Key><VersionId/></Object></Delete>',
  ],
  [
    'S3-BODY',
    'an unknown element',
    '/reports?delete',
    '<Delete><Object><Key>a</Key><X/></Object></Delete>',
  ],
  ['S3-BODY', 'a prefix of next year', '/reports?delete', '<Delete><Prefix>a</Prefix></Delete>'],
  [
    'S3-BODY',
    'a control in a key',
    '/reports?delete',
    '<Delete><Object><Key>a&#10;</Key></Object></Delete>',
  ],
  [
    'S3-BODY',
    '1001 objects',
    '/reports?delete',
    `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`,
  ],
  ['S3-BODY', 'compressed', '/reports?delete', '<Delete/>', [['content-encoding', 'gzip']]],
  [
    'S3-BODY',
    'an unknown element in a restore',
    '/reports/k?restore',
    '<RestoreRequest><X/></RestoreRequest>',
  ],
  [
    'S3-BODY-RESTORE',
    'a restore to elsewhere',
    '/reports/k?restore',
    '<RestoreRequest><OutputLocation><S3><BucketName>evil</BucketName></S3></OutputLocation></RestoreRequest>',
  ],
  [
    'S3-HASH',
    'the digest of another list',
    '/reports?delete',
    '<Delete><Object><Key>a</Key></Object></Delete>',
    [['x-amz-content-sha256', 'a'.repeat(64)]],
  ],
]

for (const [rule, id, target, text, headers] of bodies) {
  t.test(`${rule}: ${id}`, (t) => {
    const { message, body } = s3Post(target, text, headers)
    t.match(factsOf(message, body), { ok: false, error: { rule, code: S3_RULES[rule].code } })
    t.end()
  })
}

t.test('S3-HEADER-TWICE: also where the reader of the wire let it through', (t) => {
  const understood = understand(s3Head('GET', '/reports/k'))
  if (!understood.ok) throw new Error('not understood')
  const headers = new Map([['x-amz-request-payer', ['requester', 'requester']]])
  const { route, view } = understood.value
  const facts = classify(route, { ...view, headers })
  t.match(facts, { ok: false, error: { rule: 'S3-HEADER-TWICE' } })
  t.end()
})

t.test('the detail says how to mend it, and holds no byte that could break a line', (t) => {
  const facts = factsOf(s3Head('GET', `/reports?%0a%c3%bc${'x'.repeat(100)}=1`))
  const detail = facts.ok ? '' : facts.error.detail
  t.ok(detail.endsWith(S3_RULES['S3-QUERY-UNKNOWN'].hint))
  t.match(detail, /^[ -~]{1,250}$/)
  t.end()
})

t.test('every rule has a row here', (t) => {
  const covered = new Set<string>([
    'S3-HEADER-TWICE',
    ...[...rows, ...bodies].map(([rule]) => rule),
  ])
  t.strictSame([...covered].sort(), Object.keys(S3_RULES).sort())
  t.end()
})

t.test('FX-1: a service without a classifier has no facts', (t) => {
  const understood = understand(s3Head('GET', '/reports/k'))
  if (!understood.ok) throw new Error('not understood')
  const { route, view } = understood.value
  const facts = classify({ ...route, service: 'aws_unheard' }, view)
  t.match(facts, { ok: false, error: { code: 'ERR_SG_OPERATION_UNKNOWN', rule: 'FX-1' } })
  t.end()
})
