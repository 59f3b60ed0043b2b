// The forms in which SDKs say the same thing: how the payload is signed, where the bucket stands,
// which characters a key has, which part and which version of an object is meant.

import { randomBytes } from 'node:crypto'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { bytesOf, sha256, statusOf, streamOf } from '../support/s3-body.ts'

const Bucket = 'reports'
const WIDE = 'test/fixtures/bundles/wide.tar.gz'

async function keeper(
  t: Test,
  settings: S3ClientConfig = {},
): Promise<{ test: TestGateway; s3: S3Client }> {
  const test = await startTestGateway({ bundle: WIDE })
  t.teardown(() => test.close())
  return { test, s3: test.s3(test.svid('keeper'), { maxAttempts: 1, ...settings }) }
}

function sentHeader(test: TestGateway, name: string): string | undefined {
  const put = test.cloud.requests.findLast(({ operation }) => operation === 's3.PutObject')
  return put?.headers.find(([key]) => key.toLowerCase() === name)?.[1]
}

const body = randomBytes(300_007)

const PAYLOADS: readonly {
  id: string
  settings?: S3ClientConfig
  isStream: boolean
  mode: string | RegExp
}[] = [
  { id: 'a buffer: hex hash', isStream: false, mode: /^[0-9a-f]{64}$/ },
  {
    id: 'a stream: unsigned with a trailer',
    isStream: true,
    mode: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  },
  {
    id: 'a stream without a checksum: unsigned',
    settings: { requestChecksumCalculation: 'WHEN_REQUIRED' },
    isStream: true,
    mode: 'UNSIGNED-PAYLOAD',
  },
]
for (const { id, settings, isStream, mode } of PAYLOADS) {
  t.test(`the bytes arrive: ${id}`, async (t) => {
    const { test, s3 } = await keeper(t, settings)
    const Key = '2026/payload'
    const Body = isStream ? streamOf(body) : body
    await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: body.length }))
    t.match(sentHeader(test, 'x-amz-content-sha256'), mode)
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
    t.equal(sha256(await bytesOf(got.Body)), sha256(body))
  })
}

const ADDRESSES: readonly { id: string; endpoint: string; isPathStyle: boolean }[] = [
  { id: 'path style, prefix', endpoint: 'gw.test:PORT/aws/s3', isPathStyle: true },
  { id: 'path style, prefix, closing slash', endpoint: 'gw.test:PORT/aws/s3/', isPathStyle: true },
  { id: 'virtual host, prefix', endpoint: 'gw.test:PORT/aws/s3', isPathStyle: false },
  { id: 'path style, service host', endpoint: 's3.gw.test:PORT', isPathStyle: true },
  { id: 'virtual host, service host', endpoint: 's3.gw.test:PORT', isPathStyle: false },
  { id: 'path style, no service in it', endpoint: 'gw.test:PORT/aws', isPathStyle: true },
]
t.test('one object at every address', async (t) => {
  const { test } = await keeper(t)
  for (const { id, endpoint, isPathStyle } of ADDRESSES) {
    const s3 = test.s3(test.svid('keeper'), {
      endpoint: `https://${endpoint.replace('PORT', String(test.port))}`,
      forcePathStyle: isPathStyle,
      maxAttempts: 1,
    })
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: '2026/q2.csv' }))
    t.equal((await bytesOf(got.Body)).toString(), 'q2,41\n', id)
    t.equal(test.cloud.requests.at(-1)?.target.split('?')[0], '/reports/2026/q2.csv', id)
  }
})

const KEYS = [
  '2026/a b+c%20d&e=f?g#h;i:j@k$l,m',
  '2026/ü/日本/🦊',
  '2026//double//slash/',
  '2026/%2F%00%zz',
  '2026/~!*\'()[]{}|^`"<>\\',
  '2026/' + 'n'.repeat(1000),
]
t.test('awkward keys come back under the same name', async (t) => {
  const { test, s3 } = await keeper(t)
  for (const Key of KEYS) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
    t.equal((await bytesOf(got.Body)).toString(), Key)
  }
  const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: '2026/' }))
  t.same(listed.Contents?.map(({ Key }) => Key).sort(), [...KEYS, '2026/q2.csv'].sort())
  const before = test.cloud.requests.length
  for (const Key of ['2026/a/../x', '2026/./x', '2026/%2e%2e/x']) {
    // Dots are ordinary letters of a key, here and at S3: what is judged is what is sent.
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }))
    t.equal((await bytesOf(got.Body)).toString(), Key)
  }
  // But not to every server: one that opens files would leave what was granted.
  await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key: '2026/../2025/x' })), {
    message: /path_climbs/,
  })
  t.equal(test.cloud.requests.length, before + 6)
})

t.test('ranges and conditions pass, and their answers too', async (t) => {
  const { s3 } = await keeper(t)
  const Key = '2026/parts'
  const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: body }))
  const RANGES: readonly [range: string, from: number, to: number][] = [
    ['bytes=0-0', 0, 1],
    ['bytes=1000-200000', 1000, 200_001],
    ['bytes=-7', body.length - 7, body.length],
  ]
  for (const [Range, from, to] of RANGES) {
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, Range }))
    t.equal(got.ContentRange, `bytes ${from}-${to - 1}/${body.length}`)
    t.equal(sha256(await bytesOf(got.Body)), sha256(body.subarray(from, to)))
  }
  await t.rejects(s3.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=999999999-' })), {
    name: 'InvalidRange',
  })
  const { ETag } = put
  const unchanged = new GetObjectCommand({ Bucket, Key, IfNoneMatch: ETag })
  t.equal(await statusOf(s3.send(unchanged)), 304)
  t.equal(await statusOf(s3.send(new HeadObjectCommand({ Bucket, Key, IfMatch: '"o"' }))), 412)
  await t.rejects(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' })), {
    name: 'PreconditionFailed',
  })
  t.ok(await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfMatch: ETag })))
})
