// Times of certificates (RFC 5280 §4.1.2.5). Of the many forms that UTCTime and GeneralizedTime have
// in X.680, one each is a certificate's; the rest have been read as other instants by somebody.

import { DerError, TAG } from './der.ts'
import type { DerValue } from './der.ts'

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const FIRST_GENERALIZED_YEAR = 2050

/** A Time of RFC 5280 §4.1.2.5 (UTC, whole seconds, UTCTime through 2049) in ms since the epoch. */
export function readTime({ tag, content }: DerValue): number {
  const text = content.toString('latin1')
  const isUtcTime = tag === TAG.utcTime
  if (!isUtcTime && tag !== TAG.generalizedTime)
    throw new DerError(`a time with tag 0x${tag.toString(16)}`)
  const match = (isUtcTime ? UTC_TIME : GENERALIZED_TIME).exec(text)
  if (match === null) throw new DerError('a time that is not of the form of RFC 5280')
  const [shortYear = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number)
  const year = isUtcTime ? shortYear + (shortYear >= 50 ? 1900 : 2000) : shortYear
  if (!isUtcTime && year < FIRST_GENERALIZED_YEAR) {
    throw new DerError('a GeneralizedTime before 2050, where RFC 5280 wants UTCTime')
  }
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const back = new Date(ms)
  const isReal =
    back.getUTCMonth() === month - 1 &&
    back.getUTCDate() === day &&
    back.getUTCHours() === hour &&
    back.getUTCMinutes() === minute &&
    back.getUTCSeconds() === second
  if (!isReal) throw new DerError('a time that does not exist')
  return ms
}
