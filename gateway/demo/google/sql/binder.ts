// What binding needs everywhere: the session, what was found so far, the names of WITH, and the query
// binder, which is given here because expressions hold queries and queries expressions.

import type { Session } from './access.ts'
import type { Analysis } from './analysis.ts'
import type { Expression, Query } from './ast.ts'
import type { Bound, Env, Scope } from './scope.ts'
import type { Row, ScalarType } from './values.ts'

export interface OutputColumn {
  readonly name: string
  readonly type: ScalarType | undefined
}

export interface BoundQuery {
  readonly columns: readonly OutputColumn[]
  readonly rows: (outer: Env | undefined) => readonly Row[]
}

export interface Context {
  readonly session: Session
  readonly analysis: Analysis
  readonly scope: Scope | undefined
  /** By lower-case name. */
  readonly named: ReadonlyMap<string, BoundQuery>
  /** Of the select list of a grouped query: keys and aggregates, which are columns there. */
  readonly grouped: ((expression: Expression) => Bound | undefined) | undefined
  readonly bindQuery: (query: Query, context: Context) => BoundQuery
}
