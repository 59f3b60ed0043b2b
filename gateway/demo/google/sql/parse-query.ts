// Queries: WITH, SELECT, joins, set operations, ORDER BY and LIMIT ("Query syntax").

import type { Expression, FromItem, Query, Select, SelectItem, SetOperation } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { parseExpression } from './parse-expression.ts'
import { invalidQuery, notServed } from './sql-error.ts'

export function parseQuery(cursor: Cursor): Query {
  const named = cursor.words('WITH') ? withClause(cursor) : []
  const body = setOperations(cursor)
  const orderBy = cursor.words('ORDER', 'BY') ? cursor.list(() => orderItem(cursor)) : []
  const limit = cursor.words('LIMIT') ? count(cursor) : undefined
  const offset = limit !== undefined && cursor.words('OFFSET') ? count(cursor) : 0
  if (cursor.isSign('|>')) throw notServed('pipe syntax')
  return { with: named, body, orderBy, limit, offset }
}

function withClause(cursor: Cursor): Query['with'] {
  if (cursor.words('RECURSIVE')) throw notServed('recursive queries')
  return cursor.list(() => {
    const name = cursor.name()
    cursor.expectWord('AS')
    return { name, query: inParentheses(cursor) }
  })
}

function inParentheses(cursor: Cursor): Query {
  cursor.expectSign('(')
  const query = cursor.query()
  cursor.expectSign(')')
  return query
}

function count(cursor: Cursor): number {
  const { kind, text } = cursor.take()
  const value = kind === 'integer' && text.length <= 15 ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw invalidQuery('LIMIT and OFFSET take an integer literal')
  return value
}

function orderItem(cursor: Cursor): Query['orderBy'][number] {
  const expression = parseExpression(cursor)
  const descending = cursor.words('DESC')
  if (!descending) cursor.words('ASC')
  if (cursor.isWord('NULLS')) throw notServed('NULLS FIRST and NULLS LAST')
  return { expression, descending }
}

function setOperator(cursor: Cursor): SetOperation['operator'] | undefined {
  for (const operator of [
    'UNION ALL',
    'UNION DISTINCT',
    'EXCEPT DISTINCT',
    'INTERSECT DISTINCT',
  ] as const) {
    if (cursor.words(...operator.split(' '))) return operator
  }
  return undefined
}

function setOperations(cursor: Cursor): Query['body'] {
  let left = operand(cursor)
  let first: SetOperation['operator'] | undefined
  for (;;) {
    const operator = setOperator(cursor)
    if (operator === undefined) return left
    first ??= operator
    if (operator !== first) {
      throw invalidQuery('Syntax error: Different set operations cannot be used in the same query')
    }
    left = { kind: 'set', operator, left: plain(left), right: plain(operand(cursor)) }
  }
}

function plain(body: Query['body']): Query {
  return 'body' in body ? body : { with: [], body, orderBy: [], limit: undefined, offset: 0 }
}

function operand(cursor: Cursor): Query['body'] {
  if (cursor.isSign('(')) return inParentheses(cursor)
  if (cursor.isWord('FROM')) throw notServed('queries that start with FROM')
  cursor.expectWord('SELECT')
  return select(cursor)
}

function select(cursor: Cursor): Select {
  const isDistinct = cursor.words('DISTINCT')
  if (!isDistinct) cursor.words('ALL')
  if (cursor.isWord('AS')) throw notServed('SELECT AS STRUCT and SELECT AS VALUE')
  const items = [selectItem(cursor)]
  while (cursor.sign(',') && !cursor.isWord('FROM')) items.push(selectItem(cursor))
  const from = cursor.words('FROM') ? fromClause(cursor) : undefined
  const where = cursor.words('WHERE') ? parseExpression(cursor) : undefined
  const groupBy = cursor.words('GROUP', 'BY') ? cursor.list(() => parseExpression(cursor)) : []
  const having = cursor.words('HAVING') ? parseExpression(cursor) : undefined
  if (cursor.isWord('QUALIFY')) throw notServed('QUALIFY')
  if (cursor.isWord('WINDOW')) throw notServed('WINDOW')
  return { kind: 'select', isDistinct, items, from, where, groupBy, having }
}

function selectItem(cursor: Cursor): SelectItem {
  if (cursor.sign('*')) return star(cursor, undefined)
  if (cursor.isName() && cursor.isSign('.', 1) && cursor.isSign('*', 2)) {
    const of = cursor.name()
    cursor.take()
    cursor.take()
    return star(cursor, of)
  }
  const expression = parseExpression(cursor)
  return { kind: 'expression', expression, alias: cursor.alias() ?? impliedAlias(expression) }
}

function impliedAlias(expression: Expression): string | undefined {
  return expression.kind === 'path' ? expression.path.at(-1) : undefined
}

function star(cursor: Cursor, of: string | undefined): SelectItem {
  if (cursor.isWord('REPLACE')) throw notServed('SELECT * REPLACE')
  if (!cursor.words('EXCEPT')) return { kind: 'star', of, except: [] }
  cursor.expectSign('(')
  const except = cursor.list(() => cursor.name())
  cursor.expectSign(')')
  return { kind: 'star', of, except }
}

function fromClause(cursor: Cursor): FromItem {
  let left = joined(cursor)
  while (cursor.sign(',')) left = join('CROSS', left, joined(cursor))
  return left
}

function join(type: 'INNER' | 'LEFT' | 'CROSS', left: FromItem, right: FromItem): FromItem {
  return { kind: 'join', type, left, right, on: undefined, using: [] }
}

function joinType(cursor: Cursor): 'INNER' | 'LEFT' | 'CROSS' | undefined {
  if (cursor.words('CROSS', 'JOIN')) return 'CROSS'
  if (cursor.words('LEFT', 'JOIN') || cursor.words('LEFT', 'OUTER', 'JOIN')) return 'LEFT'
  if (cursor.words('JOIN') || cursor.words('INNER', 'JOIN')) return 'INNER'
  if (cursor.isWord('RIGHT') || cursor.isWord('FULL')) throw notServed('RIGHT and FULL joins')
  return undefined
}

function joined(cursor: Cursor): FromItem {
  let left = fromItem(cursor)
  for (;;) {
    const type = joinType(cursor)
    if (type === undefined) return left
    const right = fromItem(cursor)
    if (type === 'CROSS') left = join('CROSS', left, right)
    else left = { kind: 'join', type, left, right, ...joinCondition(cursor) }
  }
}

function joinCondition(cursor: Cursor): { on: Expression | undefined; using: readonly string[] } {
  if (cursor.words('ON')) return { on: parseExpression(cursor), using: [] }
  cursor.expectWord('USING')
  cursor.expectSign('(')
  const using = cursor.list(() => cursor.name())
  cursor.expectSign(')')
  return { on: undefined, using }
}

function fromItem(cursor: Cursor): FromItem {
  if (cursor.words('UNNEST')) {
    cursor.expectSign('(')
    const array = parseExpression(cursor)
    cursor.expectSign(')')
    return { kind: 'unnest', array, alias: cursor.alias() }
  }
  if (cursor.isSign('(')) {
    if (cursor.isWord('SELECT', 1) || cursor.isWord('WITH', 1) || cursor.isSign('(', 1)) {
      return { kind: 'subquery', query: inParentheses(cursor), alias: cursor.alias() }
    }
    cursor.take()
    const inner = joined(cursor)
    cursor.expectSign(')')
    return inner
  }
  const path = cursor.objectPath()
  if (cursor.isSign('(')) throw notServed('table functions')
  const alias = cursor.alias()
  if (cursor.isWord('FOR')) throw notServed('FOR SYSTEM_TIME AS OF')
  if (cursor.isWord('TABLESAMPLE')) throw notServed('TABLESAMPLE')
  return { kind: 'table', path, alias }
}
