// Queries: SELECT with grouping, set operations, ORDER BY and LIMIT.

import { isAggregate } from './aggregates.ts'
import type { Expression, Query, Select, SelectItem, SetOperation } from './ast.ts'
import { bind } from './bind-expression.ts'
import { bindFrom } from './bind-from.ts'
import type { BoundFrom } from './bind-from.ts'
import type { BoundQuery, Context, OutputColumn } from './binder.ts'
import { commonType } from './functions.ts'
import { GroupedScope } from './grouping.ts'
import { coerce, expectType } from './operators.ts'
import { boundColumn, ColumnScope } from './scope.ts'
import type { Bound, Env } from './scope.ts'
import { invalidQuery } from './sql-error.ts'
import { compare, rowKey } from './values.ts'
import type { Row } from './values.ts'

interface Output extends OutputColumn {
  readonly bound: Bound
}

/** Where an ORDER BY item stands in the row, and which way. */
interface Order {
  readonly index: number
  readonly descending: boolean
}

export function bindQuery(query: Query, outside: Context): BoundQuery {
  const named = new Map(outside.named)
  for (const { name, query: inner } of query.with) {
    named.set(name.toLowerCase(), bindQuery(inner, { ...outside, named, grouped: undefined }))
  }
  const context: Context = { ...outside, named, grouped: undefined }
  const { body } = query
  const sorted =
    'kind' in body && body.kind === 'select'
      ? bindSelect(body, query.orderBy, context)
      : orderColumns(bindBody(body, context), query.orderBy)
  return {
    columns: sorted.columns,
    rows: (outer) => {
      const width = sorted.columns.length
      const rows = sorted.rows(outer)
      if (sorted.order.length > 0) rows.sort((a, b) => compareRows(a, b, sorted.order))
      const { offset, limit } = query
      const kept = rows.slice(offset, limit === undefined ? undefined : offset + limit)
      return kept.map((row) => row.slice(0, width))
    },
  }
}

interface Sortable {
  readonly columns: readonly OutputColumn[]
  /** A fresh array; rows may have columns to sort by after those of the result. */
  readonly rows: (outer: Env | undefined) => Row[]
  readonly order: readonly Order[]
}

function compareRows(left: Row, right: Row, order: readonly Order[]): number {
  for (const { index, descending } of order) {
    const way = compare(left[index] ?? null, right[index] ?? null)
    if (way !== 0) return descending ? -way : way
  }
  return 0
}

function bindBody(body: SetOperation | Query, context: Context): BoundQuery {
  return 'body' in body ? bindQuery(body, context) : bindSet(body, context)
}

/** Outside a SELECT only columns of the result can be sorted by. */
function orderColumns(query: BoundQuery, orderBy: Query['orderBy']): Sortable {
  const order = orderBy.map(({ expression, descending }) => {
    const index = resultColumn(expression, query.columns)
    if (index === undefined) throw invalidQuery('ORDER BY must name a column of the result')
    return { index, descending }
  })
  return { columns: query.columns, order, rows: (outer) => [...query.rows(outer)] }
}

/** The index of the result's column that an ordinal or an alias means. */
function resultColumn(
  expression: Expression,
  columns: readonly OutputColumn[],
): number | undefined {
  if (expression.kind === 'literal' && typeof expression.value === 'bigint') {
    const index = Number(expression.value) - 1
    if (index < 0 || index >= columns.length) {
      throw invalidQuery(`Column number out of range: ${expression.value}`)
    }
    return index
  }
  if (expression.kind !== 'path' || expression.path.length !== 1) return undefined
  const name = expression.path[0]?.toLowerCase()
  const index = columns.findIndex((column) => column.name.toLowerCase() === name)
  return index < 0 ? undefined : index
}

function bindSet({ operator, left, right }: SetOperation, context: Context): BoundQuery {
  const [a, b] = [bindQuery(left, context), bindQuery(right, context)]
  if (a.columns.length !== b.columns.length) {
    throw invalidQuery('Queries in a set operation have mismatched column count')
  }
  const columns = a.columns.map((column, index) => {
    return { name: column.name, type: commonType([column, b.columns[index] ?? column]) }
  })
  const converted = (query: BoundQuery): ((outer: Env | undefined) => readonly Row[]) => {
    const cells = columns.map(({ type }, index) => {
      const from = { qualifier: undefined, name: '', isHidden: false, onRead: () => undefined }
      return coerce(boundColumn({ ...from, type: query.columns[index]?.type }, index), type)
    })
    return (outer) => query.rows(outer).map((row) => cells.map((at) => at.evaluate({ row, outer })))
  }
  const [leftRows, rightRows] = [converted(a), converted(b)]
  return {
    columns,
    rows: (outer) => {
      if (operator === 'UNION ALL') return [...leftRows(outer), ...rightRows(outer)]
      if (operator === 'UNION DISTINCT') return unique([...leftRows(outer), ...rightRows(outer)])
      const others = new Set(rightRows(outer).map((row) => rowKey(row)))
      const isWanted = operator === 'INTERSECT DISTINCT'
      return unique(leftRows(outer).filter((row) => others.has(rowKey(row)) === isWanted))
    },
  }
}

function unique(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [rowKey(row), row])).values()]
}

const NO_FROM: BoundFrom = { columns: [], rows: () => [[]] }

function bindSelect(select: Select, orderBy: Query['orderBy'], context: Context): Sortable {
  const from = select.from === undefined ? NO_FROM : bindFrom(select.from, context)
  const scope = new ColumnScope(from.columns, context.scope)
  const inside = { ...context, scope }
  const where = condition(select.where, inside, 'WHERE clause')
  const isGrouped =
    select.groupBy.length > 0 ||
    select.having !== undefined ||
    [...select.items, ...orderBy].some((item) => hasAggregate(item))
  const groups = isGrouped ? new GroupedScope(select, inside) : undefined
  const after: Context =
    groups === undefined
      ? inside
      : { ...context, scope: groups, grouped: (expression) => groups.intercept(expression) }
  const having = condition(select.having, after, 'HAVING clause')
  const outputs = select.items.flatMap((item) => bindItem(item, scope, after, isGrouped))
  const columns = nameColumns(outputs)
  const sorters: Bound[] = []
  const order = orderBy.map(({ expression, descending }): Order => {
    const known = resultColumn(expression, columns)
    if (known !== undefined) return { index: known, descending }
    if (select.isDistinct) throw invalidQuery('ORDER BY of SELECT DISTINCT must name its columns')
    sorters.push(bind(expression, after))
    return { index: columns.length + sorters.length - 1, descending }
  })
  const cells = [...outputs.map(({ bound }) => bound), ...sorters]
  return {
    columns,
    order,
    rows: (outer) => {
      const envs = from.rows(outer).map((row) => ({ row, outer }))
      const kept = envs.filter((env) => where === undefined || where.evaluate(env) === true)
      const grouped = groups?.rowsOf(kept, outer) ?? kept
      const wanted = grouped.filter((env) => having === undefined || having.evaluate(env) === true)
      const rows = wanted.map((env) => cells.map((cell) => cell.evaluate(env)))
      return select.isDistinct ? unique(rows) : rows
    },
  }
}

function condition(
  expression: Expression | undefined,
  context: Context,
  where: string,
): Bound | undefined {
  if (expression === undefined) return undefined
  const bound = bind(expression, context)
  expectType(bound, 'BOOL', where)
  return bound
}

/** Calls of aggregate functions in this query, not in one inside it. */
function hasAggregate(node: unknown): boolean {
  if (typeof node !== 'object' || node === null || 'body' in node) return false
  if ('kind' in node && node.kind === 'call' && 'path' in node && Array.isArray(node.path)) {
    if (node.path.length === 1 && isAggregate(String(node.path[0]).toUpperCase())) return true
  }
  return Object.values(node).some((child) => hasAggregate(child))
}

function bindItem(
  item: SelectItem,
  input: ColumnScope,
  context: Context,
  isGrouped: boolean,
): readonly Output[] {
  if (item.kind === 'expression') {
    const bound = bind(item.expression, context)
    return [{ name: item.alias ?? '', type: bound.type, bound }]
  }
  if (isGrouped) throw invalidQuery('SELECT * is not allowed with GROUP BY or aggregates')
  const except = new Set(item.except.map((name) => name.toLowerCase()))
  const qualifier = item.of?.toLowerCase()
  const found: Output[] = []
  for (const [index, column] of input.columns.entries()) {
    const isOf = qualifier === undefined ? !column.isHidden : column.qualifier === qualifier
    if (!isOf || except.delete(column.name.toLowerCase())) continue
    column.onRead()
    found.push({ name: column.name, type: column.type, bound: boundColumn(column, index) })
  }
  const [unknown] = except
  if (unknown !== undefined) throw invalidQuery(`Column ${unknown} in EXCEPT does not exist`)
  if (found.length === 0) throw invalidQuery('SELECT * must produce at least one column')
  return found
}

function nameColumns(outputs: readonly Output[]): readonly OutputColumn[] {
  let unnamed = 0
  return outputs.map(({ name, type }) => {
    if (name !== '') return { name, type }
    unnamed += 1
    return { name: `f${unnamed - 1}_`, type }
  })
}
