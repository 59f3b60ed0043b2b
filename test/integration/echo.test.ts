// AWS explains a refused signature or session by repeating what it was made of. Such an answer never
// reaches the agent, and the credential that the cloud refused is not used again.

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head, sdkRefusal } from '../support/refusal-scene.ts'
import { startTestGateway } from '../support/running-gateway.ts'
import { ScriptedUpstream } from '../support/scripted-upstream.ts'
import { StsTap } from '../support/sts-tap.ts'
import { unmatched } from '../support/verdicts.ts'

function headerOf({ text }: RawConnection, name: string): string {
  return new RegExp(`^${name}: (.*)\r$`, 'im').exec(text)?.[1] ?? ''
}

function keyIdOf(connection: RawConnection): string {
  return /Credential=([^/]+)/.exec(headerOf(connection, 'authorization'))?.[1] ?? ''
}

type Echo = (connection: RawConnection) => string

const token: Echo = (connection) => headerOf(connection, 'x-amz-security-token')

type Coding = readonly [name: string, encode: (text: string) => Buffer]

/** Error documents as S3 writes them, and perhaps as a server before it packs them. */
const ECHOES: readonly (readonly [id: string, status: number, body: Echo, coding?: Coding])[] = [
  [
    'SignatureDoesNotMatch with the canonical request',
    403,
    (c) =>
      `<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>${keyIdOf(c)}</AWSAccessKeyId><CanonicalRequest>PUT\nx-amz-security-token:${token(c)}</CanonicalRequest></Error>`,
  ],
  [
    'ExpiredToken with the token',
    400,
    (c) => `<Error><Code>ExpiredToken</Code><Token-0>${token(c)}</Token-0></Error>`,
  ],
  [
    'InvalidAccessKeyId',
    403,
    (c) =>
      `<Error><Code>InvalidAccessKeyId</Code><AWSAccessKeyId>${keyIdOf(c)}</AWSAccessKeyId></Error>`,
  ],
  ['ExpiredToken that repeats nothing', 400, () => '<Error><Code>ExpiredToken</Code></Error>'],
  ['InvalidToken that repeats nothing', 400, () => '<Error><Code>InvalidToken</Code></Error>'],
  [
    'the bytes of the canonical request only',
    403,
    (c) =>
      `<Error><Code>SignatureDoesNotMatch</Code><CanonicalRequestBytes>${Buffer.from(token(c)).toString('hex')}</CanonicalRequestBytes></Error>`,
  ],
  ['in gzip', 403, (c) => `<Error>${token(c)}</Error>`, ['gzip', gzipSync]],
  ['in deflate', 403, (c) => `<Error>${token(c)}</Error>`, ['deflate', deflateSync]],
  ['in brotli', 403, (c) => `<Error>${token(c)}</Error>`, ['br', brotliCompressSync]],
]

for (const [id, status, body, coding] of ECHOES) {
  t.test(`replaced, and the credential forgotten: ${id}`, async (t) => {
    const upstream = new ScriptedUpstream(async (connection) => {
      await connection.untilText('\r\n\r\nx')
      const [name, encode] = coding ?? ['identity', Buffer.from]
      const bytes = encode(body(connection))
      connection.write(
        `HTTP/1.1 ${status} No\r\ncontent-type: application/xml\r\ncontent-encoding: ${name}\r\ncontent-length: ${bytes.length}\r\n\r\n`,
      )
      connection.write(bytes)
    })
    const sts = new StsTap()
    const test = await startTestGateway({ s3Server: upstream.start, stsServer: sts.start })
    t.teardown(() => test.close())
    const put = () =>
      test
        .s3(test.svid('writer'), { maxAttempts: 1 })
        .send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/k', Body: 'x' }))
    const { answer } = await sdkRefusal(put())
    t.equal(answer, '503 ServiceUnavailable ERR_SG_CREDENTIAL_UNAVAILABLE')
    t.equal(sts.calls.length, 1)
    upstream.script = async (connection) => {
      await connection.untilText('\r\n\r\nx')
      connection.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    }
    for (const { socket } of upstream.connections) socket.destroy()
    await put()
    t.equal(sts.calls.length, 2, 'a new session')
    const [first, second] = upstream.connections
    if (first === undefined || second === undefined) throw new Error('two connections expected')
    t.not(keyIdOf(first), '')
    t.not(keyIdOf(first), keyIdOf(second))
    const records = await test.stop()
    t.same(unmatched(records), [])
    t.match(
      records.filter(({ type }) => type === 'outcome'),
      [
        {
          end: 'refused',
          code: 'ERR_SG_CREDENTIAL_UNAVAILABLE',
          status: 503,
          upstream: { status },
        },
        { end: 'complete', status: 200 },
      ],
    )
  })
}

const UNREADABLE: readonly Coding[] = [
  ['zstd', Buffer.from],
  ['gzip', Buffer.from],
  ['gzip, gzip', (text) => gzipSync(gzipSync(text))],
  ['gzip', (text) => gzipSync(text.padEnd(2 * 1024 * 1024))],
]

for (const [name, encode] of UNREADABLE) {
  t.test(`what cannot be read is not passed on: ${name}`, async (t) => {
    const bytes = encode('<Error><Code>AccessDenied</Code></Error>')
    const upstream = new ScriptedUpstream(async (connection) => {
      await connection.untilText('\r\n\r\nx')
      const head = `HTTP/1.1 403 No\r\ncontent-encoding: ${name}\r\ncontent-length: ${bytes.length}\r\n\r\n`
      connection.write(Buffer.concat([Buffer.from(head), bytes]))
    })
    const sts = new StsTap()
    const test = await startTestGateway({ s3Server: upstream.start, stsServer: sts.start })
    t.teardown(() => test.close())
    for (let round = 0; round < 2; round += 1) {
      const s3 = test.s3(test.svid('writer'), { maxAttempts: 1 })
      const put = s3.send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/k', Body: 'x' }))
      const { answer } = await sdkRefusal(put)
      t.equal(answer, '503 ServiceUnavailable ERR_SG_CREDENTIAL_UNAVAILABLE')
      for (const { socket } of upstream.connections) socket.destroy()
    }
    t.equal(sts.calls.length, 1, 'the credential is not to blame')
  })
}

t.test('a refusal without end is cut off, and told as one of ours', async (t) => {
  const upstream = new ScriptedUpstream(async (connection) => {
    await connection.untilText('\r\n\r\nx')
    connection.write('HTTP/1.1 403 No\r\ntransfer-encoding: chunked\r\n\r\n')
    const chunk = Buffer.from(`10000\r\n${'a'.repeat(65536)}\r\n`)
    while (!connection.isClosed) {
      connection.write(chunk)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const s3 = test.s3(test.svid('writer'), { maxAttempts: 1 })
  const put = s3.send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/k', Body: 'x' }))
  t.equal((await sdkRefusal(put)).answer, '503 ServiceUnavailable ERR_SG_CREDENTIAL_UNAVAILABLE')
  await upstream.allClosed()
})

t.test('an ordinary refusal of the cloud passes as it is', async (t) => {
  const text = '<Error><Code>AccessDenied</Code><Message>no, says the bucket</Message></Error>'
  const upstream = new ScriptedUpstream(async (connection) => {
    await connection.untilText('\r\n\r\nx')
    connection.write(`HTTP/1.1 403 No\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
  })
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const s3 = test.s3(test.svid('writer'), { maxAttempts: 1 })
  await t.rejects(s3.send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/k', Body: 'x' })), {
    name: 'AccessDenied',
    message: 'no, says the bucket',
  })
})

t.test('in the coding in which it came', async (t) => {
  const bytes = gzipSync('<Error><Code>AccessDenied</Code></Error>')
  const upstream = new ScriptedUpstream(async (connection) => {
    await connection.untilText('\r\n\r\n')
    const head = `HTTP/1.1 403 No\r\ncontent-encoding: gzip\r\ncontent-length: ${bytes.length}\r\n\r\n`
    connection.write(Buffer.concat([Buffer.from(head), bytes]))
  })
  const test = await startTestGateway({
    bundle: 'test/fixtures/bundles/wide.tar.gz',
    s3Server: upstream.start,
  })
  t.teardown(() => test.close())
  const client = new RawConnection(await test.connect(test.svid('keeper')))
  client.write(s3Head('GET /aws/s3/reports/2026/k', 'accept-encoding: gzip'))
  const { status, headers, body } = await client.answer()
  t.match({ status, coding: headers.get('content-encoding') }, { status: 403, coding: 'gzip' })
  t.same(body, bytes)
})
