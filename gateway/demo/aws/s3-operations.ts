// The operations that the sandbox S3 has, as data: how a request names each, and what it may carry.

const S3_OPERATION_NAMES = [
  'ListBuckets',
  'HeadBucket',
  'GetBucketLocation',
  'ListObjectsV2',
  'DeleteObjects',
  'PutObject',
  'CopyObject',
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'ListParts',
] as const
export type S3OperationName = (typeof S3_OPERATION_NAMES)[number]

export interface S3OperationRow {
  readonly name: S3OperationName
  readonly method: string
  readonly level: 'service' | 'bucket' | 'object'
  /** Query keys that must all be there. */
  readonly markers: readonly string[]
  /** Query keys that may be there. */
  readonly parameters: readonly string[]
  /** Has x-amz-copy-source. */
  readonly isCopy: boolean
  readonly hasBody: boolean
}

/** Overrides of answer headers that GetObject and HeadObject take. */
export const RESPONSE_OVERRIDES = new Map([
  ['response-content-type', 'content-type'],
  ['response-content-language', 'content-language'],
  ['response-content-disposition', 'content-disposition'],
  ['response-content-encoding', 'content-encoding'],
  ['response-cache-control', 'cache-control'],
  ['response-expires', 'expires'],
])

type Extras = Partial<Pick<S3OperationRow, 'markers' | 'parameters' | 'isCopy' | 'hasBody'>>

function row(
  name: S3OperationName,
  method: string,
  level: S3OperationRow['level'],
  extras: Extras = {},
): S3OperationRow {
  const none = { markers: [], parameters: [], isCopy: false, hasBody: false }
  return { name, method, level, ...none, ...extras }
}

const LIST_PARAMETERS = [
  'prefix',
  'delimiter',
  'max-keys',
  'continuation-token',
  'start-after',
  'encoding-type',
  'fetch-owner',
]
const OVERRIDES = [...RESPONSE_OVERRIDES.keys()]

const PART = ['partNumber', 'uploadId']
const PART_PAGE = ['max-parts', 'part-number-marker']

export const OPERATIONS: readonly S3OperationRow[] = [
  row('ListBuckets', 'GET', 'service'),
  row('HeadBucket', 'HEAD', 'bucket'),
  row('GetBucketLocation', 'GET', 'bucket', { markers: ['location'] }),
  row('ListObjectsV2', 'GET', 'bucket', { markers: ['list-type'], parameters: LIST_PARAMETERS }),
  row('DeleteObjects', 'POST', 'bucket', { markers: ['delete'], hasBody: true }),
  row('PutObject', 'PUT', 'object', { hasBody: true }),
  row('CopyObject', 'PUT', 'object', { isCopy: true }),
  row('GetObject', 'GET', 'object', { parameters: OVERRIDES }),
  row('HeadObject', 'HEAD', 'object', { parameters: OVERRIDES }),
  row('DeleteObject', 'DELETE', 'object'),
  row('CreateMultipartUpload', 'POST', 'object', { markers: ['uploads'] }),
  row('UploadPart', 'PUT', 'object', { markers: PART, hasBody: true }),
  row('UploadPartCopy', 'PUT', 'object', { markers: PART, isCopy: true }),
  row('CompleteMultipartUpload', 'POST', 'object', { markers: ['uploadId'], hasBody: true }),
  row('AbortMultipartUpload', 'DELETE', 'object', { markers: ['uploadId'] }),
  row('ListParts', 'GET', 'object', { markers: ['uploadId'], parameters: PART_PAGE }),
]

/** Besides x-amz-meta-*. Any other x-amz-* header is refused: it would mean something unchecked. */
export const KNOWN_AMZ_HEADERS: ReadonlySet<string> = new Set([
  'x-amz-acl',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-crc32',
  'x-amz-checksum-crc32c',
  'x-amz-checksum-crc64nvme',
  'x-amz-checksum-mode',
  'x-amz-checksum-sha1',
  'x-amz-checksum-sha256',
  'x-amz-checksum-type',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-copy-source-if-match',
  'x-amz-copy-source-if-none-match',
  'x-amz-copy-source-range',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner',
  'x-amz-metadata-directive',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-security-token',
  'x-amz-source-expected-bucket-owner',
  'x-amz-tagging',
  'x-amz-trailer',
  'x-amz-user-agent',
])
