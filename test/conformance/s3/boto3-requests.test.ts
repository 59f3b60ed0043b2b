// What boto3 puts on the wire means what its caller asked for. The oracle is the call: operation,
// bucket, key and version as given to boto3, before it encoded anything.

import t from 'tap'
import { factsOf, understand } from '../../support/s3-facts.ts'
import { readBoto3Requests, type Boto3Request } from '../../support/s3-data.ts'

/** Deprecated names whose requests are those of a newer operation. */
const SEEN_AS: ReadonlyMap<string, string> = new Map([
  ['GetBucketLifecycle', 'GetBucketLifecycleConfiguration'],
  ['GetBucketNotification', 'GetBucketNotificationConfiguration'],
])

function idOf({ operation, style, arguments: { Bucket, Key } }: Boto3Request): string {
  return `${style} ${operation} ${Bucket ?? ''} ${JSON.stringify(Key ?? '')}`
}

const requests = readBoto3Requests()

t.test(
  'S3-BOTO3: every captured request is the operation that was called, on what was named',
  (t) => {
    t.ok(requests.length > 100, 'there are requests')
    for (const request of requests) {
      const id = idOf(request)
      const facts = factsOf(request.head, request.body)
      if (!facts.ok) {
        t.fail(`${id}: ${facts.error.code} ${facts.error.detail}`)
        continue
      }
      const { action, targets } = facts.value
      t.equal(action, SEEN_AS.get(request.operation) ?? request.operation, id)
      const { Bucket, Key, VersionId, Prefix } = request.arguments
      if (request.operation === 'DeleteObjects') continue
      t.equal(targets[0]?.bucket, Bucket, `${id}: bucket`)
      t.equal(targets[0]?.key, Key, `${id}: key`)
      t.equal(targets[0]?.version, VersionId, `${id}: version`)
      if (Prefix !== undefined) t.equal(targets[0]?.path, Prefix, `${id}: prefix`)
    }
    t.end()
  },
)

t.test('S3-BOTO3: DeleteObjects names each key and version of its body', (t) => {
  for (const request of requests.filter(({ operation }) => operation === 'DeleteObjects')) {
    const facts = factsOf(request.head, request.body)
    t.match(facts, {
      ok: true,
      value: {
        targets: [
          { bucket: 'reports', key: '2026/a & b <c>.txt', access: 'write' },
          { bucket: 'reports', key: '2026/ü \u{1f600}', version: 'v1.AbC_-' },
        ],
        operation: {
          permissions: [
            { action: 's3:DeleteObject', resource: 'arn:aws:s3:::reports/2026/a & b <c>.txt' },
            { action: 's3:DeleteObjectVersion', resource: 'arn:aws:s3:::reports/2026/ü \u{1f600}' },
          ],
        },
      },
    })
  }
  t.end()
})

t.test(
  'S3-BOTO3: a copy names its source: as boto3 was given it, plus sign and blank included',
  (t) => {
    for (const request of requests.filter(
      ({ operation }) => operation.endsWith('Copy') || operation === 'CopyObject',
    )) {
      const facts = factsOf(request.head, request.body)
      const source = {
        bucket: 'archive',
        key: '2025/old name+1.txt',
        access: 'read',
        type: 'object',
      }
      t.match(facts, { ok: true, value: { targets: [{ access: 'write' }, source] } }, idOf(request))
    }
    t.end()
  },
)

t.test('S3-BOTO3: uploads over https are unsigned-trailer, reads have no payload', (t) => {
  const expected = new Map([
    ['PutObject', 'unsigned-trailer'],
    ['UploadPart', 'unsigned-trailer'],
    ['GetObject', 'none'],
    ['ListObjectsV2', 'none'],
    ['DeleteObjects', 'buffered'],
  ])
  for (const { head, body, operation } of requests) {
    const mode = expected.get(operation)
    const facts = factsOf(head, body)
    if (mode !== undefined && facts.ok) t.equal(facts.value.payloadMode, mode, operation)
  }
  t.end()
})

t.test('S3-BOTO3: only the two operations whose bodies matter are inspected', (t) => {
  for (const { head, body, operation } of requests) {
    const understood = understand(head, body)
    if (!understood.ok) continue
    const inspects = operation === 'DeleteObjects' || operation === 'RestoreObject'
    t.equal(understood.value.view.body !== undefined, inspects, operation)
  }
  t.end()
})
