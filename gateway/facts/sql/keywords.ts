// The words that the reader has to tell apart. Reserved keywords are those of
// https://github.com/google/googlesql/blob/master/docs/lexical.md#reserved_keywords: unquoted they are
// never names, so `IN (` calls nothing. Everything else that stands before a bracket is a call, unless
// GoogleSQL's grammar gives it another meaning there and no function has its name.

/** What a word does to the reader; the roles of a word are added up. */
export const ROLE = {
  NONE: 0,
  /** Never a name. */
  RESERVED: 1,
  /** Reserved, and yet a function when a bracket follows. */
  CALLABLE: 2,
  /** The next path is a table. */
  TABLE_FOLLOWS: 4,
  /** Commas separate tables no longer. */
  ENDS_FROM: 8,
  FROM: 16,
  /** Before a bracket it is syntax. */
  SYNTAX: 32,
  AS: 64,
  DISTINCT: 128,
  EXTRACT: 256,
  FOR: 512,
  OF: 1024,
  GRAPH: 2048,
  /** A table with a list of its columns may follow: `ON t (c)` of an index, `REFERENCES t (c)`. */
  COLUMNS_FOLLOW: 4096,
  /** A type when it stands after AS: `CAST(x AS NUMERIC(10, 2))`. */
  TYPE: 8192,
  BEGIN: 16384,
  RECURSIVE: 32768,
  SYSTEM_TIME: 65536,
  /** A query may begin with it. */
  QUERY: 131072,
} as const

const RESERVED = `
ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS
CUBE CURRENT DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE
FETCH FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL
INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER
OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME
STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH WITHIN`

const CALLABLE = 'CAST COLLATE EXTRACT GROUPING IF LEFT RANGE RIGHT'

const TABLE_FOLLOWS = 'FROM JOIN LATERAL TABLE'

const ENDS_FROM = `
EXCEPT GROUP HAVING INTERSECT LIMIT ORDER QUALIFY SELECT SET UNION WHERE WINDOW`

// Array subscripts, operators of tables and graphs, clauses of DDL and DML. LOAD DATA has FILES and
// COLUMNS, TABLESAMPLE has SYSTEM, MERGE has INSERT, remote models have INPUT and OUTPUT.
const SYNTAX = `
ACYCLIC COLUMNS FILES FILTER GRAPH_TABLE INPUT INSERT KEY LABEL MATCH MATCH_RECOGNIZE MEASURES OFFSET
OPTIONS ORDINAL OUTPUT PATTERN PIVOT PROPERTIES RETURN SAFE_OFFSET SAFE_ORDINAL SETS SHORTEST SIMPLE
STORING SYSTEM TABLES TRAIL TRANSFORM UNPIVOT VALUES WALK`

const ROLES = roles()

/** The roles of an unquoted word, in any case. */
export function roleOf(word: string): number {
  const known = ROLES.get(word)
  if (known !== undefined) return known
  // Both usual spellings are in the map; only the others have to be folded.
  return MIXED.test(word) ? (ROLES.get(word.toUpperCase()) ?? ROLE.NONE) : ROLE.NONE
}

const MIXED = /[a-z].*[A-Z]|[A-Z].*[a-z]/

function roles(): ReadonlyMap<string, number> {
  const map = new Map<string, number>()
  const add = (words: string, role: number) => {
    for (const word of words.trim().split(/\s+/)) {
      for (const spelling of [word, word.toLowerCase()]) {
        map.set(spelling, (map.get(spelling) ?? ROLE.NONE) | role)
      }
    }
  }
  add(RESERVED, ROLE.RESERVED)
  add(CALLABLE, ROLE.CALLABLE)
  add(TABLE_FOLLOWS, ROLE.TABLE_FOLLOWS)
  add(ENDS_FROM, ROLE.ENDS_FROM)
  add('FROM', ROLE.FROM)
  add('AS', ROLE.AS)
  add('DISTINCT', ROLE.DISTINCT)
  add('EXTRACT', ROLE.EXTRACT)
  add('FOR', ROLE.FOR)
  add('OF', ROLE.OF)
  add('GRAPH GRAPH_TABLE', ROLE.GRAPH)
  add('ON REFERENCES', ROLE.COLUMNS_FOLLOW)
  add('BIGDECIMAL BIGNUMERIC BYTES DECIMAL NUMERIC STRING', ROLE.TYPE)
  add('BEGIN', ROLE.BEGIN)
  add('FROM SELECT', ROLE.QUERY)
  add('RECURSIVE', ROLE.RECURSIVE)
  add('SYSTEM SYSTEM_TIME', ROLE.SYSTEM_TIME)
  add(SYNTAX, ROLE.SYNTAX)
  return map
}
