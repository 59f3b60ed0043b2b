// Reads one SQL text (GoogleSQL, BigQuery's dialect) into facts, or refuses it. Pure.

import { refusal } from '../../errors.ts'
import { err, type Result } from '../../util/result.ts'
import type { SqlRefusal, SqlText } from './sql-text.ts'

export type { SqlFeature, SqlRefusal, SqlText } from './sql-text.ts'

/**
 * Exactly one statement that reads, or exactly one other statement that the table of statements
 * knows; anything else is ERR_SG_OPERATION_AMBIGUOUS with a detail that says what and where.
 */
export function readSql(text: string): Result<SqlText, SqlRefusal> {
  return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', `SQL of ${String(text.length)} characters`))
}
