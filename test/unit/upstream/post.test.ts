// Token exchanges over real sockets: one POST, its answer whole or an error that says why not, and
// never a second request.

import t, { type Test } from 'tap'
import type { OutboundLimits } from '../../../gateway/credential/outbound.ts'
import type { ConnectOptions } from '../../../gateway/upstream/guarded-connect.ts'
import { createPostClient, type PostClient } from '../../../gateway/upstream/post.ts'
import { isWholeRequest, startLoopbackServer } from '../../support/loopback-server.ts'

const LIMITS: OutboundLimits = { deadlineMs: 10_000, maxBytes: 1000 }
const LOOPBACK: ConnectOptions = {
  egress: { allowPrivate: false, unsafeAllowLoopback: true },
  ca: undefined,
  connectTimeoutMs: 10_000,
}
const HEADERS = [['content-type', 'application/x-www-form-urlencoded']] as const
const BODY = Buffer.from('Action=AssumeRoleWithWebIdentity')

function client(t: Test, connect: Partial<ConnectOptions> = {}): PostClient {
  const made = createPostClient({ connect: () => ({ ...LOOPBACK, ...connect }) })
  t.teardown(() => made.close())
  return made
}

function answer(head: string, body: string): string {
  return `HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

t.test('posts the bytes as they are and gives the answer whole', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (!isWholeRequest(received)) return
    socket.write('HTTP/1.1 200 OK\r\nX-Amzn-RequestId: R1\r\nContent-Le')
    socket.write('ngth: 6\r\nConnection: keep-alive\r\n\r\nabc')
    socket.write('def')
  })
  const { post } = client(t)
  const result = await post(server.origin, '/?x=1', HEADERS, BODY, LIMITS)
  t.match(result, { ok: true, value: { status: 200, headers: [['X-Amzn-RequestId', 'R1']] } })
  if (result.ok) t.equal(result.value.body.toString(), 'abcdef')
  t.match(server.received, /^POST \/\?x=1 HTTP\/1\.1\r\n/)
  t.match(server.received, /\r\ncontent-type: application\/x-www-form-urlencoded\r\n/)
  t.ok(server.received.endsWith(`\r\n\r\n${BODY.toString()}`))
})

t.test('an error status is an answer', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(answer('403 Forbidden', '<Error/>'))
  })
  t.match(await client(t).post(server.origin, '/', HEADERS, BODY, LIMITS), {
    ok: true,
    value: { status: 403 },
  })
})

t.test('no redirect is followed: the token stays where it was sent', async (t) => {
  const elsewhere = await startLoopbackServer(t, (socket) => socket.destroy())
  const server = await startLoopbackServer(t, (socket, received) => {
    if (!isWholeRequest(received)) return
    socket.write(answer(`307 Temporary Redirect\r\nLocation: ${elsewhere.origin}/`, ''))
  })
  t.match(await client(t).post(server.origin, '/', HEADERS, BODY, LIMITS), {
    ok: true,
    value: { status: 307 },
  })
  t.equal(elsewhere.connections, 0)
})

t.test('an answer beyond its limit is refused while it comes', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (!isWholeRequest(received)) return
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let sent = 0; sent < 4; sent += 1) {
      socket.write(`200\r\n${'x'.repeat(512)}\r\n`)
    }
  })
  const { post } = client(t)
  t.match(await post(server.origin, '/', HEADERS, BODY, LIMITS), {
    ok: false,
    error: { kind: 'too-large' },
  })
  await server.idle()
  t.equal(server.received.split('POST ').length, 2, 'and the call is not repeated')
})

t.test('an answer of exactly the limit is taken', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(answer('200 OK', 'x'.repeat(1000)))
  })
  const result = await client(t).post(server.origin, '/', HEADERS, BODY, LIMITS)
  t.ok(result.ok && result.value.body.length === 1000)
})

const SILENT: readonly (readonly [id: string, written: string])[] = [
  ['nothing at all', ''],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
]

for (const [id, written] of SILENT) {
  t.test(`the deadline ends a server that sends ${id}`, async (t) => {
    const server = await startLoopbackServer(t, (socket) => {
      if (written !== '') socket.write(written)
    })
    const { post } = client(t)
    t.match(await post(server.origin, '/', HEADERS, BODY, { ...LIMITS, deadlineMs: 100 }), {
      ok: false,
      error: { kind: 'timeout', detail: /100 ms/ },
    })
    await server.idle()
  })
}

t.test('a server that cuts or does not speak HTTP', async (t) => {
  const outcomes: readonly (readonly [written: string, kind: string])[] = [
    ['', 'unreachable'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', 'unreachable'],
    ['SSH-2.0-server\r\n', 'protocol'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na', 'protocol'],
  ]
  for (const [written, kind] of outcomes) {
    const server = await startLoopbackServer(t, (socket) => socket.end(written))
    const result = await client(t).post(server.origin, '/', HEADERS, BODY, LIMITS)
    t.match(result, { ok: false, error: { kind } }, JSON.stringify(written))
    t.notMatch(JSON.stringify(result), /AssumeRole/, 'no detail repeats the request')
    t.equal(server.received.split('POST ').length, 2, 'no second try')
  }
})

t.test('nobody is there', async (t) => {
  let origin = ''
  await t.test('a port that was free a moment ago', async (t) => {
    const server = await startLoopbackServer(t, (socket) => socket.destroy())
    origin = server.origin
  })
  t.match(await client(t).post(origin, '/', HEADERS, BODY, LIMITS), {
    ok: false,
    error: { kind: 'unreachable', detail: /ECONNREFUSED/ },
  })
})

t.test('the egress guard judges a literal, and what a name resolves to', async (t) => {
  const server = await startLoopbackServer(t, (socket) => socket.destroy())
  const guarded = { egress: { allowPrivate: false, unsafeAllowLoopback: false } }
  const literal = await client(t, guarded).post(server.origin, '/', HEADERS, BODY, LIMITS)
  t.match(literal, { ok: false, error: { kind: 'blocked' } })

  const asked: string[] = []
  const named = client(t, {
    ...guarded,
    lookup: (hostname, _options, callback) => {
      asked.push(hostname)
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ])
    },
  })
  const origin = server.origin.replace('127.0.0.1', 'sts.example.org')
  t.match(await named.post(origin, '/', HEADERS, BODY, LIMITS), {
    ok: false,
    error: { kind: 'blocked' },
  })
  t.strictSame(asked, ['sts.example.org'])
  t.equal(server.connections, 0)
})

t.test('of several addresses only those that may be dialled are', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(answer('200 OK', 'ok'))
  })
  const named = client(t, {
    lookup: (_hostname, _options, callback) =>
      callback(null, [
        { address: '169.254.169.254', family: 4 },
        { address: '10.0.0.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]),
  })
  const origin = server.origin.replace('127.0.0.1', 'sts.example.org')
  t.match(await named.post(origin, '/', HEADERS, BODY, LIMITS), { ok: true })
})

t.test('after a renewal new calls are dialled by what holds now', async (t) => {
  const server = await startLoopbackServer(t, (socket, received) => {
    if (isWholeRequest(received)) socket.write(answer('200 OK', 'ok'))
  })
  const egress = { allowPrivate: false, unsafeAllowLoopback: true }
  const made = createPostClient({ connect: () => ({ ...LOOPBACK, egress: { ...egress } }) })
  t.teardown(() => made.close())
  t.match(await made.post(server.origin, '/', HEADERS, BODY, LIMITS), { ok: true })
  egress.unsafeAllowLoopback = false
  made.renew()
  t.match(await made.post(server.origin, '/', HEADERS, BODY, LIMITS), {
    ok: false,
    error: { kind: 'blocked' },
  })
})
