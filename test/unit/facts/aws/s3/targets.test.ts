// What a request touches, and which IAM actions it needs for that. The expected actions are those
// of the Service Authorization Reference, page of Amazon S3.

import t from 'tap'
import type { HeaderLine } from '../../../../../gateway/request/message.ts'
import { scopeHeader } from '../../../../support/heads.ts'
import { factsOf, s3Head, s3Post } from '../../../../support/s3-facts.ts'

const OBJECT = 'arn:aws:s3:::reports/2026/r.csv'
const LENGTH: HeaderLine = ['content-length', '5']
const COPY: HeaderLine = ['x-amz-copy-source', '/archive/2025/old%20name.txt']
const COPY_VERSION: HeaderLine = ['x-amz-copy-source', 'archive/o?versionId=v%2F1']

interface Expected {
  action: string
  access: string
  permissions: string[]
}

const rows: [id: string, method: string, target: string, headers: HeaderLine[], Expected][] = [
  [
    'get',
    'GET',
    '/reports/2026/r.csv',
    [],
    { action: 'GetObject', access: 'read', permissions: [`s3:GetObject ${OBJECT}`] },
  ],
  [
    'get a version',
    'GET',
    '/reports/2026/r.csv?versionId=v',
    [],
    { action: 'GetObject', access: 'read', permissions: [`s3:GetObjectVersion ${OBJECT}`] },
  ],
  [
    'head',
    'HEAD',
    '/reports/2026/r.csv',
    [],
    { action: 'HeadObject', access: 'read', permissions: [`s3:GetObject ${OBJECT}`] },
  ],
  [
    'put',
    'PUT',
    '/reports/2026/r.csv',
    [LENGTH],
    { action: 'PutObject', access: 'write', permissions: [`s3:PutObject ${OBJECT}`] },
  ],
  [
    'put with an ACL',
    'PUT',
    '/reports/2026/r.csv',
    [LENGTH, ['x-amz-acl', 'public-read']],
    {
      action: 'PutObject',
      access: 'permissions',
      permissions: [`s3:PutObject ${OBJECT}`, `s3:PutObjectAcl ${OBJECT}`],
    },
  ],
  [
    'put with a grant',
    'PUT',
    '/reports/2026/r.csv',
    [LENGTH, ['x-amz-grant-read', 'id=1'], ['x-amz-grant-read-acp', 'id=1']],
    {
      action: 'PutObject',
      access: 'permissions',
      permissions: [`s3:PutObject ${OBJECT}`, `s3:PutObjectAcl ${OBJECT}`],
    },
  ],
  [
    'put with tags',
    'PUT',
    '/reports/2026/r.csv',
    [LENGTH, ['x-amz-tagging', 'a=b']],
    {
      action: 'PutObject',
      access: 'write',
      permissions: [`s3:PutObject ${OBJECT}`, `s3:PutObjectTagging ${OBJECT}`],
    },
  ],
  [
    'put under a lock',
    'PUT',
    '/reports/2026/r.csv',
    [
      LENGTH,
      ['x-amz-object-lock-mode', 'GOVERNANCE'],
      ['x-amz-object-lock-retain-until-date', '2027-01-01T00:00:00Z'],
      ['x-amz-object-lock-legal-hold', 'ON'],
    ],
    {
      action: 'PutObject',
      access: 'write',
      permissions: [
        `s3:PutObject ${OBJECT}`,
        `s3:PutObjectRetention ${OBJECT}`,
        `s3:PutObjectLegalHold ${OBJECT}`,
      ],
    },
  ],
  [
    'delete a version past its lock',
    'DELETE',
    '/reports/2026/r.csv?versionId=v',
    [['x-amz-bypass-governance-retention', 'true']],
    {
      action: 'DeleteObject',
      access: 'write',
      permissions: [`s3:DeleteObjectVersion ${OBJECT}`, `s3:BypassGovernanceRetention ${OBJECT}`],
    },
  ],
  [
    'delete, lock respected',
    'DELETE',
    '/reports/2026/r.csv',
    [['x-amz-bypass-governance-retention', 'false']],
    { action: 'DeleteObject', access: 'write', permissions: [`s3:DeleteObject ${OBJECT}`] },
  ],
  [
    'attributes',
    'GET',
    '/reports/2026/r.csv?attributes',
    [['x-amz-object-attributes', 'ETag']],
    {
      action: 'GetObjectAttributes',
      access: 'read',
      permissions: [`s3:GetObject ${OBJECT}`, `s3:GetObjectAttributes ${OBJECT}`],
    },
  ],
  [
    'tags of a version',
    'GET',
    '/reports/2026/r.csv?tagging&versionId=v',
    [],
    {
      action: 'GetObjectTagging',
      access: 'read',
      permissions: [`s3:GetObjectVersionTagging ${OBJECT}`],
    },
  ],
  [
    'ACL of a version',
    'PUT',
    '/reports/2026/r.csv?acl&versionId=v',
    [['x-amz-acl', 'private']],
    {
      action: 'PutObjectAcl',
      access: 'permissions',
      permissions: [`s3:PutObjectVersionAcl ${OBJECT}`],
    },
  ],
  [
    'part',
    'PUT',
    '/reports/2026/r.csv?partNumber=1&uploadId=u',
    [LENGTH],
    { action: 'UploadPart', access: 'write', permissions: [`s3:PutObject ${OBJECT}`] },
  ],
  [
    'abort',
    'DELETE',
    '/reports/2026/r.csv?uploadId=u',
    [],
    {
      action: 'AbortMultipartUpload',
      access: 'write',
      permissions: [`s3:AbortMultipartUpload ${OBJECT}`],
    },
  ],
  [
    'parts',
    'GET',
    '/reports/2026/r.csv?uploadId=u',
    [],
    { action: 'ListParts', access: 'list', permissions: [`s3:ListMultipartUploadParts ${OBJECT}`] },
  ],
  [
    'copy',
    'PUT',
    '/reports/2026/r.csv',
    [COPY],
    {
      action: 'CopyObject',
      access: 'write',
      permissions: [
        `s3:PutObject ${OBJECT}`,
        's3:GetObject arn:aws:s3:::archive/2025/old name.txt',
        's3:GetObjectTagging arn:aws:s3:::archive/2025/old name.txt',
        `s3:PutObjectTagging ${OBJECT}`,
      ],
    },
  ],
  [
    'copy of a version, tags replaced',
    'PUT',
    '/reports/2026/r.csv',
    [COPY_VERSION, ['x-amz-tagging-directive', 'REPLACE'], ['x-amz-tagging', 'a=b']],
    {
      action: 'CopyObject',
      access: 'write',
      permissions: [
        `s3:PutObject ${OBJECT}`,
        `s3:PutObjectTagging ${OBJECT}`,
        's3:GetObjectVersion arn:aws:s3:::archive/o',
      ],
    },
  ],
  [
    'copy with an ACL',
    'PUT',
    '/reports/2026/r.csv',
    [COPY_VERSION, ['x-amz-tagging-directive', 'REPLACE'], ['x-amz-acl', 'private']],
    {
      action: 'CopyObject',
      access: 'permissions',
      permissions: [
        `s3:PutObject ${OBJECT}`,
        `s3:PutObjectAcl ${OBJECT}`,
        's3:GetObjectVersion arn:aws:s3:::archive/o',
      ],
    },
  ],
  [
    'part by copy',
    'PUT',
    '/reports/2026/r.csv?partNumber=1&uploadId=u',
    [COPY],
    {
      action: 'UploadPartCopy',
      access: 'write',
      permissions: [
        `s3:PutObject ${OBJECT}`,
        's3:GetObject arn:aws:s3:::archive/2025/old name.txt',
      ],
    },
  ],
  [
    'buckets',
    'GET',
    '/',
    [],
    { action: 'ListBuckets', access: 'list', permissions: ['s3:ListAllMyBuckets *'] },
  ],
  [
    'list',
    'GET',
    '/reports?list-type=2&prefix=2026%2F',
    [],
    {
      action: 'ListObjectsV2',
      access: 'list',
      permissions: ['s3:ListBucket arn:aws:s3:::reports'],
    },
  ],
  [
    'versions',
    'GET',
    '/reports?versions',
    [],
    {
      action: 'ListObjectVersions',
      access: 'list',
      permissions: ['s3:ListBucketVersions arn:aws:s3:::reports'],
    },
  ],
  [
    'uploads',
    'GET',
    '/reports/?uploads',
    [],
    {
      action: 'ListMultipartUploads',
      access: 'list',
      permissions: ['s3:ListBucketMultipartUploads arn:aws:s3:::reports'],
    },
  ],
  [
    'remove CORS',
    'DELETE',
    '/reports?cors',
    [],
    {
      action: 'DeleteBucketCors',
      access: 'write',
      permissions: ['s3:PutBucketCORS arn:aws:s3:::reports'],
    },
  ],
  [
    'remove encryption',
    'DELETE',
    '/reports?encryption',
    [],
    {
      action: 'DeleteBucketEncryption',
      access: 'write',
      permissions: ['s3:PutEncryptionConfiguration arn:aws:s3:::reports'],
    },
  ],
  [
    'policy',
    'PUT',
    '/reports?policy',
    [LENGTH],
    {
      action: 'PutBucketPolicy',
      access: 'permissions',
      permissions: ['s3:PutBucketPolicy arn:aws:s3:::reports'],
    },
  ],
  [
    'replication',
    'PUT',
    '/reports?replication',
    [LENGTH],
    {
      action: 'PutBucketReplication',
      access: 'permissions',
      permissions: ['s3:PutReplicationConfiguration arn:aws:s3:::reports', 'iam:PassRole *'],
    },
  ],
  [
    'inventory',
    'GET',
    '/reports?inventory&id=i',
    [],
    {
      action: 'GetBucketInventoryConfiguration',
      access: 'read',
      permissions: ['s3:GetInventoryConfiguration arn:aws:s3:::reports'],
    },
  ],
  [
    'create with lock and owner',
    'PUT',
    '/reports',
    [
      ['x-amz-bucket-object-lock-enabled', 'true'],
      ['x-amz-object-ownership', 'ObjectWriter'],
    ],
    {
      action: 'CreateBucket',
      access: 'permissions',
      permissions: [
        's3:CreateBucket arn:aws:s3:::reports',
        's3:PutBucketOwnershipControls arn:aws:s3:::reports',
        's3:PutBucketObjectLockConfiguration arn:aws:s3:::reports',
        's3:PutBucketVersioning arn:aws:s3:::reports',
      ],
    },
  ],
  [
    'session',
    'GET',
    '/reports?session',
    [],
    { action: 'CreateSession', access: 'credentials', permissions: [] },
  ],
]

for (const [id, method, target, headers, { action, access, permissions }] of rows) {
  t.test(`${id}: ${action}`, (t) => {
    const facts = factsOf(s3Head(method, target, headers))
    if (!facts.ok) throw new Error(facts.error.detail)
    const { operation } = facts.value
    t.equal(facts.value.action, action)
    t.equal(operation.name, `s3.${action}`)
    t.equal(operation.access, access)
    t.strictSame(
      operation.permissions.map((permission) => `${permission.action} ${permission.resource}`),
      permissions,
    )
    t.end()
  })
}

function targetsOf(method: string, target: string, headers: HeaderLine[] = []) {
  const facts = factsOf(s3Head(method, target, headers))
  if (!facts.ok) throw new Error(facts.error.detail)
  return facts.value
}

t.test('an object is named by ARN, container and path, with its version', (t) => {
  t.strictSame(targetsOf('GET', '/reports/2026/r.csv?versionId=v1').targets, [
    {
      type: 'object',
      access: 'read',
      name: OBJECT,
      container: 'reports',
      path: '2026/r.csv',
      bucket: 'reports',
      key: '2026/r.csv',
      version: 'v1',
    },
  ])
  t.end()
})

t.test('a list has its prefix as path, and an empty one where the whole bucket is listed', (t) => {
  const listed = { type: 'bucket', access: 'list', name: 'arn:aws:s3:::reports' }
  const of = { container: 'reports', bucket: 'reports' }
  t.strictSame(targetsOf('GET', '/reports?list-type=2&prefix=2026%2F').targets, [
    { ...listed, ...of, path: '2026/', prefix: '2026/' },
  ])
  t.strictSame(targetsOf('GET', '/reports').targets, [{ ...listed, ...of, path: '', prefix: '' }])
  t.end()
})

t.test('ListBuckets touches the account', (t) => {
  t.strictSame(targetsOf('GET', '/?prefix=rep').targets, [
    {
      type: 'account',
      access: 'list',
      name: 'arn:aws:s3:::*',
      container: '',
      path: 'rep',
      prefix: 'rep',
    },
  ])
  t.end()
})

t.test('a copy touches destination and source, each with its own access', (t) => {
  t.match(targetsOf('PUT', '/reports/2026/r.csv', [COPY_VERSION]).targets, [
    { access: 'write', name: OBJECT },
    { access: 'read', name: 'arn:aws:s3:::archive/o', bucket: 'archive', key: 'o', version: 'v/1' },
  ])
  t.end()
})

t.test('a batch delete past the lock needs the bypass for every key', (t) => {
  const xml = '<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>'
  const headers: HeaderLine[] = [['x-amz-bypass-governance-retention', 'TRUE']]
  const { message, body } = s3Post('/reports?delete', xml, headers)
  const facts = factsOf(message, body)
  t.match(facts, {
    ok: true,
    value: {
      operation: {
        permissions: [
          { action: 's3:DeleteObject', resource: 'arn:aws:s3:::reports/a' },
          { action: 's3:BypassGovernanceRetention', resource: 'arn:aws:s3:::reports/a' },
          { action: 's3:DeleteObject', resource: 'arn:aws:s3:::reports/b' },
          { action: 's3:BypassGovernanceRetention', resource: 'arn:aws:s3:::reports/b' },
        ],
      },
    },
  })
  t.end()
})

t.test('ARNs are of the region’s partition; the account is never guessed', (t) => {
  const facts = targetsOf('GET', '/reports/k', [
    scopeHeader('cn-north-1', 's3'),
    ['x-amz-expected-bucket-owner', '123456789012'],
  ])
  t.equal(facts.region, 'cn-north-1')
  t.equal(facts.targets[0]?.name, 'arn:aws-cn:s3:::reports/k')
  t.equal(facts.account, undefined)
  t.end()
})

t.test('payload modes: digest, sentinel, absent, none', (t) => {
  const digest: HeaderLine = ['x-amz-content-sha256', 'a'.repeat(64)]
  const unsigned: HeaderLine = ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']
  const chunked: HeaderLine = ['transfer-encoding', 'chunked']
  t.equal(targetsOf('PUT', '/reports/k', [LENGTH, digest]).payloadMode, 'hash')
  t.equal(targetsOf('PUT', '/reports/k', [LENGTH, unsigned]).payloadMode, 'unsigned')
  t.equal(targetsOf('PUT', '/reports/k', [chunked]).payloadMode, 'unsigned')
  t.equal(targetsOf('PUT', '/reports/k', [['content-length', '0']]).payloadMode, 'none')
  t.equal(targetsOf('GET', '/reports/k', [unsigned]).payloadMode, 'none')
  t.end()
})
