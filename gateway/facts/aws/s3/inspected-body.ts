// The two bodies that say what a request touches: the list of DeleteObjects, and the request of
// RestoreObject, which could write elsewhere. Elements and their order of nesting are the S3 API
// reference's; an unknown or repeated one is refused, because it may be what S3 would act on.

import type { Refusal } from '../../../errors.ts'
import { ok, type Result } from '../../../util/result.ts'
import { readXml, type XmlElement } from '../../../util/xml.ts'
import { hasControl } from './place.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

export interface ListedObject {
  readonly key: string
  readonly version: string | undefined
}

type Refused = Result<never, Refusal<S3RefusalCode>>

/** 1,000 keys of 1,024 bytes, escaped, with versions: S3's own limit of a list is under it. */
export const DELETE_LIST_BYTES = 2 * 1024 * 1024
/** A restore request without a query is a few hundred bytes. */
export const RESTORE_REQUEST_BYTES = 64 * 1024
/** DeleteObjects takes 1,000 objects (S3 API reference). */
export const MAX_LISTED = 1000

const LIST_FIELDS = new Set(['Object', 'Quiet'])
const OBJECT_FIELDS = new Set(['Key', 'VersionId', 'ETag', 'LastModifiedTime', 'Size'])
const RESTORE_FIELDS = new Set(['Days', 'GlacierJobParameters', 'Tier', 'Description'])
const RESTORE_ELSEWHERE = new Set(['Type', 'SelectParameters', 'OutputLocation'])

export function readDeleteList(
  body: Buffer,
): Result<readonly ListedObject[], Refusal<S3RefusalCode>> {
  const root = readXml(body)
  if (root === undefined || root.name !== 'Delete') return refuseBody('no readable Delete element')
  const listed: ListedObject[] = []
  let quiet = 0
  for (const child of root.children) {
    if (!LIST_FIELDS.has(child.name)) return refuseBody('an unknown element in Delete')
    if (child.name === 'Quiet') {
      quiet += 1
      continue
    }
    const object = readListed(child)
    if (object === undefined) return refuseBody('an Object that is not one key and one version')
    listed.push(object)
  }
  if (quiet > 1) return refuseBody('Quiet stands twice')
  if (listed.length === 0) return refuseBody('no Object in Delete')
  if (listed.length > MAX_LISTED) return refuseBody(`more than ${MAX_LISTED} objects`)
  return ok(listed)
}

function readListed(object: XmlElement): ListedObject | undefined {
  let key: string | undefined
  let version: string | undefined
  const seen = new Set<string>()
  for (const { name, children, text } of object.children) {
    if (!OBJECT_FIELDS.has(name) || seen.has(name) || children.length > 0) return undefined
    seen.add(name)
    if (hasControl(text)) return undefined
    if (name === 'Key') key = text
    if (name === 'VersionId') version = text
  }
  if (key === undefined || key === '') return undefined
  // An empty VersionId is read as none by some and as the null version by others.
  return version === '' ? undefined : { key, version }
}

/** Undefined: the request restores its own object, and nothing else. */
export function checkRestoreRequest(body: Buffer): Refused | undefined {
  const root = readXml(body)
  if (root === undefined || root.name !== 'RestoreRequest') {
    return refuseBody('no readable RestoreRequest element')
  }
  const seen = new Set<string>()
  for (const { name } of root.children) {
    if (RESTORE_ELSEWHERE.has(name)) {
      return refuseS3('S3-BODY-RESTORE', `${name} in RestoreRequest`)
    }
    if (!RESTORE_FIELDS.has(name) || seen.has(name)) {
      return refuseBody('an unknown or repeated element in RestoreRequest')
    }
    seen.add(name)
  }
  return undefined
}

function refuseBody(detail: string): Refused {
  return refuseS3('S3-BODY', detail)
}
