// Statements and scripts: what a text would do, all of it, before any of it is done.

import type { ColumnDefinition, Expression, Path, Statement } from './ast.ts'
import { Cursor } from './cursor.ts'
import { parseExpression, parseType } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { invalidQuery, notServed } from './sql-error.ts'
import { tokenize } from './tokens.ts'
import { scalarType } from './values.ts'

/** Statements of GoogleSQL that are none of the engine's. */
const NOT_SERVED = new Set(
  `ALTER ANALYZE ASSERT BREAK CALL CASE COMMIT CONTINUE DEFINE DESCRIBE EXPLAIN FOR GRANT IMPORT ITERATE
LEAVE LOAD LOOP MERGE RAISE REPEAT RETURN REVOKE ROLLBACK SHOW UNDROP WHILE`.split(/\s+/),
)

/** The statements of a text, at least one. Throws SqlError. */
export function parseScript(text: string): readonly Statement[] {
  const cursor = new Cursor(tokenize(text), parseQuery)
  const statements: Statement[] = []
  while (cursor.sign(';')) continue
  while (cursor.peek().kind !== 'end') {
    statements.push(statement(cursor))
    if (cursor.peek().kind !== 'end' && !cursor.isSign(';')) throw cursor.unexpected('end of input')
    while (cursor.sign(';')) continue
  }
  if (statements.length === 0) throw invalidQuery('Syntax error: Unexpected end of statement')
  return statements
}

/** The single expression of a text: the body of an SQL routine. */
export function parseExpressionText(text: string): Expression {
  const cursor = new Cursor(tokenize(text), parseQuery)
  const expression = parseExpression(cursor)
  if (cursor.peek().kind !== 'end') throw cursor.unexpected('end of input')
  return expression
}

function statement(cursor: Cursor): Statement {
  return cursor.nested(() => oneStatement(cursor))
}

function oneStatement(cursor: Cursor): Statement {
  const { word, text } = cursor.peek()
  if (word === 'SELECT' || word === 'WITH' || word === 'FROM' || text === '(') {
    return { kind: 'query', query: cursor.query() }
  }
  cursor.take()
  switch (word) {
    case 'INSERT':
      return insert(cursor)
    case 'UPDATE':
      return update(cursor)
    case 'DELETE':
      cursor.words('FROM')
      return { kind: 'delete', ...target(cursor), where: where(cursor) }
    case 'TRUNCATE':
      cursor.expectWord('TABLE')
      return { kind: 'truncate', table: cursor.objectPath() }
    case 'CREATE':
      return create(cursor)
    case 'DROP':
      if (!cursor.words('TABLE')) throw notServed('DROP of anything but a table')
      return {
        kind: 'drop-table',
        ifExists: cursor.words('IF', 'EXISTS'),
        table: cursor.objectPath(),
      }
    case 'EXPORT':
      return exportData(cursor)
    default:
      return scripting(cursor, word)
  }
}

function scripting(cursor: Cursor, word: string): Statement {
  switch (word) {
    case 'BEGIN': {
      if (cursor.isWord('TRANSACTION') || cursor.isSign(';')) throw notServed('transactions')
      const statements = statementsUntil(cursor, ['END'])
      cursor.expectWord('END')
      return { kind: 'block', statements }
    }
    case 'EXECUTE': {
      cursor.expectWord('IMMEDIATE')
      const text = parseExpression(cursor)
      if (cursor.isWord('INTO') || cursor.isWord('USING')) throw notServed('INTO and USING')
      return { kind: 'execute-immediate', text }
    }
    case 'IF':
      return conditional(cursor)
    case 'DECLARE':
      return declare(cursor)
    case 'SET': {
      const name = cursor.name()
      cursor.expectSign('=')
      return { kind: 'set', name, value: parseExpression(cursor) }
    }
    default:
      if (NOT_SERVED.has(word)) throw notServed(`statements that start with ${word}`)
      throw invalidQuery('Syntax error: Unexpected start of statement')
  }
}

function statementsUntil(cursor: Cursor, ends: readonly string[]): readonly Statement[] {
  const statements: Statement[] = []
  while (!ends.some((end) => cursor.isWord(end))) {
    if (cursor.isWord('EXCEPTION')) throw notServed('exception handlers')
    statements.push(statement(cursor))
    cursor.expectSign(';')
  }
  return statements
}

function conditional(cursor: Cursor): Statement {
  const ends = ['ELSEIF', 'ELSE', 'END']
  const branches: { condition: Expression; statements: readonly Statement[] }[] = []
  do {
    const condition = parseExpression(cursor)
    cursor.expectWord('THEN')
    branches.push({ condition, statements: statementsUntil(cursor, ends) })
  } while (cursor.words('ELSEIF'))
  const otherwise = cursor.words('ELSE') ? statementsUntil(cursor, ['END']) : []
  cursor.expectWord('END')
  cursor.expectWord('IF')
  return { kind: 'if', branches, otherwise }
}

function declare(cursor: Cursor): Statement {
  const names = cursor.list(() => cursor.name())
  const isTyped = scalarType(cursor.peek().text) !== undefined
  const type = isTyped ? parseType(cursor) : undefined
  const value = cursor.words('DEFAULT') ? parseExpression(cursor) : undefined
  if (type === undefined && value === undefined) throw cursor.unexpected('a type or DEFAULT')
  return { kind: 'declare', names, type, value }
}

function insert(cursor: Cursor): Statement {
  cursor.words('INTO')
  const table = cursor.objectPath()
  const hasColumns = cursor.isSign('(') && !cursor.isWord('SELECT', 1) && !cursor.isWord('WITH', 1)
  let columns: readonly string[] = []
  if (hasColumns) {
    cursor.expectSign('(')
    columns = cursor.list(() => cursor.name())
    cursor.expectSign(')')
  }
  if (!cursor.words('VALUES')) return { kind: 'insert', table, columns, rows: cursor.query() }
  const rows = cursor.list(() => {
    cursor.expectSign('(')
    const row = cursor.list(() => parseExpression(cursor))
    cursor.expectSign(')')
    return row
  })
  return { kind: 'insert', table, columns, rows }
}

function target(cursor: Cursor): { table: Path; alias: string | undefined } {
  return { table: cursor.objectPath(), alias: cursor.alias() }
}

/** DML must have one: `WHERE true` for all rows. */
function where(cursor: Cursor): Expression {
  if (!cursor.words('WHERE')) throw invalidQuery('DELETE and UPDATE must have a WHERE clause')
  return parseExpression(cursor)
}

function update(cursor: Cursor): Statement {
  const into = target(cursor)
  cursor.expectWord('SET')
  const set = cursor.list(() => {
    const column = cursor.name()
    cursor.expectSign('=')
    return { column, value: parseExpression(cursor) }
  })
  if (cursor.isWord('FROM')) throw notServed('UPDATE with FROM')
  return { kind: 'update', ...into, set, where: where(cursor) }
}

function create(cursor: Cursor): Statement {
  const orReplace = cursor.words('OR', 'REPLACE')
  if (!cursor.words('TABLE')) throw notServed('CREATE of anything but a table')
  const ifNotExists = cursor.words('IF', 'NOT', 'EXISTS')
  const table = cursor.objectPath()
  let columns: readonly ColumnDefinition[] = []
  if (cursor.sign('(')) {
    columns = cursor.list(() => ({ name: cursor.name(), type: parseType(cursor) }))
    cursor.expectSign(')')
  }
  const query = cursor.words('AS') ? cursor.query() : undefined
  if (query === undefined && columns.length === 0) throw cursor.unexpected('"(" or keyword AS')
  return { kind: 'create-table', table, orReplace, ifNotExists, columns, query }
}

function exportData(cursor: Cursor): Statement {
  cursor.expectWord('DATA')
  cursor.expectWord('OPTIONS')
  cursor.expectSign('(')
  const options = new Map(
    cursor.list(() => {
      const name = cursor.name().toLowerCase()
      cursor.expectSign('=')
      const value = parseExpression(cursor)
      return [name, value.kind === 'literal' ? value.value : undefined] as const
    }),
  )
  cursor.expectSign(')')
  cursor.expectWord('AS')
  const uri = options.get('uri')
  if (typeof uri !== 'string' || !/^gs:\/\/[^/*]+\/[^*]*\*[^*]*$/.test(uri)) {
    throw invalidQuery('EXPORT DATA needs an option uri of the form gs://bucket/path/*.csv')
  }
  return { kind: 'export', uri, query: cursor.query() }
}
