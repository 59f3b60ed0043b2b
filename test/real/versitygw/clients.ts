// Clients that nobody here wrote, before a cloud that nobody here wrote, with the gateway between. The
// AWS CLI can show no certificate: a forwarder on loopback shows it in its place.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { writeAwsCommand } from '../../support/aws-setup.ts'
import { playBoto3 } from '../../support/boto3.ts'
import { builtBundle } from '../../support/built-bundle.ts'
import { startMtlsForwarder } from '../../support/mtls-forwarder.ts'
import { bytesOf, sha256, streamOf } from '../../support/s3-body.ts'
import { REGION } from '../../support/scene.ts'
import { BUCKET as Bucket, openVersitygwScene, sentTo } from './scene.ts'

/** A writer who may read back. */
const GRANTS = `version: 1
grants:
  - id: reads_and_puts
    subject: { tenant: acme, agent: data-crew, role: writer }
    service: aws_s3
    actions:
      - GetObject
      - HeadObject
      - PutObject
      - CreateMultipartUpload
      - UploadPart
      - CompleteMultipartUpload
      - AbortMultipartUpload
    access: [read, write]
    targets: [{ type: object, container: ${Bucket}, path_prefix: 2026/ }]
    session_policy: generate
`

t.test('boto3', async (t) => {
  const { test, cloud } = await openVersitygwScene(t, { bundle: await builtBundle(t, GRANTS) })
  const before = (await cloud.accessLog()).length
  await playBoto3(t, test)
  const sent = sentTo((await cloud.accessLog()).slice(before))
  t.same(
    sent.filter((line) => / [45]\d\d /.test(line)),
    [],
    'versitygw refused nothing of what the gateway let through',
  )
  t.ok(sent.includes('CompleteMultipartUpload 200 2026/parts'))
})

t.test('AWS SDK for JavaScript v3, from a buffer and from a stream', async (t) => {
  const { test, cloud } = await openVersitygwScene(t, { bundle: await builtBundle(t, GRANTS) })
  const s3 = test.s3(test.svid('writer'), { maxAttempts: 1 })
  const body = randomBytes(3 * 1024 * 1024 + 17)
  const bodies = { buffer: body, stream: streamOf(body) }
  for (const [how, Body] of Object.entries(bodies)) {
    const Key = `2026/js ${how} é+.bin`
    await s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: body.length }))
    t.equal((await s3.send(new HeadObjectCommand({ Bucket, Key }))).ContentLength, body.length, how)
    const read = new GetObjectCommand({ Bucket, Key })
    t.equal(sha256(await bytesOf((await s3.send(read)).Body)), sha256(body), `${how}: read back`)
    const stored = await cloud.s3(cloud.root).send(read)
    t.equal(sha256(await bytesOf(stored.Body)), sha256(body), `${how}: as it is stored`)
  }
  const denied = s3.send(
    new PutObjectCommand({
      Bucket,
      Key: '2025/x',
      Body: streamOf(body),
      ContentLength: body.length,
    }),
  )
  await t.rejects(denied, { name: 'AccessDenied', message: /ERR_SG_DENIED.*Role: writer/ })
})

t.test('the AWS CLI, with parts of 8 MiB', async (t) => {
  const { test, cloud } = await openVersitygwScene(t, { bundle: await builtBundle(t, GRANTS) })
  const forwarder = await startMtlsForwarder({
    origin: test.origin,
    prefix: '/aws/s3',
    ca: test.webCaPem,
    svid: test.svid('writer'),
  })
  t.teardown(() => forwarder.close())
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-aws-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const path = (name: string): string => join(dir, name)
  const aws = await awsCommand(dir, `${forwarder.origin}/aws/s3`)
  const body = randomBytes(12 * 1024 * 1024)
  await writeFile(path('up.bin'), body)

  const before = (await cloud.accessLog()).length
  t.equal((await aws('s3', 'cp', 'up.bin', `s3://${Bucket}/2026/cli 12 MiB.bin`)).code, 0)
  t.equal((await aws('s3', 'cp', `s3://${Bucket}/2026/cli 12 MiB.bin`, 'down.bin')).code, 0)
  t.ok((await readFile(path('down.bin'))).equals(body), 'what came down is what went up')
  const sent = sentTo((await cloud.accessLog()).slice(before))
  t.match(sent.join('\n'), /CreateMultipartUpload 200[^]*UploadPart 200[^]*UploadPart 200/)
  t.equal(sent.filter((line) => line.startsWith('GetObject ')).length, 2, 'down in two ranges')

  const denials = [
    ['s3', 'cp', 'up.bin', `s3://${Bucket}/2025/x.bin`],
    ['s3api', 'put-object', '--bucket', Bucket, '--key', '2025/x', '--body', 'up.bin'],
    ['s3api', 'list-objects-v2', '--bucket', Bucket],
    ['s3', 'rm', `s3://${Bucket}/2026/cli 12 MiB.bin`],
  ]
  for (const command of denials) {
    const seen = forwarder.seen.length
    const { code, err } = await aws(...command)
    t.not(code, 0, command.join(' '))
    t.match(err, /AccessDenied.*ERR_SG_DENIED.*Role: writer/, 'our reason is on the terminal')
    t.equal(forwarder.seen.length - seen, 1, 'a denial is not repeated')
  }
})

interface Ended {
  readonly code: number
  readonly err: string
}

/** `aws` as a user has it, who knows nothing of the gateway but its address. */
async function awsCommand(
  dir: string,
  endpoint: string,
): Promise<(...args: readonly string[]) => Promise<Ended>> {
  const aws = await writeAwsCommand(dir)
  const run = promisify(execFile)
  return async (...args) => {
    const options = {
      cwd: dir,
      timeout: 60_000,
      env: {
        HOME: dir,
        PATH: process.env['PATH'] ?? '',
        AWS_ENDPOINT_URL_S3: endpoint,
        AWS_ACCESS_KEY_ID: 'AKIDPLACEHOLDER',
        AWS_SECRET_ACCESS_KEY: 'placeholder',
        AWS_DEFAULT_REGION: REGION,
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    }
    try {
      const { stderr } = await run(aws, [...args], options)
      return { code: 0, err: stderr }
    } catch (error) {
      const { code, stderr } = error as { code: unknown; stderr: unknown }
      return { code: typeof code === 'number' ? code : -1, err: String(stderr) }
    }
  }
}
