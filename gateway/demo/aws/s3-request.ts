// What an S3 request means: method, level and query markers name one operation (Amazon S3 API
// reference), path style only. Every query key and x-amz-* header must be one that the operation
// takes: an unknown one could mean another operation than the one checked here.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import type { IamRequest } from './iam-policy.ts'
import { indexHeaders, pathOf, percentDecode, rawQueryOf, single } from '../sandbox/raw-head.ts'
import type { HeaderIndex, RawHead } from '../sandbox/raw-head.ts'
import { OPERATIONS, KNOWN_AMZ_HEADERS } from './s3-operations.ts'
import type { S3OperationName, S3OperationRow } from './s3-operations.ts'

interface ObjectAddress {
  readonly bucket: string
  readonly key: string
}

export interface S3Request {
  readonly operation: S3OperationName
  /** Empty for ListBuckets. */
  readonly bucket: string
  /** Empty for a bucket operation. */
  readonly key: string
  readonly query: ReadonlyMap<string, string>
  readonly headers: HeaderIndex
  readonly source: ObjectAddress | undefined
  readonly mayHaveBody: boolean
}

const BUCKET_NAME = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/
const MAX_KEY_BYTES = 1024

function invalidArgument(message: string): AwsFault {
  return fault(400, 'InvalidArgument', message)
}

function parseAddress(path: string): Result<ObjectAddress, AwsFault> {
  const malformed = fault(400, 'InvalidURI', "Couldn't parse the specified URI.")
  if (!path.startsWith('/')) return err(malformed)
  if (path === '/') return ok({ bucket: '', key: '' })
  const slash = path.indexOf('/', 1)
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash)
  if (!BUCKET_NAME.test(bucket)) {
    return err(fault(400, 'InvalidBucketName', 'The specified bucket is not valid.'))
  }
  const key = slash < 0 ? '' : percentDecode(path.slice(slash + 1))
  if (key === undefined || key.includes('\0')) return err(malformed)
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) {
    return err(fault(400, 'KeyTooLongError', 'Your key is too long'))
  }
  return ok({ bucket, key })
}

function parseQuery(raw: string): Result<ReadonlyMap<string, string>, AwsFault> {
  const query = new Map<string, string>()
  if (raw === '') return ok(query)
  for (const part of raw.split('&')) {
    const equals = part.indexOf('=')
    const name = percentDecode(equals < 0 ? part : part.slice(0, equals))
    const value = percentDecode(equals < 0 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined) {
      return err(fault(400, 'InvalidURI', "Couldn't parse the specified URI."))
    }
    if (query.has(name)) return err(invalidArgument(`Query parameter ${name} appears twice`))
    query.set(name, value)
  }
  return ok(query)
}

function parseSource(headers: HeaderIndex): Result<ObjectAddress | undefined, AwsFault> {
  const value = single(headers, 'x-amz-copy-source')
  if (value === undefined) return ok(undefined)
  if (value.includes('?')) {
    return err(fault(501, 'NotImplemented', 'The sandbox keeps no versions of objects'))
  }
  const source = parseAddress(value.startsWith('/') ? value : `/${value}`)
  if (source.ok && source.value.key !== '') return source
  return err(invalidArgument('Copy Source must mention the source bucket and key'))
}

function matches(
  row: S3OperationRow,
  method: string,
  level: S3OperationRow['level'],
  query: ReadonlyMap<string, string>,
  isCopy: boolean,
): boolean {
  if (row.method !== method || row.level !== level || row.isCopy !== isCopy) return false
  if (!row.markers.every((key) => query.has(key))) return false
  return [...query.keys()].every(
    (key) => key === 'x-id' || row.markers.includes(key) || row.parameters.includes(key),
  )
}

function isKnownAmzHeader(name: string): boolean {
  return !name.startsWith('x-amz-') || name.startsWith('x-amz-meta-') || KNOWN_AMZ_HEADERS.has(name)
}

/** The one operation that the request means, or why it means none that the sandbox has. */
export function parseS3Request(head: RawHead): Result<S3Request, AwsFault> {
  const address = parseAddress(pathOf(head.target))
  if (!address.ok) return address
  const query = parseQuery(rawQueryOf(head.target))
  if (!query.ok) return query
  const headers = indexHeaders(head)
  const unknown = [...headers.keys()].find((name) => !isKnownAmzHeader(name))
  if (unknown !== undefined) {
    const message = `A header you provided implies functionality that is not implemented: ${unknown}`
    return err(fault(501, 'NotImplemented', message))
  }
  const source = parseSource(headers)
  if (!source.ok) return source
  const { bucket, key } = address.value
  const level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object'
  const row = OPERATIONS.find((candidate) =>
    matches(candidate, head.method, level, query.value, source.value !== undefined),
  )
  if (row === undefined) {
    const message = `The sandbox has no operation for this ${head.method} request on a ${level}`
    return err(fault(501, 'NotImplemented', message))
  }
  const named = query.value.get('x-id')
  if (named !== undefined && named !== row.name) {
    return err(invalidArgument(`x-id says ${named}, the request is ${row.name}`))
  }
  return ok({
    operation: row.name,
    bucket,
    key,
    query: query.value,
    headers,
    source: source.value,
    mayHaveBody: row.hasBody,
  })
}

const BUCKET_ACTIONS = new Map<S3OperationName, string>([
  ['HeadBucket', 's3:ListBucket'],
  ['ListObjectsV2', 's3:ListBucket'],
  ['GetBucketLocation', 's3:GetBucketLocation'],
])

const OBJECT_ACTIONS = new Map<S3OperationName, string>([
  ['PutObject', 's3:PutObject'],
  ['CopyObject', 's3:PutObject'],
  ['CreateMultipartUpload', 's3:PutObject'],
  ['UploadPart', 's3:PutObject'],
  ['UploadPartCopy', 's3:PutObject'],
  ['CompleteMultipartUpload', 's3:PutObject'],
  ['AbortMultipartUpload', 's3:AbortMultipartUpload'],
  ['ListParts', 's3:ListMultipartUploadParts'],
  ['GetObject', 's3:GetObject'],
  ['HeadObject', 's3:GetObject'],
  ['DeleteObject', 's3:DeleteObject'],
])

export function objectArn(address: ObjectAddress): string {
  return `arn:aws:s3:::${address.bucket}/${address.key}`
}

/** Permissions added by a header (Amazon S3 user guide, "Required permissions"). */
function headerActions(headers: HeaderIndex): readonly string[] {
  return [
    ...(headers.has('x-amz-acl') ? ['s3:PutObjectAcl'] : []),
    ...(headers.has('x-amz-tagging') ? ['s3:PutObjectTagging'] : []),
  ]
}

/**
 * Everything that must be allowed for the request to be carried out. DeleteObjects has none here:
 * each key of its body is judged on its own, as S3 does.
 */
export function requiredPermissions(
  request: S3Request,
  owner: string,
  sourceOwner: string | undefined,
): readonly IamRequest[] {
  const context = new Map([['aws:resourceaccount', owner]])
  const sourceContext = new Map([['aws:resourceaccount', sourceOwner ?? '']])
  if (request.operation === 'ListBuckets') {
    return [{ action: 's3:ListAllMyBuckets', resource: '*', context: new Map() }]
  }
  const bucketAction = BUCKET_ACTIONS.get(request.operation)
  if (bucketAction !== undefined) {
    for (const name of ['prefix', 'delimiter', 'max-keys']) {
      const value = request.query.get(name)
      if (value !== undefined) context.set(`s3:${name}`, value)
    }
    return [{ action: bucketAction, resource: `arn:aws:s3:::${request.bucket}`, context }]
  }
  const action = OBJECT_ACTIONS.get(request.operation)
  if (action === undefined) return []
  const resource = objectArn(request)
  return [
    ...[action, ...headerActions(request.headers)].map((name) => ({
      action: name,
      resource,
      context,
    })),
    ...(request.source === undefined
      ? []
      : [{ action: 's3:GetObject', resource: objectArn(request.source), context: sourceContext }]),
  ]
}
