// Receives a request body as S3 does and checks everything that the request said of it: length,
// SHA-256, Content-MD5, x-amz-checksum-*, and in `aws-chunked` form the framing, the decoded length
// and the trailing checksum ("Signature calculations for the Authorization header: transferring a
// payload with trailers", Amazon S3 API reference). Streams: memory does not grow with the body.

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { AwsChunkedDecoder } from './aws-chunked.ts'
import { createChecksum, isChecksumName } from './checksum.ts'
import type { Checksum, ChecksumName } from './checksum.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import { single } from '../sandbox/raw-head.ts'
import type { HeaderIndex } from '../sandbox/raw-head.ts'

const UNSIGNED = 'UNSIGNED-PAYLOAD'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const MAX_PUT_BYTES = 5 * 1024 ** 3

interface DeclaredChecksum {
  readonly name: ChecksumName
  /** Base64 as the header says; undefined: it follows in the trailer. */
  readonly expected: string | undefined
}

interface PayloadPlan {
  readonly kind: 'none' | 'plain' | 'aws-chunked'
  /** Bytes of the object itself, where the head says so. */
  readonly length: number
  readonly sha256: string | undefined
  readonly md5: string | undefined
  readonly checksum: DeclaredChecksum | undefined
}

export interface ReceivedPayload {
  readonly length: number
  readonly md5: Buffer
  readonly checksum: { readonly name: ChecksumName; readonly value: string } | undefined
}

function parseLength(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}

function isBase64Of(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, 'base64')
  return decoded.length === bytes && decoded.toString('base64') === text
}

function declaredChecksum(headers: HeaderIndex): Result<DeclaredChecksum | undefined, AwsFault> {
  const found: DeclaredChecksum[] = []
  for (const name of headers.keys()) {
    const algorithm = /^x-amz-checksum-(.+)$/.exec(name)?.[1]
    if (algorithm === undefined || ['algorithm', 'mode', 'type'].includes(algorithm)) continue
    const value = single(headers, name) ?? ''
    if (!isChecksumName(algorithm)) return err(invalid(`Unsupported checksum ${name}`))
    if (!isBase64Of(value, createChecksum(algorithm).digest().length)) {
      return err(invalid(`Value for ${name} header is invalid.`))
    }
    found.push({ name: algorithm, expected: value })
  }
  const trailer = single(headers, 'x-amz-trailer')
  if (trailer !== undefined) {
    const algorithm = /^x-amz-checksum-([a-z0-9]+)$/.exec(trailer)?.[1] ?? ''
    if (!isChecksumName(algorithm)) {
      return err(invalid('The value specified in the x-amz-trailer header is not supported'))
    }
    found.push({ name: algorithm, expected: undefined })
  }
  if (found.length > 1) return err(invalid('Expecting a single x-amz-checksum- header'))
  return ok(found[0])
}

function invalid(message: string): AwsFault {
  return fault(400, 'InvalidRequest', message)
}

function lengthMissing(): AwsFault {
  return fault(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
}

function planChunked(
  headers: HeaderIndex,
  checksum: DeclaredChecksum | undefined,
): Result<PayloadPlan, AwsFault> {
  const length = parseLength(single(headers, 'x-amz-decoded-content-length'))
  if (length === undefined) return err(lengthMissing())
  if (checksum === undefined || checksum.expected !== undefined) {
    return err(invalid(`${UNSIGNED_TRAILER} needs a checksum announced by x-amz-trailer`))
  }
  return ok({ kind: 'aws-chunked', length, sha256: undefined, md5: undefined, checksum })
}

function planPlain(
  headers: HeaderIndex,
  mode: string,
  checksum: DeclaredChecksum | undefined,
  mayHaveBody: boolean,
): Result<PayloadPlan, AwsFault> {
  const codings = single(headers, 'content-encoding')?.toLowerCase() ?? ''
  if (codings.includes('aws-chunked') || headers.has('x-amz-decoded-content-length')) {
    return err(invalid('aws-chunked needs a STREAMING- value of x-amz-content-sha256'))
  }
  if (headers.has('x-amz-trailer')) return err(invalid('x-amz-trailer needs aws-chunked'))
  if (headers.has('transfer-encoding')) return err(lengthMissing())
  const sent = single(headers, 'content-length')
  const length = sent === undefined && !mayHaveBody ? 0 : parseLength(sent)
  if (length === undefined) return err(lengthMissing())
  if (length > 0 && !mayHaveBody) return err(invalid('This operation takes no request body'))
  const md5 = single(headers, 'content-md5')
  if (md5 !== undefined && !isBase64Of(md5, 16)) {
    return err(fault(400, 'InvalidDigest', 'The Content-MD5 you specified is not valid.'))
  }
  const sha256 = mode === UNSIGNED ? undefined : mode
  return ok({ kind: mayHaveBody ? 'plain' : 'none', length, sha256, md5, checksum })
}

/** Reads from the head how the body will come, before a byte of it is asked for. */
export function planPayload(
  headers: HeaderIndex,
  mayHaveBody: boolean,
): Result<PayloadPlan, AwsFault> {
  const mode = single(headers, 'x-amz-content-sha256') ?? ''
  if (mode.startsWith('STREAMING-') && mode !== UNSIGNED_TRAILER) {
    return err(fault(501, 'NotImplemented', `The sandbox does not implement ${mode}`))
  }
  if (mode !== UNSIGNED && mode !== UNSIGNED_TRAILER && !/^[0-9a-f]{64}$/.test(mode)) {
    const message = `x-amz-content-sha256 must be ${UNSIGNED}, ${UNSIGNED_TRAILER}, or a valid sha256 value.`
    return err(fault(400, 'InvalidArgument', message))
  }
  const checksum = declaredChecksum(headers)
  if (!checksum.ok) return checksum
  const plan =
    mode === UNSIGNED_TRAILER && mayHaveBody
      ? planChunked(headers, checksum.value)
      : planPlain(headers, mode, checksum.value, mayHaveBody)
  if (plan.ok && plan.value.length > MAX_PUT_BYTES) {
    const message = 'Your proposed upload exceeds the maximum allowed size'
    return err(fault(400, 'EntityTooLarge', message))
  }
  return plan
}

interface Meters {
  readonly md5: Hash
  readonly sha256: Hash | undefined
  readonly checksum: Checksum | undefined
}

function verify(
  plan: PayloadPlan,
  meters: Meters,
  length: number,
  trailer: string | undefined,
): Result<ReceivedPayload, AwsFault> {
  if (length !== plan.length) {
    const message = 'You did not provide the number of bytes specified by the request'
    return err(fault(400, 'IncompleteBody', message))
  }
  if (meters.sha256 !== undefined) {
    const actual = meters.sha256.digest('hex')
    if (actual !== plan.sha256) {
      const message = "The provided 'x-amz-content-sha256' header does not match what was computed."
      return err(
        fault(400, 'XAmzContentSHA256Mismatch', message, [
          ['ClientComputedContentSHA256', plan.sha256 ?? ''],
          ['S3ComputedContentSHA256', actual],
        ]),
      )
    }
  }
  const md5 = meters.md5.digest()
  if (plan.md5 !== undefined && plan.md5 !== md5.toString('base64')) {
    const message = 'The Content-MD5 you specified did not match what we received.'
    return err(fault(400, 'BadDigest', message))
  }
  if (plan.checksum === undefined || meters.checksum === undefined) {
    return ok({ length, md5, checksum: undefined })
  }
  const { name, expected } = plan.checksum
  const value = meters.checksum.digest().toString('base64')
  if (value !== (expected ?? trailer)) {
    const message = `The ${name.toUpperCase()} you specified did not match the calculated checksum.`
    return err(fault(400, 'BadDigest', message))
  }
  return ok({ length, md5, checksum: { name, value } })
}

/**
 * Reads the body to its end. `onBytes` gets the object's own bytes, `onWire` the count of bytes as
 * they arrived. Nothing that was passed to `onBytes` is trustworthy before this resolves to ok.
 */
export async function receivePayload(
  body: Readable,
  plan: PayloadPlan,
  onBytes: (chunk: Buffer) => void,
  onWire: (bytes: number) => void,
): Promise<Result<ReceivedPayload, AwsFault>> {
  const meters: Meters = {
    md5: createHash('md5'),
    sha256: plan.sha256 === undefined ? undefined : createHash('sha256'),
    checksum: plan.checksum === undefined ? undefined : createChecksum(plan.checksum.name),
  }
  let length = 0
  const take = (chunk: Buffer): void => {
    length += chunk.length
    meters.md5.update(chunk)
    meters.sha256?.update(chunk)
    meters.checksum?.update(chunk)
    if (length <= plan.length) onBytes(chunk)
  }
  const decoder =
    plan.kind === 'aws-chunked'
      ? new AwsChunkedDecoder(`x-amz-checksum-${plan.checksum?.name ?? ''}`, take)
      : undefined
  try {
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('the body must be a stream of bytes')
      onWire(chunk.length)
      if (decoder === undefined) take(chunk)
      else decoder.write(chunk)
    }
  } catch (error) {
    if (error instanceof TypeError) throw error
    return err(fault(400, 'IncompleteBody', 'The connection ended before the body did'))
  }
  const problem = decoder?.finish()
  if (problem !== undefined) return err(problem)
  return verify(plan, meters, length, decoder?.trailer)
}
