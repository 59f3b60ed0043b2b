// The scenario on S3: the writer may put objects under s3://reports/2026/ and nothing else; the
// researcher and anyone else get nothing.

import { Readable } from 'node:stream'
import { memberOf } from './agent-access.ts'
import { denied } from './step.ts'
import type { AgentName, Expectation, RawStep, SdkStep, Step } from './step.ts'

const BUCKET = 'reports'
const PART_BYTES = 5 * 1024 * 1024

function put(id: string, agent: AgentName, key: string, expected: Expectation): SdkStep {
  return {
    id,
    agent,
    operation: 's3.PutObject',
    resource: `s3://${BUCKET}/${key}`,
    expected,
    play: async ({ sdk, client }) => {
      const Body = 'quarter,total\nq3,42\n'
      const input = { Bucket: BUCKET, Key: key, Body, ContentType: 'text/csv' }
      await client.send(sdk.command('PutObject', input))
    },
  }
}

function get(id: string, agent: AgentName, key: string): SdkStep {
  return {
    id,
    agent,
    operation: 's3.GetObject',
    resource: `s3://${BUCKET}/${key}`,
    expected: denied(),
    play: async ({ sdk, client }) => {
      await client.send(sdk.command('GetObject', { Bucket: BUCKET, Key: key }))
    },
  }
}

const streamedPut: SdkStep = {
  id: 'writer-streams',
  agent: 'writer',
  operation: 's3.PutObject',
  resource: `s3://${BUCKET}/2026/stream.bin`,
  expected: { kind: 'allowed', operations: ['s3.PutObject'] },
  play: async ({ sdk, client }) => {
    const piece = Buffer.alloc(64 * 1024, 'svidgate ')
    const input = {
      Bucket: BUCKET,
      Key: '2026/stream.bin',
      Body: Readable.from([piece, piece, piece]),
      ContentLength: 3 * piece.length,
    }
    await client.send(sdk.command('PutObject', input))
  },
}

function textMember(value: unknown, name: string): string {
  const found = memberOf(value, name)
  if (typeof found !== 'string') throw new TypeError(`the SDK's answer has no ${name}`)
  return found
}

const multipartUpload: SdkStep = {
  id: 'writer-multipart',
  agent: 'writer',
  operation: 's3 multipart upload',
  resource: `s3://${BUCKET}/2026/big.bin`,
  expected: {
    kind: 'allowed',
    operations: [
      's3.CreateMultipartUpload',
      's3.UploadPart',
      's3.UploadPart',
      's3.CompleteMultipartUpload',
    ],
  },
  play: async ({ sdk, client }) => {
    const at = { Bucket: BUCKET, Key: '2026/big.bin' }
    const input = { ...at, ChecksumAlgorithm: 'CRC32' }
    const created = await client.send(sdk.command('CreateMultipartUpload', input))
    const UploadId = textMember(created, 'UploadId')
    const Parts: object[] = []
    for (const [index, Body] of [Buffer.alloc(PART_BYTES, 1), Buffer.alloc(1024, 2)].entries()) {
      const PartNumber = index + 1
      const part = { ...at, UploadId, PartNumber, Body, ChecksumAlgorithm: 'CRC32' }
      const sent = await client.send(sdk.command('UploadPart', part))
      const ChecksumCRC32 = textMember(sent, 'ChecksumCRC32')
      Parts.push({ PartNumber, ETag: textMember(sent, 'ETag'), ChecksumCRC32 })
    }
    const done = { ...at, UploadId, MultipartUpload: { Parts } }
    await client.send(sdk.command('CompleteMultipartUpload', done))
  },
}

const researcherLists: SdkStep = {
  id: 'researcher-lists',
  agent: 'researcher',
  operation: 's3.ListObjectsV2',
  resource: `s3://${BUCKET}/`,
  expected: denied(),
  play: async ({ sdk, client }) => {
    await client.send(sdk.command('ListObjectsV2', { Bucket: BUCKET }))
  },
}

/** Two lengths: what one reader takes for the body is the next request to another. */
const smuggled: RawStep = {
  id: 'writer-smuggles',
  agent: 'writer',
  operation: 'two body lengths',
  resource: `s3://${BUCKET}/2026/q3.csv`,
  expected: { kind: 'refused', status: 400, codes: ['ERR_SG_REQUEST_FRAMING'] },
  raw: [
    `PUT /aws/s3/${BUCKET}/2026/q3.csv HTTP/1.1`,
    'Host: localhost',
    'Content-Length: 4',
    'Transfer-Encoding: chunked',
    '',
    '0',
    '',
    `GET /aws/s3/${BUCKET}/2026/q2.csv HTTP/1.1`,
    'Host: localhost',
    '',
    '',
  ].join('\r\n'),
}

/** Two operations in one request: which one S3 would carry out is not documented. */
const ambiguous: RawStep = {
  id: 'writer-ambiguous',
  agent: 'writer',
  operation: 'two operations',
  resource: `s3://${BUCKET}/2026/q3.csv?acl&tagging`,
  expected: {
    kind: 'refused',
    status: 403,
    codes: ['ERR_SG_OPERATION_AMBIGUOUS', 'ERR_SG_OPERATION_UNKNOWN'],
  },
  raw: [
    `PUT /aws/s3/${BUCKET}/2026/q3.csv?acl&tagging HTTP/1.1`,
    'Host: localhost',
    'Content-Length: 0',
    'Connection: close',
    '',
    '',
  ].join('\r\n'),
}

const oneOperation: Expectation = { kind: 'allowed', operations: ['s3.PutObject'] }
const closed: Expectation = { kind: 'closed' }

export const S3_STEPS: readonly Step[] = [
  put('writer-puts', 'writer', '2026/q3.csv', oneOperation),
  multipartUpload,
  streamedPut,
  get('writer-reads-back', 'writer', '2026/q3.csv'),
  put('writer-puts-elsewhere', 'writer', '2025/q3.csv', denied()),
  get('researcher-gets', 'researcher', '2026/q2.csv'),
  put('researcher-puts', 'researcher', '2026/q3.csv', denied()),
  researcherLists,
  get('unknown-role', 'auditor', '2026/q2.csv'),
  put('expired-svid', 'writer with an expired SVID', '2026/q3.csv', closed),
  put('foreign-ca', 'writer of a foreign CA', '2026/q3.csv', closed),
  put('no-certificate', 'writer without a certificate', '2026/q3.csv', closed),
  smuggled,
  ambiguous,
]
