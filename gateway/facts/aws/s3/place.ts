// Bucket and key of a request. The border between them is the first raw slash, found before
// anything is decoded: `%2F` cannot move it. The key is decoded once and not normalised, as S3
// itself reads it, so `..//x/./y` is a key like any other.

import type { Refusal } from '../../../errors.ts'
import { percentDecode } from '../../../request/percent.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { RequestView } from '../../request-view.ts'
import { isBucketName, otherKindOf } from './bucket-name.ts'
import { quoted } from '../../quoted.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

export type Place =
  | { readonly level: 'service' }
  | { readonly level: 'bucket'; readonly bucket: string }
  | { readonly level: 'object'; readonly bucket: string; readonly key: string }

export type Placed = Result<Place, Refusal<S3RefusalCode>>

const SERVICE: Place = Object.freeze({ level: 'service' })
/** The one operation whose path is a literal (Object Lambda's WriteGetObjectResponse). */
const LITERAL_PATH = '/WriteGetObjectResponse'

// C0 controls and DEL: S3 takes them, logs, XML bodies and policies written by hand do not.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/

export function hasControl(text: string): boolean {
  return CONTROL.test(text)
}

export function placeOf(view: Pick<RequestView, 'path' | 'bucket'>): Placed {
  const { path, bucket } = view
  if (bucket !== undefined) return inBucket(bucket, path, 1)
  if (path === '/' || path === LITERAL_PATH) return ok(SERVICE)
  const slash = path.indexOf('/', 1)
  return slash === -1
    ? inBucket(path.slice(1), '', 0)
    : inBucket(path.slice(1, slash), path, slash + 1)
}

/** The key is what stands in `path` from `keyAt` on. */
function inBucket(bucket: string, path: string, keyAt: number): Placed {
  if (!isBucketName(bucket)) {
    return refuseS3('S3-BUCKET', `${quoted(bucket)} is not a bucket name`)
  }
  const kind = otherKindOf(bucket)
  if (kind !== undefined) return refuseS3('S3-BUCKET-KIND', `${quoted(bucket)} names ${kind}`)
  if (keyAt >= path.length) return ok({ level: 'bucket', bucket })
  const key = percentDecode(path.slice(keyAt))
  if (key === undefined) return refuseS3('S3-KEY', 'the key is not percent-encoded UTF-8')
  if (hasControl(key)) return refuseS3('S3-KEY', 'the key has control characters')
  return ok({ level: 'object', bucket, key })
}
