// Expressions, by precedence ("Operators" in the GoogleSQL documentation).

import type { Among, BinaryOperator, Expression } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { invalidQuery, notServed } from './sql-error.ts'
import { dateText, int64, scalarType } from './values.ts'
import type { ScalarType } from './values.ts'

export function parseExpression(cursor: Cursor): Expression {
  return cursor.nested(() => either(cursor))
}

function either(cursor: Cursor): Expression {
  let left = both(cursor)
  while (cursor.words('OR')) left = binary('OR', left, both(cursor))
  return left
}

function both(cursor: Cursor): Expression {
  let left = negation(cursor)
  while (cursor.words('AND')) left = binary('AND', left, negation(cursor))
  return left
}

function binary(operator: BinaryOperator, left: Expression, right: Expression): Expression {
  return { kind: 'binary', operator, left, right }
}

function not(operand: Expression): Expression {
  return { kind: 'not', operand }
}

function negation(cursor: Cursor): Expression {
  if (!cursor.words('NOT')) return comparison(cursor)
  return cursor.nested(() => not(negation(cursor)))
}

const COMPARISONS: readonly (readonly [sign: string, operator: BinaryOperator])[] = [
  ['=', '='],
  ['!=', '!='],
  ['<>', '!='],
  ['<=', '<='],
  ['>=', '>='],
  ['<', '<'],
  ['>', '>'],
]

function comparison(cursor: Cursor): Expression {
  const left = concatenation(cursor)
  const signed = COMPARISONS.find(([sign]) => cursor.sign(sign))
  if (signed !== undefined) return binary(signed[1], left, concatenation(cursor))
  if (cursor.words('IS')) {
    const isNegated = cursor.words('NOT')
    for (const what of ['NULL', 'TRUE', 'FALSE'] as const) {
      if (!cursor.words(what)) continue
      const is: Expression = { kind: 'is', operand: left, what }
      return isNegated ? not(is) : is
    }
    throw cursor.unexpected('NULL, TRUE or FALSE')
  }
  const isNegated = cursor.isWord('NOT') && cursor.words('NOT')
  const test = membership(cursor, left)
  if (test === undefined) {
    if (isNegated) throw cursor.unexpected('IN, BETWEEN or LIKE')
    return left
  }
  return isNegated ? not(test) : test
}

function membership(cursor: Cursor, operand: Expression): Expression | undefined {
  if (cursor.words('LIKE')) return binary('LIKE', operand, concatenation(cursor))
  if (cursor.words('BETWEEN')) {
    const low = concatenation(cursor)
    cursor.expectWord('AND')
    return binary('AND', binary('>=', operand, low), binary('<=', operand, concatenation(cursor)))
  }
  return cursor.words('IN') ? { kind: 'in', operand, among: among(cursor) } : undefined
}

function among(cursor: Cursor): Among {
  if (cursor.words('UNNEST')) return { kind: 'unnest', array: parenthesised(cursor) }
  cursor.expectSign('(')
  const isQuery = cursor.isWord('SELECT') || cursor.isWord('WITH')
  const found: Among = isQuery
    ? { kind: 'query', query: cursor.query() }
    : { kind: 'list', items: cursor.list(() => parseExpression(cursor)) }
  cursor.expectSign(')')
  return found
}

function parenthesised(cursor: Cursor): Expression {
  cursor.expectSign('(')
  const expression = parseExpression(cursor)
  cursor.expectSign(')')
  return expression
}

function chain(
  cursor: Cursor,
  operators: readonly BinaryOperator[],
  operand: (cursor: Cursor) => Expression,
): Expression {
  let left = operand(cursor)
  for (;;) {
    const operator = operators.find((sign) => cursor.sign(sign))
    if (operator === undefined) return left
    left = binary(operator, left, operand(cursor))
  }
}

// Concatenation binds as tightly as multiplication does; the engine knows no bitwise operators.
function concatenation(cursor: Cursor): Expression {
  return chain(cursor, ['+', '-'], (at) => chain(at, ['*', '/', '||'], unary))
}

function unary(cursor: Cursor): Expression {
  if (cursor.sign('-')) return cursor.nested(() => ({ kind: 'negate', operand: unary(cursor) }))
  if (cursor.sign('+')) return cursor.nested(() => unary(cursor))
  return primary(cursor)
}

function literalExpression(cursor: Cursor): Expression | undefined {
  const { kind, text } = cursor.peek()
  switch (kind) {
    case 'integer':
      cursor.take()
      return { kind: 'literal', type: 'INT64', value: int64(BigInt(text)) }
    case 'float':
      cursor.take()
      return { kind: 'literal', type: 'FLOAT64', value: Number(text) }
    case 'string':
      cursor.take()
      return { kind: 'literal', type: 'STRING', value: text }
    case 'parameter':
      cursor.take()
      if (text.startsWith('@@')) throw notServed('system variables')
      return {
        kind: 'parameter',
        name: text,
        position: text === '' ? cursor.nextParameter() : -1,
      }
    case 'bytes':
      throw notServed('BYTES values')
    default:
      return undefined
  }
}

function primary(cursor: Cursor): Expression {
  const literal = literalExpression(cursor) ?? keywordExpression(cursor)
  if (literal !== undefined) return literal
  if (cursor.sign('(')) {
    const isQuery = cursor.isWord('SELECT') || cursor.isWord('WITH')
    const inner: Expression = isQuery
      ? { kind: 'subquery', query: cursor.query() }
      : parseExpression(cursor)
    cursor.expectSign(')')
    return inner
  }
  return pathOrCall(cursor)
}

function keywordExpression(cursor: Cursor): Expression | undefined {
  if (cursor.words('NULL')) return { kind: 'literal', type: 'INT64', value: null }
  if (cursor.words('TRUE')) return { kind: 'literal', type: 'BOOL', value: true }
  if (cursor.words('FALSE')) return { kind: 'literal', type: 'BOOL', value: false }
  if (cursor.isWord('DATE') && cursor.peek(1).kind === 'string') {
    cursor.take()
    return { kind: 'literal', type: 'DATE', value: dateText(cursor.take().text) }
  }
  if (cursor.words('CASE')) return caseExpression(cursor)
  if (cursor.words('CAST')) return cast(cursor)
  if (cursor.words('EXTRACT')) return extract(cursor)
  if (cursor.words('EXISTS')) {
    cursor.expectSign('(')
    const query = cursor.query()
    cursor.expectSign(')')
    return { kind: 'exists', query }
  }
  if (cursor.isWord('IF') && cursor.isSign('(', 1)) return call(cursor, [cursor.take().text])
  const isArray = cursor.isSign('[') || (cursor.isWord('ARRAY') && cursor.isSign('[', 1))
  if (!isArray) return undefined
  cursor.words('ARRAY')
  cursor.expectSign('[')
  const items = cursor.list(() => parseExpression(cursor))
  cursor.expectSign(']')
  return { kind: 'array', items }
}

function caseExpression(cursor: Cursor): Expression {
  const subject = cursor.isWord('WHEN') ? undefined : parseExpression(cursor)
  const branches: { when: Expression; result: Expression }[] = []
  while (cursor.words('WHEN')) {
    const test = parseExpression(cursor)
    cursor.expectWord('THEN')
    const when = subject === undefined ? test : binary('=', subject, test)
    branches.push({ when, result: parseExpression(cursor) })
  }
  if (branches.length === 0) throw cursor.unexpected('keyword WHEN')
  const otherwise = cursor.words('ELSE') ? parseExpression(cursor) : undefined
  cursor.expectWord('END')
  return { kind: 'case', branches, otherwise }
}

export function parseType(cursor: Cursor): ScalarType {
  const name = cursor.pathPart()
  const type = scalarType(name)
  if (type === undefined) throw notServed(`the type ${name}`)
  return type
}

function cast(cursor: Cursor): Expression {
  cursor.expectSign('(')
  const operand = parseExpression(cursor)
  cursor.expectWord('AS')
  const type = parseType(cursor)
  cursor.expectSign(')')
  return { kind: 'cast', operand, type }
}

function extract(cursor: Cursor): Expression {
  cursor.expectSign('(')
  const part = cursor.pathPart().toUpperCase()
  cursor.expectWord('FROM')
  const operand = parseExpression(cursor)
  cursor.expectSign(')')
  if (!/^(?:YEAR|QUARTER|MONTH|DAY)$/.test(part)) throw notServed(`EXTRACT(${part})`)
  return { kind: 'extract', part, operand }
}

function pathOrCall(cursor: Cursor): Expression {
  const { kind } = cursor.peek()
  const first = cursor.name()
  // A routine of another project is written with backticks round its path or its project.
  const path = kind === 'quoted-name' ? first.split('.') : [first]
  while (cursor.sign('.')) path.push(cursor.pathPart())
  return cursor.isSign('(') ? call(cursor, path) : { kind: 'path', path }
}

function call(cursor: Cursor, path: readonly string[]): Expression {
  if (path.length > 4) throw invalidQuery(`Invalid function name: ${path.join('.')}`)
  const parsed = callOf(cursor, path)
  if (cursor.isWord('OVER')) throw notServed('window functions')
  return parsed
}

function callOf(cursor: Cursor, path: readonly string[]): Expression {
  cursor.expectSign('(')
  if (cursor.sign(')')) return { kind: 'call', path, args: [], isDistinct: false, isStar: false }
  if (cursor.sign('*')) {
    cursor.expectSign(')')
    return { kind: 'call', path, args: [], isDistinct: false, isStar: true }
  }
  const isDistinct = cursor.words('DISTINCT')
  const args = cursor.list(() => parseExpression(cursor))
  cursor.expectSign(')')
  return { kind: 'call', path, args, isDistinct, isStar: false }
}
