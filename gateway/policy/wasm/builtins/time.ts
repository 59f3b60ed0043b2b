// `time.*` on a clock that stands still during one request. Calendars of zones come from the ICU
// data of Node; a zone that it does not know makes the call undefined, as in OPA.

import { type RegoValue, regoNumber } from '../rego-value.ts'
import { type Builtin, BuiltinError, hasKind, int64Operand, stringOperand } from './builtin.ts'

interface CivilTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const WEEKDAYS = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const

const NANOSECONDS_PER_MS = 1_000_000n
/** Zone names may come from a request, so the formatters kept for them are few. */
const MAX_ZONES = 64
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/

export function timeBuiltins(): readonly (readonly [string, Builtin])[] {
  const zones = new ZoneCalendars()
  const civil = ([operand]: readonly RegoValue[]): CivilTime => civilTime(operand, zones)
  return [
    ['time.now_ns', (_args, { nowNs }) => ({ kind: 'number', text: nowNs })],
    [
      'time.clock',
      (args) => {
        const { hour, minute, second } = civil(args)
        return { kind: 'array', items: [hour, minute, second].map(regoNumber) }
      },
    ],
    [
      'time.date',
      (args) => {
        const { year, month, day } = civil(args)
        return { kind: 'array', items: [year, month, day].map(regoNumber) }
      },
    ],
    [
      'time.weekday',
      (args) => {
        const { year, month, day } = civil(args)
        return WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()] ?? null
      },
    ],
    ['time.parse_rfc3339_ns', ([text]) => regoNumber(parseRfc3339(stringOperand(text)))],
  ]
}

/** The operand is nanoseconds, or an array of nanoseconds and a zone name. */
function civilTime(operand: RegoValue | undefined, zones: ZoneCalendars): CivilTime {
  if (operand === undefined || !hasKind(operand, 'array')) return utcTime(int64Operand(operand))
  const [ns, zone] = operand.items
  const name = zone === undefined ? '' : stringOperand(zone)
  const instant = int64Operand(ns)
  if (name === '' || name === 'UTC') return utcTime(instant)
  return zones.at(name, instant)
}

function floorToMs(ns: bigint): number {
  const ms = ns / NANOSECONDS_PER_MS
  return Number(ns < 0n && ns % NANOSECONDS_PER_MS !== 0n ? ms - 1n : ms)
}

function utcTime(ns: bigint): CivilTime {
  const date = new Date(floorToMs(ns))
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  }
}

class ZoneCalendars {
  readonly #formats = new Map<string, Intl.DateTimeFormat>()

  at(zone: string, ns: bigint): CivilTime {
    const parts = new Map<string, number>()
    for (const { type, value } of this.#format(zone).formatToParts(floorToMs(ns))) {
      parts.set(type, Number(value))
    }
    const part = (type: string): number => parts.get(type) ?? 0
    return {
      year: part('year'),
      month: part('month'),
      day: part('day'),
      hour: part('hour'),
      minute: part('minute'),
      second: part('second'),
    }
  }

  #format(zone: string): Intl.DateTimeFormat {
    const known = this.#formats.get(zone)
    if (known !== undefined) return known
    const format = zoneFormat(zone)
    if (this.#formats.size >= MAX_ZONES) this.#formats.clear()
    this.#formats.set(zone, format)
    return format
  }
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  if (!ZONE_NAME.test(zone) || zone === 'Local') throw new BuiltinError('unknown time zone')
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    throw new BuiltinError('unknown time zone')
  }
}

const RFC3339 =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/

function parseRfc3339(text: string): bigint {
  const match = RFC3339.exec(text)
  if (match === null) throw new BuiltinError('not an RFC 3339 time')
  const number = (group: number): number => Number(match[group] ?? '0')
  const [year, month, day] = [number(1), number(2), number(3)]
  const [hour, minute, second] = [number(4), number(5), number(6)]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const dateExists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  const offsetExists = number(9) <= 24 && number(10) < 60
  if (!dateExists || hour > 23 || minute > 59 || second > 59 || !offsetExists) {
    throw new BuiltinError('a time that does not exist')
  }
  date.setUTCHours(hour, minute, second)
  const sign = match[8] === '-' ? -1 : 1
  const ms = date.getTime() - sign * (number(9) * 60 + number(10)) * 60_000
  const fraction = (match[7] ?? '').slice(0, 9).padEnd(9, '0')
  const ns = BigInt(ms) * NANOSECONDS_PER_MS + BigInt(fraction)
  if (BigInt.asIntN(64, ns) !== ns) throw new BuiltinError('the time is out of range')
  return ns
}
