// `now` of the policy input: one instant, read in UTC and in the zones that the operator lists.

import { err, ok, type Result } from '../util/result.ts'

/** From Sunday on, as `Date` counts. */
export const WEEKDAYS = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const

/** A name of the IANA database, whether or not it is known; never an offset such as `+02:00`. */
export const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/

const MINUTE_MS = 60_000

/** The zones of `policy.zones`, ready to be read at an instant. */
export interface Zones {
  /** Canonical JSON object, zone name → {date, hour, minute, weekday}. */
  textAt(ms: number): string
}

/** The error names the zone that is not known. */
export function compileZones(names: readonly string[]): Result<Zones, string> {
  const formats: [string, Intl.DateTimeFormat][] = []
  for (const name of [...new Set(names)].sort()) {
    const format = zoneFormat(name)
    if (format === undefined) return err(`${name} is no time zone of the IANA database`)
    formats.push([name, format])
  }
  return ok(new CompiledZones(formats))
}

export const NO_ZONES: Zones = { textAt: () => '{}' }

// A memo of one: all but the nanoseconds is the same for a minute.
let lastMinute = NaN
let beforeNs = ''
let afterNs = ''

/** Canonical JSON of `now`. */
export function nowText(ms: number, iso: string, zones: Zones): string {
  const minute = Math.floor(ms / MINUTE_MS)
  if (minute !== lastMinute) {
    const date = new Date(ms)
    const hour = String(date.getUTCHours())
    beforeNs = `{"date":"${iso.slice(0, 10)}","hour":${hour},"minute":${String(date.getUTCMinutes())},"ns":`
    afterNs = `,"weekday":"${WEEKDAYS[date.getUTCDay()] ?? ''}","zones":`
    lastMinute = minute
  }
  return `${beforeNs}${nanoseconds(ms)}${afterNs}${zones.textAt(ms)}}`
}

/** Digits of an instant in nanoseconds; a JavaScript number could not hold them. */
export function nanoseconds(ms: number): string {
  return ms === 0 ? '0' : `${String(ms)}000000`
}

class CompiledZones implements Zones {
  readonly #formats: readonly (readonly [string, Intl.DateTimeFormat])[]
  #minute = -1
  #text = '{}'

  constructor(formats: readonly (readonly [string, Intl.DateTimeFormat])[]) {
    this.#formats = formats
  }

  /** Nothing in it is finer than a minute, and offsets of zones are whole minutes: one suffices. */
  textAt(ms: number): string {
    const minute = Math.floor(ms / MINUTE_MS)
    if (minute !== this.#minute) {
      this.#text = `{${this.#formats.map(([name, format]) => `${JSON.stringify(name)}:${zoneText(format, ms)}`).join(',')}}`
      this.#minute = minute
    }
    return this.#text
  }
}

function zoneFormat(name: string): Intl.DateTimeFormat | undefined {
  if (!ZONE_NAME.test(name)) return undefined
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      weekday: 'long',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    })
  } catch {
    return undefined
  }
}

function zoneText(format: Intl.DateTimeFormat, ms: number): string {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const date = `${part('year')}-${part('month')}-${part('day')}`
  const hour = String(Number(part('hour')))
  const minute = String(Number(part('minute')))
  return `{"date":"${date}","hour":${hour},"minute":${minute},"weekday":"${part('weekday')}"}`
}
