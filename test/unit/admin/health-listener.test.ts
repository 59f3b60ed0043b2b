import { connect } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import type { Test } from 'tap'
import { startHealthListener } from '../../../gateway/admin/health-listener.ts'
import type { HealthListenerOptions } from '../../../gateway/admin/health-listener.ts'
import type { HttpServer } from '../../../gateway/admin/http-server.ts'
import { ask, exchangeRaw } from '../../support/http-client.ts'

async function start(t: Test, options: Partial<HealthListenerOptions> = {}): Promise<HttpServer> {
  const server = await startHealthListener({
    host: '127.0.0.1',
    port: 0,
    ready: [],
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', body: 'a 1\n' }),
    onError: () => undefined,
    ...options,
  })
  t.teardown(() => server.close())
  return server
}

t.test('alive, ready and metrics are answered', async (t) => {
  const { port } = await start(t, { ready: [() => true, () => true] })
  t.match(await ask({ port }, { path: '/healthz' }), { status: 200, body: 'ok\n' })
  t.match(await ask({ port }, { path: '/readyz' }), { status: 200, body: 'ok\n' })
  t.match(await ask({ port }, { path: '/metrics?x=1' }), {
    status: 200,
    body: 'a 1\n',
    headers: { 'content-type': 'text/plain; version=0.0.4', 'cache-control': 'no-store' },
  })
  t.match(await ask({ port }, { method: 'HEAD', path: '/healthz' }), {
    status: 200,
    body: '',
    headers: { 'content-length': '3' },
  })
})

t.test('one check that fails or throws is not ready, and nothing says which', async (t) => {
  const errors: unknown[] = []
  let ready = true
  const { port } = await start(t, { ready: [() => true, () => ready] })
  ready = false
  t.match(await ask({ port }, { path: '/readyz' }), { status: 503, body: 'not ready\n' })
  t.match(await ask({ port }, { path: '/healthz' }), { status: 200 }, 'alive all the same')
  const thrower = await start(t, {
    ready: [
      () => {
        throw new Error('canary')
      },
    ],
    onError: (error) => errors.push(error),
  })
  t.match(await ask({ port: thrower.port }, { path: '/readyz' }), {
    status: 503,
    body: 'not ready\n',
  })
  t.match(errors, [{ message: 'canary' }])
})

t.test('metrics that fail tell the client nothing', async (t) => {
  const errors: unknown[] = []
  const { port } = await start(t, {
    metrics: () => Promise.reject(new Error('canary')),
    onError: (error) => errors.push(error),
  })
  const reply = await ask({ port }, { path: '/metrics' })
  t.match(reply, { status: 500, body: 'internal error\n' })
  t.equal(errors.length, 1)
})

t.test('every other path is 404, every other method 405', async (t) => {
  const { port } = await start(t)
  for (const path of ['/', '/healthz/', '//healthz', '/%68ealthz', '/v1/status', '/HEALTHZ']) {
    t.equal((await ask({ port }, { path })).status, 404, path)
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    const reply = await ask({ port }, { method, path: '/healthz' })
    t.match(reply, { status: 405, headers: { allow: 'GET, HEAD' } }, method)
  }
})

t.test('heads are bounded, bodies unread, connections with them ended', async (t) => {
  const { port } = await start(t)
  const large = `GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(9000)}\r\n\r\n`
  t.match(await exchangeRaw({ port, host: '127.0.0.1' }, large), /^HTTP\/1\.1 431 /)
  t.match(await exchangeRaw({ port, host: '127.0.0.1' }, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
  const body = 'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
  const answered = await exchangeRaw({ port, host: '127.0.0.1' }, body)
  t.match(answered, /^HTTP\/1\.1 405 /)
  t.match(answered, /connection: close/i)
})

t.test('a client that says nothing is cut', async (t) => {
  const { port } = await start(t, { limits: { headersMs: 200, idleMs: 400 } })
  for (const bytes of [
    '',
    'GET /healthz HTTP/1.1\r\nHo',
    'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
  ]) {
    const received = await exchangeRaw({ port, host: '127.0.0.1' }, bytes)
    t.match(received, bytes.endsWith('\r\n\r\n') ? /^HTTP\/1\.1 200 / : /^(?:HTTP\/1\.1 408 |$)/)
  }
})

t.test('connections are bounded', async (t) => {
  const { port } = await start(t, { limits: { maxConnections: 2 } })
  const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  // The server has them once it answers on one of them.
  held[1]?.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(held[1] ?? held[0] ?? t, 'data')
  const received = await exchangeRaw(
    { port, host: '127.0.0.1' },
    'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
  )
  t.equal(received, '')
  for (const socket of held) socket.destroy()
})

t.test('close ends idle connections and waits for what is under way', async (t) => {
  let finish: (body: string) => void = () => undefined
  const body = new Promise<string>((resolve) => (finish = resolve))
  const started = new Promise<void>((resolve) => {
    t.context = resolve
  })
  const server = await start(t, {
    metrics: async () => {
      t.context()
      return { contentType: 'text/plain', body: await body }
    },
  })
  const idle = connect(server.port, '127.0.0.1')
  await once(idle, 'connect')
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(idle, 'data')
  const underWay = ask({ port: server.port }, { path: '/metrics' })
  await started
  const closed = server.close()
  await once(idle, 'close')
  finish('late')
  t.match(await underWay, { status: 200, body: 'late' })
  await closed
  await t.rejects(ask({ port: server.port }, { path: '/healthz' }), { code: 'ECONNREFUSED' })
})

t.test('close does not wait for ever', async (t) => {
  let called: () => void = () => undefined
  const started = new Promise<void>((resolve) => (called = resolve))
  const server = await start(t, {
    metrics: () => {
      called()
      return new Promise(() => undefined)
    },
    limits: { closeMs: 50 },
  })
  const hanging = ask({ port: server.port }, { path: '/metrics' }).catch((error: unknown) => error)
  await started
  await server.close()
  t.match(await hanging, { code: 'ECONNRESET' })
})

t.test('an address that is taken is said to be', async (t) => {
  const { port } = await start(t)
  await t.rejects(start(t, { port }), {
    name: 'ListenError',
    message: `cannot listen on 127.0.0.1:${port}: EADDRINUSE`,
  })
})
