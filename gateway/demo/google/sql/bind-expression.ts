// Gives the names of an expression their meaning and its parts their types, and makes a function of
// it that reads rows. Nothing is evaluated while binding, so a dry run binds and stops.

import type { Parameter } from './access.ts'
import { isAggregate } from './aggregates.ts'
import type { Among, Expression } from './ast.ts'
import type { Context } from './binder.ts'
import { bindFunction, commonType } from './functions.ts'
import { bindBinary, bindIn, coerce, expectType } from './operators.ts'
import { parseExpressionText } from './parse-statement.ts'
import { ColumnScope, findName } from './scope.ts'
import type { Bound, Env } from './scope.ts'
import { invalidQuery, notServed } from './sql-error.ts'
import { parseValue, valueText } from './values.ts'
import type { ScalarType, Value } from './values.ts'

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>

function constant(type: ScalarType | undefined, value: Value): Bound {
  return { type: value === null ? undefined : type, isConstant: true, evaluate: () => value }
}

function computed(type: ScalarType | undefined, evaluate: (env: Env) => Value): Bound {
  return { type, isConstant: false, evaluate }
}

export function bind(expression: Expression, context: Context): Bound {
  const known = context.grouped?.(expression)
  if (known !== undefined) return known
  switch (expression.kind) {
    case 'literal':
      return constant(expression.type, expression.value)
    case 'path':
      return bindPath(expression, context)
    case 'parameter':
      return bindParameter(expression, context)
    case 'negate':
      return bindBinary('-', constant('INT64', 0n), bind(expression.operand, context))
    case 'not': {
      const operand = bind(expression.operand, context)
      expectType(operand, 'BOOL', 'Operand of NOT')
      return computed('BOOL', (env) => {
        const value = operand.evaluate(env)
        return value === null ? null : value !== true
      })
    }
    case 'binary':
      return bindBinary(
        expression.operator,
        bind(expression.left, context),
        bind(expression.right, context),
      )
    case 'is': {
      const operand = bind(expression.operand, context)
      const wanted = { NULL: null, TRUE: true, FALSE: false }[expression.what]
      return computed('BOOL', (env) => operand.evaluate(env) === wanted)
    }
    case 'in': {
      const operand = bind(expression.operand, context)
      return bindIn(operand, bindAmong(expression.among, operand, context))
    }
    case 'case':
      return bindCase(expression, context)
    case 'cast':
      return bindCast(expression, context)
    case 'extract':
      return bindExtract(expression, context)
    case 'call':
      return bindCall(expression, context)
    case 'subquery':
    case 'exists':
      return bindSubquery(expression, context)
    case 'array':
      throw notServed('arrays outside UNNEST')
    default:
      return expression satisfies never
  }
}

function bindPath({ path }: Of<'path'>, context: Context): Bound {
  const found = findName(path, context.scope)
  if (found !== undefined) return found
  const name = path.join('.')
  const variable = context.session.variables.get(name.toLowerCase())
  if (variable === undefined) throw invalidQuery(`Unrecognized name: ${name}`)
  return { ...constant(variable.type, variable.value), type: variable.type }
}

function findParameter({ name, position }: Of<'parameter'>, context: Context): Parameter {
  const { parameters } = context.session
  const found =
    position >= 0
      ? parameters[position]
      : parameters.find((known) => known.name?.toLowerCase() === name.toLowerCase())
  if (found !== undefined && (found.name === undefined) === position >= 0) return found
  const which = position >= 0 ? `number ${position + 1}` : `'${name}'`
  throw invalidQuery(`Query parameter ${which} not found`)
}

function bindParameter(expression: Of<'parameter'>, context: Context): Bound {
  const { type, value } = findParameter(expression, context)
  if (typeof value === 'object' && value !== null) throw notServed('arrays outside UNNEST')
  return { ...constant(type, value), type }
}

/** The elements of an array literal or an array parameter. */
export function bindArray(
  array: Expression,
  context: Context,
): { type: ScalarType | undefined; values: (env: Env) => readonly Value[] } {
  if (array.kind === 'parameter') {
    const { type, value } = findParameter(array, context)
    if (typeof value !== 'object' || value === null) {
      throw invalidQuery(`Values referenced in UNNEST must be arrays: parameter '${array.name}'`)
    }
    return { type, values: () => value }
  }
  if (array.kind !== 'array') throw notServed('UNNEST of anything but a literal or a parameter')
  const items = array.items.map((item) => bind(item, context))
  const type = commonType(items)
  const coerced = items.map((item) => coerce(item, type))
  return { type, values: (env) => coerced.map((item) => item.evaluate(env)) }
}

function bindAmong(among: Among, operand: Bound, context: Context): (env: Env) => readonly Value[] {
  switch (among.kind) {
    case 'list': {
      const items = among.items.map((item) => bind(item, context))
      const type = commonType([operand, ...items])
      const coerced = items.map((item) => coerce(item, type))
      return (env) => coerced.map((item) => item.evaluate(env))
    }
    case 'unnest': {
      const { type, values } = bindArray(among.array, context)
      commonType([operand, { type }])
      return values
    }
    case 'query': {
      const query = context.bindQuery(among.query, { ...context, grouped: undefined })
      if (query.columns.length !== 1) {
        throw invalidQuery('Subquery of type IN must have only one output column')
      }
      commonType([operand, ...query.columns])
      return (env) => query.rows(env).map(([value = null]) => value)
    }
    default:
      return among satisfies never
  }
}

function bindCase(expression: Of<'case'>, context: Context): Bound {
  const branches = expression.branches.map(({ when, result }) => {
    const test = bind(when, context)
    expectType(test, 'BOOL', 'CASE condition')
    return { test, result: bind(result, context) }
  })
  const otherwise =
    expression.otherwise === undefined
      ? constant(undefined, null)
      : bind(expression.otherwise, context)
  const type = commonType([...branches.map(({ result }) => result), otherwise])
  const last = coerce(otherwise, type)
  const coerced = branches.map(({ test, result }) => ({ test, result: coerce(result, type) }))
  return computed(type, (env) => {
    const taken = coerced.find(({ test }) => test.evaluate(env) === true)
    return (taken?.result ?? last).evaluate(env)
  })
}

function bindCast({ operand, type }: Of<'cast'>, context: Context): Bound {
  const bound = bind(operand, context)
  const from = bound.type ?? type
  return computed(type, (env) => {
    const value = bound.evaluate(env)
    if (value === null || from === type) return value
    if (from === 'FLOAT64' && type === 'INT64') return rounded(Number(value))
    if (from === 'INT64' && type === 'FLOAT64') return Number(value)
    if (from === 'STRING' || type === 'STRING') return parseValue(valueText(value, from), type)
    throw invalidQuery(`Invalid cast from ${from} to ${type}`)
  })
}

/** Half away from zero. */
function rounded(value: number): bigint {
  return BigInt(Math.sign(value) * Math.round(Math.abs(value)))
}

function bindExtract({ part, operand }: Of<'extract'>, context: Context): Bound {
  const bound = bind(operand, context)
  expectType(bound, 'DATE', `Operand of EXTRACT(${part})`)
  return computed('INT64', (env) => {
    const value = bound.evaluate(env)
    if (value === null) return null
    const [year = '', month = '', day = ''] = String(value).split('-')
    if (part === 'YEAR') return BigInt(year)
    if (part === 'MONTH') return BigInt(month)
    return part === 'DAY' ? BigInt(day) : (BigInt(month) + 2n) / 3n
  })
}

function bindSubquery(expression: Of<'subquery' | 'exists'>, context: Context): Bound {
  const query = context.bindQuery(expression.query, { ...context, grouped: undefined })
  if (expression.kind === 'exists') {
    return computed('BOOL', (env) => query.rows(env).length > 0)
  }
  const [column] = query.columns
  if (query.columns.length !== 1) {
    throw invalidQuery('Scalar subquery cannot have more than one column')
  }
  return computed(column?.type, (env) => {
    const rows = query.rows(env)
    if (rows.length > 1) throw invalidQuery('Scalar subquery produced more than one element')
    return rows[0]?.[0] ?? null
  })
}

function bindCall(expression: Of<'call'>, context: Context): Bound {
  const { path, args, isStar, isDistinct } = expression
  const name = (path.at(-1) ?? '').toUpperCase()
  if (path.length > 1 && path[0]?.toUpperCase() !== 'SAFE') return bindRoutine(expression, context)
  if (path.length > 1) throw notServed('the prefix SAFE.')
  if (isAggregate(name)) throw invalidQuery(`Aggregate function ${name} not allowed here`)
  if (isStar || isDistinct) throw invalidQuery(`Function ${name} takes neither * nor DISTINCT`)
  if (args.length === 0) return bindConstantFunction(name, context)
  const bound = args.map((arg) => bind(arg, context))
  const { type, apply } = bindFunction(name, bound)
  return computed(type, (env) => {
    const value = apply(bound.map((arg) => arg.evaluate(env)))
    return type === 'FLOAT64' && typeof value === 'bigint' ? Number(value) : value
  })
}

function bindConstantFunction(name: string, { session }: Context): Bound {
  if (name === 'SESSION_USER') return constant('STRING', session.user)
  if (name === 'CURRENT_DATE') {
    return constant('DATE', new Date(session.now).toISOString().slice(0, 10))
  }
  throw notServed(`the function ${name}`)
}

/** A routine's body sees its own arguments and nothing else. */
function bindRoutine({ path, args }: Of<'call'>, context: Context): Bound {
  const { session, analysis } = context
  const routine = session.access.routine(path)
  analysis.useRoutine(routine)
  if (args.length !== routine.args.length) {
    throw invalidQuery(`No matching signature for function ${path.join('.')}`)
  }
  const given = routine.args.map(({ type }, index) => {
    return coerce(bind(args[index] ?? { kind: 'literal', type, value: null }, context), type)
  })
  const columns = routine.args.map(({ name, type }) => {
    return { qualifier: undefined, name, type, isHidden: false, onRead: () => undefined }
  })
  const inside = { ...context, grouped: undefined, scope: new ColumnScope(columns, undefined) }
  const body = coerce(bind(parseExpressionText(routine.body), inside), routine.returns)
  return computed(routine.returns, (env) => {
    return body.evaluate({ row: given.map((arg) => arg.evaluate(env)), outer: undefined })
  })
}
