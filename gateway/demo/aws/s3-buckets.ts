// ListBuckets, HeadBucket, GetBucketLocation, ListObjectsV2, DeleteObjects of the sandbox S3.

import { err, ok } from '../../util/result.ts'
import { fault } from './fault.ts'
import type { StoredObject } from './object-store.ts'
import { emptyAnswer, isoTime, xmlAnswer } from './s3-call.ts'
import type { S3Call, S3Result } from './s3-call.ts'
import { objectArn } from './s3-request.ts'
import { childText, readXml } from './xml.ts'
import type { XmlNode } from './xml.ts'

const MAX_KEYS = 1000
const MAX_DELETE_BYTES = 2 * 1024 * 1024

export async function listBuckets(call: S3Call, owner: string): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const buckets: XmlNode[] = []
  for (const bucket of call.store.buckets.values()) {
    if (bucket.owner !== owner) continue
    buckets.push([
      'Bucket',
      [
        ['Name', bucket.name],
        ['CreationDate', isoTime(bucket.createdAt)],
      ],
    ])
  }
  return ok(
    xmlAnswer([
      'ListAllMyBucketsResult',
      [
        ['Owner', [['ID', owner]]],
        ['Buckets', buckets],
      ],
    ]),
  )
}

export async function headBucket(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  return ok(emptyAnswer(200, [['x-amz-bucket-region', call.region]]))
}

export async function getBucketLocation(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  return ok(xmlAnswer(['LocationConstraint', call.region === 'us-east-1' ? '' : call.region]))
}

interface Page {
  readonly objects: readonly StoredObject[]
  readonly prefixes: readonly string[]
  /** The last name taken, when more follow. */
  readonly next: string | undefined
}

/** Keys in the order of their UTF-8 bytes, as S3 lists them. */
function page(
  objects: readonly StoredObject[],
  query: { prefix: string; delimiter: string; after: string; max: number },
): Page {
  const taken: StoredObject[] = []
  const prefixes: string[] = []
  let last = ''
  for (const object of objects) {
    if (!object.key.startsWith(query.prefix)) continue
    const at =
      query.delimiter === '' ? -1 : object.key.indexOf(query.delimiter, query.prefix.length)
    const common = at < 0 ? undefined : object.key.slice(0, at + query.delimiter.length)
    const name = common ?? object.key
    const isAfter = Buffer.compare(Buffer.from(name), Buffer.from(query.after)) > 0
    if (!isAfter || (common !== undefined && prefixes.at(-1) === common)) continue
    if (taken.length + prefixes.length >= query.max) return { objects: taken, prefixes, next: last }
    if (common === undefined) taken.push(object)
    else prefixes.push(common)
    last = name
  }
  return { objects: taken, prefixes, next: undefined }
}

export async function listObjectsV2(call: S3Call): Promise<S3Result> {
  const received = await call.receive(() => undefined)
  if (!received.ok) return received
  const { query } = call.request
  const encoding = query.get('encoding-type')
  const maxText = query.get('max-keys') ?? String(MAX_KEYS)
  const isValid =
    query.get('list-type') === '2' &&
    /^\d{1,9}$/.test(maxText) &&
    (encoding === undefined || encoding === 'url')
  if (!isValid) return err(fault(400, 'InvalidArgument', 'Invalid list-type, max-keys or encoding'))
  const max = Math.min(Number(maxText), MAX_KEYS)
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const after =
    token === undefined
      ? (query.get('start-after') ?? '')
      : Buffer.from(token, 'base64url').toString('utf8')
  const sorted = [...call.bucket.objects.values()].toSorted((a, b) =>
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
  )
  const found = page(sorted, { prefix, delimiter, after, max })
  const show = (text: string): string =>
    encoding === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text
  const optional: XmlNode[] = []
  if (delimiter !== '') optional.push(['Delimiter', show(delimiter)])
  if (encoding !== undefined) optional.push(['EncodingType', encoding])
  if (token !== undefined) optional.push(['ContinuationToken', token])
  if (found.next !== undefined && max > 0) {
    optional.push(['NextContinuationToken', Buffer.from(found.next).toString('base64url')])
  }
  return ok(
    xmlAnswer([
      'ListBucketResult',
      [
        ['Name', call.bucket.name],
        ['Prefix', show(prefix)],
        ['KeyCount', found.objects.length + found.prefixes.length],
        ['MaxKeys', max],
        ['IsTruncated', String(found.next !== undefined && max > 0)],
        ...optional,
        ...found.objects.map((object) => contents(object, show)),
        ...found.prefixes.map((name): XmlNode => ['CommonPrefixes', [['Prefix', show(name)]]]),
      ],
    ]),
  )
}

function contents(object: StoredObject, show: (text: string) => string): XmlNode {
  return [
    'Contents',
    [
      ['Key', show(object.key)],
      ['LastModified', isoTime(object.lastModified)],
      ['ETag', object.etag],
      ['Size', object.length],
      ['StorageClass', 'STANDARD'],
    ],
  ]
}

/** The keys to delete and whether only errors shall be reported; undefined when malformed. */
function parseDelete(document: string): { keys: readonly string[]; quiet: boolean } | undefined {
  const root = readXml(document)
  if (root === undefined || root.name !== 'Delete') return undefined
  const keys: string[] = []
  let quiet = false
  for (const child of root.children) {
    if (child.name === 'Quiet') quiet = child.text === 'true'
    else if (child.name !== 'Object' || child.children.some((item) => item.name !== 'Key')) {
      return undefined
    } else {
      const key = childText(child, 'Key')
      if (key === undefined || key === '') return undefined
      keys.push(key)
    }
  }
  return keys.length >= 1 && keys.length <= MAX_KEYS ? { keys, quiet } : undefined
}

export async function deleteObjects(call: S3Call): Promise<S3Result> {
  const { headers, bucket } = call.request
  const hasDigest =
    headers.has('content-md5') ||
    headers.has('x-amz-trailer') ||
    [...headers.keys()].some((name) => /^x-amz-checksum-(crc|sha)/.test(name))
  if (!hasDigest) {
    const message = 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*'
    return err(fault(400, 'InvalidRequest', message))
  }
  const pieces: Buffer[] = []
  let size = 0
  const received = await call.receive((chunk) => {
    size += chunk.length
    if (size <= MAX_DELETE_BYTES) pieces.push(chunk)
  })
  if (!received.ok) return received
  const wanted =
    size > MAX_DELETE_BYTES ? undefined : parseDelete(Buffer.concat(pieces).toString('utf8'))
  if (wanted === undefined) {
    const message =
      'The XML you provided was not well-formed or did not validate against our schema'
    return err(fault(400, 'MalformedXML', message))
  }
  const nodes: XmlNode[] = []
  for (const key of wanted.keys) {
    if (call.isAllowed({ action: 's3:DeleteObject', resource: objectArn({ bucket, key }) })) {
      call.store.remove(call.bucket, key)
      if (!wanted.quiet) nodes.push(['Deleted', [['Key', key]]])
    } else {
      nodes.push([
        'Error',
        [
          ['Key', key],
          ['Code', 'AccessDenied'],
          ['Message', 'Access Denied'],
        ],
      ])
    }
  }
  return ok(xmlAnswer(['DeleteResult', nodes]))
}
