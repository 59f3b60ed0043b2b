// The FROM clause: tables, subqueries and joins, as columns with names and a source of rows.

import type { FromItem } from './ast.ts'
import { bindArray, bind } from './bind-expression.ts'
import type { BoundQuery, Context } from './binder.ts'
import { expectType } from './operators.ts'
import { ColumnScope, NO_ROW } from './scope.ts'
import type { Bound, Env, ScopeColumn } from './scope.ts'
import { SqlError } from './sql-error.ts'
import type { Row } from './values.ts'

const MAX_JOINED_ROWS = 200_000

export interface BoundFrom {
  readonly columns: readonly ScopeColumn[]
  readonly rows: (outer: Env | undefined) => readonly Row[]
}

type Of<K extends FromItem['kind']> = Extract<FromItem, { kind: K }>

export function bindFrom(item: FromItem, context: Context): BoundFrom {
  switch (item.kind) {
    case 'table':
      return bindTable(item, context)
    case 'subquery':
      return derived(context.bindQuery(item.query, context), item.alias)
    case 'unnest': {
      const { type, values } = bindArray(item.array, context)
      const name = item.alias ?? ''
      const column = { qualifier: undefined, name, type, isHidden: false, onRead: () => undefined }
      return {
        columns: [column],
        rows: (outer) => values(outer ?? NO_ROW).map((value) => [value]),
      }
    }
    case 'join':
      return bindJoin(item, context)
    default:
      return item satisfies never
  }
}

function derived({ columns, rows }: BoundQuery, alias: string | undefined): BoundFrom {
  const qualifier = alias?.toLowerCase()
  return {
    columns: columns.map(({ name, type }) => {
      return { qualifier, name, type, isHidden: false, onRead: () => undefined }
    }),
    rows,
  }
}

function bindTable({ path, alias }: Of<'table'>, context: Context): BoundFrom {
  const [only = ''] = path
  const named = path.length === 1 ? context.named.get(only.toLowerCase()) : undefined
  if (named !== undefined) return derived(named, alias ?? only)
  const { access } = context.session
  const table = access.table(path, 'getData')
  context.analysis.readTable(table)
  const qualifier = (alias ?? table.name.table).toLowerCase()
  return {
    columns: table.columns.map(({ name, type }, index) => {
      const onRead = (): void => context.analysis.readColumn(table, index)
      return { qualifier, name, type, isHidden: false, onRead }
    }),
    rows: () => table.rows,
  }
}

function bindJoin(item: Of<'join'>, context: Context): BoundFrom {
  const left = bindFrom(item.left, context)
  const right = bindFrom(item.right, context)
  const using = new Set(item.using.map((name) => name.toLowerCase()))
  const columns = [
    ...left.columns,
    ...right.columns.map((column) => {
      return using.has(column.name.toLowerCase()) ? { ...column, isHidden: true } : column
    }),
  ]
  const tests = [...usingTests(item, left, right)]
  if (item.on !== undefined) {
    const scope = new ColumnScope(columns, context.scope)
    const test = bind(item.on, { ...context, scope })
    expectType(test, 'BOOL', 'JOIN condition')
    tests.push(test)
  }
  const width = right.columns.length
  return {
    columns,
    rows: (outer) => {
      const joined: Row[] = []
      const rightRows = right.rows(outer)
      for (const leftRow of left.rows(outer)) {
        const before = joined.length
        for (const rightRow of rightRows) {
          const row = [...leftRow, ...rightRow]
          if (tests.every((test) => test.evaluate({ row, outer }) === true)) joined.push(row)
        }
        if (item.type === 'LEFT' && joined.length === before) {
          joined.push([...leftRow, ...Array.from({ length: width }, () => null)])
        }
        if (joined.length > MAX_JOINED_ROWS) {
          throw new SqlError('invalid', 'Resources exceeded during query execution')
        }
      }
      return joined
    },
  }
}

function* usingTests(item: Of<'join'>, left: BoundFrom, right: BoundFrom): Generator<Bound> {
  const sides = [
    new ColumnScope(left.columns, undefined),
    new ColumnScope(right.columns, undefined),
  ]
  for (const name of item.using) {
    const [a, b] = sides.map((scope) => {
      const found = scope.indexOf([name])
      if (found === undefined) {
        throw new SqlError('invalidQuery', `Column ${name} in USING clause not found`)
      }
      scope.columns[found]?.onRead()
      return found
    })
    const [at, other] = [a ?? 0, left.columns.length + (b ?? 0)]
    yield {
      type: 'BOOL',
      isConstant: false,
      evaluate: ({ row }) => {
        const [x = null, y = null] = [row[at], row[other]]
        return x === null || y === null ? null : x === y
      },
    }
  }
}
