// One statement that is no script: bound first, which finds what it touches and what the caller may
// not; then run, which really does it.

import type { Session, StoredTable } from './access.ts'
import { Analysis, fullName } from './analysis.ts'
import type { Expression, Path, Statement } from './ast.ts'
import { bind } from './bind-expression.ts'
import { bindQuery } from './bind-query.ts'
import type { BoundQuery, Context } from './binder.ts'
import { coerce, expectType } from './operators.ts'
import { boundColumn, ColumnScope, NO_ROW } from './scope.ts'
import type { Bound } from './scope.ts'
import { invalidQuery, SqlError } from './sql-error.ts'
import type { Column, Row } from './values.ts'

export interface Outcome {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  /** Of DML. */
  readonly affected: number | undefined
}

export interface Prepared {
  /** As in `Job.statistics.query.statementType` of the REST reference. */
  readonly statementType: string
  readonly analysis: Analysis
  /** Of the result; empty where there is none. */
  readonly columns: readonly Column[]
  readonly run: () => Outcome
}

export type PlainStatement = Extract<
  Statement,
  {
    kind:
      | 'query'
      | 'insert'
      | 'update'
      | 'delete'
      | 'truncate'
      | 'create-table'
      | 'drop-table'
      | 'export'
  }
>

type Of<K extends PlainStatement['kind']> = Extract<PlainStatement, { kind: K }>

const SCRIPTING = new Set(['block', 'execute-immediate', 'if', 'declare', 'set'])

export function isPlain(statement: Statement): statement is PlainStatement {
  return !SCRIPTING.has(statement.kind)
}

function contextOf(session: Session, analysis: Analysis): Context {
  return {
    session,
    analysis,
    scope: undefined,
    named: new Map(),
    grouped: undefined,
    bindQuery,
  }
}

function nothing(affected?: number): Outcome {
  return { columns: [], rows: [], affected }
}

/** A NULL without a type is INT64 in a result. */
function resultColumns(query: BoundQuery): readonly Column[] {
  return query.columns.map(({ name, type }) => ({ name, type: type ?? 'INT64' }))
}

/** For scripts: the value of an expression that stands in no query. */
export function bindLoose(expression: Expression, session: Session): Bound {
  return bind(expression, contextOf(session, new Analysis()))
}

export function prepare(statement: PlainStatement, session: Session): Prepared {
  const context = contextOf(session, new Analysis())
  switch (statement.kind) {
    case 'query': {
      const query = bindQuery(statement.query, context)
      const columns = resultColumns(query)
      return {
        statementType: 'SELECT',
        analysis: context.analysis,
        columns,
        run: () => ({ columns, rows: query.rows(undefined), affected: undefined }),
      }
    }
    case 'insert':
      return prepareInsert(statement, context)
    case 'update':
    case 'delete':
      return prepareChange(statement, context)
    case 'truncate': {
      const table = written(statement.table, context)
      return change('TRUNCATE_TABLE', context, table, () => [])
    }
    case 'create-table':
      return prepareCreate(statement, context)
    case 'drop-table':
      return prepareDrop(statement, context)
    case 'export': {
      const query = bindQuery(statement.query, context)
      const run = (): Outcome => {
        session.access.exportTo(statement.uri, resultColumns(query), query.rows(undefined))
        return nothing()
      }
      for (const name of context.analysis.tables) {
        session.access.table([name.project, name.dataset, name.table], 'export')
      }
      return { statementType: 'EXPORT_DATA', analysis: context.analysis, columns: [], run }
    }
    default:
      return statement satisfies never
  }
}

function written(path: Path, { session, analysis }: Context): StoredTable {
  const table = session.access.table(path, 'updateData')
  analysis.readTable(table)
  return table
}

/** Puts other rows in the place of a table's; counts those that went or came. */
function change(
  statementType: string,
  { analysis }: Context,
  table: StoredTable,
  rowsAfter: () => readonly Row[],
  count?: () => number,
): Prepared {
  const run = (): Outcome => {
    const after = rowsAfter()
    const affected = count?.() ?? Math.abs(table.rows.length - after.length)
    table.rows = after
    return nothing(affected)
  }
  return { statementType, analysis, columns: [], run }
}

function prepareChange(statement: Of<'update' | 'delete'>, context: Context): Prepared {
  const { access } = context.session
  const table = written(statement.table, context)
  access.table(statement.table, 'getData')
  const qualifier = (statement.alias ?? table.name.table).toLowerCase()
  const columns = table.columns.map(({ name, type }, index) => {
    // DML is billed for every column of its table.
    context.analysis.readColumn(table, index)
    return { qualifier, name, type, isHidden: false, onRead: () => undefined }
  })
  const inside = { ...context, scope: new ColumnScope(columns, undefined) }
  const where = bind(statement.where, inside)
  expectType(where, 'BOOL', 'WHERE clause')
  const isMeant = (row: Row): boolean => where.evaluate({ row, outer: undefined }) === true
  if (statement.kind === 'delete') {
    return change('DELETE', context, table, () => table.rows.filter((row) => !isMeant(row)))
  }
  const changes = new Map<number, Bound>()
  for (const { column, value } of statement.set) {
    const index = columnIndex(table, column)
    changes.set(index, coerce(bind(value, inside), table.columns[index]?.type))
  }
  let changed = 0
  const rowsAfter = (): readonly Row[] =>
    table.rows.map((row) => {
      if (!isMeant(row)) return row
      changed += 1
      const env = { row, outer: undefined }
      return row.map(
        (value, index) => changes.get(index)?.evaluate(env) ?? (changes.has(index) ? null : value),
      )
    })
  return change('UPDATE', context, table, rowsAfter, () => changed)
}

function columnIndex(table: StoredTable, name: string): number {
  const index = table.columns.findIndex(
    (column) => column.name.toLowerCase() === name.toLowerCase(),
  )
  if (index < 0) throw invalidQuery(`Column ${name} is not present in ${fullName(table.name)}`)
  return index
}

function prepareInsert(statement: Of<'insert'>, context: Context): Prepared {
  const table = written(statement.table, context)
  const into =
    statement.columns.length === 0
      ? table.columns.map((_column, index) => index)
      : statement.columns.map((name) => columnIndex(table, name))
  const check = (count: number): void => {
    if (count !== into.length) {
      throw invalidQuery(
        `Inserted row has wrong column count; has ${count}, expected ${into.length}`,
      )
    }
  }
  const place = (values: Row): Row =>
    table.columns.map((_column, index) => values[into.indexOf(index)] ?? null)
  const typeAt = (index: number): Column['type'] | undefined =>
    table.columns[into[index] ?? -1]?.type
  let rows: () => readonly Row[]
  if ('body' in statement.rows) {
    const query = bindQuery(statement.rows, context)
    check(query.columns.length)
    const cells = query.columns.map(({ type }, index) => {
      const from = { qualifier: undefined, name: '', isHidden: false, onRead: () => undefined }
      return coerce(boundColumn({ ...from, type }, index), typeAt(index))
    })
    rows = () =>
      query
        .rows(undefined)
        .map((row) => cells.map((cell) => cell.evaluate({ row, outer: undefined })))
  } else {
    const bound = statement.rows.map((row) => {
      check(row.length)
      return row.map((value, index) => coerce(bind(value, context), typeAt(index)))
    })
    rows = () => bound.map((row) => row.map((value) => value.evaluate(NO_ROW)))
  }
  return change('INSERT', context, table, () => [...table.rows, ...rows().map(place)])
}

function prepareCreate(statement: Of<'create-table'>, context: Context): Prepared {
  const { access } = context.session
  const name = access.place(statement.table)
  const query = statement.query === undefined ? undefined : bindQuery(statement.query, context)
  const columns = query === undefined ? statement.columns : resultColumns(query)
  const existing = access.existing(name)
  if (existing !== undefined) {
    if (!statement.orReplace && !statement.ifNotExists) {
      const { project, dataset, table } = name
      throw new SqlError('duplicate', `Already Exists: Table ${project}:${dataset}.${table}`)
    }
    if (statement.orReplace) access.table(statement.table, 'updateData')
  }
  const run = (): Outcome => {
    if (existing === undefined || statement.orReplace) {
      access.put(name, columns, query?.rows(undefined) ?? [])
    }
    return nothing()
  }
  const statementType = query === undefined ? 'CREATE_TABLE' : 'CREATE_TABLE_AS_SELECT'
  return { statementType, analysis: context.analysis, columns: [], run }
}

function prepareDrop(statement: Of<'drop-table'>, context: Context): Prepared {
  const { access } = context.session
  let name: StoredTable['name'] | undefined
  try {
    const table = access.table(statement.table, 'delete')
    context.analysis.readTable(table)
    name = table.name
  } catch (error) {
    const isMissing = error instanceof SqlError && error.reason === 'notFound'
    if (!isMissing || !statement.ifExists) throw error
  }
  const run = (): Outcome => {
    if (name !== undefined) access.drop(name)
    return nothing()
  }
  return { statementType: 'DROP_TABLE', analysis: context.analysis, columns: [], run }
}
