// How the client states its body's integrity, and so how the gateway can sign it on (Amazon S3 API
// Reference, "Signature calculations: transferring payload"). Bytes in aws-chunked coding under an
// ordinary signature would be stored with their chunk envelope as the object: silent corruption, so
// the four marks of that coding must agree.

import { createHash } from 'node:crypto'
import type { Refusal } from '../../../errors.ts'
import { headerValue } from '../../../request/gateway-request.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { PayloadMode } from '../../facts.ts'
import type { RequestView } from '../../request-view.ts'
import { CHECKSUM_HEADERS } from './operation-index.ts'
import { quoted } from '../../quoted.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
export const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const SHA256_HEX = /^[0-9a-f]{64}$/
const LENGTH = /^(?:0|[1-9][0-9]{0,15})$/

type Mode = Result<PayloadMode, Refusal<S3RefusalCode>>

/** `inspected`: the operation's facts depend on the body, which the view therefore holds. */
export function payloadModeOf(view: RequestView, inspected: boolean): Mode {
  const stated = headerValue(view.headers, 'x-amz-content-sha256')
  if (stated === UNSIGNED_TRAILER) return trailerMode(view, inspected)
  const mark = chunkedMark(view)
  if (mark !== undefined) return refuseS3('S3-CHUNKED', `${mark} without ${UNSIGNED_TRAILER}`)
  if (stated !== undefined && stated !== UNSIGNED_PAYLOAD && !SHA256_HEX.test(stated)) {
    return stated.startsWith('STREAMING-')
      ? refuseS3('S3-CHUNK-SIGNED', `payload mode ${quoted(stated)}`)
      : refuseS3('S3-HASH', `${quoted(stated)} is no digest`)
  }
  const digest = stated === UNSIGNED_PAYLOAD ? undefined : stated
  if (isEmpty(view)) {
    return digest === undefined || digest === EMPTY_SHA256
      ? ok('none')
      : refuseS3('S3-HASH', 'the digest of a body, and no body')
  }
  if (inspected) return bufferedMode(view, digest)
  return ok(digest === undefined ? 'unsigned' : 'hash')
}

function trailerMode(view: RequestView, inspected: boolean): Mode {
  const decoded = headerValue(view.headers, 'x-amz-decoded-content-length')
  if (decoded === undefined || !LENGTH.test(decoded)) {
    return refuseS3('S3-CHUNKED', 'no usable x-amz-decoded-content-length')
  }
  if (isEmpty(view)) return refuseS3('S3-CHUNKED', 'a chunked body that is empty')
  if (inspected) return refuseS3('S3-CHUNKED', 'a body that must be read, in aws-chunked coding')
  const trailer = headerValue(view.headers, 'x-amz-trailer')
  if (trailer !== undefined && !CHECKSUM_HEADERS.has(trailer.toLowerCase())) {
    return refuseS3('S3-CHUNKED', `trailer ${quoted(trailer)} is no checksum`)
  }
  return ok('unsigned-trailer')
}

/** One of the marks of aws-chunked coding, if there is one. */
function chunkedMark({ headers }: RequestView): string | undefined {
  if (headers.has('x-amz-decoded-content-length')) return 'x-amz-decoded-content-length'
  if (headers.has('x-amz-trailer')) return 'x-amz-trailer'
  const codings = headers.get('content-encoding')
  const chunked = codings?.some((line) =>
    line.split(',').some((coding) => coding.trim().toLowerCase() === 'aws-chunked'),
  )
  return chunked === true ? 'aws-chunked' : undefined
}

function bufferedMode({ body, headers }: RequestView, digest: string | undefined): Mode {
  if (headers.has('content-encoding')) return refuseS3('S3-BODY', 'the body is compressed')
  if (body === undefined) return refuseS3('S3-BODY', 'the body was not read')
  if (digest !== undefined && sha256(body) !== digest) {
    return refuseS3('S3-HASH', 'the body has another digest')
  }
  return ok('buffered')
}

function isEmpty({ framing }: RequestView): boolean {
  return framing.kind === 'none' || (framing.kind === 'sized' && framing.length === 0)
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
