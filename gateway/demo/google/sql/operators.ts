// Operators over bound operands, with the three-valued logic of SQL.

import type { BinaryOperator } from './ast.ts'
import { commonType } from './functions.ts'
import type { Bound, Env } from './scope.ts'
import { invalidQuery } from './sql-error.ts'
import { compare, dateText, int64 } from './values.ts'
import type { ScalarType, Value } from './values.ts'

function computed(type: ScalarType | undefined, evaluate: (env: Env) => Value): Bound {
  return { type, isConstant: false, evaluate }
}

function strictly(
  left: Bound,
  right: Bound,
  apply: (left: Exclude<Value, null>, right: Exclude<Value, null>) => Value,
): (env: Env) => Value {
  return (env) => {
    const [a, b] = [left.evaluate(env), right.evaluate(env)]
    return a === null || b === null ? null : apply(a, b)
  }
}

export function expectType(bound: Bound, type: ScalarType, where: string): void {
  if (bound.type === undefined || bound.type === type) return
  throw invalidQuery(`${where} should be type ${type}, but was type ${bound.type}`)
}

/** The same value as another type, where GoogleSQL coerces by itself. */
export function coerce(bound: Bound, type: ScalarType | undefined): Bound {
  if (bound.type === type || bound.type === undefined || type === undefined) {
    return { ...bound, type }
  }
  if (bound.type === 'INT64' && type === 'FLOAT64') {
    return computed(type, (env) => {
      const value = bound.evaluate(env)
      return value === null ? null : Number(value)
    })
  }
  if (bound.type === 'STRING' && type === 'DATE' && bound.isConstant) {
    return computed(type, (env) => {
      const value = bound.evaluate(env)
      return value === null ? null : dateText(String(value))
    })
  }
  throw invalidQuery(`Value has type ${bound.type} which cannot be used as type ${type}`)
}

/** Both as one type, where there is one. */
function unify(left: Bound, right: Bound, operator: string): readonly [Bound, Bound] {
  if (left.type === right.type) return [left, right]
  try {
    const type = commonType([left, right])
    return [coerce(left, type), coerce(right, type)]
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const types = `${left.type ?? 'NULL'}, ${right.type ?? 'NULL'}`
    throw invalidQuery(`No matching signature for operator ${operator}: ${types}`)
  }
}

function arithmetic(operator: '+' | '-' | '*', left: Bound, right: Bound): Bound {
  const type = commonType([left, right])
  if (type !== undefined && type !== 'INT64' && type !== 'FLOAT64') {
    throw invalidQuery(`No matching signature for operator ${operator}: ${type}`)
  }
  const calculate = strictly(left, right, (a, b) => {
    if (typeof a === 'bigint' && typeof b === 'bigint') {
      if (operator === '+') return int64(a + b)
      return int64(operator === '-' ? a - b : a * b)
    }
    const [x, y] = [Number(a), Number(b)]
    if (operator === '+') return x + y
    return operator === '-' ? x - y : x * y
  })
  return computed(type, calculate)
}

function divide(left: Bound, right: Bound): Bound {
  for (const { type } of [left, right]) {
    if (type !== undefined && type !== 'INT64' && type !== 'FLOAT64') {
      throw invalidQuery(`No matching signature for operator /: ${type}`)
    }
  }
  const calculate = strictly(left, right, (a, b) => {
    if (Number(b) === 0) throw invalidQuery(`division by zero: ${String(a)} / ${String(b)}`)
    return Number(a) / Number(b)
  })
  return computed('FLOAT64', calculate)
}

/** `%` any text, `_` one character; a backslash takes the next one as it is. */
function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\([^])|([%_])|([^])/g, (_all, escaped, wild, plain) => {
    if (typeof wild === 'string') return wild === '%' ? '[^]*' : '[^]'
    const char = typeof escaped === 'string' ? escaped : String(plain)
    return char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
  })
  return new RegExp(`^(?:${source})$`, 'u')
}

function like(left: Bound, right: Bound): Bound {
  expectType(left, 'STRING', 'Operand of LIKE')
  expectType(right, 'STRING', 'Pattern of LIKE')
  const test = strictly(left, right, (a, b) => likePattern(String(b)).test(String(a)))
  return computed('BOOL', test)
}

function logical(operator: 'AND' | 'OR', left: Bound, right: Bound): Bound {
  expectType(left, 'BOOL', `Operand of ${operator}`)
  expectType(right, 'BOOL', `Operand of ${operator}`)
  const decisive = operator === 'OR'
  return computed('BOOL', (env) => {
    const a = left.evaluate(env)
    if (a === decisive) return decisive
    const b = right.evaluate(env)
    if (b === decisive) return decisive
    return a === null || b === null ? null : !decisive
  })
}

const TESTS: ReadonlyMap<BinaryOperator, (order: number) => boolean> = new Map([
  ['=', (order) => order === 0],
  ['!=', (order) => order !== 0],
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
])

/** Of two values that are not NULL and have one type. */
export function isSame(left: Value, right: Value): boolean {
  return compare(left, right) === 0
}

export function bindBinary(operator: BinaryOperator, left: Bound, right: Bound): Bound {
  switch (operator) {
    case 'AND':
    case 'OR':
      return logical(operator, left, right)
    case '+':
    case '-':
    case '*':
      return arithmetic(operator, left, right)
    case '/':
      return divide(left, right)
    case '||':
      expectType(left, 'STRING', 'Operand of ||')
      expectType(right, 'STRING', 'Operand of ||')
      return computed(
        'STRING',
        strictly(left, right, (a, b) => String(a) + String(b)),
      )
    case 'LIKE':
      return like(left, right)
    default: {
      const [a, b] = unify(left, right, operator)
      const test = TESTS.get(operator)
      return computed(
        'BOOL',
        strictly(a, b, (x, y) => test?.(compare(x, y)) ?? null),
      )
    }
  }
}

/** `operand IN (…)`: true, false, or NULL where a NULL leaves it open. */
export function bindIn(operand: Bound, candidates: (env: Env) => readonly Value[]): Bound {
  return computed('BOOL', (env) => {
    const value = operand.evaluate(env)
    const among = candidates(env)
    if (among.length === 0) return false
    if (value === null) return null
    if (among.some((candidate) => candidate !== null && isSame(candidate, value))) return true
    return among.includes(null) ? null : false
  })
}
