// A cloud service played by a script over raw TLS: it answers what it likes, when it likes, or not
// at all, and remembers every byte that it was sent. Plug it in as `s3Server` of the test gateway.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import type { ServerKey } from '../../gateway/demo/sandbox/http-service.ts'
import { RawConnection } from './raw-connection.ts'
import type { OwnService } from './running-gateway.ts'

/** Called for each connection; what it throws ends the connection. */
export type Script = (connection: RawConnection, index: number) => Promise<void> | void

export class ScriptedUpstream {
  readonly connections: RawConnection[] = []
  script: Script
  #onConnected: () => void = () => undefined
  readonly #connected: Promise<void>

  constructor(script: Script) {
    this.script = script
    this.#connected = new Promise((resolve) => {
      this.#onConnected = resolve
    })
  }

  /** Resolves with the first connection. */
  async connected(): Promise<RawConnection> {
    await this.#connected
    const [first] = this.connections
    if (first === undefined) throw new TypeError('connected without a connection')
    return first
  }

  /** Bytes that arrived, over all connections. */
  get bytes(): number {
    return this.connections.reduce((sum, { length }) => sum + length, 0)
  }

  readonly start = async ({ key, cert }: ServerKey): Promise<OwnService> => {
    const server = createServer({ key, cert, ALPNProtocols: ['http/1.1'] }, (socket) => {
      const connection = new RawConnection(socket)
      const index = this.connections.push(connection) - 1
      this.#onConnected()
      Promise.resolve(this.script(connection, index)).catch(() => socket.destroy())
    })
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      origin: `https://127.0.0.1:${port}`,
      close: async () => {
        for (const { socket } of this.connections) socket.destroy()
        server.close()
        await once(server, 'close')
      },
    }
  }

  /** Resolves when the gateway, or the script, has closed every connection. */
  async allClosed(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.untilClosed()))
  }
}

/** Waits for the head of the request, then writes each piece as it stands. */
export function answering(...pieces: readonly (string | Buffer)[]): Script {
  return async (connection) => {
    await connection.untilText('\r\n\r\n')
    for (const piece of pieces) connection.write(piece)
  }
}
