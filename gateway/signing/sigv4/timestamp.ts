// The two spellings of the signing time (AWS SigV4 "Create a string to sign"): ISO 8601 basic
// format in UTC for `x-amz-date`, and its date part for the credential scope.

import { isoText } from '../../util/rfc3339.ts'

export interface SigningTime {
  /** `20150830T123600Z` */
  readonly timestamp: string
  /** `20150830` */
  readonly date: string
}

/** @param now ms since the Unix epoch; the fraction of a second is cut off */
export function signingTime(now: number): SigningTime {
  const iso = isoText(now)
  const date = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10)
  const timestamp = `${date}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`
  return { timestamp, date }
}
