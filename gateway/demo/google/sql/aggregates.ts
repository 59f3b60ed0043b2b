// The aggregate functions that the engine knows. NULL is no input to any of them but COUNT(*).

import { invalidQuery } from './sql-error.ts'
import { compare, int64, rowKey } from './values.ts'
import type { ScalarType, Value } from './values.ts'

export interface Aggregate {
  readonly type: ScalarType | undefined
  /** From the non-NULL inputs of one group. */
  readonly over: (values: readonly Value[]) => Value
}

const NAMES = new Set(['COUNT', 'COUNTIF', 'SUM', 'AVG', 'MIN', 'MAX', 'ANY_VALUE', 'STRING_AGG'])

export function isAggregate(name: string): boolean {
  return NAMES.has(name)
}

export function distinct(values: readonly Value[]): readonly Value[] {
  return [...new Map(values.map((value) => [rowKey([value]), value])).values()]
}

function sum(values: readonly Value[]): Value {
  if (values.length === 0) return null
  if (values.every((value) => typeof value === 'bigint')) {
    return int64(values.reduce((total, value) => total + value, 0n))
  }
  return values.reduce<number>((total, value) => total + Number(value), 0)
}

function extreme(values: readonly Value[], sign: 1 | -1): Value {
  return values.reduce<Value>((best, value) => {
    return best === null || compare(value, best) * sign > 0 ? value : best
  }, null)
}

function average(values: readonly Value[]): Value {
  const total = sum(values)
  return total === null ? null : Number(total) / values.length
}

export function bindAggregate(name: string, type: ScalarType | undefined): Aggregate {
  const needs = (isFit: boolean): void => {
    if (!isFit) {
      throw invalidQuery(`No matching signature for aggregate function ${name}: ${type ?? 'NULL'}`)
    }
  }
  const isNumeric = type === 'INT64' || type === 'FLOAT64' || type === undefined
  switch (name) {
    case 'COUNT':
      return { type: 'INT64', over: (values) => BigInt(values.length) }
    case 'COUNTIF':
      needs(type === 'BOOL')
      return { type: 'INT64', over: (values) => BigInt(values.filter(Boolean).length) }
    case 'SUM':
      needs(isNumeric)
      return { type, over: sum }
    case 'AVG':
      needs(isNumeric)
      return { type: 'FLOAT64', over: average }
    case 'MIN':
      return { type, over: (values) => extreme(values, -1) }
    case 'MAX':
      return { type, over: (values) => extreme(values, 1) }
    case 'ANY_VALUE':
      return { type, over: (values) => values[0] ?? null }
    case 'STRING_AGG':
      needs(type === 'STRING')
      return { type: 'STRING', over: (values) => (values.length === 0 ? null : values.join(',')) }
    default:
      throw invalidQuery(`Function not found: ${name}`)
  }
}
