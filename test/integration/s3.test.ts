// The main job on real sockets: the vendor's SDK, our gateway, a cloud that verifies everything.
// Each operation arrives as what it is, under the agent's own session, and with its bytes.

import { randomBytes } from 'node:crypto'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  AbortMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { bytesOf, sha256, statusOf, streamOf } from '../support/s3-body.ts'
import { unmatched } from '../support/verdicts.ts'

const Bucket = 'reports'
const WIDE = 'test/fixtures/bundles/wide.tar.gz'
const PART_BYTES = 5 * 1024 * 1024

async function keeper(t: Test): Promise<{ test: TestGateway; s3: S3Client }> {
  const test = await startTestGateway({ bundle: WIDE })
  t.teardown(() => test.close())
  return { test, s3: test.s3(test.svid('keeper'), { maxAttempts: 1 }) }
}

/** Operations that the cloud saw, with their status. */
function seen(test: TestGateway): string[] {
  return test.cloud.requests
    .filter(({ service }) => service === 's3')
    .map(({ operation, status }) => `${operation} ${status}`)
}

t.test('a writer puts, and the cloud sees its own session', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const s3 = test.s3(test.svid('writer'), { maxAttempts: 1 })
  await s3.send(new PutObjectCommand({ Bucket, Key: '2026/a b+ü.csv', Body: 'x' }))
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: '2026/stream',
      Body: streamOf(Buffer.alloc(140_000, 1)),
      ContentLength: 140_000,
    }),
  )
  t.same(
    test.cloud.requests.map(({ operation, status }) => `${operation} ${status}`),
    ['sts.AssumeRoleWithWebIdentity 200', 's3.PutObject 200', 's3.PutObject 200'],
  )
  t.match(test.cloud.requests[1]?.principal, /assumed-role\/agents-writer\/data-crew\.writer-/)
  await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key: '2026/q2.csv' })), {
    name: 'AccessDenied',
    message: /ERR_SG_DENIED.*Role: writer/,
  })
  t.equal(test.cloud.requests.length, 3, 'what is refused reaches nobody')
})

t.test('objects: put, head, get, list, delete', async (t) => {
  const { test, s3 } = await keeper(t)
  const Key = '2026/table.bin'
  const body = randomBytes(100_000)
  const put = await s3.send(
    new PutObjectCommand({ Bucket, Key, Body: body, ContentType: 'x/y', Metadata: { a: 'b' } }),
  )
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }))
  t.match(head, { ContentLength: 100_000, ContentType: 'x/y', Metadata: { a: 'b' } })
  t.equal(head.ETag, put.ETag)
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
  t.ok(got.ChecksumCRC32, 'the SDK has checked the checksum too')
  t.equal(sha256(await bytesOf(got.Body)), sha256(body))
  const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: '2026/' }))
  t.same(
    listed.Contents?.map((item) => [item.Key, item.Size]),
    [
      ['2026/q2.csv', 6],
      [Key, 100_000],
    ],
  )
  await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  // 403 and not 404: the session of this grant may not list, and S3 then does not tell.
  t.equal(await statusOf(s3.send(new HeadObjectCommand({ Bucket, Key }))), 403)
  t.same(seen(test), [
    's3.PutObject 200',
    's3.HeadObject 200',
    's3.GetObject 200',
    's3.ListObjectsV2 200',
    's3.DeleteObject 204',
    's3.HeadObject 403',
  ])
  t.same(unmatched(await test.stop()), [], 'each request has one decision and one outcome')
})

t.test('a batch delete is read, judged key by key, and forwarded as it was', async (t) => {
  const { test, s3 } = await keeper(t)
  const Delete = (...keys: string[]) => ({ Objects: keys.map((Key) => ({ Key })) })
  const done = await s3.send(
    new DeleteObjectsCommand({ Bucket, Delete: Delete('2026/q2.csv', '2026/<&"\'>ü') }),
  )
  t.same(done.Deleted?.map(({ Key }) => Key).sort(), ['2026/<&"\'>ü', '2026/q2.csv'])
  await t.rejects(
    s3.send(new DeleteObjectsCommand({ Bucket, Delete: Delete('2026/a', '2025/b') })),
    { name: 'AccessDenied', message: /ERR_SG_DENIED.*target_not_granted/ },
  )
  t.same(seen(test), ['s3.DeleteObjects 200'])
})

const COPIES: readonly { id: string; from: string; to: string; isAllowed: boolean }[] = [
  { id: 'both granted', from: '2026/q2.csv', to: '2026/copy ü+%.csv', isAllowed: true },
  { id: 'the source is not granted', from: '2025/q4.csv', to: '2026/copy', isAllowed: false },
  { id: 'the destination is not granted', from: '2026/q2.csv', to: '2025/copy', isAllowed: false },
]
t.test('a copy is judged at both ends', async (t) => {
  const { test, s3 } = await keeper(t)
  for (const { id, from, to, isAllowed } of COPIES) {
    const copied = s3.send(
      new CopyObjectCommand({ Bucket, Key: to, CopySource: `${Bucket}/${from}` }),
    )
    if (isAllowed) t.match(await copied, { CopyObjectResult: { ETag: /^"/ } }, id)
    else await t.rejects(copied, { name: 'AccessDenied', message: /target_not_granted/ }, id)
  }
  t.same(seen(test), ['s3.CopyObject 200'])
})

t.test('multipart: parts, a copied part, listing, completion, abort', async (t) => {
  const { s3 } = await keeper(t)
  const Key = '2026/parts.bin'
  const first = randomBytes(PART_BYTES)
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const at = { Bucket, Key, UploadId }
  const one = await s3.send(new UploadPartCommand({ ...at, PartNumber: 1, Body: first }))
  const CopySource = `${Bucket}/2026/q2.csv`
  const two = await s3.send(new UploadPartCopyCommand({ ...at, PartNumber: 2, CopySource }))
  const parts = await s3.send(new ListPartsCommand(at))
  t.same(
    parts.Parts?.map(({ Size }) => Size),
    [PART_BYTES, 6],
  )
  const Parts = [
    { PartNumber: 1, ETag: one.ETag },
    { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
  ]
  await s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }))
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
  t.equal(sha256(await bytesOf(got.Body)), sha256(Buffer.concat([first, Buffer.from('q2,41\n')])))
  const other = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: other.UploadId }))
})
