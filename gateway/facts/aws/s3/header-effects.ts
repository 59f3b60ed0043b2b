// Headers that make an operation do more than its name says: each needs an IAM action of its own,
// and some raise the access class (Service Authorization Reference).

import type { Access } from '../../facts.ts'

export interface HeaderEffect {
  readonly header: string
  /** Only this value has the effect; absent: any. */
  readonly value?: string
  /** On the operation's own target. */
  readonly actions: { readonly bucket: readonly string[]; readonly object: readonly string[] }
  readonly access?: Access
}

const ACL: Omit<HeaderEffect, 'header'> = {
  actions: { bucket: ['PutBucketAcl'], object: ['PutObjectAcl'] },
  access: 'permissions',
}
const RETENTION: Omit<HeaderEffect, 'header'> = {
  actions: { bucket: [], object: ['PutObjectRetention'] },
}

export const S3_HEADER_EFFECTS: readonly HeaderEffect[] = [
  { header: 'x-amz-acl', ...ACL },
  { header: 'x-amz-grant-full-control', ...ACL },
  { header: 'x-amz-grant-read', ...ACL },
  { header: 'x-amz-grant-read-acp', ...ACL },
  { header: 'x-amz-grant-write', ...ACL },
  { header: 'x-amz-grant-write-acp', ...ACL },
  {
    header: 'x-amz-object-ownership',
    actions: { bucket: ['PutBucketOwnershipControls'], object: [] },
    access: 'permissions',
  },
  {
    header: 'x-amz-bucket-object-lock-enabled',
    value: 'true',
    actions: { bucket: ['PutBucketObjectLockConfiguration', 'PutBucketVersioning'], object: [] },
  },
  { header: 'x-amz-tagging', actions: { bucket: [], object: ['PutObjectTagging'] } },
  { header: 'x-amz-object-lock-mode', ...RETENTION },
  { header: 'x-amz-object-lock-retain-until-date', ...RETENTION },
  {
    header: 'x-amz-object-lock-legal-hold',
    actions: { bucket: [], object: ['PutObjectLegalHold'] },
  },
  {
    header: 'x-amz-bypass-governance-retention',
    value: 'true',
    actions: { bucket: [], object: ['BypassGovernanceRetention'] },
  },
]
