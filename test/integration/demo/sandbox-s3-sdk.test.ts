// The real @aws-sdk/client-s3, with keys that the sandbox STS issued, straight at the sandbox over
// TLS: what the vendor's own serialiser, signer and checksums produce is accepted in every payload
// mode, and what the sandbox answers the vendor's own parser understands.

import { createHash, randomBytes } from 'node:crypto'
import { Agent } from 'node:https'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import t from 'tap'
import type { Test } from 'tap'
import type { SandboxAws } from '../../../gateway/demo/sandbox-aws.ts'
import { REGION, selfSignedCertificate, startSandbox, WRITER_ROLE } from '../../support/sandbox.ts'

const Bucket = 'reports'
const PART_BYTES = 5 * 1024 * 1024

async function start(t: Test): Promise<{ sandbox: SandboxAws; s3: S3Client }> {
  const tls = selfSignedCertificate()
  const { sandbox } = await startSandbox({ tls: { s3: tls } })
  const agent = new Agent({ ca: tls.cert, keepAlive: true })
  const { accessKeyId, secretAccessKey, sessionToken } = sandbox.issue({ roleArn: WRITER_ROLE })
  const s3 = new S3Client({
    endpoint: sandbox.s3Origin,
    region: REGION,
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    requestHandler: new NodeHttpHandler({ httpsAgent: agent }),
    maxAttempts: 1,
  })
  t.teardown(async () => {
    s3.destroy()
    agent.destroy()
    await sandbox.close()
  })
  return { sandbox, s3 }
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (!(body instanceof Readable)) throw new TypeError('no stream')
  const pieces: Buffer[] = []
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

function sentHeader(sandbox: SandboxAws, name: string): string | undefined {
  const found = sandbox.requests.at(-1)?.headers.find(([key]) => key.toLowerCase() === name)
  return found?.[1]
}

t.test('a buffer goes up with a hex hash and comes back verified', async (t) => {
  const { sandbox, s3 } = await start(t)
  const Body = randomBytes(100_000)
  const put = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: '2026/ü +=.bin',
      Body,
      ContentType: 'x/y',
      Metadata: { a: 'b' },
    }),
  )
  t.match(sentHeader(sandbox, 'x-amz-content-sha256'), /^[0-9a-f]{64}$/)
  t.equal(put.ETag, `"${createHash('md5').update(Body).digest('hex')}"`)
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: '2026/ü +=.bin' }))
  t.ok(got.ChecksumCRC32, 'the stored checksum comes back, and the SDK checks it')
  t.match(got, { ContentType: 'x/y', Metadata: { a: 'b' }, ContentLength: 100_000 })
  t.ok((await bytesOf(got.Body)).equals(Body))
})

const ALGORITHMS: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'SHA1', 'SHA256']
for (const ChecksumAlgorithm of ALGORITHMS) {
  t.test(`a stream goes up in aws-chunked form with a ${ChecksumAlgorithm} trailer`, async (t) => {
    const { sandbox, s3 } = await start(t)
    const bytes = randomBytes(300_000)
    const Body = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)])
    await s3.send(
      new PutObjectCommand({ Bucket, Key: 'k', Body, ContentLength: 300_000, ChecksumAlgorithm }),
    )
    t.equal(sentHeader(sandbox, 'x-amz-content-sha256'), 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    t.equal(sentHeader(sandbox, 'transfer-encoding'), 'chunked')
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))
    t.equal(head.ContentLength, 300_000)
    t.equal(head.ContentEncoding, undefined, 'the coding of the transfer is not stored')
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }))
    t.ok((await bytesOf(got.Body)).equals(bytes))
  })
}

t.test('multipart upload, with copied part, listing and composite checksum', async (t) => {
  const { s3 } = await start(t)
  const Key = '2026/parts.bin'
  const first = randomBytes(PART_BYTES)
  await s3.send(new PutObjectCommand({ Bucket, Key: 'source', Body: 'tail' }))
  const created = await s3.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'CRC32' }),
  )
  const at = { Bucket, Key, UploadId: created.UploadId }
  const one = await s3.send(new UploadPartCommand({ ...at, PartNumber: 1, Body: first }))
  const two = await s3.send(
    new UploadPartCopyCommand({
      ...at,
      PartNumber: 2,
      CopySource: `${Bucket}/source`,
      CopySourceRange: 'bytes=1-3',
    }),
  )
  const listed = await s3.send(new ListPartsCommand(at))
  t.same(
    listed.Parts?.map((part) => [part.PartNumber, part.Size]),
    [
      [1, PART_BYTES],
      [2, 3],
    ],
  )
  const done = await s3.send(
    new CompleteMultipartUploadCommand({
      ...at,
      MultipartUpload: {
        Parts: [
          { PartNumber: 1, ETag: one.ETag, ChecksumCRC32: one.ChecksumCRC32 },
          { PartNumber: 2, ETag: two.CopyPartResult?.ETag },
        ],
      },
    }),
  )
  t.match(done, { ETag: /-2"$/, ChecksumCRC32: /-2$/, ChecksumType: 'COMPOSITE' })
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
  t.ok((await bytesOf(got.Body)).equals(Buffer.concat([first, Buffer.from('ail')])))
})

t.test('multipart upload: what is wrong is refused', async (t) => {
  const { sandbox, s3 } = await start(t)
  const Key = '2026/parts.bin'
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const at = { Bucket, Key, UploadId }
  const complete = (
    ...numbers: readonly (readonly [number, string | undefined])[]
  ): Promise<unknown> =>
    s3.send(
      new CompleteMultipartUploadCommand({
        ...at,
        MultipartUpload: { Parts: numbers.map(([PartNumber, ETag]) => ({ PartNumber, ETag })) },
      }),
    )
  const upload = async (PartNumber: number): Promise<string | undefined> =>
    (await s3.send(new UploadPartCommand({ ...at, PartNumber, Body: 'small' }))).ETag
  const one = await upload(1)
  const two = await upload(2)
  await t.rejects(complete([1, one], [2, two]), { name: 'EntityTooSmall' })
  await t.rejects(complete([2, two], [1, one]), { name: 'InvalidPartOrder' })
  await t.rejects(complete([1, '"0"']), { name: 'InvalidPart' })
  await t.rejects(complete([3, one]), { name: 'InvalidPart' })
  await t.rejects(
    s3.send(new UploadPartCommand({ ...at, Key: 'other', PartNumber: 1, Body: '' })),
    { name: 'NoSuchUpload' },
  )
  await complete([1, one])
  await t.rejects(complete([1, one]), { name: 'NoSuchUpload' }, 'done is done')
  const again = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  await s3.send(
    new UploadPartCommand({ Bucket, Key, UploadId: again.UploadId, PartNumber: 1, Body: 'x' }),
  )
  const held = sandbox.heldBytes()
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: again.UploadId }))
  t.equal(sandbox.heldBytes(), held - 1, 'aborting frees what was held')
})

t.test('lists with prefix, delimiter and pages', async (t) => {
  const { s3 } = await start(t)
  for (const Key of ['l/a', 'l/b/1', 'l/b/2', 'l/c & <d>', 'l/e/1']) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
  }
  const all = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'l/', Delimiter: '/' }))
  t.same(
    all.Contents?.map((object) => object.Key),
    ['l/a', 'l/c & <d>'],
  )
  t.same(
    all.CommonPrefixes?.map((common) => common.Prefix),
    ['l/b/', 'l/e/'],
  )
  const seen: (string | undefined)[] = []
  let ContinuationToken: string | undefined
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: 'l/', MaxKeys: 2, ContinuationToken }),
    )
    seen.push(...(page.Contents ?? []).map((object) => object.Key))
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken !== undefined)
  t.same(seen, ['l/a', 'l/b/1', 'l/b/2', 'l/c & <d>', 'l/e/1'])
})

t.test('ranges, conditions, copy, delete, buckets', async (t) => {
  const { s3 } = await start(t)
  const Key = '2026/seeded.csv'
  const part = await s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-2' }))
  t.match(part, { ContentRange: 'bytes 0-2/8', $metadata: { httpStatusCode: 206 } })
  t.equal((await bytesOf(part.Body)).toString(), 'a,b')
  await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=8-' })), {
    name: 'InvalidRange',
  })
  const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key }))
  const notModified = new GetObjectCommand({ Bucket, Key, IfNoneMatch: ETag })
  await s3.send(notModified).then(
    () => t.fail('expected 304'),
    (error: unknown) => t.match(error, { $metadata: { httpStatusCode: 304 } }),
  )
  await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key, IfMatch: '"0"' })), {
    name: 'PreconditionFailed',
  })
  await t.rejects(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' })), {
    name: 'PreconditionFailed',
  })
  const copy = await s3.send(
    new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }),
  )
  t.equal(copy.CopyObjectResult?.ETag, ETag)
  await t.rejects(
    s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/sealed/x` })),
    { name: 'AccessDenied' },
    'the source of a copy is judged too',
  )
  const deleted = await s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: [{ Key: 'copy' }, { Key: 'sealed/x' }] },
    }),
  )
  t.same(
    deleted.Deleted?.map((object) => object.Key),
    ['copy'],
  )
  t.match(deleted.Errors, [{ Key: 'sealed/x', Code: 'AccessDenied' }], 'each key is judged')
  await s3.send(new DeleteObjectCommand({ Bucket, Key }))
  await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key })), { name: 'NoSuchKey' })
  await t.rejects(s3.send(new HeadObjectCommand({ Bucket, Key })), { name: 'NotFound' })
  t.same(
    (await s3.send(new ListBucketsCommand({}))).Buckets?.map((b) => b.Name),
    ['reports'],
  )
  t.equal((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion, REGION)
  t.equal((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint, REGION)
})

t.test(
  'a big upload is verified in constant memory, a big download is made as it goes',
  async (t) => {
    const { sandbox, s3 } = await start(t)
    const piece = randomBytes(1024 * 1024)
    const pieces = 192
    let most = 0
    function* body(): Iterable<Buffer> {
      for (let index = 0; index < pieces; index += 1) {
        most = Math.max(most, sandbox.heldBytes())
        yield piece
      }
    }
    await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'big/up.bin',
        Body: Readable.from(body()),
        ContentLength: pieces * piece.length,
      }),
    )
    t.ok(most <= 16 * 1024 * 1024 + 100, 'never more than the cap is held')
    t.ok(sandbox.heldBytes() < 100, 'what is too big is not kept')
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'big/up.bin' }))
    t.equal(head.ContentLength, pieces * piece.length)
    const got = await s3.send(
      new GetObjectCommand({
        Bucket,
        Key: 'big/synthetic.bin',
        Range: `bytes=65530-${192 * 1024 * 1024}`,
      }),
    )
    if (!(got.Body instanceof Readable)) throw new TypeError('no stream')
    let length = 0
    for await (const chunk of got.Body as AsyncIterable<Uint8Array>) length += chunk.length
    t.equal(length, 192 * 1024 * 1024 - 65_530 + 1)
  },
)
