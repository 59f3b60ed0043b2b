// Which of the S3 operations a request is: exactly one, or a refusal. The key is method, level
// (service, bucket, object), markers in the query and, between siblings, a header. AWS adds
// subresources and headers every year, and to an older reader the new ones look like plain PutObject
// or GetObject; so whatever the model does not name is refused (docs/decisions/0014).

import type { Refusal } from '../../../errors.ts'
import type { HeaderMap, QueryParameter } from '../../../request/gateway-request.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { RequestView } from '../../request-view.ts'
import { checkHeaders } from './check-headers.ts'
import {
  MARKER_NAMES,
  QUERY_NAMES,
  S3_SIBLINGS,
  siblingsKey,
  type S3Operation,
  type Siblings,
} from './operation-index.ts'
import { hasControl, placeOf, type Place } from './place.ts'
import { quoted } from '../../quoted.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

export interface Recognised {
  readonly operation: S3Operation
  readonly place: Place
}

type Refused = Result<never, Refusal<S3RefusalCode>>

const NO_MARKERS: readonly string[] = []

/** Signature parameters of presigned URLs: SigV4 and SigV4A by prefix, SigV2 by name. */
const SIGNED_V2: ReadonlySet<string> = new Set(['awsaccesskeyid', 'signature', 'expires'])

export function recognise(view: RequestView): Result<Recognised, Refusal<S3RefusalCode>> {
  if (view.method === 'OPTIONS') return refuseS3('S3-OPTIONS', 'a preflight request')
  const placed = placeOf(view)
  if (!placed.ok) return placed
  const place = placed.value
  const markers = readQuery(view.query)
  if (!markers.ok) return markers
  const siblings = S3_SIBLINGS.get(siblingsKey(view.method, place.level, markers.value))
  if (siblings === undefined) return refuseUnlisted(view, place, markers.value)
  const operation = pick(siblings, view)
  if (!operation.ok) return operation
  const { model, rule } = operation.value
  if (rule.refused !== undefined) {
    return refuseS3('S3-UNREACHABLE', `${model.name} ${rule.refused}`)
  }
  const headers = checkHeaders(operation.value, view)
  if (headers !== undefined) return headers
  return ok({ operation: operation.value, place })
}

/** Judges every parameter for itself, and returns the sorted names of those that make operations. */
function readQuery(
  query: readonly QueryParameter[],
): Result<readonly string[], Refusal<S3RefusalCode>> {
  if (query.length === 0) return ok(NO_MARKERS)
  const markers: string[] = []
  for (const [index, { name, value }] of query.entries()) {
    if (!QUERY_NAMES.has(name)) return refuseName(name)
    for (let before = 0; before < index; before += 1) {
      if (query[before]?.name === name) {
        return refuseS3('S3-QUERY-TWICE', `${quoted(name)} stands more than once`)
      }
    }
    if (value !== undefined && hasControl(value)) {
      return refuseS3('S3-QUERY-VALUE', `${quoted(name)} has control characters`)
    }
    if (MARKER_NAMES.has(name)) markers.push(name)
  }
  return ok(markers.length > 1 ? markers.sort() : markers)
}

function refuseName(name: string): Refused {
  const lower = name.toLowerCase()
  if (lower.startsWith('x-amz-') || SIGNED_V2.has(lower)) {
    return refuseS3('S3-QUERY-SIGNED', `${quoted(name)} in the query`)
  }
  return refuseS3('S3-QUERY-UNKNOWN', `${quoted(name)} is no known query parameter`)
}

function refuseUnlisted(view: RequestView, place: Place, markers: readonly string[]): Refused {
  if (markers.length > 1) {
    return refuseS3('S3-SUBRESOURCES', `${markers.join(' and ')} in one request`)
  }
  if (view.method === 'POST' && place.level === 'bucket' && markers.length === 0) {
    return refuseS3('S3-FORM', 'POST on a bucket')
  }
  const what = siblingsKey(view.method, place.level, markers)
  return refuseS3('S3-UNKNOWN', `no operation is ${what}`)
}

/** The one sibling that takes just these parameters. One that is refused yields to one that is not. */
function pick(siblings: Siblings, view: RequestView): Result<S3Operation, Refusal<S3RefusalCode>> {
  let found: S3Operation | undefined
  for (const operation of siblings.operations) {
    if (mismatchOf(operation, siblings, view) !== undefined) continue
    if (found === undefined || found.rule.refused !== undefined) found = operation
    else if (operation.rule.refused === undefined) {
      const detail = `both ${found.model.name} and ${operation.model.name}`
      return refuseS3('S3-MISMATCH', detail)
    }
  }
  if (found !== undefined) return ok(found)
  const reasons = siblings.operations.map(
    (operation) => `${operation.model.name}: ${mismatchOf(operation, siblings, view)}`,
  )
  return refuseS3('S3-MISMATCH', reasons.join('; '))
}

/** Why the request is not this operation; undefined: it is. */
function mismatchOf(
  { model, queryNames }: S3Operation,
  { discriminators }: Siblings,
  { query, headers }: RequestView,
): string | undefined {
  for (const { name, value } of query) {
    if (!queryNames.has(name)) return `takes no ${name}`
    const marker = model.markers[name]
    if (marker !== undefined && (value ?? '') !== marker) return `needs ${name}=${marker}`
    if (name === 'x-id' && value !== model.name) return 'x-id names another'
    if (name === 'versionId' && !value) return 'versionId is empty'
  }
  for (const name of model.requiredQuery) {
    if (!query.some((parameter) => parameter.name === name && parameter.value)) {
      return `needs ${name}`
    }
  }
  return headerMismatch(model.requiredHeaders, discriminators, headers)
}

function headerMismatch(
  required: readonly string[],
  discriminators: readonly string[],
  headers: HeaderMap,
): string | undefined {
  for (const name of discriminators) {
    if (headers.has(name) !== required.includes(name)) {
      return required.includes(name) ? `needs ${name}` : `takes no ${name}`
    }
  }
  return undefined
}
