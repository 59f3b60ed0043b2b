// What the vendor's model does not say of an operation, by hand: its access class, what it touches,
// the IAM actions it needs (Service Authorization Reference, page of Amazon S3), and whether its
// body must be read for that. An operation of the model without a row here stops the build's tests,
// and the process at start.

import type { Access } from '../../facts.ts'

/** `prefix`: the keys of a bucket under a prefix. `keys`: the objects that the body lists. */
export type Touches = 'account' | 'bucket' | 'prefix' | 'object' | 'copy' | 'keys'

export interface OperationRule {
  readonly access: Access
  readonly touches: Touches
  /** IAM actions without `s3:`, on the target. */
  readonly actions: readonly string[]
  /** The same where the request names a version; absent: it needs no others. */
  readonly versioned?: readonly string[]
  /** Actions of another service, on resources that the request does not show. */
  readonly elsewhere?: readonly string[]
  /** The body that facts depend on. */
  readonly inspect?: 'delete-list' | 'restore-request'
  /** Set: known, and refused with this reason. */
  readonly refused?: string
}

function onBucket(access: Access, ...actions: string[]): OperationRule {
  return { access, touches: 'bucket', actions }
}

function onPrefix(...actions: string[]): OperationRule {
  return { access: 'list', touches: 'prefix', actions }
}

function onObject(access: Access, action: string, versioned?: string): OperationRule {
  const rule = { access, touches: 'object', actions: [action] } as const
  return versioned === undefined ? rule : { ...rule, versioned: [versioned] }
}

function refused(access: Access, touches: Touches, reason: string): OperationRule {
  return { access, touches, actions: [], refused: reason }
}

const DIRECTORY_ONLY = 'exists for directory buckets only, which this gateway does not serve'

// Besides ACLs and policies, `permissions` are: ownership and public access rules (they switch ACLs
// and policies on and off), ABAC (tags become grants), and every configuration that makes S3 itself
// carry data elsewhere with rights of its own (replication, inventory, analytics, logging,
// notification, metadata tables): their bodies name places that facts do not.
export const S3_OPERATION_RULES: Readonly<Record<string, OperationRule>> = {
  AbortMultipartUpload: onObject('write', 'AbortMultipartUpload'),
  CompleteMultipartUpload: onObject('write', 'PutObject'),
  CopyObject: { access: 'write', touches: 'copy', actions: ['PutObject'] },
  CreateBucket: onBucket('write', 'CreateBucket'),
  CreateBucketMetadataConfiguration: onBucket(
    'permissions',
    'CreateBucketMetadataTableConfiguration',
  ),
  CreateBucketMetadataTableConfiguration: onBucket(
    'permissions',
    'CreateBucketMetadataTableConfiguration',
  ),
  CreateMultipartUpload: onObject('write', 'PutObject'),
  CreateSession: onBucket('credentials'),
  DeleteBucket: onBucket('write', 'DeleteBucket'),
  DeleteBucketAnalyticsConfiguration: onBucket('permissions', 'PutAnalyticsConfiguration'),
  DeleteBucketCors: onBucket('write', 'PutBucketCORS'),
  DeleteBucketEncryption: onBucket('write', 'PutEncryptionConfiguration'),
  DeleteBucketIntelligentTieringConfiguration: onBucket(
    'write',
    'PutIntelligentTieringConfiguration',
  ),
  DeleteBucketInventoryConfiguration: onBucket('permissions', 'PutInventoryConfiguration'),
  DeleteBucketLifecycle: onBucket('write', 'PutLifecycleConfiguration'),
  DeleteBucketMetadataConfiguration: onBucket(
    'permissions',
    'DeleteBucketMetadataTableConfiguration',
  ),
  DeleteBucketMetadataTableConfiguration: onBucket(
    'permissions',
    'DeleteBucketMetadataTableConfiguration',
  ),
  DeleteBucketMetricsConfiguration: onBucket('write', 'PutMetricsConfiguration'),
  DeleteBucketOwnershipControls: onBucket('permissions', 'PutBucketOwnershipControls'),
  DeleteBucketPolicy: onBucket('permissions', 'DeleteBucketPolicy'),
  DeleteBucketReplication: onBucket('permissions', 'PutReplicationConfiguration'),
  DeleteBucketTagging: onBucket('write', 'PutBucketTagging'),
  DeleteBucketWebsite: onBucket('write', 'DeleteBucketWebsite'),
  DeleteObject: onObject('write', 'DeleteObject', 'DeleteObjectVersion'),
  DeleteObjectAnnotation: onObject(
    'write',
    'DeleteObjectAnnotation',
    'DeleteObjectVersionAnnotation',
  ),
  DeleteObjects: {
    access: 'write',
    touches: 'keys',
    actions: ['DeleteObject'],
    versioned: ['DeleteObjectVersion'],
    inspect: 'delete-list',
  },
  DeleteObjectTagging: onObject('write', 'DeleteObjectTagging', 'DeleteObjectVersionTagging'),
  DeletePublicAccessBlock: onBucket('permissions', 'PutBucketPublicAccessBlock'),
  GetBucketAbac: onBucket('read', 'GetBucketAbac'),
  GetBucketAccelerateConfiguration: onBucket('read', 'GetAccelerateConfiguration'),
  GetBucketAcl: onBucket('read', 'GetBucketAcl'),
  GetBucketAnalyticsConfiguration: onBucket('read', 'GetAnalyticsConfiguration'),
  GetBucketCors: onBucket('read', 'GetBucketCORS'),
  GetBucketEncryption: onBucket('read', 'GetEncryptionConfiguration'),
  GetBucketIntelligentTieringConfiguration: onBucket('read', 'GetIntelligentTieringConfiguration'),
  GetBucketInventoryConfiguration: onBucket('read', 'GetInventoryConfiguration'),
  GetBucketLifecycleConfiguration: onBucket('read', 'GetLifecycleConfiguration'),
  GetBucketLocation: onBucket('read', 'GetBucketLocation'),
  GetBucketLogging: onBucket('read', 'GetBucketLogging'),
  GetBucketMetadataConfiguration: onBucket('read', 'GetBucketMetadataTableConfiguration'),
  GetBucketMetadataTableConfiguration: onBucket('read', 'GetBucketMetadataTableConfiguration'),
  GetBucketMetricsConfiguration: onBucket('read', 'GetMetricsConfiguration'),
  GetBucketNotificationConfiguration: onBucket('read', 'GetBucketNotification'),
  GetBucketOwnershipControls: onBucket('read', 'GetBucketOwnershipControls'),
  GetBucketPolicy: onBucket('read', 'GetBucketPolicy'),
  GetBucketPolicyStatus: onBucket('read', 'GetBucketPolicyStatus'),
  GetBucketReplication: onBucket('read', 'GetReplicationConfiguration'),
  GetBucketRequestPayment: onBucket('read', 'GetBucketRequestPayment'),
  GetBucketTagging: onBucket('read', 'GetBucketTagging'),
  GetBucketVersioning: onBucket('read', 'GetBucketVersioning'),
  GetBucketWebsite: onBucket('read', 'GetBucketWebsite'),
  GetObject: onObject('read', 'GetObject', 'GetObjectVersion'),
  GetObjectAcl: onObject('read', 'GetObjectAcl', 'GetObjectVersionAcl'),
  GetObjectAnnotation: onObject('read', 'GetObjectAnnotation', 'GetObjectVersionAnnotation'),
  GetObjectAttributes: {
    access: 'read',
    touches: 'object',
    actions: ['GetObject', 'GetObjectAttributes'],
    versioned: ['GetObjectVersion', 'GetObjectVersionAttributes'],
  },
  GetObjectLegalHold: onObject('read', 'GetObjectLegalHold'),
  GetObjectLockConfiguration: onBucket('read', 'GetBucketObjectLockConfiguration'),
  GetObjectRetention: onObject('read', 'GetObjectRetention'),
  GetObjectTagging: onObject('read', 'GetObjectTagging', 'GetObjectVersionTagging'),
  GetObjectTorrent: onObject('read', 'GetObjectTorrent'),
  GetPublicAccessBlock: onBucket('read', 'GetBucketPublicAccessBlock'),
  HeadBucket: onBucket('list', 'ListBucket'),
  HeadObject: onObject('read', 'GetObject', 'GetObjectVersion'),
  ListBucketAnalyticsConfigurations: onBucket('list', 'GetAnalyticsConfiguration'),
  ListBucketIntelligentTieringConfigurations: onBucket(
    'list',
    'GetIntelligentTieringConfiguration',
  ),
  ListBucketInventoryConfigurations: onBucket('list', 'GetInventoryConfiguration'),
  ListBucketMetricsConfigurations: onBucket('list', 'GetMetricsConfiguration'),
  ListBuckets: { access: 'list', touches: 'account', actions: ['ListAllMyBuckets'] },
  ListDirectoryBuckets: refused('list', 'account', DIRECTORY_ONLY),
  ListMultipartUploads: onPrefix('ListBucketMultipartUploads'),
  ListObjectAnnotations: onObject('list', 'ListObjectAnnotations', 'ListObjectVersionAnnotations'),
  ListObjects: onPrefix('ListBucket'),
  ListObjectsV2: onPrefix('ListBucket'),
  ListObjectVersions: onPrefix('ListBucketVersions'),
  ListParts: onObject('list', 'ListMultipartUploadParts'),
  PutBucketAbac: onBucket('permissions', 'PutBucketAbac'),
  PutBucketAccelerateConfiguration: onBucket('write', 'PutAccelerateConfiguration'),
  PutBucketAcl: onBucket('permissions', 'PutBucketAcl'),
  PutBucketAnalyticsConfiguration: onBucket('permissions', 'PutAnalyticsConfiguration'),
  PutBucketCors: onBucket('write', 'PutBucketCORS'),
  PutBucketEncryption: onBucket('write', 'PutEncryptionConfiguration'),
  PutBucketIntelligentTieringConfiguration: onBucket('write', 'PutIntelligentTieringConfiguration'),
  PutBucketInventoryConfiguration: onBucket('permissions', 'PutInventoryConfiguration'),
  PutBucketLifecycleConfiguration: onBucket('write', 'PutLifecycleConfiguration'),
  PutBucketLogging: onBucket('permissions', 'PutBucketLogging'),
  PutBucketMetricsConfiguration: onBucket('write', 'PutMetricsConfiguration'),
  PutBucketNotificationConfiguration: onBucket('permissions', 'PutBucketNotification'),
  PutBucketOwnershipControls: onBucket('permissions', 'PutBucketOwnershipControls'),
  PutBucketPolicy: onBucket('permissions', 'PutBucketPolicy'),
  PutBucketReplication: {
    ...onBucket('permissions', 'PutReplicationConfiguration'),
    elsewhere: ['iam:PassRole'],
  },
  PutBucketRequestPayment: onBucket('write', 'PutBucketRequestPayment'),
  PutBucketTagging: onBucket('write', 'PutBucketTagging'),
  PutBucketVersioning: onBucket('write', 'PutBucketVersioning'),
  PutBucketWebsite: onBucket('write', 'PutBucketWebsite'),
  PutObject: onObject('write', 'PutObject'),
  PutObjectAcl: onObject('permissions', 'PutObjectAcl', 'PutObjectVersionAcl'),
  PutObjectAnnotation: onObject('write', 'PutObjectAnnotation', 'PutObjectVersionAnnotation'),
  PutObjectLegalHold: onObject('write', 'PutObjectLegalHold'),
  PutObjectLockConfiguration: onBucket('write', 'PutBucketObjectLockConfiguration'),
  PutObjectRetention: onObject('write', 'PutObjectRetention'),
  PutObjectTagging: onObject('write', 'PutObjectTagging', 'PutObjectVersionTagging'),
  PutPublicAccessBlock: onBucket('permissions', 'PutBucketPublicAccessBlock'),
  RenameObject: refused('write', 'object', DIRECTORY_ONLY),
  RestoreObject: { ...onObject('write', 'RestoreObject'), inspect: 'restore-request' },
  SelectObjectContent: onObject('read', 'GetObject'),
  UpdateBucketMetadataAnnotationTableConfiguration: onBucket(
    'permissions',
    'UpdateBucketMetadataAnnotationTableConfiguration',
  ),
  UpdateBucketMetadataInventoryTableConfiguration: onBucket(
    'permissions',
    'UpdateBucketMetadataInventoryTableConfiguration',
  ),
  UpdateBucketMetadataJournalTableConfiguration: onBucket(
    'permissions',
    'UpdateBucketMetadataJournalTableConfiguration',
  ),
  UpdateObjectEncryption: onObject('write', 'UpdateObjectEncryption'),
  UploadPart: onObject('write', 'PutObject'),
  UploadPartCopy: { access: 'write', touches: 'copy', actions: ['PutObject'] },
  WriteGetObjectResponse: refused(
    'write',
    'account',
    'is sent to a host that the request itself names, for Object Lambda functions only',
  ),
}

/** Deprecated operations whose requests are byte for byte those of their successors. */
export const S3_SEEN_AS: Readonly<Record<string, string>> = {
  GetBucketLifecycle: 'GetBucketLifecycleConfiguration',
  GetBucketNotification: 'GetBucketNotificationConfiguration',
  PutBucketLifecycle: 'PutBucketLifecycleConfiguration',
  PutBucketNotification: 'PutBucketNotificationConfiguration',
}
