// Writes given bytes over an agent's mTLS connection and reads what comes back, until the other side
// ends it: for requests that no SDK would send.

import { connect } from 'node:tls'
import type { AgentAccess } from './agent-access.ts'

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024

export interface RawAnswer {
  /** Of the first status line; undefined when there was none. */
  readonly status: number | undefined
  /** The `ERR_SG_…` code that the answer names. */
  readonly code: string | undefined
  /** Number of answers: more than one means that the bytes were read as several requests. */
  readonly answers: number
}

function describe(text: string): RawAnswer {
  const lines = text.match(/^HTTP\/1\.1 \d{3}/gm) ?? []
  const status = lines[0]?.slice(-3)
  return {
    status: status === undefined ? undefined : Number(status),
    code: /ERR_SG_[A-Z_]+/.exec(text)?.[0],
    answers: lines.length,
  }
}

export function exchangeRaw(access: AgentAccess, bytes: string): Promise<RawAnswer> {
  const port = Number(/:(\d+)$/.exec(access.baseOrigin)?.[1])
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let length = 0
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: access.caPem,
      cert: access.svid?.certPem,
      key: access.svid?.keyPem,
    })
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    // An error ends the connection; what was read before it is the answer.
    socket.on('error', () => socket.destroy())
    socket.on('secureConnect', () => socket.write(bytes, 'latin1'))
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (length > MAX_ANSWER_BYTES) socket.destroy()
    })
    socket.on('close', () => resolve(describe(Buffer.concat(pieces).toString('latin1'))))
  })
}
