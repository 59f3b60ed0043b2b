// What an SQL text says of itself, read by our own lexer and by nothing else (docs/POLICY.md, `sql`).
// It names what was written; what a name stands for is known to BigQuery's dry run alone.

import type { Refusal } from '../../errors.ts'

/**
 * What a grant has to name before a text that uses it may run (docs/BIGQUERY.md):
 * - `ai`: an AI.* function, which asks a model of Vertex AI;
 * - `external`: a function that reaches a system outside BigQuery (EXTERNAL_QUERY, Cloud KMS, …);
 * - `graph`: a property graph is queried, whose tables the text does not name;
 * - `information_schema`: metadata, which shows the jobs and texts of others;
 * - `ml`: an ML.* function, which may ask a remote model;
 * - `routine`: a function that is not built in, or that our table of built-in names does not know;
 * - `system_time`: rows as they were, which may since have been deleted;
 * - `system_variable`: `@@name`;
 * - `vector_search`: VECTOR_SEARCH, whose table is an argument;
 * - `wildcard`: a table name with `*`, which names tables that do not exist yet.
 */
export const SQL_FEATURES = [
  'ai',
  'external',
  'graph',
  'information_schema',
  'ml',
  'routine',
  'system_time',
  'system_variable',
  'vector_search',
  'wildcard',
] as const
export type SqlFeature = (typeof SQL_FEATURES)[number]

export interface SqlText {
  readonly dialect: 'googlesql'
  /** More than one statement is a refusal, never a fact. */
  readonly statements: 1
  /** `SELECT` for every query; else BigQuery's statement type: `MERGE`, `CREATE_TABLE_AS_SELECT`. */
  readonly kind: string
  /** `read` exactly when `kind` is `SELECT`. */
  readonly access: 'read' | 'write'
  /**
   * Every name that is called in the place of a value, sorted, each once: built-in ones in upper case
   * (their names have no case), others as written (routines have).
   */
  readonly functions: readonly string[]
  /** The same for every name that is called in the place of a table. */
  readonly tableFunctions: readonly string[]
  /** Those of both lists that are not in the table of harmless built-in functions, sorted. */
  readonly unlistedFunctions: readonly string[]
  /** Sorted, each once. */
  readonly features: readonly SqlFeature[]
  /**
   * Paths in the place of a table, sorted, each once. No decision rests on a name here, because what
   * it stands for only BigQuery knows; that there is one says that BigQuery has to name a table.
   */
  readonly tables: readonly string[]
}

export type SqlRefusal = Refusal<'ERR_SG_OPERATION_AMBIGUOUS'>
