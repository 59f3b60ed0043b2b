// The vendor's model and our rules, joined once at start and laid out for look-up: by method, level
// and markers, then by the few parameters and headers that tell siblings apart.

import type { Method } from '../../../request/gateway-request.ts'
import { CREDENTIAL_OPERATIONS } from '../../credential-operations.ts'
import { ACCESS_ORDER, type Access } from '../../facts.ts'
import { S3_HEADER_EFFECTS, type HeaderEffect } from './header-effects.ts'
import type { Level, OperationModel } from './operation-model.ts'
import { S3_OPERATION_MODELS } from './operation-model.generated.ts'
import { S3_OPERATION_RULES, type OperationRule } from './operation-rules.ts'

/** Checksum headers and trailers that every operation with a body may carry. */
export const CHECKSUM_HEADERS: ReadonlySet<string> = new Set(
  'crc32 crc32c crc64nvme md5 sha1 sha256 sha512 xxhash64 xxhash3 xxhash128'
    .split(' ')
    .map((algorithm) => `x-amz-checksum-${algorithm}`),
)

/** Signing and transport: no operation's model names them, and the shaper removes or sets them. */
const TRANSPORT_HEADERS = [
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-user-agent',
]
const BODY_HEADERS = [
  ...CHECKSUM_HEADERS,
  'x-amz-decoded-content-length',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-trailer',
]

export interface S3Operation {
  readonly model: OperationModel
  readonly rule: OperationRule
  /** Every query name that it takes, markers and `x-id` included. */
  readonly queryNames: ReadonlySet<string>
  readonly headerNames: ReadonlySet<string>
  /** The effects that a header of it can have; empty for most. */
  readonly effects: readonly HeaderEffect[]
}

/** Operations that share method, level and markers. */
export interface Siblings {
  readonly operations: readonly S3Operation[]
  /** Headers that one of them requires: present means that one, absent another. */
  readonly discriminators: readonly string[]
}

/** Query names that make operations, over all of S3. */
export const MARKER_NAMES: ReadonlySet<string> = new Set(
  S3_OPERATION_MODELS.flatMap((model) => Object.keys(model.markers)),
)

export const QUERY_NAMES: ReadonlySet<string> = new Set([
  'x-id',
  ...S3_OPERATION_MODELS.flatMap((model) => [
    ...Object.keys(model.markers),
    ...model.requiredQuery,
    ...model.query,
  ]),
])

/** `markers` sorted. */
export function siblingsKey(method: Method, level: Level, markers: readonly string[]): string {
  return markers.length === 0 ? `${method} ${level}` : `${method} ${level} ${markers.join('&')}`
}

export const S3_OPERATIONS: readonly S3Operation[] = S3_OPERATION_MODELS.map(join)
export const S3_OPERATIONS_BY_NAME: ReadonlyMap<string, S3Operation> = new Map(
  S3_OPERATIONS.map((operation) => [operation.model.name, operation]),
)
export const S3_SIBLINGS: ReadonlyMap<string, Siblings> = groupSiblings(S3_OPERATIONS)

function join(model: OperationModel): S3Operation {
  const rule = S3_OPERATION_RULES[model.name]
  if (rule === undefined) throw new TypeError(`operation-rules.ts has no row for ${model.name}`)
  if (CREDENTIAL_OPERATIONS.has(`s3.${model.name}`) !== (rule.access === 'credentials')) {
    throw new TypeError(`${model.name}: its access and credential-operations.ts disagree`)
  }
  const headerNames = new Set([...TRANSPORT_HEADERS, ...model.requiredHeaders, ...model.headers])
  if (model.body) for (const name of BODY_HEADERS) headerNames.add(name)
  return {
    model,
    rule,
    queryNames: new Set([
      'x-id',
      ...Object.keys(model.markers),
      ...model.requiredQuery,
      ...model.query,
    ]),
    headerNames,
    effects: S3_HEADER_EFFECTS.filter((effect) => headerNames.has(effect.header)),
  }
}

function groupSiblings(operations: readonly S3Operation[]): ReadonlyMap<string, Siblings> {
  const groups = new Map<string, S3Operation[]>()
  for (const operation of operations) {
    const { method, level, markers } = operation.model
    const key = siblingsKey(method, level, Object.keys(markers).sort())
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [operation])
    else group.push(operation)
  }
  return new Map(
    [...groups].map(([key, group]) => [
      key,
      {
        operations: group,
        discriminators: [...new Set(group.flatMap(({ model }) => model.requiredHeaders))],
      },
    ]),
  )
}

export function higherAccess(a: Access, b: Access): Access {
  if (a === 'unknown' || b === 'unknown') return 'unknown'
  return ACCESS_ORDER.indexOf(a) >= ACCESS_ORDER.indexOf(b) ? a : b
}
