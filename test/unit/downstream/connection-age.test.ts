// A connection that has reached its age, on a real socket: nobody loses a request by it.

import type { TLSSocket } from 'node:tls'
import t from 'tap'
import type { Exchange, Handler } from '../../../gateway/downstream/exchange.ts'
import { closed, listen } from '../../support/listener-scene.ts'

const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'
const BODY = Buffer.from('the whole answer')
const HEAD = [['content-length', String(BODY.length)]] as const

const answers: Handler = (exchange) => exchange.answer(200, HEAD, BODY, false)

/** One request, and the text of its answer. */
function ask(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (!text.endsWith(BODY.toString())) return
      socket.removeListener('data', onData)
      resolve(text)
    }
    socket.on('data', onData)
    socket.once('close', () => reject(new Error(`closed within: ${text}`)))
    socket.write(REQUEST)
  })
}

const LAST = /\r\nconnection: close\r\n/i
const AGE = { ageMs: 1, graceMs: 60_000 }

t.test('the answer after that says that it is the last, and is whole', async (t) => {
  const open = await listen(t, { handler: answers, maxAge: AGE })
  const socket = await open()
  let served = 0
  for (;;) {
    const text = await ask(socket)
    served += 1
    if (LAST.test(text)) break
  }
  await closed(socket)
  t.ok(served > 1, 'and it was kept alive before')
})

t.test('without an age that has come, an answer ends nothing', async (t) => {
  const open = await listen(t, { handler: answers })
  const socket = await open()
  const old = await listen(t, { handler: answers, maxAge: AGE })
  const other = await old()
  let isLast = false
  // The other one is told at its sweep: this one, asked as often, would have been too.
  while (!LAST.test(await ask(other))) isLast ||= LAST.test(await ask(socket))
  t.notOk(isLast)
  t.notMatch(await ask(socket), LAST)
  t.notOk(socket.closed)
})

/** A handler that has begun its answer and ends it when the test says so. */
function slow(): { handler: Handler; begun: Promise<Exchange> } {
  let begin: (exchange: Exchange) => void = () => undefined
  const begun = new Promise<Exchange>((resolve) => {
    begin = resolve
  })
  // Not before the request has been read to its end, as in the pipeline.
  const handler: Handler = (exchange) =>
    void setImmediate(() => {
      exchange.writeHead(200, HEAD)
      exchange.write(BODY.subarray(0, 4))
      begin(exchange)
    })
  return { handler, begun }
}

t.test('a long answer may end within the grace', async (t) => {
  const first = slow()
  let isFirst = true
  const open = await listen(t, {
    maxAge: AGE,
    handler: (exchange) => {
      if (isFirst) first.handler(exchange)
      else answers(exchange)
      isFirst = false
    },
  })
  const [socket, other] = [await open(), await open()]
  const answer = ask(socket)
  const exchange = await first.begun
  // The other one is as old: when it is told, so was this one.
  while (!LAST.test(await ask(other)));
  exchange.write(BODY.subarray(4))
  exchange.end()
  const text = await answer
  t.notMatch(text, LAST, 'its head was sent before')
  t.match(await ask(socket), LAST, 'the next one is told')
  await closed(socket)
})

t.test('and is cut after it', async (t) => {
  const { handler, begun } = slow()
  const open = await listen(t, { handler, maxAge: { ageMs: 1, graceMs: 0 } })
  const socket = await open()
  await Promise.all([t.rejects(ask(socket), /closed within: HTTP\/1.1 200 /), begun])
})
