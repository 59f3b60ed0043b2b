// What an operation of the sandbox S3 gets and gives: the caller is authentic and allowed, the
// bucket exists, the body has not been read yet.

import type { Result } from '../../util/result.ts'
import { checksumElement } from './checksum.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import type { IamRequest } from './iam-policy.ts'
import type { ObjectChecksum, ObjectStore, StoredBucket, StoredObject } from './object-store.ts'
import type { ReceivedPayload } from './payload.ts'
import type { S3Request } from './s3-request.ts'
import { writeXml } from './xml.ts'
import type { XmlNode } from './xml.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

export interface S3Call {
  readonly request: S3Request
  readonly store: ObjectStore
  readonly bucket: StoredBucket
  readonly now: number
  readonly region: string
  /** Whether the caller may do something beyond what the operation itself needed. */
  isAllowed(permission: Omit<IamRequest, 'context'>): boolean
  /** Reads and verifies the whole body. */
  receive(onBytes: (chunk: Buffer) => void): Promise<Result<ReceivedPayload, AwsFault>>
}

export interface S3Answer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Undefined: no body and, for HEAD and 304, no length of one. */
  readonly body: Buffer | Iterable<Buffer> | undefined
}

export type S3Result = Result<S3Answer, AwsFault>

export function xmlAnswer(root: XmlNode, headers: S3Answer['headers'] = []): S3Answer {
  const body = writeXml(root, NAMESPACE)
  return {
    status: 200,
    headers: [
      ['content-type', 'application/xml'],
      ['content-length', String(body.length)],
      ...headers,
    ],
    body,
  }
}

export function emptyAnswer(status: number, headers: S3Answer['headers'] = []): S3Answer {
  return { status, headers, body: undefined }
}

export function accessDenied(): AwsFault {
  return fault(403, 'AccessDenied', 'Access Denied')
}

/** Without ListBucket a missing key looks like a forbidden one, as at S3. */
export function missingKey(call: S3Call, key: string): AwsFault {
  const mayList = call.isAllowed({
    action: 's3:ListBucket',
    resource: `arn:aws:s3:::${call.bucket.name}`,
  })
  if (!mayList) return accessDenied()
  return fault(404, 'NoSuchKey', 'The specified key does not exist.', [['Key', key]])
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

export function checksumHeaders(checksum: ObjectChecksum | undefined): S3Answer['headers'] {
  if (checksum === undefined) return []
  return [
    [`x-amz-checksum-${checksum.name}`, checksum.value],
    ['x-amz-checksum-type', checksum.type],
  ]
}

export function checksumNodes(checksum: ObjectChecksum | undefined): readonly XmlNode[] {
  if (checksum === undefined) return []
  return [
    [checksumElement(checksum.name), checksum.value],
    ['ChecksumType', checksum.type],
  ]
}

export function fullChecksum(received: ReceivedPayload): ObjectChecksum | undefined {
  return received.checksum === undefined ? undefined : { ...received.checksum, type: 'FULL_OBJECT' }
}

export function storeObject(call: S3Call, object: StoredObject): AwsFault | undefined {
  if (call.store.put(call.bucket, object)) return undefined
  return fault(503, 'SlowDown', 'The sandbox holds as many objects as it can.')
}
