// What the engine may touch, for one caller: tables and routines that the caller's permissions open.
// Names that open nothing throw SqlError, as BigQuery words it.

import type { Path } from './ast.ts'
import type { Column, Row, ScalarType, Value } from './values.ts'

export interface TableName {
  readonly project: string
  readonly dataset: string
  readonly table: string
}

export interface StoredTable {
  readonly name: TableName
  readonly columns: readonly Column[]
  rows: readonly Row[]
  /** ms since the epoch */
  readonly createdAt: number
}

export interface StoredRoutine {
  readonly project: string
  readonly dataset: string
  readonly routine: string
  readonly args: readonly Column[]
  readonly returns: ScalarType
  /** An SQL expression over the arguments. */
  readonly body: string
}

export type TableNeed = 'getData' | 'updateData' | 'delete' | 'export'

export interface Access {
  table(path: Path, need: TableNeed): StoredTable
  /** The full name, where a table of that name may be created. */
  place(path: Path): TableName
  /** Undefined when there is none; what the caller may do is not asked. */
  existing(name: TableName): StoredTable | undefined
  routine(path: Path): StoredRoutine
  put(name: TableName, columns: readonly Column[], rows: readonly Row[]): void
  drop(name: TableName): void
  /** Stands for the bucket that EXPORT DATA writes to. */
  exportTo(uri: string, columns: readonly Column[], rows: readonly Row[]): void
}

export interface Parameter {
  /** Undefined: by position. */
  readonly name: string | undefined
  readonly type: ScalarType
  readonly value: Value | readonly Value[]
}

/** One text's run or dry run: who asks, with what, and what it was seen to touch. */
export interface Session {
  readonly access: Access
  readonly parameters: readonly Parameter[]
  /** SESSION_USER() */
  readonly user: string
  /** ms since the epoch */
  readonly now: number
  /** Of a script, by lower-case name. */
  readonly variables: Map<string, { readonly type: ScalarType; readonly value: Value }>
}
