// The data listener on a real socket, with a handler of the test's own: how long a connection lives,
// and that an answer arrives although its client is still sending.

import t from 'tap'
import { closed, listen, NOW } from '../../support/listener-scene.ts'

t.test('an idle connection ends together with the SVID that opened it', async (t) => {
  const open = await listen(t, { peer: { expiresAt: NOW + 100 } })
  const socket = await open()
  socket.resume()
  await closed(socket)
  t.pass('and nobody had to ask')
})

t.test('a connection in the middle of a request ends with its SVID too', async (t) => {
  let began = (): void => undefined
  const isBegun = new Promise<void>((resolve) => {
    began = resolve
  })
  const open = await listen(t, { handler: () => began(), peer: { expiresAt: NOW + 200 } })
  const socket = await open()
  socket.resume()
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await isBegun
  await closed(socket)
  t.pass()
})

const ANSWER = Buffer.from('<Error><Code>AccessDenied</Code></Error>')
const SIZE = 64 * 1024 * 1024

t.test('an answer arrives whole at a client that sends everything before it reads', async (t) => {
  let taken = 0
  const open = await listen(t, {
    handler: (exchange) => {
      exchange.body.on('data', (chunk: Buffer) => (taken += chunk.length))
      exchange.body.pause()
      exchange.answer(403, [['content-length', String(ANSWER.length)]], ANSWER, true)
    },
  })
  const socket = await open()
  socket.write(`PUT / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${SIZE}\r\n\r\n`)
  const piece = Buffer.alloc(1024 * 1024)
  let wake: (value?: unknown) => void = () => undefined
  socket.once('close', () => wake())
  for (let sent = 0; sent < SIZE; sent += piece.length) {
    if (!socket.write(piece) && !socket.destroyed) {
      await new Promise((resolve) => {
        socket.once('drain', resolve)
        wake = resolve
      })
    }
  }
  const pieces: Buffer[] = []
  socket.on('data', (chunk: Buffer) => pieces.push(chunk))
  await closed(socket)
  const text = Buffer.concat(pieces).toString('latin1')
  t.match(text, /^HTTP\/1\.1 403 /)
  t.match(text, /\r\nconnection: close\r\n/i)
  t.ok(text.endsWith(ANSWER.toString()))
  t.equal(taken, SIZE, 'what came after the answer was read and dropped')
})

for (const [id, limits] of [
  ['time', { lingerMs: 100 }],
  ['bytes', { lingerBytes: 1024 * 1024 }],
] as const) {
  t.test(`who goes on sending after an answer is cut off by ${id}`, async (t) => {
    const open = await listen(t, {
      limits,
      handler: (exchange) => {
        exchange.answer(403, [['content-length', String(ANSWER.length)]], ANSWER, true)
      },
    })
    const socket = await open()
    socket.resume()
    socket.write(`PUT / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${SIZE * 1024}\r\n\r\n`)
    const more = (): void => {
      while (!socket.destroyed && socket.write(Buffer.alloc(64 * 1024)));
    }
    if (id === 'bytes') socket.on('drain', more)
    if (id === 'bytes') more()
    await closed(socket)
    t.pass()
  })
}
