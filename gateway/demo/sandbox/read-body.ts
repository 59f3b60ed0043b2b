// Reads a request body that is held whole, up to a limit.

import type { IncomingMessage } from 'node:http'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'

export type BodyProblem = 'cut-off' | 'too-large'

/** `onBytes` is told of every byte that arrives, those beyond the limit included. */
export async function readBody(
  message: IncomingMessage,
  maxBytes: number,
  onBytes: (count: number) => void,
): Promise<Result<Buffer, BodyProblem>> {
  const pieces: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of message) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('the body must be a stream of bytes')
      length += chunk.length
      onBytes(chunk.length)
      if (length <= maxBytes) pieces.push(chunk)
    }
  } catch (error) {
    if (error instanceof TypeError) throw error
    return err('cut-off')
  }
  return length > maxBytes ? err('too-large') : ok(Buffer.concat(pieces))
}
