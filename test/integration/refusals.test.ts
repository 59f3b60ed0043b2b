// Refused before any policy is asked: what cannot be read, what leads nowhere, what is no operation,
// and what is one too many. Each with its own code, in the dialect of who asked (docs/REFUSALS.md).

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { playRefusals, rawRows, s3Head, sdkRefusal, type RawRow } from '../support/refusal-scene.ts'
import type { TestGateway } from '../support/running-gateway.ts'

const PATH = '/aws/s3/reports/2026/k'

const put = (test: TestGateway, role: string, region = 'eu-west-1') =>
  test
    .s3(test.svid(role), { region, maxAttempts: 1 })
    .send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/k', Body: 'x' }))

const DYNAMODB = [
  'POST /aws/dynamodb/ HTTP/1.1',
  'host: localhost',
  'content-type: application/x-amz-json-1.0',
  'x-amz-target: DynamoDB_20120810.GetItem',
  'content-length: 2',
  '\r\n{}',
].join('\r\n')

const NO_FACTS: readonly RawRow[] = [
  ['no service in the path', s3Head('GET /x'), '403 AccessDenied ERR_SG_ROUTE_UNKNOWN'],
  [
    'another host',
    s3Head(`GET ${PATH}`).replace('localhost', 'metadata.internal'),
    '403 AccessDenied ERR_SG_ROUTE_UNKNOWN',
  ],
  ['a service without a route', DYNAMODB, '400 AccessDeniedException ERR_SG_ROUTE_UNKNOWN'],
  [
    'a signature for another service',
    s3Head(`GET ${PATH}`).replace('/s3/aws4', '/sqs/aws4'),
    '403 AccessDeniedException ERR_SG_OPERATION_AMBIGUOUS',
  ],
  [
    'an operation that no table knows',
    s3Head(`PATCH ${PATH}`, 'content-length: 0'),
    '403 AccessDenied ERR_SG_OPERATION_UNKNOWN',
  ],
  [
    'two subresources',
    s3Head(`GET ${PATH}?acl&tagging`),
    '403 AccessDenied ERR_SG_OPERATION_AMBIGUOUS',
  ],
  [
    'an unknown query parameter',
    s3Head(`GET ${PATH}?frobnicate`),
    '403 AccessDenied ERR_SG_OPERATION_AMBIGUOUS',
  ],
  [
    'a presigned URL',
    s3Head(`GET ${PATH}?X-Amz-Signature=00`),
    '403 AccessDenied ERR_SG_OPERATION_AMBIGUOUS',
  ],
  [
    'signed chunks',
    s3Head(
      `PUT ${PATH}`,
      'content-length: 1',
      'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    ),
    '501 NotImplemented ERR_SG_REQUEST_UNSUPPORTED',
  ],
]
t.test('a request without facts', (t) => playRefusals(t, {}, rawRows(NO_FACTS)))

t.test('a region that is not served', (t) =>
  playRefusals(
    t,
    { config: (text) => text.replace('regions: [eu-west-1]', 'regions: [eu-west-1, us-east-1]') },
    ['eu-central-1', 'xx-nowhere-1'].map((region) => ({
      id: region,
      send: (test) => sdkRefusal(put(test, 'writer', region)),
      answer: '403 AccessDenied ERR_SG_REGION_REFUSED',
    })),
  ),
)

t.test('a limit of the identity, in the words that SDKs wait at', (t) => {
  const now = Date.now()
  const denied = (test: TestGateway) =>
    sdkRefusal(
      test
        .s3(test.svid('researcher'), { maxAttempts: 1 })
        .send(new GetObjectCommand({ Bucket: 'reports', Key: '2026/q2.csv' })),
    )
  return playRefusals(
    t,
    {
      clock: { now: () => now },
      config: (text) => `${text}limits: { perIdentity: { requestsPerSecond: 1 } }\n`,
    },
    [
      { id: 'within', send: denied, answer: '403 AccessDenied ERR_SG_DENIED' },
      { id: 'over', send: denied, answer: '503 SlowDown ERR_SG_LIMIT' },
      { id: 'still over', send: denied, answer: '503 SlowDown ERR_SG_LIMIT' },
    ],
  )
})
