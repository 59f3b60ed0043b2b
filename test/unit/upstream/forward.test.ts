// The sender over real sockets: only what was signed, once, with the pace of both sides, and no
// connection shared between identities.

import { PassThrough, Readable } from 'node:stream'
import t, { type Test } from 'tap'
import type { Framing, HeaderLine } from '../../../gateway/request/message.ts'
import { makeSignedRequest, type SignedRequest } from '../../../gateway/signing/signed-request.ts'
import { UpstreamForwarder } from '../../../gateway/upstream/forward.ts'
import type { PoolOptions } from '../../../gateway/upstream/pool-cache.ts'
import type { ResponseSink } from '../../../gateway/upstream/port.ts'
import { isWholeRequest, startLoopbackServer } from '../../support/loopback-server.ts'

const BODY_IDLE_MS = 10_000
const OPTIONS: PoolOptions = {
  connect: () => ({
    egress: { allowPrivate: false, unsafeAllowLoopback: true },
    ca: undefined,
    connectTimeoutMs: 10_000,
  }),
  connectionsPerPool: () => 4,
  maxPools: 8,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  keepAliveTimeoutMs: 10_000,
}

function forwarder(t: Test, options: Partial<PoolOptions> = {}, bodyIdleMs = BODY_IDLE_MS) {
  const made = new UpstreamForwarder({ ...OPTIONS, ...options }, bodyIdleMs)
  t.teardown(() => made.close())
  return made
}

function signed(origin: string, fields: Partial<SignedRequest> = {}): SignedRequest {
  return makeSignedRequest({
    upstream: { name: 'aws_s3', origin, authority: origin.slice('http://'.length) },
    method: 'GET',
    target: '/reports/a%2Fb?list-type=2',
    headers: [
      ['host', 's3.eu-west-1.amazonaws.com'],
      ['authorization', 'AWS4-HMAC-SHA256 x'],
    ],
    framing: { kind: 'none' },
    body: undefined,
    identity: 'spiffe://example.org/agent/acme/data-crew/writer',
    ...fields,
  })
}

class Sink implements ResponseSink {
  status = 0
  headers: readonly HeaderLine[] = []
  text = ''
  ends = 0
  /** False: the client is slow, until `drain`. */
  isFast = true
  drain = (): void => undefined
  onHead(status: number, headers: readonly HeaderLine[]): void {
    this.status = status
    this.headers = headers
  }
  onData(chunk: Buffer): boolean {
    this.text += chunk.toString('latin1')
    return this.isFast
  }
  onDrain(listener: () => void): void {
    this.drain = listener
  }
  onEnd(): void {
    this.ends += 1
  }
}

const NO_BODY = Readable.from([])
const nothing = (): void => undefined
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

t.test('what nobody signed is not sent, whatever it looks like', async (t) => {
  const server = await startLoopbackServer(t, (socket) => socket.end(OK))
  const upstream = forwarder(t)
  const lookalike = { ...signed(server.origin) }
  t.throws(() => upstream.send(lookalike, NO_BODY, new Sink(), nothing), TypeError)
  t.equal(server.connections, 0)
})

t.test('the signed bytes go out as they are, and the answer comes back as it is', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (!isWholeRequest(received)) return
    socket.write(
      'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' +
        'HTTP/1.1 206 Partial Content\r\nx-amz-request-id: R7\r\nContent-Encoding: gzip\r\n' +
        'Content-Length: 3\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\nabc',
    )
  })
  const sink = new Sink()
  const sent = await forwarder(t).send(signed(server.origin), NO_BODY, sink, nothing)
  t.strictSame(sent, {
    ok: true,
    value: { status: 206, requestId: 'R7', bytesIn: 3, bytesOut: 0 },
  })
  t.equal(sink.status, 206)
  t.equal(sink.ends, 1, 'told of the end before whoever waits for it')
  t.equal(sink.text, 'abc', 'not decoded')
  t.strictSame(sink.headers, [
    ['x-amz-request-id', 'R7'],
    ['Content-Encoding', 'gzip'],
    ['Content-Length', '3'],
  ])
  t.match(server.received, /^GET \/reports\/a%2Fb\?list-type=2 HTTP\/1\.1\r\n/)
  t.match(server.received, /\r\nhost: s3\.eu-west-1\.amazonaws\.com\r\n/)
  t.match(server.received, /\r\nauthorization: AWS4-HMAC-SHA256 x\r\n/)
})

const BODIES: readonly (readonly [id: string, framing: Framing, wire: RegExp])[] = [
  ['a sized body', { kind: 'sized', length: 6 }, /\r\ncontent-length: 6\r\n\r\nabcdef$/],
  [
    'a chunked body',
    { kind: 'chunked' },
    /\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n$/,
  ],
]

for (const [id, framing, wire] of BODIES) {
  t.test(`${id} is streamed with the framing that was judged`, async (t) => {
    const body = new PassThrough()
    const server = await startLoopbackServer(t, (socket, received) => {
      if (received.endsWith('abc') || received.endsWith('abc\r\n')) body.end('def')
      else if (/def$|0\r\n\r\n$/.test(received)) socket.write(OK)
    })
    body.write('abc')
    const request = signed(server.origin, { method: 'PUT', framing })
    const sent = await forwarder(t).send(request, body, new Sink(), nothing)
    t.match(sent, { ok: true, value: { status: 200, bytesOut: 6 } })
    t.match(server.received, wire)
  })
}

t.test('bytes that were judged are sent instead of the client’s stream', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(OK)
  })
  const request = signed(server.origin, {
    method: 'POST',
    framing: { kind: 'sized', length: 6 },
    body: Buffer.from('judged'),
  })
  const stream = Readable.from([Buffer.from('others')])
  const sent = await forwarder(t).send(request, stream, new Sink(), nothing)
  t.match(sent, { ok: true, value: { bytesOut: 6 } })
  t.ok(server.received.endsWith('\r\n\r\njudged'))
})

t.test('a slow client holds the answer back, and what it took goes on', async (t) => {
  const server = await startLoopbackServer(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab')
  })
  const sink = new Sink()
  sink.isFast = false
  let isOver = false
  const request = signed(server.origin)
  const upstream = forwarder(t)
  const held = new Promise<void>((resolve) => {
    sink.onData = (chunk) => {
      sink.text += chunk.toString('latin1')
      resolve()
      return sink.isFast
    }
  })
  const sent = upstream.send(request, NO_BODY, sink, nothing).finally(() => (isOver = true))
  await held
  t.equal(sink.text, 'ab')
  t.notOk(isOver)
  sink.isFast = true
  t.teardown(() => sent.catch(nothing))
  server.send('cd')
  sink.drain()
  t.match(await sent, { ok: true, value: { bytesIn: 4 } })
  t.equal(sink.text, 'abcd')
})

const FAILURES: readonly (readonly [
  id: string,
  written: string,
  code: string,
  afterHead: boolean,
])[] = [
  ['a connection that ends before the head', '', 'ERR_SG_UPSTREAM_RESET', false],
  [
    'a body that breaks off',
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
    'ERR_SG_UPSTREAM_RESET',
    true,
  ],
  ['another protocol', 'SSH-2.0-server\r\n', 'ERR_SG_UPSTREAM_PROTOCOL', false],
  [
    'a switch of protocols that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'ERR_SG_UPSTREAM_RESET',
    false,
  ],
  [
    'no end of informational answers',
    'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20),
    'ERR_SG_UPSTREAM_PROTOCOL',
    false,
  ],
]

for (const [id, written, code, afterHead] of FAILURES) {
  t.test(`${id} is a failure with its code, and nothing is tried again`, async (t) => {
    const server = await startLoopbackServer(t, (socket) => socket.end(written))
    const sink = new Sink()
    const sent = await forwarder(t).send(signed(server.origin), NO_BODY, sink, nothing)
    t.match(sent, { ok: false, error: { code, afterHead } })
    t.equal(server.received.split('GET ').length, 2)
    t.equal(sink.status, afterHead ? 200 : 0)
  })
}

t.test('silence has a limit before the head and within the body', async (t) => {
  for (const written of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc']) {
    const server = await startLoopbackServer(t, (socket) => socket.write(written))
    const upstream = forwarder(t, { headersTimeoutMs: 300, bodyTimeoutMs: 300 })
    const sink = new Sink()
    const sent = await upstream.send(signed(server.origin), NO_BODY, sink, nothing)
    t.match(sent, { ok: false, error: { code: 'ERR_SG_UPSTREAM_TIMEOUT' } })
    t.equal(sink.ends, 0)
  }
})

t.test('a client that stops sending is cut off, and the cloud sees no whole message', async (t) => {
  const server = await startLoopbackServer(t, nothing)
  const body = new PassThrough()
  body.write('abc')
  const request = signed(server.origin, { method: 'PUT', framing: { kind: 'sized', length: 10 } })
  const sent = await forwarder(t, {}, 100).send(request, body, new Sink(), nothing)
  t.match(sent, { ok: false, error: { code: 'ERR_SG_REQUEST_TIMEOUT' } })
  await server.idle()
  t.ok(server.received.endsWith('\r\n\r\nabc'))
})

t.test('an aborted exchange ends its connection', async (t) => {
  const server = await startLoopbackServer(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
  })
  let abort = nothing
  const sink = new Sink()
  const begun = new Promise<void>((resolve) => {
    sink.onData = () => {
      resolve()
      return true
    }
  })
  const sent = forwarder(t).send(signed(server.origin), NO_BODY, sink, (cancel) => (abort = cancel))
  await begun
  abort()
  t.match(await sent, { ok: false })
  await server.idle()
})

t.test('identities never share a connection; one identity uses its own again', async (t) => {
  const server = await startLoopbackServer(t, (socket) => socket.write(OK))
  const upstream = forwarder(t)
  const send = async (identity: string): Promise<void> => {
    await upstream.send(signed(server.origin, { identity }), NO_BODY, new Sink(), nothing)
    // A connection is free again in the turn after its answer.
    await new Promise(setImmediate)
  }
  await send('spiffe://example.org/agent/acme/data-crew/writer')
  await send('spiffe://example.org/agent/acme/data-crew/writer')
  t.equal(server.connections, 1)
  await send('spiffe://example.org/agent/acme/data-crew/researcher')
  t.equal(server.connections, 2)
  upstream.renew()
  await send('spiffe://example.org/agent/acme/data-crew/writer')
  t.equal(server.connections, 3, 'after a reload nothing goes over the old ones')
})

t.test('the egress guard stands before the first byte', async (t) => {
  const server = await startLoopbackServer(t, (socket) => socket.write(OK))
  const upstream = forwarder(t, {
    connect: () => ({
      egress: { allowPrivate: true, unsafeAllowLoopback: false },
      ca: undefined,
      connectTimeoutMs: 10_000,
    }),
  })
  const sent = await upstream.send(signed(server.origin), NO_BODY, new Sink(), nothing)
  t.match(sent, { ok: false, error: { code: 'ERR_SG_UPSTREAM_REFUSED', afterHead: false } })
  t.equal(server.connections, 0)
})
