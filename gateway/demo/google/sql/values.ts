// The values of the sandbox's tables and their types: five scalar ones. A NULL has the type of its
// column; INT64 is a bigint, so that no digit is lost; a DATE is its ISO text, which sorts by itself.

import { invalidQuery } from './sql-error.ts'

export type ScalarType = 'INT64' | 'FLOAT64' | 'BOOL' | 'STRING' | 'DATE'
export type Value = null | bigint | number | boolean | string
export type Row = readonly Value[]

export interface Column {
  readonly name: string
  readonly type: ScalarType
}

const TYPE_NAMES: ReadonlyMap<string, ScalarType> = new Map<string, ScalarType>([
  ['INT64', 'INT64'],
  ['INT', 'INT64'],
  ['INTEGER', 'INT64'],
  ['BIGINT', 'INT64'],
  ['FLOAT64', 'FLOAT64'],
  ['BOOL', 'BOOL'],
  ['BOOLEAN', 'BOOL'],
  ['STRING', 'STRING'],
  ['DATE', 'DATE'],
])

export function scalarType(name: string): ScalarType | undefined {
  return TYPE_NAMES.get(name.toUpperCase())
}

const MAX_INT64 = 2n ** 63n - 1n
const MIN_INT64 = -(2n ** 63n)

export function int64(value: bigint): bigint {
  if (value > MAX_INT64 || value < MIN_INT64) throw invalidQuery(`int64 overflow: ${value}`)
  return value
}

export function dateText(text: string): string {
  const isDate =
    /^\d{4}-\d{2}-\d{2}$/.test(text) &&
    !Number.isNaN(Date.parse(text)) &&
    new Date(text).toISOString().startsWith(text)
  if (!isDate) throw invalidQuery(`Invalid date: '${text}'`)
  return text
}

/** Reads the text of a parameter or a cast. */
export function parseValue(text: string, type: ScalarType): Value {
  switch (type) {
    case 'STRING':
      return text
    case 'INT64':
      if (!/^[+-]?\d+$/.test(text)) throw invalidQuery(`Bad int64 value: ${text}`)
      return int64(BigInt(text.replace('+', '')))
    case 'FLOAT64': {
      const number = /^\s*$/.test(text) ? Number.NaN : Number(text)
      if (!Number.isFinite(number)) throw invalidQuery(`Bad double value: ${text}`)
      return number
    }
    case 'BOOL':
      if (!/^(?:true|false)$/i.test(text)) throw invalidQuery(`Bad bool value: ${text}`)
      return text.toLowerCase() === 'true'
    case 'DATE':
      return dateText(text)
    default:
      return type satisfies never
  }
}

/** As in rows of REST answers and in casts to STRING. */
export function valueText(value: Exclude<Value, null>, type: ScalarType): string {
  if (type === 'FLOAT64' && typeof value === 'number' && Number.isInteger(value)) {
    return value.toFixed(1)
  }
  return String(value)
}

/** Logical bytes of a value, as BigQuery counts what a query reads ("Data type sizes"). */
export function sizeOf(value: Value, type: ScalarType): number {
  if (value === null) return 0
  if (type === 'STRING') return 2 + Buffer.byteLength(String(value))
  return type === 'BOOL' ? 1 : 8
}

/** Two rows are the same group if and only if their keys are the same text. */
export function rowKey(row: Row): string {
  return JSON.stringify(row.map((value) => (value === null ? null : [typeof value, String(value)])))
}

/** NULL first, as ORDER BY … ASC has it. */
export function compare(left: Value, right: Value): number {
  if (left === right) return 0
  if (left === null) return -1
  if (right === null) return 1
  return left < right ? -1 : Number(left > right)
}
