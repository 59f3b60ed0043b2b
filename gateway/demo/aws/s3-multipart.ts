// Multipart uploads of the sandbox S3: create, upload and copy parts, abort, list.

import { createHash } from 'node:crypto'
import { err, ok } from '../../util/result.ts'
import { checksumElement, createChecksum, isChecksumName } from './checksum.ts'
import type { ChecksumName } from './checksum.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import { ByteCollector } from './object-store.ts'
import type { MultipartUpload, StoredPart } from './object-store.ts'
import { single } from '../sandbox/raw-head.ts'
import { checksumHeaders, emptyAnswer, fullChecksum, isoTime, xmlAnswer } from './s3-call.ts'
import type { S3Call, S3Result } from './s3-call.ts'
import { parseRange } from './s3-conditions.ts'
import { copySource, objectHeaders } from './s3-objects.ts'
import type { XmlNode } from './xml.ts'

const MAX_PART_NUMBER = 10_000

export function noSuchUpload(): AwsFault {
  const message =
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.'
  return fault(404, 'NoSuchUpload', message)
}

export function openUpload(call: S3Call): MultipartUpload | undefined {
  const upload = call.store.uploads.get(call.request.query.get('uploadId') ?? '')
  const { bucket, key } = call.request
  return upload?.bucket === bucket && upload.key === key ? upload : undefined
}

export function md5Tag(part: StoredPart): string {
  return `"${part.md5.toString('hex')}"`
}

export async function createMultipartUpload(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const { headers, bucket, key } = call.request
  const named = single(headers, 'x-amz-checksum-algorithm')?.toLowerCase()
  if (named !== undefined && !isChecksumName(named)) {
    return err(fault(400, 'InvalidRequest', 'Checksum algorithm provided is unsupported.'))
  }
  if ((single(headers, 'x-amz-checksum-type') ?? 'COMPOSITE') !== 'COMPOSITE') {
    return err(fault(501, 'NotImplemented', 'The sandbox makes composite checksums only'))
  }
  const checksumName: ChecksumName | undefined = named
  const upload = call.store.openUpload({
    bucket,
    key,
    headers: objectHeaders(headers),
    checksumName,
  })
  if (upload === undefined) {
    return err(fault(503, 'SlowDown', 'The sandbox holds as many uploads as it can.'))
  }
  return ok(
    xmlAnswer(
      [
        'InitiateMultipartUploadResult',
        [
          ['Bucket', bucket],
          ['Key', key],
          ['UploadId', upload.id],
        ],
      ],
      checksumName === undefined
        ? []
        : [
            ['x-amz-checksum-algorithm', checksumName.toUpperCase()],
            ['x-amz-checksum-type', 'COMPOSITE'],
          ],
    ),
  )
}

function partNumber(call: S3Call): number | undefined {
  const text = call.request.query.get('partNumber') ?? ''
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= MAX_PART_NUMBER ? number : undefined
}

function badPartNumber(): AwsFault {
  const message = 'Part number must be an integer between 1 and 10000, inclusive'
  return fault(400, 'InvalidArgument', message)
}

export async function uploadPart(call: S3Call): Promise<S3Result> {
  const number = partNumber(call)
  if (number === undefined) return err(badPartNumber())
  if (openUpload(call) === undefined) return err(noSuchUpload())
  const collector = new ByteCollector(call.store.memory)
  const received = await call.receive((chunk) => collector.add(chunk))
  const upload = openUpload(call)
  if (!received.ok || upload === undefined) {
    collector.discard()
    return received.ok ? err(noSuchUpload()) : received
  }
  const { length, md5, checksum } = received.value
  const named = upload.checksumName
  if (checksum !== undefined && named !== undefined && checksum.name !== named) {
    collector.discard()
    const message = 'Checksum Type mismatch occurred between the upload and this part'
    return err(fault(400, 'InvalidRequest', message))
  }
  const part = { length, md5, bytes: collector.finish(), checksum, lastModified: call.now }
  call.store.setPart(upload, number, part)
  return ok(
    emptyAnswer(200, [['etag', md5Tag(part)], ...checksumHeaders(fullChecksum(received.value))]),
  )
}

export async function uploadPartCopy(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const number = partNumber(call)
  if (number === undefined) return err(badPartNumber())
  const upload = openUpload(call)
  if (upload === undefined) return err(noSuchUpload())
  const found = copySource(call)
  if (!('object' in found)) return err(found)
  const header = single(call.request.headers, 'x-amz-copy-source-range')
  const range = header === undefined ? undefined : parseRange(header, found.object.length)
  if (range === 'unsatisfiable' || (header !== undefined && range === undefined)) {
    return err(fault(400, 'InvalidArgument', 'The x-amz-copy-source-range value is invalid'))
  }
  const { from, to } = range ?? { from: 0, to: found.object.length }
  const pieces = call.store.read(found.object, from, to)
  if (pieces === undefined) {
    return err(fault(501, 'NotImplemented', 'The sandbox did not keep the bytes of the source'))
  }
  const md5 = createHash('md5')
  const sum = upload.checksumName === undefined ? undefined : createChecksum(upload.checksumName)
  const collector = new ByteCollector(call.store.memory)
  for (const piece of pieces) {
    md5.update(piece)
    sum?.update(piece)
    collector.add(piece)
  }
  const checksum =
    upload.checksumName === undefined || sum === undefined
      ? undefined
      : { name: upload.checksumName, value: sum.digest().toString('base64') }
  const part: StoredPart = {
    length: to - from,
    md5: md5.digest(),
    bytes: collector.finish(),
    checksum,
    lastModified: call.now,
  }
  call.store.setPart(upload, number, part)
  const nodes: readonly XmlNode[] = [
    ['LastModified', isoTime(call.now)],
    ['ETag', md5Tag(part)],
    ...(checksum === undefined ? [] : [[checksumElement(checksum.name), checksum.value] as const]),
  ]
  return ok(xmlAnswer(['CopyPartResult', nodes]))
}

export async function abortMultipartUpload(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const upload = openUpload(call)
  if (upload === undefined) return err(noSuchUpload())
  call.store.closeUpload(upload)
  return ok(emptyAnswer(204))
}

export async function listParts(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const upload = openUpload(call)
  if (upload === undefined) return err(noSuchUpload())
  const { query, bucket, key } = call.request
  const marker = Number(query.get('part-number-marker') ?? '0')
  const max = Math.min(Number(query.get('max-parts') ?? '1000'), 1000)
  if (!Number.isInteger(marker) || !Number.isInteger(max)) return err(badPartNumber())
  const numbers = [...upload.parts.keys()].filter((n) => n > marker).toSorted((a, b) => a - b)
  const page = numbers.slice(0, max)
  const nodes: XmlNode[] = page.map((number) => {
    const part = upload.parts.get(number)
    return [
      'Part',
      [
        ['PartNumber', number],
        ['LastModified', isoTime(part?.lastModified ?? 0)],
        ['ETag', part === undefined ? '' : md5Tag(part)],
        ['Size', part?.length ?? 0],
      ],
    ]
  })
  return ok(
    xmlAnswer([
      'ListPartsResult',
      [
        ['Bucket', bucket],
        ['Key', key],
        ['UploadId', upload.id],
        ['PartNumberMarker', marker],
        ['NextPartNumberMarker', page.at(-1) ?? 0],
        ['MaxParts', max],
        ['IsTruncated', String(page.length < numbers.length)],
        ...nodes,
      ],
    ]),
  )
}
