// What an SQL text is, as policy sees it (docs/POLICY.md `sql`): first by our own lexer, and more
// where a dry run has answered.

import type { DryRunAnswer, RoutineReference, TableReference } from './lookups.ts'

export interface SqlFacts {
  readonly dialect: 'googlesql'
  /** The statement's kind by the lexer: `SELECT`, or the name of one other recognised statement. */
  readonly kind: string
  /** Always one: anything else has no facts. */
  readonly statements: 1
  /** Upper case, sorted, distinct; a dotted name as it was written. */
  readonly functions: readonly string[]
  readonly tableFunctions: readonly string[]
  /** Those of both lists that the table of harmless built-in functions does not have, sorted. */
  readonly unlistedFunctions: readonly string[]
  /** Sorted, distinct: `information_schema`, `wildcard`, `external` and what else a grant must name. */
  readonly features: readonly string[]
  /** The dry run's answer; undefined as long as only the lexer has spoken. */
  readonly dryRun: DryRunAnswer | undefined
}

/** As in the policy input and in records; members in the order of RFC 8785. */
export interface SqlDocument {
  readonly dialect: 'googlesql'
  readonly estimated_bytes?: number
  readonly features: readonly string[]
  readonly functions: readonly string[]
  readonly kind: string
  readonly routines?: readonly string[]
  readonly statement_type?: string
  readonly statements: 1
  readonly table_functions: readonly string[]
  readonly tables?: readonly string[]
  /** Of the two lists of functions, those that a grant must name. */
  readonly unlisted_functions: readonly string[]
  readonly verified: 'lexer' | 'dry_run'
}

export function sqlDocument(sql: SqlFacts): SqlDocument {
  const { dialect, kind, statements, functions, tableFunctions, unlistedFunctions } = sql
  const { features, dryRun } = sql
  if (dryRun === undefined) {
    return {
      dialect,
      features,
      functions,
      kind,
      statements,
      table_functions: tableFunctions,
      unlisted_functions: unlistedFunctions,
      verified: 'lexer',
    }
  }
  return {
    dialect,
    estimated_bytes: dryRun.estimatedBytes,
    features,
    functions,
    kind,
    routines: dryRun.routines.map(routineName),
    statement_type: dryRun.statementType,
    statements,
    table_functions: tableFunctions,
    tables: dryRun.tables.map(tableName),
    unlisted_functions: unlistedFunctions,
    verified: 'dry_run',
  }
}

export function sameSql(a: SqlFacts | undefined, b: SqlFacts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.dialect === b.dialect &&
    a.kind === b.kind &&
    a.statements === b.statements &&
    sameTexts(a.functions, b.functions) &&
    sameTexts(a.tableFunctions, b.tableFunctions) &&
    sameTexts(a.unlistedFunctions, b.unlistedFunctions) &&
    sameTexts(a.features, b.features) &&
    sameDryRun(a.dryRun, b.dryRun)
  )
}

function sameDryRun(a: DryRunAnswer | undefined, b: DryRunAnswer | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  return (
    a.statementType === b.statementType &&
    a.estimatedBytes === b.estimatedBytes &&
    a.isWhole === b.isWhole &&
    sameTexts(a.tables.map(tableName), b.tables.map(tableName)) &&
    sameTexts(a.routines.map(routineName), b.routines.map(routineName))
  )
}

/** No part of a name holds a dot but the project's domain prefix, so the text is the reference. */
function tableName({ project, dataset, table }: TableReference): string {
  return `${project}.${dataset}.${table}`
}

function routineName({ project, dataset, routine }: RoutineReference): string {
  return `${project}.${dataset}.${routine}`
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index])
}
