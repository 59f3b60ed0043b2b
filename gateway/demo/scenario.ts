// The scenario, as data: who tries what with the vendor's own SDK, and what must come of it. Crew
// `data-crew` of tenant `acme`: the writer may put objects under s3://reports/2026/ and nothing
// else; the researcher gets nothing on S3; anyone else nothing.

import { Readable } from 'node:stream'
import type { AwsSdk, SdkClient } from './aws-sdk.ts'
import type { AgentName } from './stage.ts'

const BUCKET = 'reports'
const PART_BYTES = 5 * 1024 * 1024

export type Expectation =
  /** Allowed: these operations, in this order, were decided and reached the cloud. */
  | { readonly kind: 'allowed'; readonly operations: readonly string[] }
  /** Refused over HTTP, with one of these codes where the answer carries one. */
  | { readonly kind: 'refused'; readonly status: number; readonly codes: readonly string[] }
  /** The connection ended without any HTTP. */
  | { readonly kind: 'closed' }

/** An agent with its SDK. */
interface Player {
  readonly sdk: AwsSdk
  readonly client: SdkClient
}

interface StepBase {
  readonly id: string
  readonly agent: AgentName
  /** `s3.PutObject` */
  readonly operation: string
  readonly resource: string
  readonly expected: Expectation
}

interface SdkStep extends StepBase {
  /** Rejects with the SDK's own error. */
  readonly play: (player: Player) => Promise<void>
}

interface RawStep extends StepBase {
  /** Bytes of one request, written as they are over the agent's mTLS connection. */
  readonly raw: string
}

export type Step = SdkStep | RawStep

function denied(): Expectation {
  return { kind: 'refused', status: 403, codes: ['ERR_SG_DENIED'] }
}

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
  const found =
    typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)[name]
      : undefined
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

export const SCENARIO: readonly Step[] = [
  put('writer-puts', 'writer', '2026/q3.csv', oneOperation),
  multipartUpload,
  streamedPut,
  get('writer-reads-back', 'writer', '2026/q3.csv'),
  put('writer-puts-elsewhere', 'writer', '2025/q3.csv', denied()),
  get('researcher-gets', 'researcher', '2026/q2.csv'),
  researcherLists,
  get('unknown-role', 'auditor', '2026/q2.csv'),
  put('expired-svid', 'writer with an expired SVID', '2026/q3.csv', closed),
  put('foreign-ca', 'writer of a foreign CA', '2026/q3.csv', closed),
  put('no-certificate', 'writer without a certificate', '2026/q3.csv', closed),
  smuggled,
  ambiguous,
]
