// Session policy statements of a grant, for `session_policy: generate`: what its actions need on
// its targets, and no more. A session policy only ever narrows what the role has (AWS IAM,
// "Session policies"), so a permission missing here makes a request fail and never lets one pass.

import type { Access, TargetType } from '../facts/facts.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Grant, GrantStatement, GrantTarget } from './grant-schema.ts'

interface Need {
  readonly type: TargetType
  readonly access: Access
  readonly permission: string
}

function need(type: TargetType, access: Access, permission: string): Need {
  return { type, access, permission }
}

const PUTS: readonly Need[] = [need('object', 'write', 's3:PutObject')]
const GETS: readonly Need[] = [need('object', 'read', 's3:GetObject')]
const LISTS: readonly Need[] = [need('bucket', 'list', 's3:ListBucket')]
const COPIES: readonly Need[] = [...GETS, ...PUTS]

/** Service Authorization Reference, Amazon S3: the permission of each operation on each target. */
const S3_NEEDS: ReadonlyMap<string, readonly Need[]> = new Map([
  ['PutObject', PUTS],
  ['CreateMultipartUpload', PUTS],
  ['UploadPart', PUTS],
  ['CompleteMultipartUpload', PUTS],
  ['AbortMultipartUpload', [need('object', 'write', 's3:AbortMultipartUpload')]],
  ['ListParts', [need('object', 'list', 's3:ListMultipartUploadParts')]],
  ['ListMultipartUploads', [need('bucket', 'list', 's3:ListBucketMultipartUploads')]],
  ['GetObject', GETS],
  ['HeadObject', GETS],
  ['CopyObject', COPIES],
  ['UploadPartCopy', COPIES],
  ['DeleteObject', [need('object', 'write', 's3:DeleteObject')]],
  ['DeleteObjects', [need('object', 'write', 's3:DeleteObject')]],
  ['ListObjects', LISTS],
  ['ListObjectsV2', LISTS],
  ['HeadBucket', LISTS],
])

/** The error says what keeps the statements from being generated. */
export function generateStatements(grant: Grant): Result<readonly GrantStatement[], string> {
  if (grant.service !== 'aws_s3') {
    return err(`\`generate\` knows aws_s3 only; write the statements of ${grant.service} as a list`)
  }
  const unknown = grant.actions.find((action) => !S3_NEEDS.has(bareAction(action)))
  if (unknown !== undefined) {
    return err(`\`generate\` does not know what ${unknown} needs; write the statements as a list`)
  }
  const resourcesByActions = new Map<string, string[]>()
  for (const target of grant.targets) {
    const actions = permissions(grant, target)
    if (actions.length === 0) continue
    const key = actions.join(' ')
    resourcesByActions.set(key, [...(resourcesByActions.get(key) ?? []), resourceOf(target)])
  }
  if (resourcesByActions.size === 0) {
    return err('these actions need nothing on targets of this type and access; correct either')
  }
  return ok(
    [...resourcesByActions].map(([actions, resources]) => ({
      actions: actions.split(' '),
      resources: [...new Set(resources)].sort(),
    })),
  )
}

function permissions(grant: Grant, target: GrantTarget): readonly string[] {
  const needs = grant.actions.flatMap((action) => S3_NEEDS.get(bareAction(action)) ?? [])
  const granted = needs.filter(
    ({ type, access }) => type === target.type && grant.access.some((kind) => kind === access),
  )
  return [...new Set(granted.map(({ permission }) => permission))].sort()
}

function bareAction(action: string): string {
  return action.startsWith('s3.') ? action.slice('s3.'.length) : action
}

function resourceOf({ type, container, path_prefix: prefix }: GrantTarget): string {
  const bucket = `arn:aws:s3:::${container === '*' ? '*' : literal(container)}`
  return type === 'bucket' ? bucket : `${bucket}/${literal(prefix)}*`
}

/** IAM reads `*`, `?` and `${` in a resource as patterns; these are their literal forms. */
function literal(value: string): string {
  return value.replace(/[*?$]/g, (letter) => `\${${letter}}`)
}
