// The client of the benchmark, in a process of its own: as little work as possible per request, so
// that the machine belongs to the server under test. Reads its order from the argument, says `warm`
// on its IPC channel, begins at `go` and sends what it did. No two requests are the same, as those of
// an SDK never are: every `<n>` in path and headers is a number of its own.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'

export interface LoadOrder {
  readonly kind: 'get' | 'put' | 'connect' | 'query'
  readonly port: number
  /** Here and in the headers `<n>` stands for ten digits that are different in each request. */
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** With `query`: the body of each POST; `<n>` here too. */
  readonly body?: string
  readonly ca: string
  readonly cert: string
  readonly key: string
  readonly connections: number
  readonly warmUp: number
  /** Requests in all; with `put`, uploads in all; with `connect`, connections with one GET each. */
  readonly requests: number
  /** Bytes of one upload. */
  readonly bytes: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
}

const CHUNK = Buffer.alloc(64 * 1024, 'u')
const END_OF_HEAD = Buffer.from('\r\n\r\n')
const NUMBER_MARK = '<n>'
const NUMBER_DIGITS = 10

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder
const identity = {
  ca: readFileSync(order.ca),
  cert: readFileSync(order.cert),
  key: readFileSync(order.key),
}

class Connection {
  readonly #socket: TLSSocket
  #received: Buffer = Buffer.alloc(0)
  /** Of the answer that is under way; -1 while its head is incomplete. */
  #remaining = -1
  #settle: ((error?: Error) => void) | undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#read(chunk)
    })
    for (const event of ['error', 'close'] as const) {
      socket.on(event, (cause?: unknown) => {
        this.#settle?.(new Error(`connection lost: ${String(cause)}`))
      })
    }
  }

  static async open(): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port: order.port, ...identity })
    socket.setNoDelay()
    await once(socket, 'secureConnect')
    return new Connection(socket)
  }

  /** Sends the head and waits for the whole answer. */
  async exchange(head: Buffer): Promise<void> {
    const answered = this.#answer()
    this.#socket.write(head)
    await answered
  }

  async upload(head: Buffer, bytes: number): Promise<void> {
    const answered = this.#answer()
    this.#socket.write(head)
    for (let sent = 0; sent < bytes; sent += CHUNK.length) {
      const chunk = bytes - sent < CHUNK.length ? CHUNK.subarray(0, bytes - sent) : CHUNK
      if (!this.#socket.write(chunk)) await Promise.race([once(this.#socket, 'drain'), answered])
    }
    await answered
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  async #answer(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = undefined
        if (error === undefined) resolve()
        else reject(error)
      }
    })
  }

  #read(chunk: Buffer): void {
    if (this.#remaining < 0) {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
      const end = this.#received.indexOf(END_OF_HEAD)
      if (end < 0) return
      const head = this.#received.toString('latin1', 0, end)
      this.#remaining = bodyLength(head) - (this.#received.length - end - END_OF_HEAD.length)
      this.#received = Buffer.alloc(0)
    } else {
      this.#remaining -= chunk.length
    }
    if (this.#remaining === 0) {
      this.#remaining = -1
      this.#settle?.()
    }
  }
}

/** Anything but a 200 of stated length would measure something else. */
function bodyLength(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) {
    throw new Error(`not the answer that is measured:\n${head}`)
  }
  return Number(length)
}

function requestHead(method: string, bytes?: number): string {
  const lines = [`${method} ${order.path} HTTP/1.1`, `host: localhost:${String(order.port)}`]
  for (const [name, value] of order.headers) lines.push(`${name}: ${value}`)
  if (bytes !== undefined) lines.push(`content-length: ${String(bytes)}`)
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A head, and a body where there is one, that is written anew for each request. */
class Head {
  readonly #bytes: Buffer
  readonly #numbers: readonly number[]
  #number = Math.floor(Math.random() * 1e9)

  constructor(method: string, bytes?: number, body = '') {
    const text = requestHead(method, bytes) + body
    const parts = text.split(NUMBER_MARK)
    let at = 0
    this.#numbers = parts.slice(0, -1).map((part) => {
      at += part.length + NUMBER_DIGITS
      return at - NUMBER_DIGITS
    })
    this.#bytes = Buffer.from(parts.join('0'.repeat(NUMBER_DIGITS)), 'latin1')
  }

  next(): Buffer {
    this.#number += 1
    const digits = String(this.#number).padStart(NUMBER_DIGITS, '0')
    const bytes = Buffer.from(this.#bytes)
    for (const at of this.#numbers) bytes.write(digits, at, 'latin1')
    return bytes
  }
}

/** `count` jobs over all connections; each takes the next when it is done. */
async function share(
  connections: readonly Connection[],
  count: number,
  job: (connection: Connection) => Promise<void>,
): Promise<void> {
  let left = count
  const drive = async (connection: Connection) => {
    while (left > 0) {
      left -= 1
      await job(connection)
    }
  }
  await Promise.all(connections.map(drive))
}

function withBody(): Head {
  const { body = '' } = order
  const marks = body.split(NUMBER_MARK).length - 1
  return new Head('POST', body.length + marks * (NUMBER_DIGITS - NUMBER_MARK.length), body)
}

const first = order.kind === 'query' ? withBody() : new Head('GET')
const put = new Head('PUT', order.bytes)
const pool = await Promise.all(
  Array.from({ length: order.connections }, async () => Connection.open()),
)
await share(pool, order.warmUp, async (connection) => connection.exchange(first.next()))

const jobs = {
  get: async (connection: Connection) => connection.exchange(first.next()),
  query: async (connection: Connection) => connection.exchange(first.next()),
  put: async (connection: Connection) => connection.upload(put.next(), order.bytes),
  connect: async () => {
    const connection = await Connection.open()
    await connection.exchange(first.next())
    connection.close()
  },
}

process.send?.('warm')
await once(process, 'message')
const started = performance.now()
await share(pool, order.requests, jobs[order.kind])
const result: LoadResult = {
  requests: order.requests,
  seconds: (performance.now() - started) / 1000,
}
process.send?.(result)
for (const connection of pool) connection.close()
process.disconnect()
