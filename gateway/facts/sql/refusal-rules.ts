// Every rule by which an SQL text is refused before policy, and a text that helps to mend it. The
// code is always ERR_SG_OPERATION_AMBIGUOUS: we do not know what BigQuery would run.

import { refusal } from '../../errors.ts'
import { err, type Result } from '../../util/result.ts'
import type { SqlRefusal } from './sql-text.ts'

export const SQL_RULES = {
  'SQL-LENGTH': 'send 1 MiB of SQL at most; put long lists into a query parameter or a table',
  'SQL-CHARACTER':
    'outside literals, comments and quoted identifiers SQL is ASCII and spaces; no text may hold control characters, a byte order mark, half a surrogate pair, or a carriage return without its line feed',
  'SQL-DIALECT': 'legacy SQL is not supported; write GoogleSQL and leave the directive out',
  'SQL-TOKEN': 'this character begins nothing in a GoogleSQL text that BigQuery runs',
  'SQL-UNTERMINATED':
    'close the literal, comment or quoted identifier; a backslash always takes the next character with it, in raw literals too, and only triple quotes hold line breaks',
  'SQL-ESCAPE':
    'a quoted identifier holds at least one character, no control characters, and only the escape sequences of GoogleSQL',
  'SQL-EMPTY': 'send one statement',
  'SQL-STATEMENTS': 'send one statement a request; a semicolon may only end the text',
  'SQL-SCRIPT':
    'scripts, variables, transactions and EXECUTE IMMEDIATE are not supported; send one statement',
  'SQL-UNKNOWN': 'the text must begin as a query or as another statement of BigQuery',
  'SQL-WITH': 'after WITH stands name AS (query), more of them after commas, and then a query',
  'SQL-NESTING': 'close every bracket with its own kind, and nest 128 deep at most',
  'SQL-PIPE': 'only the pipe operators that read are supported',
  'SQL-GRAPH': 'graph statements may only read; put a name like this in backticks',
  'SQL-NAMES':
    'call fewer different functions and name fewer different tables, 512 of each at most',
} as const satisfies Record<string, string>

export type SqlRule = keyof typeof SQL_RULES

/** What a reader found wrong with the token at hand, in our words. */
export interface SqlFault {
  readonly rule: SqlRule
  readonly found: string
}

/** `found` is in our words; `offset` counts UTF-16 units. Line and column are counted from 1. */
export function refuseSql(
  rule: SqlRule,
  text: string,
  offset: number,
  found: string,
): Result<never, SqlRefusal> {
  const detail = `${found} at ${positionOf(text, offset)}; ${SQL_RULES[rule]}`
  return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, rule))
}

function positionOf(text: string, offset: number): string {
  let line = 1
  let lineStart = 0
  for (;;) {
    const end = text.indexOf('\n', lineStart)
    if (end === -1 || end >= offset) break
    line += 1
    lineStart = end + 1
  }
  return `line ${String(line)}, column ${String(offset - lineStart + 1)}`
}
