// The data listener on a real socket, with a handler of the test's own: how long a connection lives,
// and that an answer arrives although its client is still sending.

import { connect, type TLSSocket } from 'node:tls'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { Handler } from '../../../gateway/downstream/exchange.ts'
import { LISTENER_LIMITS, type ListenerLimits } from '../../../gateway/downstream/limits.ts'
import { DataListener } from '../../../gateway/downstream/listener.ts'
import { ServerCertificates } from '../../../gateway/downstream/server-certificates.ts'
import { refusal } from '../../../gateway/errors.ts'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import type { PeerFields } from '../../../gateway/spiffe/peer.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import { peer } from '../../support/peers.ts'

const NOW = Date.now()
const DEADLINE_MS = 5000
const domain = createDevTrustDomain({ trustDomain: 'example.org', now: NOW })
const server = domain.issueServerCertificate({ names: ['localhost'], now: NOW })
const client = domain.issueSvid({
  spiffeId: 'spiffe://example.org/agent/acme/data-crew/writer',
  now: NOW,
  ttlSeconds: 3600,
})
const certificates = new ServerCertificates([
  { names: ['localhost'], certPem: server.certPem, keyPem: server.keyPem },
])

interface Scene {
  readonly handler?: Handler
  readonly peer?: Partial<PeerFields>
  readonly limits?: Partial<ListenerLimits>
}

async function listen(t: Test, scene: Scene): Promise<() => Promise<TLSSocket>> {
  const listener = new DataListener({
    host: '127.0.0.1',
    port: 0,
    limits: { ...LISTENER_LIMITS, ...scene.limits },
    maxConnectionsPerIdentity: () => 4,
    clock: { now: () => NOW },
    certificates: () => certificates,
    authenticate: (chain) =>
      chain.length > 0 ? ok(peer(scene.peer)) : err(refusal('ERR_SG_SVID_MISSING', 'none')),
    handler: scene.handler ?? ((exchange) => exchange.cut()),
    onUnread: () => Promise.reject(new Error('not in these tests')),
    onHandshake: () => undefined,
    onTlsFailure: () => undefined,
    onFault: (error) => t.fail(String(error)),
    onConnections: () => undefined,
  })
  const port = await listener.listen()
  t.teardown(() => listener.drain(0))
  return async () => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: server.caPem,
      cert: client.certPem,
      key: client.keyPem,
    })
    socket.on('error', () => socket.destroy())
    t.teardown(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
}

/** However it ends, but soon. */
function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
    setTimeout(() => reject(new Error('still open')), DEADLINE_MS).unref()
  })
}

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
