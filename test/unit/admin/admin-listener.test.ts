import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { umask } from 'node:process'
import t from 'tap'
import type { Test } from 'tap'
import { startAdminListener } from '../../../gateway/admin/admin-listener.ts'
import type { HttpServer } from '../../../gateway/admin/http-server.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { temporaryDirectory } from '../../support/audit.ts'
import { ask } from '../../support/http-client.ts'

function start(t: Test, socket: string): Promise<HttpServer> {
  return startAdminListener({
    socket,
    status: () => ({ generation: 3 }),
    config: () => ({ version: 1, secret: new Secret('CANARY') }),
    onError: () => undefined,
    hosts: ['gw.example.org'],
  }).then((server) => {
    t.teardown(() => server.close())
    return server
  })
}

t.test('status and config are read over a socket for its owner alone', async (t) => {
  const socketPath = join(temporaryDirectory(t), 'state', 'admin.sock')
  const before = umask()
  const server = await start(t, socketPath)
  t.equal(umask(), before, 'the umask is what it was')
  t.equal(statSync(socketPath).mode & 0o777, 0o600)
  t.match(await ask({ socketPath }, { path: '/v1/status' }), {
    status: 200,
    body: '{"generation":3}\n',
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  })
  const config = await ask({ socketPath }, { path: '/v1/config' })
  t.match(config, { status: 200, body: '{"version":1,"secret":"[secret]"}\n' })
  await server.close()
  t.notOk(existsSync(socketPath), 'and the socket goes with the listener')
})

t.test('reserved names say so, unknown ones are unknown, nothing can be changed', async (t) => {
  const socketPath = join(temporaryDirectory(t), 'admin.sock')
  await start(t, socketPath)
  const cases: readonly (readonly [string, string, number])[] = [
    ['GET', '/v1/generation', 501],
    ['GET', '/v1/decisions', 501],
    ['GET', '/v1/decisions/stream', 501],
    ['POST', '/v1/freezes', 501],
    ['DELETE', '/v1/freezes/f-1', 501],
    ['GET', '/console/', 501],
    ['GET', '/', 404],
    ['GET', '/v1/freezes/a/b', 404],
    ['GET', '/v1/status/', 404],
    ['POST', '/v1/status', 405],
    ['DELETE', '/v1/config', 405],
  ]
  for (const [method, path, status] of cases) {
    const reply = await ask({ socketPath }, { method, path })
    const id = `${method} ${path}`
    t.equal(reply.status, status, id)
    t.equal(reply.headers['content-type'], 'application/problem+json', id)
    t.match(JSON.parse(reply.body), { type: 'about:blank', status }, id)
  }
})

t.test('a foreign Host or any Origin is refused', async (t) => {
  const socketPath = join(temporaryDirectory(t), 'admin.sock')
  await start(t, socketPath)
  const cases: readonly (readonly [Record<string, string>, number])[] = [
    [{ host: 'localhost' }, 200],
    [{ host: 'LOCALHOST:8080' }, 200],
    [{ host: 'gw.example.org' }, 200],
    [{ host: 'evil.example' }, 403],
    [{ host: 'localhost.evil.example' }, 403],
    [{ host: '.' }, 403],
    [{ host: 'localhost', origin: 'http://localhost' }, 403],
    [{ host: 'localhost', origin: 'null' }, 403],
  ]
  for (const [headers, status] of cases) {
    const reply = await ask({ socketPath }, { path: '/v1/status', headers })
    t.equal(reply.status, status, JSON.stringify(headers))
  }
})

t.test('a socket that a crash left behind is taken over', async (t) => {
  const socketPath = join(temporaryDirectory(t), 'admin.sock')
  const child = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('up'))`,
  ])
  await once(child.stdout, 'data')
  await t.rejects(start(t, socketPath), { name: 'ListenError', message: /another process listens/ })
  child.kill('SIGKILL')
  await once(child, 'close')
  t.ok(existsSync(socketPath), 'it is still there')
  await start(t, socketPath)
  t.match(await ask({ socketPath }, { path: '/v1/status' }), { status: 200 })
})

t.test('what is no socket is never removed', async (t) => {
  const dir = temporaryDirectory(t)
  const file = join(dir, 'file')
  writeFileSync(file, 'precious')
  const link = join(dir, 'link')
  symlinkSync(file, link)
  for (const path of [file, link, dir]) {
    await t.rejects(start(t, path), { name: 'ListenError', message: /is not a socket/ }, path)
  }
  t.equal(readFileSync(file, 'utf8'), 'precious')
  const long = join(dir, 'x'.repeat(120))
  await t.rejects(start(t, long), { name: 'ListenError', message: /longer than 107 bytes/ })
})
