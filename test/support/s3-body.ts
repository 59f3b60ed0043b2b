import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { S3ServiceException } from '@aws-sdk/client-s3'

/** The bytes of an SDK's answer body. */
export async function bytesOf(body: unknown): Promise<Buffer> {
  if (!(body instanceof Readable)) throw new TypeError('the body is no stream')
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(Buffer.from(piece as Uint8Array))
  return Buffer.concat(pieces)
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** In pieces of an odd size, so that no boundary falls together with another's. */
export function streamOf(bytes: Buffer, pieceBytes = 65_521): Readable {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(bytes.subarray(at, at + pieceBytes))
  }
  return Readable.from(pieces)
}

/** The status of an answer that the SDK reports as an error; undefined where it reports none. */
export async function statusOf(sent: Promise<unknown>): Promise<number | undefined> {
  try {
    await sent
    return undefined
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error
    return error.$metadata.httpStatusCode
  }
}
