// The worked examples of the Amazon S3 API Reference, "Signature Calculations for the Authorization
// Header: Transferring Payload in a Single Chunk": hash of the canonical request and signature.

import { createHash } from 'node:crypto'
import t from 'tap'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { canonicalHeaders } from '../../../gateway/signing/sigv4/canonical-headers.ts'
import { canonicalQueryString } from '../../../gateway/signing/sigv4/canonical-query-string.ts'
import {
  canonicalRequest,
  hashCanonicalRequest,
} from '../../../gateway/signing/sigv4/canonical-request.ts'
import { canonicalUri, S3_URI_RULES } from '../../../gateway/signing/sigv4/canonical-uri.ts'
import { credentialScope } from '../../../gateway/signing/sigv4/credential-scope.ts'
import { signature } from '../../../gateway/signing/sigv4/signature.ts'
import { deriveSigningKey } from '../../../gateway/signing/sigv4/signing-key.ts'
import { stringToSign } from '../../../gateway/signing/sigv4/string-to-sign.ts'
import { signingTime } from '../../../gateway/signing/sigv4/timestamp.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const SCOPE = { region: 'us-east-1', service: 's3' }
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

interface Example {
  id: string
  method: string
  path: string
  query: { name: string; value: string | undefined }[]
  headers: HeaderLine[]
  payloadHash: string
  canonicalRequestHash: string
  signature: string
}

const EXAMPLES: Example[] = [
  {
    id: 'GET Object with a range',
    method: 'GET',
    path: '/test.txt',
    query: [],
    headers: [['range', 'bytes=0-9']],
    payloadHash: EMPTY,
    canonicalRequestHash: '7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972',
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    id: 'PUT Object',
    method: 'PUT',
    path: '/test%24file.text',
    query: [],
    headers: [
      ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
      ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
    ],
    payloadHash: createHash('sha256').update('Welcome to Amazon S3.').digest('hex'),
    canonicalRequestHash: '9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d',
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    id: 'GET Bucket lifecycle',
    method: 'GET',
    path: '/',
    query: [{ name: 'lifecycle', value: undefined }],
    headers: [],
    payloadHash: EMPTY,
    canonicalRequestHash: '9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca',
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    id: 'GET Bucket (List Objects)',
    method: 'GET',
    path: '/',
    query: [
      { name: 'prefix', value: 'J' },
      { name: 'max-keys', value: '2' },
    ],
    headers: [],
    payloadHash: EMPTY,
    canonicalRequestHash: 'df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7',
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
]

for (const example of EXAMPLES) {
  t.test(`SIGV4-S3: ${example.id}`, (t) => {
    const time = signingTime(Date.UTC(2013, 4, 24))
    const hash = hashCanonicalRequest(
      canonicalRequest({
        method: example.method,
        uri: canonicalUri(example.path, S3_URI_RULES),
        queryString: canonicalQueryString(example.query),
        headers: canonicalHeaders([
          ['host', 'examplebucket.s3.amazonaws.com'],
          ['x-amz-date', time.timestamp],
          ['x-amz-content-sha256', example.payloadHash],
          ...example.headers,
        ]),
        payloadHash: example.payloadHash,
      }),
    )
    t.equal(hash, example.canonicalRequestHash, 'hash of the canonical request')
    const scope = credentialScope(time.date, SCOPE)
    const key = deriveSigningKey(SECRET, time.date, SCOPE)
    const hex = signature(key, stringToSign(time.timestamp, scope, hash))
    t.equal(hex, example.signature, 'signature')
    t.end()
  })
}
