// A server on a raw socket of this machine, so that an answer can be anything: it hands each
// connection to a script and closes with its test.

import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface LoopbackServer {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** Bytes that arrived, over all connections, latin1. */
  readonly received: string
  readonly connections: number
  /** Writes on every open connection. */
  send(text: string): void
  /** Resolves when every connection so far has ended. */
  idle(): Promise<void>
}

/** `script` is called with every piece that arrives; `received` is that connection's so far. */
export async function startLoopbackServer(
  t: Test,
  script: (socket: Socket, received: string) => void,
): Promise<LoopbackServer> {
  const open = new Map<Socket, Promise<unknown>>()
  let received = ''
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    let text = ''
    socket.setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    open.set(socket, once(socket, 'close'))
    socket.on('close', () => open.delete(socket))
    socket.on('data', (piece: string) => {
      text += piece
      received += piece
      script(socket, text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of open.keys()) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    get received() {
      return received
    },
    get connections() {
      return connections
    },
    send: (text) => {
      for (const socket of open.keys()) socket.write(text, 'latin1')
    },
    idle: async () => {
      await Promise.all(open.values())
    },
  }
}

/** True once a whole head, and a body of its Content-Length, is there. */
export function isWholeRequest(received: string): boolean {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return false
  const length = /^content-length: (\d+)/im.exec(received)?.[1] ?? '0'
  return received.length >= end + 4 + Number(length)
}
