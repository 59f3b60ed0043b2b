// Peers that are slow, silent, greedy or no TLS at all cost themselves, not the gateway: each is
// closed in its time, and a good client is served meanwhile.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { exposition } from '../support/health.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { clientOptions, handshakes, knock, LIST_REPORTS, openTls } from '../support/tls-client.ts'

/** The shortest that the configuration takes. */
const SHORT = 'limits: { timeouts: { handshake: 1s, headers: 1s, keepAlive: 1s } }\n'

async function start(t: Test, more = ''): Promise<TestGateway> {
  const test = await startTestGateway({ config: (text) => text + more })
  t.teardown(() => test.close())
  return test
}

/** A TCP connection that ends in whatever way. */
function tcp(port: number): { socket: Socket; closed: Promise<unknown> } {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  return { socket, closed: once(socket, 'close') }
}

t.test('who connects and says nothing is closed by the handshake timeout', async (t) => {
  const test = await start(t, SHORT)
  const started = performance.now()
  const { closed } = tcp(test.port)
  await closed
  t.ok(performance.now() - started >= 990, 'not before its time')
  t.equal((await handshakes(test)).get('failed tls'), 1)
})

t.test('a head that does not come to its end is answered 408 and closed', async (t) => {
  const test = await start(t, SHORT)
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  const drip = setInterval(() => connection.write('x-slow: a\r\n'), 100)
  t.teardown(() => clearInterval(drip))
  connection.write('GET /aws/s3/reports HTTP/1.1\r\nhost: localhost\r\n')
  const answer = await connection.answer()
  clearInterval(drip)
  t.equal(answer.status, 408)
  t.match(answer.body.toString(), /ERR_SG_REQUEST_TIMEOUT/)
  await connection.untilClosed()
})

t.test('who proves an SVID and asks nothing is closed without a word or a record', async (t) => {
  const test = await start(t, SHORT)
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  await connection.untilClosed()
  t.equal(connection.length, 0)
  t.notOk((await test.stop()).some(({ type }) => type === 'decision'))
})

t.test('an idle connection is closed after its last answer', async (t) => {
  const test = await start(t, SHORT)
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(LIST_REPORTS)
  t.equal((await connection.answer()).status, 403)
  const { length } = connection
  await connection.untilClosed()
  t.equal(connection.length, length, 'nothing more was said')
})

t.test('200 handshakes of garbage leave the gateway at work', async (t) => {
  const test = await start(t)
  const good = clientOptions(test, test.svid('writer'))
  const forms = [
    (): Buffer => randomBytes(512),
    (): Buffer => Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'),
    // A record header of a handshake, and then no handshake.
    (): Buffer => Buffer.concat([Buffer.from('1603010200', 'hex'), randomBytes(512)]),
    (): Buffer => Buffer.from('16030100', 'hex'),
  ]
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const { socket, closed } = tcp(test.port)
      socket.end(forms[index % forms.length]?.() ?? '')
      socket.resume()
      await closed
    }),
  )
  t.equal(await knock(good), 403)
  const counts = await handshakes(test)
  t.equal(counts.get('accepted ok'), 1)
  t.ok((counts.get('failed tls') ?? 0) >= 150, `counted: ${counts.get('failed tls')}`)
  t.equal((await exposition(test)).samples.get('svidgate_connections'), 0, 'nothing is kept open')
})

t.test('connections of one identity have a limit, others have theirs; it is hot', async (t) => {
  const limit = (count: number): string => `limits: { perIdentity: { connections: ${count} } }\n`
  const test = await start(t, limit(2))
  const writer = clientOptions(test, test.svid('writer'))
  const first = await openTls(writer)
  const second = await openTls(writer)
  for (const connection of [first, second]) {
    connection.write(LIST_REPORTS)
    t.equal((await connection.answer()).status, 403)
  }
  t.equal(await knock(writer), 'closed', 'one more')
  t.equal((await handshakes(test)).get('refused ERR_SG_LIMIT'), 1)
  t.equal(await knock(clientOptions(test, test.svid('researcher'))), 403, 'another identity')
  const more = test.configText.replace(limit(2), limit(3))
  t.same(await test.gateway.reload(await test.load(more)), [])
  t.equal(await knock(writer), 403, 'after a reload')
  first.socket.destroy()
  await first.untilClosed()
})
