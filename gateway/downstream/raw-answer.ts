// An answer to what never became a request: bytes that the parser refused, CONNECT, upgrades. It is
// written to the socket itself, and the connection ends with it.

import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeaderLine } from '../request/message.ts'

export interface RawAnswer {
  readonly status: number
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer
}

export function answerRaw(socket: Duplex, answer: RawAnswer): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const reason = STATUS_CODES[answer.status] ?? ''
  const lines = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const head = `HTTP/1.1 ${answer.status} ${reason}\r\n${lines}connection: close\r\n\r\n`
  socket.end(Buffer.concat([Buffer.from(head, 'latin1'), answer.body]))
  // Whatever else the peer sends is dropped; nothing of it is read as another request.
  socket.resume()
}
