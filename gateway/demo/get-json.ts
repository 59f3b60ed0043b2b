// Gets a JSON document over plain HTTP from this machine: how the sandbox STS reads what the issuer
// publishes. No redirect is followed; size and time are bounded.

import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'

const TIMEOUT_MS = 5000
const MAX_BYTES = 1024 * 1024

/** Rejects for anything but a 200 with JSON. */
export async function getJson(url: string): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { agent: false, signal }, resolve).on('error', reject)
  })
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw new Error(`${url}: HTTP ${answer.statusCode ?? 'nothing'}`)
  }
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of answer) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('the answer must be a stream of bytes')
    length += piece.length
    if (length > MAX_BYTES) throw new Error(`${url}: more than ${MAX_BYTES} bytes`)
    pieces.push(piece)
  }
  const document: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
  return document
}
