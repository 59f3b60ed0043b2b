// What an SQL text says of itself, read by our own lexer and by nothing else (contract §5, `sql`).
// It names what was written; what a name stands for is known to BigQuery's dry run alone.

import type { Refusal } from '../../errors.ts'

/** What a grant has to name before a text that uses it may run (docs/bigquery-sql.md). */
export type SqlFeature = string

export interface SqlText {
  readonly dialect: 'googlesql'
  /** More than one statement is a refusal, never a fact. */
  readonly statements: 1
  /** `SELECT` for every query; else BigQuery's statement type: `MERGE`, `CREATE_TABLE_AS_SELECT`. */
  readonly kind: string
  /** `read` exactly when `kind` is `SELECT`. */
  readonly access: 'read' | 'write'
  /** In upper case, sorted, each once: every name that is called in the place of a value. */
  readonly functions: readonly string[]
  /** In upper case, sorted, each once: every name that is called in the place of a table. */
  readonly tableFunctions: readonly string[]
  /** Sorted, each once. */
  readonly features: readonly SqlFeature[]
  /** Paths in the place of a table, as written, sorted, each once: for messages, not for decisions. */
  readonly tables: readonly string[]
}

export type SqlRefusal = Refusal<'ERR_SG_OPERATION_AMBIGUOUS'>
