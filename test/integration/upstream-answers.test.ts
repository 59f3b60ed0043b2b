// What passes of an upstream's answer, and what does not: hop-by-hop headers and informational
// answers end at the gateway, redirects are the agent's matter, and a connection that an upstream
// left dirty is never used again.

import t, { type Test } from 'tap'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream, type Script } from '../support/scripted-upstream.ts'

async function gatewayBefore(
  t: Test,
  script: Script,
): Promise<{ test: TestGateway; upstream: ScriptedUpstream; client: RawConnection }> {
  const upstream = new ScriptedUpstream(script)
  const test = await startTestGateway({
    bundle: 'test/fixtures/bundles/wide.tar.gz',
    s3Server: upstream.start,
  })
  t.teardown(() => test.close())
  const client = new RawConnection(await test.connect(test.svid('keeper')))
  return { test, upstream, client }
}

const GET = s3Head('GET /aws/s3/reports/2026/k')

t.test('hop-by-hop headers end here, the rest passes as it is', async (t) => {
  const { client } = await gatewayBefore(
    t,
    answering(
      [
        'HTTP/1.1 200 OK',
        'Content-Length: 2',
        'Connection: keep-alive, X-Inner',
        'X-Inner: secret of the hop',
        'Keep-Alive: timeout=99',
        'Proxy-Authenticate: Basic',
        'Trailer: X-T',
        'Upgrade: h2c',
        'x-amz-meta-Mixed: \xe9 = 1, 2',
        'x-amz-meta-twice: a',
        'x-amz-meta-twice: b',
        'Date: Mon, 23 Nov 2026 18:00:00 GMT',
        'x-svidgate-decision-id: forged',
        '\r\nok',
      ].join('\r\n'),
    ),
  )
  client.write(GET)
  const { status, body, headers } = await client.answer()
  t.equal(`${status} ${body.toString()}`, '200 ok')
  t.equal(headers.get('connection'), 'keep-alive', 'of our own hop')
  t.not(headers.get('keep-alive'), 'timeout=99')
  for (const name of ['x-inner', 'proxy-authenticate', 'trailer', 'upgrade']) {
    t.notOk(headers.has(name), name)
  }
  t.match(client.text, 'x-amz-meta-Mixed: \xe9 = 1, 2\r\n', 'spelling and bytes are kept')
  t.match(client.text, 'x-amz-meta-twice: a\r\nx-amz-meta-twice: b\r\n')
  t.equal(headers.get('date'), 'Mon, 23 Nov 2026 18:00:00 GMT')
  t.equal(client.text.match(/^date:/gim)?.length, 1)
  t.not(headers.get('x-svidgate-decision-id'), 'forged')
})

t.test('informational answers end here', async (t) => {
  const { client } = await gatewayBefore(
    t,
    answering(
      'HTTP/1.1 102 Processing\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
    ),
  )
  client.write(GET)
  const { status } = await client.answer()
  t.equal(status, 204)
  t.same(client.text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 204'])
})

t.test('304 may say how long the object is that it does not send', async (t) => {
  const { client } = await gatewayBefore(
    t,
    answering('HTTP/1.1 304 Not Modified\r\nETag: "e"\r\nContent-Length: 7\r\n\r\n'),
  )
  client.write(s3Head('GET /aws/s3/reports/2026/k', 'if-none-match: "e"'))
  await client.untilText('\r\n\r\n')
  t.match(client.text, /^HTTP\/1\.1 304 .*etag: "e"\r\n/is)
  t.notOk(client.isClosed, 'not cut')
})

t.test('a redirect is passed on, and not followed', async (t) => {
  const { client, upstream } = await gatewayBefore(
    t,
    answering(
      'HTTP/1.1 307 Temporary Redirect\r\nlocation: https://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n',
    ),
  )
  client.write(GET)
  const { status, headers } = await client.answer()
  t.equal(`${status} ${headers.get('location')}`, '307 https://127.0.0.1:1/')
  t.equal(upstream.connections.length, 1)
})

const FIRST = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst'
const DIRTY: readonly (readonly [id: string, first: string])[] = [
  [
    'a second answer that nobody asked for',
    `${FIRST}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged`,
  ],
  ['more than the length', `${FIRST}more`],
]
for (const [id, first] of DIRTY) {
  t.test(`the next request has a connection of its own after ${id}`, async (t) => {
    const answers = [first, 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecond']
    const { client, upstream } = await gatewayBefore(t, (connection, index) =>
      answering(answers[index] ?? '')(connection, index),
    )
    client.write(GET)
    t.equal((await client.answer()).body.toString(), 'first')
    const before = client.length
    client.write(GET)
    await client.until(() => client.length > before && client.text.endsWith('second'))
    t.notMatch(client.text, /forged|more/)
    t.equal(upstream.connections.length, 2)
  })
}

t.test('the answer to HEAD has no body, whatever the upstream writes', async (t) => {
  const { client } = await gatewayBefore(t, answering(`${FIRST.replace('first', '')}forged`))
  client.write(s3Head('HEAD /aws/s3/reports/2026/k'))
  await client.untilText('\r\n\r\n')
  t.match(client.text, /content-length: 5\r\n/i)
  client.write(s3Head('GET /nowhere'))
  await client.untilText('ERR_SG_ROUTE_UNKNOWN')
  t.notMatch(client.text, /forged/)
})
