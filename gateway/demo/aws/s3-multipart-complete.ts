// CompleteMultipartUpload of the sandbox S3: part sizes, order, ETags and checksums are checked as S3
// does, and the parts become one object.

import { createHash } from 'node:crypto'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { checksumElement, createChecksum } from './checksum.ts'
import type { ChecksumName } from './checksum.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import { ByteCollector } from './object-store.ts'
import type { MultipartUpload, ObjectChecksum, StoredPart } from './object-store.ts'
import { checksumNodes, storeObject, xmlAnswer } from './s3-call.ts'
import type { S3Call, S3Result } from './s3-call.ts'
import { md5Tag, noSuchUpload, openUpload } from './s3-multipart.ts'
import { contentOf } from './s3-objects.ts'
import { childText, readXml } from './xml.ts'
import type { XmlElement } from './xml.ts'

const MIN_PART_BYTES = 5 * 1024 * 1024
const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024

/** One `<Part>` of the completion document against what was uploaded. */
function matchPart(element: XmlElement, upload: MultipartUpload): StoredPart | undefined {
  const part = upload.parts.get(Number(childText(element, 'PartNumber') ?? NaN))
  if (part === undefined) return undefined
  const etag = childText(element, 'ETag') ?? ''
  if (etag !== md5Tag(part) && `"${etag}"` !== md5Tag(part)) return undefined
  for (const child of element.children) {
    if (!child.name.startsWith('Checksum')) continue
    const { checksum } = part
    if (checksum === undefined || child.name !== checksumElement(checksum.name)) return undefined
    if (child.text !== checksum.value) return undefined
  }
  return part
}

function chooseParts(
  document: string,
  upload: MultipartUpload,
): Result<readonly StoredPart[], AwsFault> {
  const root = readXml(document)
  const elements = root?.children ?? []
  const isShaped =
    root?.name === 'CompleteMultipartUpload' && elements.every((item) => item.name === 'Part')
  if (!isShaped || elements.length === 0) {
    const message =
      'The XML you provided was not well-formed or did not validate against our schema'
    return err(fault(400, 'MalformedXML', message))
  }
  const chosen: StoredPart[] = []
  let previous = 0
  for (const element of elements) {
    const number = Number(childText(element, 'PartNumber') ?? NaN)
    if (!(number > previous)) {
      const message = 'The list of parts was not in ascending order.'
      return err(fault(400, 'InvalidPartOrder', message))
    }
    previous = number
    const part = matchPart(element, upload)
    if (part === undefined) {
      const message = 'One or more of the specified parts could not be found.'
      return err(fault(400, 'InvalidPart', message, [['PartNumber', String(number)]]))
    }
    chosen.push(part)
  }
  if (chosen.slice(0, -1).some((part) => part.length < MIN_PART_BYTES)) {
    const message = 'Your proposed upload is smaller than the minimum allowed size'
    return err(fault(400, 'EntityTooSmall', message))
  }
  return ok(chosen)
}

function compositeChecksum(
  parts: readonly StoredPart[],
  name: ChecksumName | undefined,
): ObjectChecksum | undefined {
  if (name === undefined) return undefined
  const sum = createChecksum(name)
  for (const part of parts) {
    if (part.checksum === undefined) return undefined
    sum.update(Buffer.from(part.checksum.value, 'base64'))
  }
  return { name, value: `${sum.digest().toString('base64')}-${parts.length}`, type: 'COMPOSITE' }
}

function joinParts(call: S3Call, parts: readonly StoredPart[]): ByteCollector {
  const collector = new ByteCollector(call.store.memory)
  for (const { bytes } of parts) {
    if (bytes === undefined) collector.discard()
    else collector.add(bytes)
  }
  return collector
}

export async function completeMultipartUpload(call: S3Call): Promise<S3Result> {
  const pieces: Buffer[] = []
  let size = 0
  const received = await call.receive((chunk) => {
    size += chunk.length
    if (size <= MAX_DOCUMENT_BYTES) pieces.push(chunk)
  })
  if (!received.ok) return received
  const upload = openUpload(call)
  if (upload === undefined) return err(noSuchUpload())
  const chosen = chooseParts(Buffer.concat(pieces).toString('utf8'), upload)
  if (!chosen.ok) return chosen
  const parts = chosen.value
  const digest = createHash('md5')
  for (const part of parts) digest.update(part.md5)
  const etag = `"${digest.digest('hex')}-${parts.length}"`
  const checksum = compositeChecksum(parts, upload.checksumName)
  const collector = joinParts(call, parts)
  const { key, bucket } = call.request
  const full = storeObject(call, {
    key,
    length: parts.reduce((sum, part) => sum + part.length, 0),
    etag,
    lastModified: call.now,
    content: contentOf(collector.finish()),
    headers: upload.headers,
    checksum,
  })
  if (full !== undefined) {
    collector.discard()
    return err(full)
  }
  call.store.closeUpload(upload)
  return ok(
    xmlAnswer([
      'CompleteMultipartUploadResult',
      [
        ['Location', `/${bucket}/${key}`],
        ['Bucket', bucket],
        ['Key', key],
        ['ETag', etag],
        ...checksumNodes(checksum),
      ],
    ]),
  )
}
