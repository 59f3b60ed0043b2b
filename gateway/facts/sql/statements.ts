// How statements begin, and what BigQuery calls them: `statementType` of the REST reference
// (https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2) where it has a name,
// and else the words themselves. The statements are those of BigQuery's GoogleSQL reference (DDL, DML,
// DCL, reservations, other statements); what GoogleSQL has beyond them (SHOW, DESCRIBE, EXPLAIN,
// CREATE DATABASE, …) is unknown here.

/** A word of a beginning and what may follow it; `kind` when a statement may begin with just this. */
export interface Beginning {
  readonly next: ReadonlyMap<string, Beginning>
  readonly kind: string | undefined
}

interface MutableBeginning {
  readonly next: Map<string, MutableBeginning>
  kind: string | undefined
}

const WORDS = `
INSERT
UPDATE
DELETE
MERGE
TRUNCATE TABLE
EXPORT DATA
EXPORT MODEL
LOAD DATA
CALL
ASSERT
GRANT
REVOKE
UNDROP SCHEMA
CREATE TABLE
CREATE SNAPSHOT TABLE
CREATE EXTERNAL TABLE
CREATE TABLE FUNCTION
CREATE VIEW
CREATE MATERIALIZED VIEW
CREATE FUNCTION
CREATE PROCEDURE
CREATE MODEL
CREATE SCHEMA
CREATE EXTERNAL SCHEMA
CREATE SEARCH INDEX
CREATE VECTOR INDEX
CREATE ROW ACCESS POLICY
CREATE DATA_POLICY
CREATE PROPERTY GRAPH
CREATE CONNECTION
CREATE CAPACITY
CREATE RESERVATION
CREATE ASSIGNMENT
ALTER TABLE
ALTER VIEW
ALTER MATERIALIZED VIEW
ALTER MODEL
ALTER SCHEMA
ALTER VECTOR INDEX
ALTER DATA_POLICY
ALTER CONNECTION
ALTER ORGANIZATION
ALTER PROJECT
ALTER BI_CAPACITY
ALTER CAPACITY
ALTER RESERVATION
DROP TABLE
DROP SNAPSHOT TABLE
DROP EXTERNAL TABLE
DROP TABLE FUNCTION
DROP VIEW
DROP MATERIALIZED VIEW
DROP FUNCTION
DROP PROCEDURE
DROP MODEL
DROP SCHEMA
DROP EXTERNAL SCHEMA
DROP SEARCH INDEX
DROP VECTOR INDEX
DROP ROW ACCESS POLICY
DROP DATA_POLICY
DROP PROPERTY GRAPH
DROP CONNECTION
DROP CAPACITY
DROP RESERVATION
DROP ASSIGNMENT`

/** Beginnings whose name is not made of their own words. */
const NAMED: readonly (readonly [words: string, kind: string])[] = [
  ['CREATE AGGREGATE FUNCTION', 'CREATE_FUNCTION'],
  ['DROP ALL ROW ACCESS POLICIES', 'DROP_ROW_ACCESS_POLICY'],
  ['LOAD DATA OVERWRITE', 'LOAD_DATA'],
]

/** OR REPLACE and the scope may stand after CREATE, in this order. */
const CREATE_MODIFIERS = ['', 'OR REPLACE'].flatMap((replace) =>
  ['', 'TEMP', 'TEMPORARY'].map((scope) => `${replace} ${scope}`.trim()),
)

/** First words of scripts and transactions (procedural language reference). */
export const SCRIPT_WORDS: ReadonlySet<string> = new Set(
  `BEGIN BREAK CASE COMMIT CONTINUE DECLARE EXCEPTION EXECUTE FOR IF ITERATE LEAVE LOOP RAISE REPEAT
RETURN ROLLBACK SET START WHILE`.split(/\s+/),
)

/** First words of a query; GRAPH begins a query of a property graph and stands in no brackets. */
export const QUERY_WORDS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'FROM'])

/**
 * Pipe operators that only read (https://cloud.google.com/bigquery/docs/reference/standard-sql/pipe-syntax).
 * CALL calls a table function. Not among them: INSERT, CREATE TABLE and EXPORT DATA, which write;
 * FORK, TEE and IF, which make several results of one text; and what nobody knows yet.
 */
export const READING_PIPES: ReadonlySet<string> = new Set(
  `AGGREGATE AS ASSERT CALL CROSS DISTINCT DROP EXCEPT EXTEND FULL INNER INTERSECT JOIN LEFT LIMIT
MATCH_RECOGNIZE NATURAL ORDER PIVOT RENAME RIGHT SELECT SET TABLESAMPLE UNION UNPIVOT WHERE WINDOW
WITH`.split(/\s+/),
)

export const BEGINNINGS: Beginning = beginnings()

function beginnings(): Beginning {
  const root: MutableBeginning = { next: new Map(), kind: undefined }
  const add = (words: string, kind: string) => {
    let place = root
    for (const word of words.split(' ')) {
      const known = place.next.get(word)
      const next = known ?? { next: new Map(), kind: undefined }
      if (known === undefined) place.next.set(word, next)
      place = next
    }
    place.kind = kind
  }
  const named = WORDS.trim()
    .split('\n')
    .map((words) => [words, words.replaceAll(' ', '_')] as const)
  for (const [words, kind] of [...named, ...NAMED]) {
    add(words, kind)
    if (!words.startsWith('CREATE ')) continue
    for (const modifiers of CREATE_MODIFIERS) {
      if (modifiers !== '') add(words.replace('CREATE', `CREATE ${modifiers}`), kind)
    }
  }
  return root
}
