// Reads one SQL text (GoogleSQL, BigQuery's dialect) into facts, or refuses it. Pure. The rules and
// what a reader may expect of them are in docs/BIGQUERY.md; the corpus is test/conformance/sql.

import type { Result } from '../../util/result.ts'
import { checkCharacters } from './lexer.ts'
import { refuseSql } from './refusal-rules.ts'
import { StatementReader } from './statement-reader.ts'
import type { SqlRefusal, SqlText } from './sql-text.ts'

export type { SqlFeature, SqlRefusal, SqlText } from './sql-text.ts'

/**
 * UTF-16 units, of which every one is a byte at least: BigQuery's own limit of an unresolved query is
 * 1 MB (https://cloud.google.com/bigquery/quotas#query_jobs), so nothing that could run is refused for
 * its length alone.
 */
export const MAX_SQL_LENGTH = 1024 * 1024

/**
 * Exactly one statement that reads, or exactly one other statement that the table of statements
 * knows; anything else is ERR_SG_OPERATION_AMBIGUOUS with a detail that says what and where, and the
 * id of the rule.
 */
export function readSql(text: string): Result<SqlText, SqlRefusal> {
  if (text.length > MAX_SQL_LENGTH) {
    return refuseSql('SQL-LENGTH', text, MAX_SQL_LENGTH, `${String(text.length)} characters`)
  }
  const forbidden = checkCharacters(text)
  if (forbidden !== -1) {
    const code = text.charCodeAt(forbidden).toString(16).toUpperCase().padStart(4, '0')
    return refuseSql('SQL-CHARACTER', text, forbidden, `the character U+${code}`)
  }
  return new StatementReader(text).read()
}
