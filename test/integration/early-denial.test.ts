// A denial that comes while the agent still sends must arrive as a denial: not as a broken pipe, not
// as a retry. And nobody is asked to send a body (100 Continue) before the decision.

import { randomBytes } from 'node:crypto'
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head, sdkRefusal } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { streamOf } from '../support/s3-body.ts'
import { answering, ScriptedUpstream, type Script } from '../support/scripted-upstream.ts'
import { unmatched } from '../support/verdicts.ts'

const Bucket = 'reports'
const big = randomBytes(8 * 1024 * 1024)

const put = (Key: string, isStream: boolean) =>
  new PutObjectCommand({
    Bucket,
    Key,
    Body: isStream ? streamOf(big) : big,
    ContentLength: big.length,
  })

for (const isStream of [false, true]) {
  t.test(`8 MiB are refused in one request: ${isStream ? 'a stream' : 'a buffer'}`, async (t) => {
    const test = await startTestGateway()
    t.teardown(() => test.close())
    const s3 = test.s3(test.svid('writer'))
    const { answer } = await sdkRefusal(s3.send(put('2025/big', isStream)))
    t.equal(answer, '403 AccessDenied ERR_SG_DENIED')
    t.same([...new Set(Object.values(test.cloud.connections))], [0], 'no cloud was dialled')
    const records = await test.stop()
    t.equal(records.filter(({ type }) => type === 'decision').length, 1, 'the SDK asked once')
    t.same(unmatched(records), [])
  })
}

/** How an upstream may end after an early answer. */
const ENDINGS: readonly (readonly [id: string, end: (script: RawConnection) => void])[] = [
  ['and keeps reading', () => undefined],
  ['and ends', ({ socket }) => void socket.end()],
  ['and resets', ({ socket }) => void socket.write('', () => socket.destroy())],
]
const XML = '<Error><Code>AccessDenied</Code><Message>of the cloud</Message></Error>'
const EARLY = `HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: ${XML.length}\r\n\r\n${XML}`

for (const [id, end] of ENDINGS) {
  t.test(`the cloud refuses while 8 MiB are sent ${id}: the SDK reads it`, async (t) => {
    const script: Script = async (connection, index) => {
      await answering(EARLY)(connection, index)
      end(connection)
    }
    const upstream = new ScriptedUpstream(script)
    const test = await startTestGateway({ s3Server: upstream.start })
    t.teardown(() => test.close())
    const s3: S3Client = test.s3(test.svid('writer'), { maxAttempts: 1 })
    for (const isStream of [false, true]) {
      await t.rejects(s3.send(put('2026/big', isStream)), {
        name: 'AccessDenied',
        message: 'of the cloud',
      })
    }
    t.same(unmatched(await test.stop()), [])
  })
}

const EXPECTING = (key: string) =>
  s3Head(`PUT /aws/s3/${Bucket}/${key}`, 'expect: 100-continue', 'content-length: 4')

t.test('100 Continue is for what was allowed, and body bytes leave only behind it', async (t) => {
  const upstream = new ScriptedUpstream(async (connection) => {
    await connection.untilText('\r\n\r\nbody')
    connection.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const client = await rawWriter(test)
  client.write(EXPECTING('2026/k'))
  await client.untilText('HTTP/1.1 100 Continue\r\n\r\n')
  const records = await test.records()
  t.match(
    records.filter(({ type }) => type === 'decision'),
    [{ result: { allow: true } }],
  )
  client.write('body')
  t.equal((await client.answer()).status, 200)
  t.notMatch(upstream.connections[0]?.text, /expect/i, 'an expectation is of one hop')
})

t.test('there is no 100 Continue for what is denied', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const client = await rawWriter(test)
  client.write(EXPECTING('2025/k'))
  const { status, headers } = await client.answer()
  t.equal(status, 403)
  t.equal(headers.get('connection'), 'close')
  t.notMatch(client.text, /100 Continue/)
  client.write('body')
  await client.untilClosed()
  t.same(client.text.match(/HTTP\/1\.1/g), ['HTTP/1.1'], 'the body is not read as a request')
  t.same([...new Set(Object.values(test.cloud.connections))], [0], 'no cloud was dialled')
})

t.test(
  'a batch delete is asked for its body, which the decision needs, and then denied',
  async (t) => {
    const test = await startTestGateway()
    t.teardown(() => test.close())
    const client = await rawWriter(test)
    const body = '<Delete><Object><Key>2026/k</Key></Object></Delete>'
    client.write(
      s3Head(
        `POST /aws/s3/${Bucket}?delete`,
        'expect: 100-continue',
        `content-length: ${body.length}`,
      ),
    )
    await client.untilText('100 Continue')
    t.same(await test.records().then((all) => all.filter(({ type }) => type === 'decision')), [])
    client.write(body)
    t.equal((await client.answer()).status, 403)
    t.same([...new Set(Object.values(test.cloud.connections))], [0], 'no cloud was dialled')
  },
)

async function rawWriter(test: TestGateway): Promise<RawConnection> {
  return new RawConnection(await test.connect(test.svid('writer')))
}
