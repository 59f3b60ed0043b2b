// PutObject, GetObject, HeadObject, DeleteObject, CopyObject of the sandbox S3.

import { err, ok } from '../../util/result.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import { ByteCollector } from './object-store.ts'
import type { ObjectContent, ObjectHeaders, StoredObject } from './object-store.ts'
import { single } from '../sandbox/raw-head.ts'
import type { HeaderIndex } from '../sandbox/raw-head.ts'
import {
  checksumHeaders,
  checksumNodes,
  emptyAnswer,
  fullChecksum,
  isoTime,
  missingKey,
  storeObject,
  xmlAnswer,
} from './s3-call.ts'
import type { S3Answer, S3Call, S3Result } from './s3-call.ts'
import { failsWritePrecondition, parseRange, readPrecondition } from './s3-conditions.ts'
import { RESPONSE_OVERRIDES } from './s3-operations.ts'

const STORED_HEADERS = [
  'content-type',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
]

/** Headers that S3 keeps with an object; the `aws-chunked` coding is of the transfer, not of it. */
export function objectHeaders(headers: HeaderIndex): ObjectHeaders {
  const kept: (readonly [string, string])[] = []
  for (const [name, values] of headers) {
    if (STORED_HEADERS.includes(name) || name.startsWith('x-amz-meta-')) {
      kept.push([name, values[0] ?? ''])
    }
  }
  const codings = (single(headers, 'content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked')
  if (codings.length > 0) kept.push(['content-encoding', codings.join(',')])
  return kept
}

export function contentOf(bytes: Buffer | undefined): ObjectContent {
  return bytes === undefined ? { kind: 'forgotten' } : { kind: 'bytes', bytes }
}

function preconditionFailed(): AwsFault {
  const message = 'At least one of the pre-conditions you specified did not hold'
  return fault(412, 'PreconditionFailed', message)
}

export async function putObject(call: S3Call): Promise<S3Result> {
  const { key, headers } = call.request
  if (failsWritePrecondition(headers, call.bucket.objects.get(key))) {
    return err(preconditionFailed())
  }
  const collector = new ByteCollector(call.store.memory)
  const received = await call.receive((chunk) => collector.add(chunk))
  if (!received.ok) {
    collector.discard()
    return received
  }
  if (failsWritePrecondition(headers, call.bucket.objects.get(key))) {
    collector.discard()
    return err(preconditionFailed())
  }
  const checksum = fullChecksum(received.value)
  const etag = `"${received.value.md5.toString('hex')}"`
  const full = storeObject(call, {
    key,
    length: received.value.length,
    etag,
    lastModified: call.now,
    content: contentOf(collector.finish()),
    headers: objectHeaders(headers),
    checksum,
  })
  if (full === undefined)
    return ok(emptyAnswer(200, [['etag', etag], ...checksumHeaders(checksum)]))
  collector.discard()
  return err(full)
}

function describe(call: S3Call, object: StoredObject): S3Answer['headers'] {
  const overrides = new Map<string, string>()
  for (const [parameter, header] of RESPONSE_OVERRIDES) {
    const value = call.request.query.get(parameter)
    if (value !== undefined) overrides.set(header, value)
  }
  const stored = new Map([['content-type', 'binary/octet-stream'], ...object.headers, ...overrides])
  const wantsChecksum = single(call.request.headers, 'x-amz-checksum-mode') === 'ENABLED'
  return [
    ['etag', object.etag],
    ['last-modified', new Date(object.lastModified).toUTCString()],
    ['accept-ranges', 'bytes'],
    ...stored,
    ...(wantsChecksum ? checksumHeaders(object.checksum) : []),
  ]
}

export async function getObject(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const { key, headers } = call.request
  const object = call.bucket.objects.get(key)
  if (object === undefined) return err(missingKey(call, key))
  const condition = readPrecondition(headers, object)
  if (condition === 412) return err(preconditionFailed())
  if (condition === 304) return ok(emptyAnswer(304, [['etag', object.etag]]))
  const range = parseRange(single(headers, 'range'), object.length)
  if (range === 'unsatisfiable') {
    const message = 'The requested range is not satisfiable'
    return err(fault(416, 'InvalidRange', message, [['ActualObjectSize', String(object.length)]]))
  }
  const { from, to } = range ?? { from: 0, to: object.length }
  const isHead = call.request.operation === 'HeadObject'
  const body = isHead ? undefined : call.store.read(object, from, to)
  if (body === undefined && !isHead) {
    const message = 'The sandbox kept only the hashes of this object, it was too big to keep'
    return err(fault(501, 'NotImplemented', message))
  }
  const described = describe(call, object)
  const headersOut: S3Answer['headers'] = [
    ...(range === undefined ? described : described.filter(([name]) => !isChecksum(name))),
    ['content-length', String(to - from)],
    ...(range === undefined
      ? []
      : ([['content-range', `bytes ${from}-${to - 1}/${object.length}`]] as const)),
  ]
  const status = range === undefined ? 200 : 206
  return ok({ status, headers: headersOut, body })
}

/** The stored checksum is of the whole object and must not be sent with a part of it. */
function isChecksum(name: string): boolean {
  return name.startsWith('x-amz-checksum-')
}

export async function deleteObject(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  call.store.remove(call.bucket, call.request.key)
  return ok(emptyAnswer(204))
}

/** The source of a copy, or why it cannot be copied. */
export function copySource(call: S3Call): { object: StoredObject } | AwsFault {
  const { source, headers } = call.request
  const bucket = call.store.buckets.get(source?.bucket ?? '')
  if (source === undefined || bucket === undefined) {
    return fault(404, 'NoSuchBucket', 'The specified bucket does not exist')
  }
  const object = bucket.objects.get(source.key)
  if (object === undefined) return missingKey({ ...call, bucket }, source.key)
  const conditions = new Map<string, readonly string[]>()
  for (const name of ['if-match', 'if-none-match']) {
    const values = headers.get(`x-amz-copy-source-${name}`)
    if (values !== undefined) conditions.set(name, values)
  }
  return readPrecondition(conditions, object) === undefined ? { object } : preconditionFailed()
}

export async function copyObject(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const found = copySource(call)
  if (!('object' in found)) return err(found)
  const { object } = found
  const { key, headers } = call.request
  const directive = single(headers, 'x-amz-metadata-directive') ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE') {
    return err(fault(400, 'InvalidArgument', 'Unknown metadata directive.'))
  }
  const collector = new ByteCollector(call.store.memory)
  if (object.content.kind === 'bytes') collector.add(object.content.bytes)
  const kept = object.content.kind === 'bytes' ? contentOf(collector.finish()) : object.content
  const full = storeObject(call, {
    ...object,
    key,
    lastModified: call.now,
    content: kept,
    headers: directive === 'COPY' ? object.headers : objectHeaders(headers),
  })
  if (full !== undefined) {
    collector.discard()
    return err(full)
  }
  return ok(
    xmlAnswer([
      'CopyObjectResult',
      [
        ['LastModified', isoTime(call.now)],
        ['ETag', object.etag],
        ...checksumNodes(object.checksum),
      ],
    ]),
  )
}
