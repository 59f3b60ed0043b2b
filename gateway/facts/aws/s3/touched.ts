// What a recognised request touches and what IAM would ask for it: every resource, a copy's source
// and each key of a batch included (docs/POLICY.md). Names are ARNs of the request's partition.

import type { Refusal } from '../../../errors.ts'
import { headerValue, type HeaderMap } from '../../../request/gateway-request.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { Access, Permission, Target } from '../../facts.ts'
import type { RequestView } from '../../request-view.ts'
import { parseCopySource, type CopySource } from './copy-source.ts'
import { checkRestoreRequest, readDeleteList } from './inspected-body.ts'
import { higherAccess } from './operation-index.ts'
import type { Recognised } from './recognise.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

export interface Touched {
  readonly access: Access
  readonly targets: readonly Target[]
  readonly permissions: readonly Permission[]
}

type TouchedResult = Result<Touched, Refusal<S3RefusalCode>>

export function touchedBy(
  recognised: Recognised,
  view: RequestView,
  partition: string,
): TouchedResult {
  const { operation, place } = recognised
  const { rule } = operation
  const access = accessOf(recognised, view.headers)
  if (place.level === 'service') return ok(account(access, rule.actions, view, partition))
  const bucketArn = `arn:${partition}:s3:::${place.bucket}`
  if (rule.touches === 'keys') return listedKeys(recognised, view, bucketArn)
  const isObject = place.level === 'object'
  const version = isObject ? queryValue(view, 'versionId') : undefined
  const target = isObject
    ? objectTarget(access, place.bucket, bucketArn, place.key, version)
    : bucketTarget(access, place.bucket, bucketArn, rule.touches === 'prefix' ? view : undefined)
  const actions = version === undefined ? rule.actions : (rule.versioned ?? rule.actions)
  const permissions = actions.map((action) => permission(action, target.name))
  addEffects(permissions, recognised, view.headers, target.name)
  for (const action of rule.elsewhere ?? []) permissions.push({ action, resource: '*' })
  if (rule.inspect === 'restore-request') {
    const fault = checkRestoreRequest(view.body ?? Buffer.alloc(0))
    if (fault !== undefined) return fault
  }
  if (rule.touches !== 'copy') return ok({ access, targets: [target], permissions })
  return copy({ access, targets: [target], permissions }, view, partition)
}

/** The least access of the operation, raised by what its headers add. */
function accessOf({ operation }: Recognised, headers: HeaderMap): Access {
  let { access } = operation.rule
  for (const effect of operation.effects) {
    if (effect.access !== undefined && headers.has(effect.header)) {
      access = higherAccess(access, effect.access)
    }
  }
  return access
}

/** Adds the actions that headers ask for, each once. */
function addEffects(
  permissions: Permission[],
  { operation, place }: Recognised,
  headers: HeaderMap,
  resource: string,
): void {
  for (const { header, value, actions } of operation.effects) {
    const given = headerValue(headers, header)
    if (given === undefined || (value !== undefined && given.toLowerCase() !== value)) continue
    for (const action of place.level === 'object' ? actions.object : actions.bucket) {
      const full = `s3:${action}`
      const isListed = permissions.some(
        (known) => known.action === full || known.action === versionOf(full),
      )
      if (!isListed) permissions.push({ action: full, resource })
    }
  }
}

/** `PutObjectAcl` on a version is `PutObjectVersionAcl`. */
function versionOf(action: string): string {
  return action.replace('Object', 'ObjectVersion')
}

function account(
  access: Access,
  actions: readonly string[],
  view: RequestView,
  partition: string,
): Touched {
  const prefix = queryValue(view, 'prefix')
  const target: Target = {
    type: 'account',
    access,
    name: `arn:${partition}:s3:::*`,
    container: '',
    path: prefix ?? '',
    ...(prefix === undefined ? {} : { prefix }),
  }
  const permissions = actions.map((action) => permission(action, '*'))
  return { access, targets: [target], permissions }
}

/** `listed`: the request, where it lists keys under a prefix. */
function bucketTarget(
  access: Access,
  bucket: string,
  name: string,
  listed: RequestView | undefined,
): Target {
  if (listed === undefined) {
    return { type: 'bucket', access, name, container: bucket, path: '', bucket }
  }
  const prefix = queryValue(listed, 'prefix') ?? ''
  return { type: 'bucket', access, name, container: bucket, path: prefix, bucket, prefix }
}

function objectTarget(
  access: Access,
  bucket: string,
  bucketArn: string,
  key: string,
  version: string | undefined,
): Target {
  const name = `${bucketArn}/${key}`
  const target: Target = { type: 'object', access, name, container: bucket, path: key, bucket, key }
  return version === undefined ? target : { ...target, version }
}

function listedKeys(
  { operation, place }: Recognised,
  view: RequestView,
  bucketArn: string,
): TouchedResult {
  if (place.level !== 'bucket') return refuseS3('S3-MISMATCH', 'a list of keys without a bucket')
  const listed = readDeleteList(view.body ?? Buffer.alloc(0))
  if (!listed.ok) return listed
  const { access, actions, versioned = actions } = operation.rule
  const bypasses = headerValue(view.headers, 'x-amz-bypass-governance-retention')
  const isBypass = bypasses?.toLowerCase() === 'true'
  const targets: Target[] = []
  const permissions = new Map<string, Permission>()
  for (const { key, version } of listed.value) {
    const target = objectTarget(access, place.bucket, bucketArn, key, version)
    targets.push(target)
    for (const action of version === undefined ? actions : versioned) {
      permissions.set(`${action} ${target.name}`, permission(action, target.name))
    }
    if (isBypass) {
      const action = 'BypassGovernanceRetention'
      permissions.set(`${action} ${target.name}`, permission(action, target.name))
    }
  }
  return ok({ access, targets, permissions: [...permissions.values()] })
}

/**
 * Adds the source. Tags are copied with the object unless the request says REPLACE, which needs the
 * tagging actions on both sides.
 */
function copy(destination: Touched, view: RequestView, partition: string): TouchedResult {
  const parsed = parseCopySource(headerValue(view.headers, 'x-amz-copy-source') ?? '')
  if (!parsed.ok) return parsed
  const source = sourceTarget(parsed.value, partition)
  const isVersion = source.version !== undefined
  const permissions = [
    ...destination.permissions,
    permission(isVersion ? 'GetObjectVersion' : 'GetObject', source.name),
  ]
  const isPart = view.query.some(({ name }) => name === 'uploadId')
  const directive = headerValue(view.headers, 'x-amz-tagging-directive')?.toUpperCase()
  if (!isPart && directive !== 'REPLACE') {
    permissions.push(
      permission(isVersion ? 'GetObjectVersionTagging' : 'GetObjectTagging', source.name),
    )
    const tagging = permission('PutObjectTagging', destination.targets[0]?.name ?? '')
    if (!permissions.some(({ action }) => action === tagging.action)) permissions.push(tagging)
  }
  return ok({ ...destination, targets: [...destination.targets, source], permissions })
}

function sourceTarget({ bucket, key, version }: CopySource, partition: string): Target {
  return objectTarget('read', bucket, `arn:${partition}:s3:::${bucket}`, key, version)
}

function permission(action: string, resource: string): Permission {
  return { action: `s3:${action}`, resource }
}

function queryValue({ query }: RequestView, name: string): string | undefined {
  for (const parameter of query) if (parameter.name === name) return parameter.value ?? ''
  return undefined
}
