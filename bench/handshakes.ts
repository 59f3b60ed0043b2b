// The client of the handshakes, in a process of its own: opens connections, a few at a time, and
// either ends each at once or holds all of them, idle after one answer. Reads its order from the
// argument, says `warm` on its IPC channel, begins at `go`, sends what it did, and ends at `end`.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'

export interface HandshakeOrder {
  readonly port: number
  readonly ca: string
  /** File of a JSON list of key pairs, PEM. */
  readonly agents: string
  /** Which of them this run uses, one after another and round again. */
  readonly from: number
  readonly to: number
  readonly connections: number
  /** The request after which a connection is held; absent: it is ended after its handshake. */
  readonly head?: string
}

export interface HandshakeResult {
  /** How many there are in the end, or were. */
  readonly connections: number
}

const AT_A_TIME = 4

const order = JSON.parse(process.argv[2] ?? '{}') as HandshakeOrder
const agents = JSON.parse(readFileSync(order.agents, 'utf8')) as { cert: string; key: string }[]
const ca = readFileSync(order.ca)
const contexts = agents
  .slice(order.from, order.to)
  .map(({ cert, key }) => createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' }))
const held: TLSSocket[] = []

/** The server is done when it has sent the number of its session, which comes after its judgement. */
async function open(secureContext: SecureContext | undefined): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: order.port, secureContext })
  const ready = order.head === undefined ? 'session' : 'secureConnect'
  await once(socket, ready)
  if (order.head === undefined) {
    socket.destroy()
    return
  }
  const answered = once(socket, 'data')
  socket.write(order.head)
  await answered
  socket.on('data', () => undefined)
  held.push(socket)
}

process.send?.('warm')
await once(process, 'message')
const ended = once(process, 'message')
let left = order.connections
let failed = 0
const drive = async (): Promise<void> => {
  while (left > 0) {
    left -= 1
    await open(contexts[left % contexts.length]).catch(() => {
      failed += 1
    })
  }
}
await Promise.all(Array.from({ length: AT_A_TIME }, drive))
const alive = held.filter(({ destroyed }) => !destroyed).length
const result: HandshakeResult = {
  connections: order.head === undefined ? order.connections - failed : alive,
}
process.send?.(result)
await ended
for (const socket of held) socket.destroy()
process.disconnect()
