// Instants as RFC 3339 text, in UTC, for records, policy input and command lines.

const FORM = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

const SECOND_MS = 1000

// Memos of one: policy input, records and the signature ask for the same instant, or for one that
// differs in its milliseconds alone.
let lastMs = NaN
let lastText = ''
let lastSecond = NaN
/** Up to the point before the milliseconds. */
let lastSecondText = ''

/** `2026-11-23T18:00:00.000Z`, always with milliseconds. Throws RangeError for no instant. */
export function isoText(ms: number): string {
  if (ms === lastMs) return lastText
  const second = Math.floor(ms / SECOND_MS)
  const part = ms - second * SECOND_MS
  if (second !== lastSecond || !Number.isInteger(part)) {
    const text = new Date(ms).toISOString()
    lastSecond = second
    lastSecondText = text.slice(0, -4)
    lastText = text
  } else {
    lastText = `${lastSecondText}${String(part).padStart(3, '0')}Z`
  }
  lastMs = ms
  return lastText
}

/** `2026-11-23T18:00:00Z`, or with milliseconds where there are any. */
export function formatRfc3339(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

/** ms since the epoch; undefined for anything that is not an existing instant with its offset. */
export function parseRfc3339(text: string): number | undefined {
  const match = FORM.exec(text)
  if (match === null) return undefined
  const [, date = '', time = '', fraction = '', sign = '+', hours = '00', minutes = '00'] = match
  const local = Date.parse(`${date}T${time}Z`)
  // `Date.parse` rolls 30 February over to March: what comes back must be what was given.
  if (Number.isNaN(local) || new Date(local).toISOString() !== `${date}T${time}.000Z`) {
    return undefined
  }
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  return local + milliseconds - (sign === '-' ? -offset : offset)
}
