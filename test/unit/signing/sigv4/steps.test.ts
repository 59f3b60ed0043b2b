// The rules of single steps that the vectors of AWS do not reach.

import t from 'tap'
import { canonicalHeaders } from '../../../../gateway/signing/sigv4/canonical-headers.ts'
import {
  canonicalUri,
  DEFAULT_URI_RULES,
  S3_URI_RULES,
  uriRulesOf,
} from '../../../../gateway/signing/sigv4/canonical-uri.ts'
import { percentEncode } from '../../../../gateway/signing/sigv4/percent-encode.ts'

t.test('the S3 family signs the path as it is sent, every other service normalises it', (t) => {
  for (const name of ['s3', 's3express', 's3-outposts', 's3-object-lambda']) {
    t.equal(canonicalUri('/b/..//x/./%2F', uriRulesOf(name)), '/b/..//x/./%2F', name)
  }
  t.equal(canonicalUri('/b/..//x/./%2F', uriRulesOf('lambda')), '/x/%252F')
  t.equal(uriRulesOf('dynamodb'), DEFAULT_URI_RULES)
  t.equal(uriRulesOf('s3'), S3_URI_RULES)
  t.equal(canonicalUri('/../../a', DEFAULT_URI_RULES), '/a', 'never above the root')
  t.equal(canonicalUri('/a/b/..', DEFAULT_URI_RULES), '/a/', 'RFC 3986 §5.2.4 keeps the slash')
  t.end()
})

t.test('percent encoding: each byte, upper-case digits, and no text by mistake', (t) => {
  t.equal(percentEncode("a/b ~*'()\xff\x00", true), 'a/b%20~%2A%27%28%29%FF%00')
  t.equal(percentEncode('a/b', false), 'a%2Fb')
  t.throws(() => percentEncode('\u2603', true), TypeError)
  t.end()
})

t.test('values are folded at blanks only, and lines of one name joined in their order', (t) => {
  const { text, signedHeaders } = canonicalHeaders([
    ['x-amz-b', '2'],
    ['x-amz-a', '\t a \t  b '],
    ['x-amz-b', '1'],
    ['x-amz-c', 'a\xa0\xa0b'],
    ['x-amz-d', ''],
    ['x-amz-e', ' \t '],
  ])
  t.equal(text, 'x-amz-a:a b\nx-amz-b:2,1\nx-amz-c:a\xa0\xa0b\nx-amz-d:\nx-amz-e:\n')
  t.equal(signedHeaders, 'x-amz-a;x-amz-b;x-amz-c;x-amz-d;x-amz-e')
  t.end()
})
