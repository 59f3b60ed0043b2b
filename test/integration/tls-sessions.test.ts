// No session is ever resumed: whoever comes back proves its SVID again. A server with Node's own
// defaults stands beside the gateway in each test, so that the client is seen to try.

import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type ConnectionOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import {
  agentId,
  startTestGateway,
  TRUST_DOMAIN,
  type TestGateway,
} from '../support/running-gateway.ts'
import { clientOptions, knock, LIST_REPORTS, openTls } from '../support/tls-client.ts'

/** Takes sessions back, as Node does where nothing is said. */
async function permissive(t: Test, { dir }: TestGateway): Promise<number> {
  const server = createServer(
    {
      cert: await readFile(join(dir, 'gateway.pem')),
      key: await readFile(join(dir, 'gateway.key.pem')),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Every session that a client could try to resume after one whole exchange. */
async function sessionsOf(options: ConnectionOptions): Promise<readonly Buffer[]> {
  const sessions: Buffer[] = []
  const socket = connect(options)
  socket.on('session', (session) => sessions.push(session))
  await once(socket, 'secureConnect')
  socket.write(LIST_REPORTS)
  await once(socket, 'data')
  socket.destroy()
  return sessions
}

async function isReused(options: ConnectionOptions): Promise<boolean> {
  const { socket } = await openTls(options)
  const answer = socket.isSessionReused()
  socket.destroy()
  return answer
}

/** What happens between the first connection and the one that would resume it. */
const MEANWHILE: { id: string; meanwhile: (scene: Scene) => Promise<void>; isBare: boolean }[] = [
  {
    id: 'the client has no certificate any more',
    meanwhile: () => Promise.resolve(),
    isBare: true,
  },
  {
    id: 'the SVID has expired',
    meanwhile: async ({ time }) => void (time.ahead = 3_601_000),
    isBare: false,
  },
  {
    id: 'the CA has been removed',
    meanwhile: async ({ test }) => {
      const next = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: Date.now() })
      await writeFile(join(test.dir, 'bundle.pem'), next.caPem)
      await test.gateway.reload(await test.load())
    },
    isBare: false,
  },
  {
    id: 'the identity is on the deny list',
    meanwhile: async ({ test }) => {
      await writeFile(join(test.dir, 'deny.txt'), `${agentId('writer')}\n`)
      await test.gateway.reloadDenyList()
    },
    isBare: false,
  },
]

interface Scene {
  readonly test: TestGateway
  /** Of the gateway’s wall clock. */
  readonly time: { ahead: number }
}

async function start(t: Test): Promise<Scene> {
  const time = { ahead: 0 }
  const test = await startTestGateway({
    clock: { now: () => Date.now() + time.ahead },
    files: { 'deny.txt': '' },
    config: (text) => text.replace('identity:\n', 'identity:\n  denyList: ./deny.txt\n'),
  })
  t.teardown(() => test.close())
  return { test, time }
}

for (const { id, meanwhile, isBare } of MEANWHILE) {
  t.test(`nobody comes back with a session when ${id}`, async (t) => {
    const scene = await start(t)
    const { test } = scene
    const [whole, bare] = [clientOptions(test, test.svid('writer')), clientOptions(test, undefined)]
    const port = await permissive(t, test)
    const [session] = await sessionsOf({ ...whole, port })
    t.ok(await isReused({ ...bare, port, session }), 'elsewhere it would, without a certificate')

    const sessions = await sessionsOf(whole)
    for (const one of sessions) t.notOk(await isReused({ ...whole, session: one }), 'asked anew')
    await meanwhile(scene)
    for (const one of [undefined, ...sessions]) {
      t.equal(await knock({ ...(isBare ? bare : whole), session: one }), 'closed')
    }
  })
}
