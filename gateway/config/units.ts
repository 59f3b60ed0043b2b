// Durations and sizes as operators write them. One spelling each: an integer and a unit, so that no
// value can be read in two ways (`1KB` is refused, because half the world means 1000 by it).

export const DURATION_PATTERN = /^(0|[1-9]\d{0,8})(ms|s|m|h|d)$/
export const SIZE_PATTERN = /^(0|[1-9]\d{0,8})(B|KiB|MiB|GiB)$/

const DURATION_UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

const SIZE_UNITS = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])

function parse(
  pattern: RegExp,
  units: ReadonlyMap<string, number>,
  text: string,
): number | undefined {
  const match = pattern.exec(text)
  const factor = units.get(match?.[2] ?? '')
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor
}

/** `900s` → 900000 (ms); undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  return parse(DURATION_PATTERN, DURATION_UNITS, text)
}

/** `16KiB` → 16384 (bytes); undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  return parse(SIZE_PATTERN, SIZE_UNITS, text)
}

/** For texts that stand in our own code: a wrong one is a programmer's mistake. */
export function durationOf(text: string): number {
  const value = parseDuration(text)
  if (value === undefined) throw new TypeError(`not a duration: ${text}`)
  return value
}

/** For texts that stand in our own code: a wrong one is a programmer's mistake. */
export function sizeOf(text: string): number {
  const value = parseSize(text)
  if (value === undefined) throw new TypeError(`not a size: ${text}`)
  return value
}
