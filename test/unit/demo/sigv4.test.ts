import t from 'tap'
import type { RawHead } from '../../../gateway/demo/sandbox/raw-head.ts'
import {
  parseAuthorization,
  recomputeSignature,
} from '../../../gateway/demo/aws/sigv4-recompute.ts'

// The worked examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3
// API reference, with its public example keys.
const EXAMPLE_SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const PUT_SHA256 = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'

interface Example {
  readonly id: string
  readonly method: string
  readonly target: string
  readonly headers: RawHead['headers']
  readonly signed: string
  readonly signature: string
}

const EXAMPLES: readonly Example[] = [
  {
    id: 'GET object',
    method: 'GET',
    target: '/test.txt',
    headers: [
      ['Range', 'bytes=0-9'],
      ['x-amz-content-sha256', EMPTY_SHA256],
    ],
    signed: 'host;range;x-amz-content-sha256;x-amz-date',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    id: 'PUT object',
    method: 'PUT',
    target: '/test$file.text',
    headers: [
      ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ['x-amz-content-sha256', PUT_SHA256],
    ],
    signed: 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    id: 'GET bucket lifecycle',
    method: 'GET',
    target: '/?lifecycle',
    headers: [['x-amz-content-sha256', EMPTY_SHA256]],
    signed: 'host;x-amz-content-sha256;x-amz-date',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    id: 'list objects',
    method: 'GET',
    target: '/?max-keys=2&prefix=J',
    headers: [['x-amz-content-sha256', EMPTY_SHA256]],
    signed: 'host;x-amz-content-sha256;x-amz-date',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
]

for (const example of EXAMPLES) {
  t.test(`recomputes the signature of AWS's own example: ${example.id}`, async (t) => {
    const authorization = parseAuthorization(
      `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,` +
        `SignedHeaders=${example.signed},Signature=${example.signature}`,
    )
    if (authorization === undefined) {
      t.fail('the header of the example was not understood')
      return
    }
    const head: RawHead = {
      method: example.method,
      target: example.target,
      headers: [
        ['Host', 'examplebucket.s3.amazonaws.com'],
        ['x-amz-date', '20130524T000000Z'],
        ...example.headers,
      ],
    }
    const recomputed = recomputeSignature(head, authorization, EXAMPLE_SECRET)
    t.equal(recomputed?.signature.toString('hex'), example.signature)
  })
}

t.test('an authorization header that is not exactly of the form is not understood', async (t) => {
  const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  const signature = 'f'.repeat(64)
  const good = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;range, Signature=${signature}`
  t.ok(parseAuthorization(good), 'control')
  t.notOk(parseAuthorization(good.replace('host;range', 'range;host')), 'unsorted')
  t.notOk(parseAuthorization(good.replace('host;range', 'host;host')), 'repeated')
  t.notOk(parseAuthorization(good.replace('host;range', 'Host;range')), 'upper case')
  t.notOk(parseAuthorization(good.replace('SHA256', 'SHA1')), 'other algorithm')
  t.notOk(parseAuthorization(good.replace('f'.repeat(64), 'F'.repeat(64))), 'upper-case hex')
  t.notOk(parseAuthorization(`${good}, Signature=${signature}`), 'a second signature')
  t.notOk(parseAuthorization('AWS AKIAIOSFODNN7EXAMPLE:abc'), 'version 2')
})
