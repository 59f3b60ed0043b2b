// The scalar functions that the engine knows ("Functions" in the GoogleSQL documentation).

import { invalidQuery, notServed } from './sql-error.ts'
import { compare, int64 } from './values.ts'
import type { ScalarType, Value } from './values.ts'

interface Argument {
  readonly type: ScalarType | undefined
}

export interface BoundFunction {
  readonly type: ScalarType | undefined
  readonly apply: (args: readonly Value[]) => Value
}

interface Signature {
  readonly min: number
  readonly max: number
  readonly type: (args: readonly Argument[]) => ScalarType | undefined
  /** False: any NULL argument gives NULL. */
  readonly takesNull: boolean
  readonly apply: (args: readonly Value[]) => Value
}

export function commonType(args: readonly Argument[]): ScalarType | undefined {
  const types = new Set(args.map(({ type }) => type).filter((type) => type !== undefined))
  if (types.size <= 1) return [...types][0]
  if (types.size === 2 && types.has('INT64') && types.has('FLOAT64')) return 'FLOAT64'
  if (types.size === 2 && types.has('DATE') && types.has('STRING')) return 'DATE'
  throw invalidQuery(`No matching signature for argument types: ${[...types].join(', ')}`)
}

function text(value: Value | undefined): string {
  if (typeof value !== 'string') throw invalidQuery('No matching signature: expected STRING')
  return value
}

function integer(value: Value | undefined): bigint {
  if (typeof value !== 'bigint') throw invalidQuery('No matching signature: expected INT64')
  return value
}

function float(value: Value | undefined): number {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value)
  throw invalidQuery('No matching signature: expected a number')
}

function strict(
  count: number | readonly [min: number, max: number],
  type: Signature['type'] | ScalarType,
  apply: Signature['apply'],
): Signature {
  const [min, max] = typeof count === 'number' ? [count, count] : count
  const typeOf = typeof type === 'string' ? () => type : type
  return { min, max, type: typeOf, takesNull: false, apply }
}

function extreme(sign: 1 | -1): Signature {
  return strict([1, 99], commonType, (args) =>
    args.reduce((best, value) => (compare(value, best) * sign > 0 ? value : best), args[0] ?? null),
  )
}

/** Positions count characters from 1; a negative one counts from the end. */
function substring([value, from, length]: readonly Value[]): string {
  const chars = [...text(value)]
  const position = Number(integer(from))
  const start = position > 0 ? position - 1 : Math.max(chars.length + position, 0)
  const end = length === undefined ? chars.length : start + Number(integer(length))
  if (end < start) throw invalidQuery('Third argument in SUBSTR() cannot be negative')
  return chars.slice(start, end).join('')
}

/** Half away from zero. */
function round([value, digits = 0n]: readonly Value[]): number {
  const scale = 10 ** Number(integer(digits))
  const number = float(value)
  return (Math.sign(number) * Math.round(Math.abs(number) * scale)) / scale
}

function modulo([left, right]: readonly Value[]): bigint {
  const divisor = integer(right)
  if (divisor === 0n) throw invalidQuery('division by zero: MOD')
  return integer(left) % divisor
}

const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  ['UPPER', strict(1, 'STRING', ([value]) => text(value).toUpperCase())],
  ['LOWER', strict(1, 'STRING', ([value]) => text(value).toLowerCase())],
  ['TRIM', strict(1, 'STRING', ([value]) => text(value).trim())],
  ['LENGTH', strict(1, 'INT64', ([value]) => BigInt([...text(value)].length))],
  ['CONCAT', strict([1, 99], 'STRING', (args) => args.map((value) => text(value)).join(''))],
  ['SUBSTR', strict([2, 3], 'STRING', substring)],
  ['STARTS_WITH', strict(2, 'BOOL', ([value, start]) => text(value).startsWith(text(start)))],
  ['ENDS_WITH', strict(2, 'BOOL', ([value, end]) => text(value).endsWith(text(end)))],
  ['ABS', strict(1, commonType, ([value]) => absolute(value))],
  ['ROUND', strict([1, 2], 'FLOAT64', round)],
  ['MOD', strict(2, 'INT64', modulo)],
  [
    'SAFE_DIVIDE',
    strict(2, 'FLOAT64', ([left, right]) =>
      float(right) === 0 ? null : float(left) / float(right),
    ),
  ],
  ['GREATEST', extreme(1)],
  ['LEAST', extreme(-1)],
  ['COALESCE', coalesce(1, 99)],
  ['IFNULL', coalesce(2, 2)],
  [
    'NULLIF',
    {
      min: 2,
      max: 2,
      type: commonType,
      takesNull: true,
      apply: ([value = null, other = null]) => (compare(value, other) === 0 ? null : value),
    },
  ],
  [
    'IF',
    {
      min: 3,
      max: 3,
      type: ([, yes = { type: undefined }, no = { type: undefined }]) => commonType([yes, no]),
      takesNull: true,
      apply: ([test, yes = null, no = null]) => (test === true ? yes : no),
    },
  ],
])

function absolute(value: Value | undefined): Value {
  if (typeof value === 'bigint') return int64(value < 0n ? -value : value)
  return Math.abs(float(value))
}

function coalesce(min: number, max: number): Signature {
  const apply = (args: readonly Value[]): Value => args.find((value) => value !== null) ?? null
  return { min, max, type: commonType, takesNull: true, apply }
}

/** Throws SqlError for a function that is not known or takes other arguments. */
export function bindFunction(name: string, args: readonly Argument[]): BoundFunction {
  const signature = SIGNATURES.get(name)
  if (signature === undefined) throw notServed(`the function ${name}`)
  const { min, max, takesNull, apply } = signature
  if (args.length < min || args.length > max) {
    throw invalidQuery(`No matching signature for function ${name} with ${args.length} arguments`)
  }
  return {
    type: signature.type(args),
    apply: (values) => (!takesNull && values.includes(null) ? null : apply(values)),
  }
}
