// Requests of one connection take effect one after another: what stands behind a refusal that ends
// the connection, or behind a body that breaks off, is never served.

import { EventEmitter, once } from 'node:events'
import t from 'tap'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'
import { unmatched } from '../support/verdicts.ts'

const UNSIGNED = 'x-amz-content-sha256: UNSIGNED-PAYLOAD'

function put(key: string, ...lines: readonly string[]): string {
  return `${s3Head(`PUT /aws/s3/reports/${key}`, UNSIGNED, 'content-length: 1', ...lines)}x`
}

function keysPut({ cloud }: TestGateway): (string | undefined)[] {
  return cloud.requests.filter(({ service }) => service === 's3').map(({ target }) => target)
}

t.test('pipelined requests are served in order, each once', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(put('2026/1') + put('2026/2') + LIST_REPORTS + put('2026/3'))
  const statuses = (): string[] => connection.text.match(/HTTP\/1\.1 \d{3} /g) ?? []
  await connection.until(() => statuses().length === 4)
  t.same(
    statuses(),
    ['200', '200', '403', '200'].map((status) => `HTTP/1.1 ${status} `),
  )
  t.same(keysPut(test), ['/reports/2026/1', '/reports/2026/2', '/reports/2026/3'])
  connection.socket.destroy()
})

t.test('nothing is served behind a refusal that ends the connection', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  // Denied by policy, with a body: the rest of the connection is not to be trusted.
  connection.write(put('2027/denied') + put('2026/behind'))
  await connection.untilClosed()
  t.equal(connection.text.match(/HTTP\/1\.1 \d{3} /g)?.length, 1)
  t.match(connection.text, /ERR_SG_DENIED/)
  const records = await test.stop()
  t.notOk(JSON.stringify(records).includes('behind'))
  t.same(keysPut(test), [])
})

t.test('more pipelined requests than anyone needs end the connection', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(LIST_REPORTS.repeat(200))
  await connection.untilClosed()
  const records = await test.stop()
  t.ok(records.filter(({ type }) => type === 'decision').length < 20)
  t.same(unmatched(records), [])
})

t.test('a chunk that breaks off is answered, and the upstream never sees an end', async (t) => {
  const reached = new EventEmitter()
  const upstream = new ScriptedUpstream(async (connection) => {
    await connection.untilText('first')
    reached.emit('first')
  })
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  const first = once(reached, 'first')
  connection.write(
    `${s3Head(
      'PUT /aws/s3/reports/2026/a.csv',
      'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'content-encoding: aws-chunked',
      'x-amz-decoded-content-length: 9',
      'transfer-encoding: chunked',
    )}5\r\nfirst\r\n`,
  )
  await first
  connection.write('zz\r\nsecond')
  const answer = await connection.answer()
  t.equal(answer.status, 400)
  t.match(answer.body.toString(), /ERR_SG_REQUEST_FRAMING/)
  await connection.untilClosed()
  await upstream.allClosed()
  t.notMatch(upstream.connections[0]?.text, /\r\n0\r\n\r\n/)
  const records = await test.stop()
  t.match(
    records.filter(({ type }) => type === 'decision' || type === 'outcome'),
    [
      { type: 'decision', result: { allow: true } },
      { type: 'outcome', end: 'refused', code: 'ERR_SG_REQUEST_FRAMING', status: 400 },
    ],
  )
})

t.test('bytes behind a whole request do not cost it its answer', async (t) => {
  const upstream = new ScriptedUpstream(answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
  const test = await startTestGateway({ s3Server: upstream.start })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(`${put('2026/a.csv')}\0garbage\r\n\r\n`)
  const answer = await connection.answer()
  t.equal(answer.status, 200)
  t.equal(answer.body.toString(), 'ok')
  await connection.untilClosed()
})
