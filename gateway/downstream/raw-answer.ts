// Answers to what never became a request: bytes that the parser refused, CONNECT, upgrades. A bare
// status without a body, then the connection ends; no hint goes to whoever probes.

import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

const STATUS_OF_PARSER_ERROR: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_INVALID_VERSION', 505],
])

export function answerClientError(error: Error, socket: Duplex): void {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  answerRaw(socket, STATUS_OF_PARSER_ERROR.get(code) ?? 400)
}

export function answerRaw(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy())
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const reason = STATUS_CODES[status] ?? ''
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  // Whatever else the peer sends is dropped; nothing of it is read as another request.
  socket.resume()
}
