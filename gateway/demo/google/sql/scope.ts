// Which names mean what at one place of a query, and the row that they are read from when it runs.

import type { Path } from './ast.ts'
import { invalidQuery } from './sql-error.ts'
import type { Row, ScalarType, Value } from './values.ts'

/** The row of the query at hand, and those of the queries round it. */
export interface Env {
  readonly row: Row
  readonly outer: Env | undefined
}

export interface Bound {
  /** Undefined: NULL without a type. */
  readonly type: ScalarType | undefined
  /** A literal or a parameter, which takes the type that is wanted of it. */
  readonly isConstant: boolean
  readonly evaluate: (env: Env) => Value
}

export interface ScopeColumn {
  /** Lower case. */
  readonly qualifier: string | undefined
  readonly name: string
  readonly type: ScalarType | undefined
  /** Reached by its qualifier alone: the right side's column of JOIN … USING. */
  readonly isHidden: boolean
  /** Told when the column is read: what a query reads is what it is billed for. */
  readonly onRead: () => void
}

export interface Scope {
  readonly outer: Scope | undefined
  /** Undefined: the name means nothing here. Throws SqlError for an ambiguous one. */
  find(path: Path): Bound | undefined
}

export const NO_ROW: Env = { row: [], outer: undefined }

export function boundColumn(column: ScopeColumn, index: number): Bound {
  return {
    type: column.type,
    isConstant: false,
    evaluate: ({ row }) => row[index] ?? null,
  }
}

export class ColumnScope implements Scope {
  readonly columns: readonly ScopeColumn[]
  readonly outer: Scope | undefined

  constructor(columns: readonly ScopeColumn[], outer: Scope | undefined) {
    this.columns = columns
    this.outer = outer
  }

  find(path: Path): Bound | undefined {
    const index = this.indexOf(path)
    const column = index === undefined ? undefined : this.columns[index]
    if (index === undefined || column === undefined) return undefined
    column.onRead()
    return boundColumn(column, index)
  }

  indexOf(path: Path): number | undefined {
    const [qualifier, wanted] =
      path.length === 1 ? [undefined, path[0]] : [path[0]?.toLowerCase(), path[1]]
    const found: number[] = []
    for (const [index, column] of this.columns.entries()) {
      const isNamed = column.name.toLowerCase() === wanted?.toLowerCase()
      const isMeant = qualifier === undefined ? !column.isHidden : column.qualifier === qualifier
      if (isNamed && isMeant && path.length <= 2) found.push(index)
    }
    if (found.length > 1) throw invalidQuery(`Column name ${path.join('.')} is ambiguous`)
    return found[0]
  }
}

/** From the inner query outwards. */
export function findName(path: Path, scope: Scope | undefined): Bound | undefined {
  let depth = 0
  for (let at = scope; at !== undefined; at = at.outer) {
    const found = at.find(path)
    if (found !== undefined) return depth === 0 ? found : fromOutside(found, depth)
    depth += 1
  }
  return undefined
}

function fromOutside(found: Bound, depth: number): Bound {
  return {
    ...found,
    evaluate: (env) => {
      let at: Env = env
      for (let step = 0; step < depth; step += 1) at = at.outer ?? NO_ROW
      return found.evaluate(at)
    },
  }
}
