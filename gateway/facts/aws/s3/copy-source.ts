// `x-amz-copy-source`: an optional slash, bucket, slash, key, percent-encoded once, and perhaps
// `?versionId=`. What S3 and a strict reader could read differently is refused: a raw plus (S3 reads
// a blank), a second `?`, a border that only decoding would show beside a raw one.

import type { Refusal } from '../../../errors.ts'
import { percentDecode } from '../../../request/percent.ts'
import { ok, type Result } from '../../../util/result.ts'
import { isBucketName, otherKindOf } from './bucket-name.ts'
import { hasControl } from './place.ts'
import { quoted } from '../../quoted.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

export interface CopySource {
  readonly bucket: string
  readonly key: string
  readonly version: string | undefined
}

const VERSION_MARK = '?versionId='
/** Printable ASCII but the plus sign: anything else must come percent-encoded. */
const ENCODED = /^[!-*,-~]+$/

export function parseCopySource(text: string): Result<CopySource, Refusal<S3RefusalCode>> {
  if (/^\/?arn(?::|%3a)/i.test(text)) {
    return refuseS3('S3-BUCKET-KIND', 'the copy source is an ARN')
  }
  if (!ENCODED.test(text)) {
    return refuseS3('S3-SOURCE', 'a plus, a blank or bytes outside ASCII that are not encoded')
  }
  const mark = text.indexOf('?')
  const path = mark === -1 ? text : text.slice(0, mark)
  const place = splitPlace(path)
  if (place === undefined) return refuseS3('S3-SOURCE', `${quoted(path)} is not bucket/key`)
  const kind = otherKindOf(place.bucket)
  if (kind !== undefined) return refuseS3('S3-BUCKET-KIND', `the copy source names ${kind}`)
  if (mark === -1) return ok({ ...place, version: undefined })
  const version = readVersion(text.slice(mark))
  if (version === undefined) {
    return refuseS3('S3-SOURCE', 'something else than ?versionId= behind the key')
  }
  return ok({ ...place, version })
}

/** SDK users also encode the whole, slash included; then decoding shows the only border there is. */
function splitPlace(path: string): { bucket: string; key: string } | undefined {
  const rest = path.startsWith('/') ? path.slice(1) : path
  const border = rest.indexOf('/')
  if (border !== -1) return named(rest.slice(0, border), percentDecode(rest.slice(border + 1)))
  const decoded = percentDecode(rest)
  if (decoded === undefined) return undefined
  const whole = decoded.startsWith('/') ? decoded.slice(1) : decoded
  const slash = whole.indexOf('/')
  return slash === -1 ? undefined : named(whole.slice(0, slash), whole.slice(slash + 1))
}

function named(
  bucket: string,
  key: string | undefined,
): { bucket: string; key: string } | undefined {
  if (key === undefined || key === '' || hasControl(key) || !isBucketName(bucket)) return undefined
  return { bucket, key }
}

function readVersion(text: string): string | undefined {
  if (!text.startsWith(VERSION_MARK)) return undefined
  const version = percentDecode(text.slice(VERSION_MARK.length))
  const isPlain = version !== undefined && version !== '' && !/[?&]/.test(version)
  return isPlain && !hasControl(version) ? version : undefined
}
