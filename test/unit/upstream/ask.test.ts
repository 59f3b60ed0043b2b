// A look-up over real sockets: one POST, its whole answer, within limits of time and size.

import t, { type Test } from 'tap'
import { makeSignedLookup, type SignedLookup } from '../../../gateway/signing/signed-lookup.ts'
import { makeSignedRequest } from '../../../gateway/signing/signed-request.ts'
import { UpstreamForwarder } from '../../../gateway/upstream/forward.ts'
import type { AskLimits } from '../../../gateway/upstream/port.ts'
import { isWholeRequest, startLoopbackServer } from '../../support/loopback-server.ts'

const LIMITS: AskLimits = { deadlineMs: 10_000, maxBytes: 1000 }
const noCancel = (): void => undefined

function forwarder(t: Test): UpstreamForwarder {
  const made = new UpstreamForwarder(
    {
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
    },
    10_000,
  )
  t.teardown(() => made.close())
  return made
}

function lookupAt(origin: string): SignedLookup {
  return makeSignedLookup({
    upstream: { name: 'gcp_bigquery', origin, authority: origin.slice('http://'.length) },
    method: 'POST',
    target: '/bigquery/v2/projects/acme-data/jobs',
    headers: [
      ['host', 'bigquery.googleapis.com'],
      ['content-type', 'application/json'],
      ['authorization', 'Bearer ya29.x'],
    ],
    body: Buffer.from('{"configuration":{"dryRun":true}}'),
    identity: 'spiffe://example.org/agent/acme/data-crew/researcher',
  })
}

t.test('sends what was signed, once, and reads the whole answer', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (!isWholeRequest(received)) return
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"a":')
    setImmediate(() => socket.write('"bc"}'))
  })
  const answer = await forwarder(t).ask(lookupAt(server.origin), LIMITS, noCancel)
  t.same(answer, { ok: true, value: { status: 200, body: Buffer.from('{"a":"bc"}') } })
  t.equal(
    server.received,
    [
      'POST /bigquery/v2/projects/acme-data/jobs HTTP/1.1',
      'host: bigquery.googleapis.com',
      'connection: keep-alive',
      'content-type: application/json',
      'authorization: Bearer ya29.x',
      'content-length: 33',
      '',
      '{"configuration":{"dryRun":true}}',
    ].join('\r\n'),
  )
})

t.test('an answer of any status is an answer; a redirect is not followed', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (!isWholeRequest(received)) return
    socket.end('HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n')
  })
  const answer = await forwarder(t).ask(lookupAt(server.origin), LIMITS, noCancel)
  t.match(answer, { ok: true, value: { status: 307 } })
  t.equal(server.connections, 1)
})

const HEAD = 'HTTP/1.1 200 OK\r\n'
const BROKEN: readonly (readonly [id: string, bytes: string, code: string])[] = [
  [
    'too large',
    `${HEAD}content-length: 1001\r\n\r\n${'x'.repeat(1001)}`,
    'ERR_SG_UPSTREAM_PROTOCOL',
  ],
  [
    'too large in pieces',
    `${HEAD}transfer-encoding: chunked\r\n\r\n3e9\r\n${'x'.repeat(1001)}\r\n`,
    'ERR_SG_UPSTREAM_PROTOCOL',
  ],
  ['shorter than it says', `${HEAD}content-length: 9\r\n\r\nshort`, 'ERR_SG_UPSTREAM_RESET'],
  ['no HTTP', 'no\r\n\r\n', 'ERR_SG_UPSTREAM_PROTOCOL'],
  [
    'an informational one first',
    `HTTP/1.1 103 Early Hints\r\n\r\n${HEAD}\r\n`,
    'ERR_SG_UPSTREAM_PROTOCOL',
  ],
]

t.test('an answer that is not whole, or too much, is a failure', async (t) => {
  for (const [id, bytes, code] of BROKEN) {
    const server = await startLoopbackServer(t, (socket, received) => {
      if (isWholeRequest(received)) socket.end(bytes, 'latin1')
    })
    const answer = await forwarder(t).ask(lookupAt(server.origin), LIMITS, noCancel)
    t.match(answer, { ok: false, error: { code } }, id)
  }
})

t.test('an answer that takes too long is given up, and its connection with it', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(`${HEAD}content-length: 9\r\n\r\nslow`)
  })
  const limits = { ...LIMITS, deadlineMs: 50 }
  const answer = await forwarder(t).ask(lookupAt(server.origin), limits, noCancel)
  t.match(answer, { ok: false, error: { code: 'ERR_SG_UPSTREAM_TIMEOUT' } })
  await server.idle()
})

t.test('whoever asked can stop waiting, and the connection ends', async (t) => {
  let abort = noCancel
  const server = await startLoopbackServer(t, (_socket, received) => {
    if (isWholeRequest(received)) abort()
  })
  const answer = await forwarder(t).ask(lookupAt(server.origin), LIMITS, (stop) => {
    abort = stop
  })
  t.match(answer, { ok: false, error: { code: 'ERR_SG_UPSTREAM_UNREACHABLE' } })
  await server.idle()
})

t.test('what is given up before it begins is never sent', async (t) => {
  const server = await startLoopbackServer(t, () => undefined)
  const answer = await forwarder(t).ask(lookupAt(server.origin), LIMITS, (stop) => stop())
  t.match(answer, { ok: false })
  t.equal(server.connections, 0)
})

t.test('stopping after the end changes nothing', async (t) => {
  let abort = noCancel
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(`${HEAD}content-length: 0\r\n\r\n`)
  })
  const upstream = forwarder(t)
  const ask = () =>
    upstream.ask(lookupAt(server.origin), LIMITS, (stop) => {
      abort = stop
    })
  t.match(await ask(), { ok: true })
  abort()
  t.equal(server.connections, 1)
})

t.test('nothing but a signed look-up can be asked, and none can be sent', async (t) => {
  const upstream = forwarder(t)
  const lookup = lookupAt('http://127.0.0.1:1')
  t.throws(() => upstream.ask({ ...lookup }, LIMITS, noCancel), TypeError)
  const request = makeSignedRequest({ ...lookup, framing: { kind: 'none' } })
  // @ts-expect-error a request is no look-up
  t.throws(() => upstream.ask(request, LIMITS, noCancel), TypeError)
})

t.test('a server that is not there is unreachable', async (t) => {
  const server = await startLoopbackServer(t, (socket) => socket.destroy())
  const answer = forwarder(t).ask(lookupAt(server.origin), LIMITS, noCancel)
  t.match(await answer, { ok: false, error: { code: 'ERR_SG_UPSTREAM_RESET' } })
})
