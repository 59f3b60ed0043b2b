import t from 'tap'
import { parseS3Request, requiredPermissions } from '../../../gateway/demo/aws/s3-request.ts'

const COPY = { 'x-amz-copy-source': '/source/a%20b' }

// Method, target and permissions as the Amazon S3 API reference and the Service Authorization
// Reference pair them.
const OPERATIONS = [
  ['GET', '/', {}, 'ListBuckets', ['s3:ListAllMyBuckets *']],
  ['HEAD', '/b-1', {}, 'HeadBucket', ['s3:ListBucket arn:aws:s3:::b-1']],
  ['GET', '/b-1?location', {}, 'GetBucketLocation', ['s3:GetBucketLocation arn:aws:s3:::b-1']],
  ['GET', '/b-1/?list-type=2&prefix=x', {}, 'ListObjectsV2', ['s3:ListBucket arn:aws:s3:::b-1']],
  ['POST', '/b-1?delete', {}, 'DeleteObjects', []],
  ['PUT', '/b-1/k', {}, 'PutObject', ['s3:PutObject arn:aws:s3:::b-1/k']],
  [
    'PUT',
    '/b-1/k',
    { 'x-amz-acl': 'private', 'x-amz-tagging': 'a=b' },
    'PutObject',
    [
      's3:PutObject arn:aws:s3:::b-1/k',
      's3:PutObjectAcl arn:aws:s3:::b-1/k',
      's3:PutObjectTagging arn:aws:s3:::b-1/k',
    ],
  ],
  [
    'PUT',
    '/b-1/k',
    COPY,
    'CopyObject',
    ['s3:PutObject arn:aws:s3:::b-1/k', 's3:GetObject arn:aws:s3:::source/a b'],
  ],
  ['GET', '/b-1/k?x-id=GetObject', {}, 'GetObject', ['s3:GetObject arn:aws:s3:::b-1/k']],
  ['HEAD', '/b-1/k', {}, 'HeadObject', ['s3:GetObject arn:aws:s3:::b-1/k']],
  ['DELETE', '/b-1/k', {}, 'DeleteObject', ['s3:DeleteObject arn:aws:s3:::b-1/k']],
  ['POST', '/b-1/k?uploads', {}, 'CreateMultipartUpload', ['s3:PutObject arn:aws:s3:::b-1/k']],
  ['PUT', '/b-1/k?partNumber=1&uploadId=u', {}, 'UploadPart', ['s3:PutObject arn:aws:s3:::b-1/k']],
  [
    'PUT',
    '/b-1/k?partNumber=1&uploadId=u',
    COPY,
    'UploadPartCopy',
    ['s3:PutObject arn:aws:s3:::b-1/k', 's3:GetObject arn:aws:s3:::source/a b'],
  ],
  ['POST', '/b-1/k?uploadId=u', {}, 'CompleteMultipartUpload', ['s3:PutObject arn:aws:s3:::b-1/k']],
  [
    'DELETE',
    '/b-1/k?uploadId=u',
    {},
    'AbortMultipartUpload',
    ['s3:AbortMultipartUpload arn:aws:s3:::b-1/k'],
  ],
  ['GET', '/b-1/k?uploadId=u', {}, 'ListParts', ['s3:ListMultipartUploadParts arn:aws:s3:::b-1/k']],
] as const

for (const [method, target, headers, operation, permissions] of OPERATIONS) {
  t.test(`${method} ${target} ${Object.keys(headers).join()} is ${operation}`, async (t) => {
    const parsed = parseS3Request({ method, target, headers: Object.entries(headers) })
    if (!parsed.ok) {
      t.fail(parsed.error.message)
      return
    }
    t.equal(parsed.value.operation, operation)
    const needed = requiredPermissions(parsed.value, '123456789012', '123456789012')
    t.same(
      needed.map((permission) => `${permission.action} ${permission.resource}`),
      permissions,
    )
  })
}

const REFUSED = [
  ['absolute target', 'GET', 'http://h/b-1/k', {}, 'InvalidURI'],
  ['parameter twice', 'GET', '/b-1?list-type=2&prefix=a&prefix=b', {}, 'InvalidArgument'],
  ['malformed escape in the key', 'GET', '/b-1/%zz', {}, 'InvalidURI'],
  ['key that is not UTF-8', 'GET', '/b-1/%ff', {}, 'InvalidURI'],
  ['NUL in the key', 'GET', '/b-1/%00', {}, 'InvalidURI'],
  ['an IP address for a bucket', 'GET', '/10.0.0.1/k', {}, 'InvalidBucketName'],
  ['two markers', 'POST', '/b-1/k?uploads&uploadId=u', {}, 'NotImplemented'],
  ['a version', 'GET', '/b-1/k?versionId=1', {}, 'NotImplemented'],
  [
    'a copy of a version',
    'PUT',
    '/b-1/k',
    { 'x-amz-copy-source': '/s/k?versionId=1' },
    'NotImplemented',
  ],
  ['a copy of a bucket', 'PUT', '/b-1/k', { 'x-amz-copy-source': '/source' }, 'InvalidArgument'],
  ['a method of no operation', 'PATCH', '/b-1/k', {}, 'NotImplemented'],
] as const

t.test('what names no single operation is refused', async (t) => {
  for (const [id, method, target, headers, code] of REFUSED) {
    const parsed = parseS3Request({ method, target, headers: Object.entries(headers) })
    t.equal(parsed.ok ? 'accepted' : parsed.error.code, code, id)
  }
})
