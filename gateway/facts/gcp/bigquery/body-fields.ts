// Readers of JSON fields, for a body of which only what is on a list goes on. Each gives the value
// back in one spelling, which is what will be sent: the client's own bytes never are. A field that is
// null is absent (ProtoJSON, which Google's front end reads), and so is left out.

import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../../../util/json.ts'
import { ok, type Result } from '../../../util/result.ts'
import { quoted } from '../../quoted.ts'
import { refuseBigQuery, type BigQueryRefusal } from './refusal-rules.ts'

export type FieldResult = Result<JsonValue, BigQueryRefusal>
/** `path`: where the value stands, for the refusal's text: `configuration.query.labels`. */
export type FieldReader = (value: JsonValue, path: string) => FieldResult
export type Fields = ReadonlyMap<string, FieldReader>
export type FieldMap = ReadonlyMap<string, JsonValue>

const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/
const MAX_INT64 = 9_223_372_036_854_775_807n
const MAX_UINT32 = 4_294_967_295n
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/

export function refuseValue(path: string, wanted: string): Result<never, BigQueryRefusal> {
  return refuseBigQuery('BQ-VALUE', `${path} is not ${wanted}`)
}

/** The fields of an object that are on the list; any other refuses the body, whatever it says. */
export function readFields(
  value: JsonValue,
  path: string,
  fields: Fields,
): Result<Map<string, JsonValue>, BigQueryRefusal> {
  if (!isJsonObject(value)) return refuseValue(path === '' ? 'the body' : path, 'an object')
  const kept = new Map<string, JsonValue>()
  for (const [name, member] of value) {
    if (member === null) continue
    const reader = fields.get(name)
    const at = path === '' ? name : `${path}.${name}`
    if (reader === undefined) return refuseBigQuery('BQ-FIELD', `the field ${quoted(at)}`)
    const read = reader(member, at)
    if (!read.ok) return read
    kept.set(name, read.value)
  }
  return ok(kept)
}

export function objectOf(entries: Readonly<Record<string, FieldReader>>): FieldReader {
  const fields: Fields = new Map(Object.entries(entries))
  return (value, path) => readFields(value, path, fields)
}

export function listOf(reader: FieldReader, maxItems: number): FieldReader {
  return (value, path) => {
    if (!isJsonArray(value) || value.length > maxItems) {
      return refuseValue(path, `a list of ${String(maxItems)} items at most`)
    }
    const items: JsonValue[] = []
    for (const [index, item] of value.entries()) {
      const read = reader(item, `${path}[${String(index)}]`)
      if (!read.ok) return read
      items.push(read.value)
    }
    return ok(items)
  }
}

/** An object whose keys are the client's own. */
export function recordOf(reader: FieldReader, maxKeys: number): FieldReader {
  return (value, path) => {
    if (!isJsonObject(value) || value.size > maxKeys) {
      return refuseValue(path, `an object of ${String(maxKeys)} keys at most`)
    }
    const members = new Map<string, JsonValue>()
    for (const [key, member] of value) {
      const read = reader(member, `${path}[${quoted(key)}]`)
      if (!read.ok) return read
      members.set(key, read.value)
    }
    return ok(members)
  }
}

export function bool(value: JsonValue, path: string): FieldResult {
  return typeof value === 'boolean' ? ok(value) : refuseValue(path, 'true or false')
}

/** A switch that must stay off. */
export function off(rule: 'BQ-FIELD' | 'BQ-LEGACY'): FieldReader {
  return (value, path) => {
    if (value === false) return ok(false)
    return value === true
      ? refuseBigQuery(rule, `${path} is true`)
      : refuseValue(path, 'true or false')
  }
}

/** A long text, controls and all: SQL, or the value of a query parameter. */
export function longText(value: JsonValue, path: string): FieldResult {
  return typeof value === 'string' ? ok(value) : refuseValue(path, 'a text')
}

export function matching(
  isRight: (text: string) => boolean,
  wanted: string,
  canonical: (text: string) => string = (text) => text,
): FieldReader {
  return (value, path) =>
    typeof value === 'string' && isRight(value) ? ok(canonical(value)) : refuseValue(path, wanted)
}

export function shortText(maxLength: number): FieldReader {
  return matching(
    (text) => text.length <= maxLength && !CONTROL.test(text),
    `a text of ${String(maxLength)} characters at most, without controls`,
  )
}

/** In upper case: the client of Node writes some of them in lower. */
export function oneOf(...values: readonly string[]): FieldReader {
  const known = new Set(values)
  return matching(
    (text) => known.has(text.toUpperCase()),
    `one of ${values.join(', ')}`,
    (text) => text.toUpperCase(),
  )
}

/** A 64-bit integer, which JSON carries as text or, below 2^53, as a number; positive or nought. */
export function int64(value: JsonValue, path: string): FieldResult {
  const digits = decimalOf(value, MAX_INT64)
  return digits === undefined ? refuseValue(path, 'a whole number of 64 bits') : ok(digits)
}

export function positiveInt64(value: JsonValue, path: string): FieldResult {
  const digits = decimalOf(value, MAX_INT64)
  return digits === undefined || digits === '0'
    ? refuseValue(path, 'a positive whole number of 64 bits')
    : ok(digits)
}

export function uint32(value: JsonValue, path: string): FieldResult {
  const digits = decimalOf(value, MAX_UINT32)
  return digits === undefined
    ? refuseValue(path, 'a whole number of 32 bits')
    : ok(new JsonNumber(digits))
}

function decimalOf(value: JsonValue, max: bigint): string | undefined {
  const digits = value instanceof JsonNumber ? value.text : value
  if (typeof digits !== 'string' || !DECIMAL.test(digits)) return undefined
  return BigInt(digits) <= max ? digits : undefined
}
