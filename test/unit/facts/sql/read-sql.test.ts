// Limits, messages and tables of the SQL reader; its verdicts are tested by the corpus.

import t from 'tap'
import { HARMLESS_FUNCTIONS } from '../../../../gateway/facts/sql/built-in-functions.ts'
import { MAX_SQL_LENGTH, readSql } from '../../../../gateway/facts/sql/read-sql.ts'
import { SQL_FEATURES } from '../../../../gateway/facts/sql/sql-text.ts'
import { readSqlCorpus } from '../../../support/sql-corpus.ts'

/** The rule that refuses the text; undefined when it is accepted. */
function ruleOf(sql: string): string | undefined {
  const result = readSql(sql)
  return result.ok ? undefined : result.error.rule
}

t.test('a text of the greatest length is read, one character more is refused', async (t) => {
  const sql = 'SELECT 1 --'.padEnd(MAX_SQL_LENGTH, '-')
  t.equal(ruleOf(sql), undefined)
  t.equal(ruleOf(`${sql}-`), 'SQL-LENGTH')
})

t.test('512 different names of a kind are facts, more are refused', async (t) => {
  const names = (count: number, name: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => name(index)).join(', ')
  t.equal(ruleOf(`SELECT ${names(512, (index) => `ds.f${index}()`)}`), undefined)
  t.equal(ruleOf(`SELECT ${names(513, (index) => `ds.f${index}()`)}`), 'SQL-NAMES')
  t.equal(ruleOf(`SELECT 1 FROM ${names(512, (index) => `ds.t${index}`)}`), undefined)
  t.equal(ruleOf(`SELECT 1 FROM ${names(513, (index) => `ds.t${index}`)}`), 'SQL-NAMES')
  t.equal(ruleOf(`SELECT 1 FROM ${names(513, (index) => `ds.t${index}()`)}`), 'SQL-NAMES')
  t.equal(ruleOf(`SELECT ${names(2000, () => 'ds.f()')}`), undefined, 'the same name is one')
})

t.test('a refusal says what and where, and how to mend it', async (t) => {
  const rows: readonly (readonly [sql: string, found: RegExp])[] = [
    [
      'SELECT 1; DROP TABLE t',
      /^text after the semicolon at line 1, column 11; send one statement/,
    ],
    ['SELECT 1\n;\n  DROP TABLE t', /^text after the semicolon at line 3, column 3; /],
    ['SELECT 1\r\nFROM `a', /^a quoted identifier without an end at line 2, column 6; close /],
    ['SELECT\n\n 1\v', /^the character U\+000B at line 3, column 3; /],
    ['FROM t\n|> insert u', /^\|> INSERT at line 2, column 4; /],
    ['CREATE GADGET g', /^a text that begins with CREATE at line 1, column 8; /],
    ['  begin', /^BEGIN at line 1, column 3; scripts/],
  ]
  for (const [sql, found] of rows) {
    const result = readSql(sql)
    t.match(result.ok ? '' : result.error.detail, found, JSON.stringify(sql))
  }
})

t.test('a detail is short and plain, whatever the text holds', async (t) => {
  for (const { id, sql } of readSqlCorpus()) {
    const result = readSql(sql)
    if (result.ok) continue
    t.match(result.error.detail, /^[ -~]{1,400}$/, id)
  }
  const result = readSql(`${'x'.repeat(5000)} 1`)
  t.ok(!result.ok && result.error.detail.length < 400)
})

t.test(
  'every statement type of the REST reference but SELECT and SCRIPT can be read',
  async (t) => {
    // https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2.FIELDS.statement_type
    const types = `ASSERT INSERT UPDATE DELETE MERGE CREATE_TABLE CREATE_TABLE_AS_SELECT CREATE_VIEW CREATE_MODEL
     CREATE_MATERIALIZED_VIEW CREATE_FUNCTION CREATE_TABLE_FUNCTION CREATE_PROCEDURE
     CREATE_ROW_ACCESS_POLICY CREATE_SCHEMA CREATE_SNAPSHOT_TABLE CREATE_SEARCH_INDEX DROP_TABLE
     DROP_EXTERNAL_TABLE DROP_VIEW DROP_MODEL DROP_MATERIALIZED_VIEW DROP_FUNCTION
     DROP_TABLE_FUNCTION DROP_PROCEDURE DROP_SEARCH_INDEX DROP_SCHEMA DROP_SNAPSHOT_TABLE
     DROP_ROW_ACCESS_POLICY ALTER_TABLE ALTER_VIEW ALTER_MATERIALIZED_VIEW ALTER_SCHEMA
     TRUNCATE_TABLE CREATE_EXTERNAL_TABLE EXPORT_DATA EXPORT_MODEL LOAD_DATA CALL`
    for (const type of types.split(/\s+/)) {
      const sql =
        type === 'CREATE_TABLE_AS_SELECT'
          ? 'CREATE TABLE ds.x AS SELECT 1'
          : `${type.replaceAll('_', ' ')} ds.x`
      const result = readSql(sql)
      t.match(result, { ok: true, value: { kind: type, access: 'write' } })
    }
  },
)

t.test('reserved words call nothing, and those that are functions are harmless', async (t) => {
  // https://github.com/google/googlesql/blob/master/docs/lexical.md#reserved_keywords
  const reserved = `ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE
     CROSS CUBE CURRENT DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS
     EXTRACT FALSE FETCH FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN
     INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT
     NULL NULLS OF ON OR ORDER OUTER OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT
     RIGHT ROLLUP ROWS SELECT SET SOME STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST
     USING WHEN WHERE WINDOW WITH WITHIN`
  for (const word of reserved.split(/\s+/)) {
    const result = readSql(`SELECT 1 ${word} (2)`)
    t.match(result, { ok: true, value: { unlistedFunctions: [], features: [] } }, word)
    t.match(readSql(`SELECT 1 FROM t, ${word.toLowerCase()} (2)`), result, `${word} in FROM`)
    const quoted = readSql(`SELECT \`${word}\`(2)`)
    t.same(quoted.ok && quoted.value.functions, [word], `${word} in backticks is a name`)
  }
})

t.test('a harmless function is no feature, every other name is one', async (t) => {
  for (const name of HARMLESS_FUNCTIONS) {
    const result = readSql(`SELECT ${name.toLowerCase()}(a)`)
    t.match(result, { ok: true, value: { functions: [name], features: [] } }, name)
    t.match(readSql(`SELECT ds.${name}(a)`), { value: { features: ['routine'] } }, `ds.${name}`)
  }
  for (const sql of ['ML.X(a)', 'AI.X(a)', 'KEYS.X(a)', 'X(a)', 'a.b.c.d(a)']) {
    const result = readSql(`SELECT ${sql}`)
    t.ok(result.ok && result.value.unlistedFunctions.length === 1, sql)
    t.ok(result.ok && result.value.features.length === 1, sql)
  }
})

t.test('every feature has a text in the corpus, and the corpus no other', async (t) => {
  const named = readSqlCorpus().flatMap(({ facts }) => facts?.['features'] ?? [])
  t.same([...new Set(named)].toSorted(), SQL_FEATURES)
})

t.test('no text of the greatest length takes long', async (t) => {
  const repeated: readonly string[] = [
    ['a.', '(', "''", '``', '`a` ', '--\n', '/* */', '# legacySQ\n', '\\', '$', 'f(),', 'a,', '\n'],
    ['@@a ', 'AS (', "'\\'", 'WITH a AS (', '|> ', '|> WHERE ', '[', '-1', '-a', 'a-', '0x', 'ü'],
    ['__', ';', 'FROM t,', 'CREATE OR ', '{', '\u00a0', '🎉', "r'''", '/*', 'CASE ', 'ON a('],
  ].flat()
  for (const part of repeated) {
    const sql = `SELECT ${part.repeat(MAX_SQL_LENGTH / part.length - 8)}`
    const before = process.cpuUsage()
    readSql(sql)
    const { user, system } = process.cpuUsage(before)
    t.ok(user + system < 2e6, `${JSON.stringify(part)}: ${(user + system) / 1000} ms`)
  }
})
