// The gateway's signature equals that of two signers by others (aws4, Smithy) over awkward keys,
// queries and headers: a mistake in our reading of the document would have to be made three times.

import fc from 'fast-check'
import t from 'tap'
import type { Method } from '../../../gateway/request/gateway-request.ts'
import { sign } from '../../../gateway/signing/sign.ts'
import { canonicalQueryString } from '../../../gateway/signing/sigv4/canonical-query-string.ts'
import {
  aws4Authorization,
  encodeKey,
  smithyAuthorization,
  type SignerInput,
} from '../../support/independent-signers.ts'
import { awsCredential, EMPTY_SHA256, shapedRequest } from '../../support/shaped.ts'

const credential = awsCredential()

function ourAuthorization(input: SignerInput): string {
  const shaped = shapedRequest({
    method: input.method as Method,
    path: input.path,
    query: canonicalQueryString(input.query.map(([name, value]) => ({ name, value }))),
    headers: Object.entries(input.headers),
    contentSha256: input.contentSha256,
    authority: input.authority,
  })
  const result = sign(shaped, credential, input.now, input)
  if (!result.ok) throw new Error(result.error.detail)
  const line = result.value.headers.find(([name]) => name === 'authorization')
  return line?.[1] ?? ''
}

const PIECES = 'a|Z|0| |  |+|=|:|%|%2F|/|//|.|..|~|*|\'|(|)|!|&|?|#|;|@|$|,|é|ü|😀|漢|\\|"|<'.split(
  '|',
)
const pieces = fc.constantFrom(...PIECES, '|')
const text = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(''))

const headers = fc.record(
  {
    'content-type': fc.constantFrom('text/plain', 'application/json;  charset=utf-8', ' a \t b '),
    'content-md5': fc.constant('1B2M2Y8AsgTpgAmY7PhCfg=='),
    'x-amz-acl': fc.constantFrom('private', 'bucket-owner-full-control'),
    'x-amz-meta-note': fc.constantFrom('', 'plain', '  padded   inside  ', 'a,b;c="d  e"'),
    'x-amz-tagging': fc.constantFrom('k=v', 'k=v&l=%20w'),
    'x-amz-copy-source': text.map(encodeKey),
  },
  { requiredKeys: [] },
)

const s3Input = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'HEAD', 'DELETE', 'POST'),
  authority: fc.constantFrom('s3.eu-west-1.amazonaws.com', 'localhost:9000', 'b.s3.amazonaws.com'),
  path: text.map((key) => `/reports/${encodeKey(key)}`),
  // aws4 joins the values of a repeated name in another order than AWS documents, so each name of
  // this corpus is there once; Smithy alone is asked about repeated ones below.
  query: fc.uniqueArray(fc.tuple(text, text), { maxLength: 5, selector: ([name]) => name }),
  headers,
  contentSha256: fc.constantFrom(
    EMPTY_SHA256,
    'UNSIGNED-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  ),
  now: fc.integer({ min: 0, max: Date.UTC(2099, 0) }),
})

function complete(
  fields: Omit<
    SignerInput,
    'region' | 'service' | 'accessKeyId' | 'secretAccessKey' | 'sessionToken'
  >,
  service: string,
): SignerInput {
  return {
    ...fields,
    region: 'eu-west-1',
    service,
    accessKeyId: credential.accessKeyId,
    secretAccessKey: credential.secretAccessKey.reveal(),
    sessionToken: credential.sessionToken.reveal(),
  }
}

t.test('SIGV4-SIGNERS: S3: equal to aws4 and to Smithy', async (t) => {
  let compared = 0
  await fc.assert(
    fc.asyncProperty(s3Input, async (fields) => {
      // Empty names: Smithy drops them, and no S3 parameter has one.
      const query = fields.query.filter(([name]) => name !== '')
      const input = complete({ ...fields, query }, 's3')
      const ours = ourAuthorization(input)
      compared += 1
      return ours === (await smithyAuthorization(input)) && ours === aws4Authorization(input)
    }),
    { numRuns: 500 },
  )
  t.ok(compared >= 500, `${compared} requests compared`)
})

t.test('SIGV4-SIGNERS: a repeated query name is sorted by value, as Smithy does', async (t) => {
  const input = complete(
    {
      method: 'GET',
      authority: 's3.eu-west-1.amazonaws.com',
      path: '/reports',
      query: [
        ['b', '2'],
        ['a', 'y'],
        ['b', '10'],
        ['a', 'Z'],
      ],
      headers: {},
      contentSha256: EMPTY_SHA256,
      now: 0,
    },
    's3',
  )
  t.equal(ourAuthorization(input), await smithyAuthorization(input))
})

t.test('SIGV4-SIGNERS: other services: the path on the wire is encoded once more', async (t) => {
  const paths = [
    '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af/invocations',
    '/model/anthropic.claude%3A0/invoke',
    '/a%20b/c%2Fd',
    '/',
  ]
  for (const path of paths) {
    const input = complete(
      {
        method: 'POST',
        authority: 'lambda.eu-west-1.amazonaws.com',
        path,
        query: [],
        headers: { 'content-type': 'application/json' },
        contentSha256: EMPTY_SHA256,
        now: Date.UTC(2026, 0),
      },
      'lambda',
    )
    const ours = ourAuthorization(input)
    t.equal(ours, await smithyAuthorization(input), `Smithy: ${path}`)
    t.equal(ours, aws4Authorization(input), `aws4: ${path}`)
  }
})
