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
  /** A table with a list of its columns follows: `REFERENCES t (c)`. */
  REFERENCES: 4096,
  /** A type when it stands after AS: `CAST(x AS NUMERIC(10, 2))`. */
  TYPE: 8192,
  BEGIN: 16384,
  RECURSIVE: 32768,
  SYSTEM_TIME: 65536,
  /** A query may begin with it. */
  QUERY: 131072,
  CALL: 262144,
  /** Of an index, what REFERENCES is elsewhere; of a join or MERGE, before an expression. */
  ON: 524288,
  /** Not reserved; a table stands behind it as an argument. */
  TABLE: 1048576,
  /** In a graph statement it writes, or may come to do so. */
  GRAPH_WRITES: 2097152,
} as const

const RESERVED = `
ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS
CUBE CURRENT DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE
FETCH FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL
INTO IS JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER
OVER PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME
STRUCT TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH WITHIN`

const CALLABLE = 'CAST COLLATE EXTRACT GROUPING IF LEFT RANGE RIGHT'

const TABLE_FOLLOWS = 'FROM JOIN LATERAL'

const ENDS_FROM = `
EXCEPT GROUP HAVING INTERSECT LIMIT ORDER QUALIFY SELECT SET UNION WHERE WINDOW`

// Array subscripts, operators of tables and graphs, clauses of DDL and DML. LOAD DATA has FILES and
// COLUMNS, TABLESAMPLE has SYSTEM, MERGE has INSERT, remote models have INPUT and OUTPUT.
const SYNTAX = `
ACYCLIC CALL COLUMNS FILES FILTER GRAPH_TABLE INPUT INSERT KEY LABEL MATCH MATCH_RECOGNIZE MEASURES OFFSET
OPTIONS ORDINAL OUTPUT PATTERN PER PIVOT PROPERTIES RETURN SAFE_OFFSET SAFE_ORDINAL SETS SHORTEST SIMPLE
STORING SYSTEM TABLES TRAIL TRANSFORM UNPIVOT VALUES WALK`

/** Takes the case of letters away. */
const FOLD = ~0x20

/** Slots of the table; a power of two, three times as many as there are words. */
const SLOTS = 512
const WORDS: string[] = Array.from({ length: SLOTS }, () => '')
const HASHES = new Int32Array(SLOTS)
const ROLES = new Int32Array(SLOTS)
fillTable()

/** The hash of a word, character by character, whatever its case; begin with 0. */
export function hashOn(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code & FOLD)) | 0
}

/**
 * The roles of the unquoted word between two places of the text, in any case, found without making
 * a string of it: this is asked of every word.
 */
export function roleOf(text: string, start: number, end: number, hash: number): number {
  for (let slot = hash & (SLOTS - 1); ; slot = (slot + 1) & (SLOTS - 1)) {
    const word = WORDS[slot] ?? ''
    if (word === '') return ROLE.NONE
    if (HASHES[slot] === hash && isWord(text, start, end, word)) return ROLES[slot] ?? ROLE.NONE
  }
}

function isWord(text: string, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false
  for (let at = 0; at < word.length; at += 1) {
    if ((text.charCodeAt(start + at) & FOLD) !== (word.charCodeAt(at) & FOLD)) return false
  }
  return true
}

function fillTable(): void {
  for (const [word, role] of rolesByWord()) {
    let hash = 0
    for (const character of word) hash = hashOn(hash, character.charCodeAt(0))
    let slot = hash & (SLOTS - 1)
    while (WORDS[slot] !== '') slot = (slot + 1) & (SLOTS - 1)
    WORDS[slot] = word
    HASHES[slot] = hash
    ROLES[slot] = role
  }
}

function rolesByWord(): ReadonlyMap<string, number> {
  const map = new Map<string, number>()
  const add = (words: string, role: number) => {
    for (const word of words.trim().split(/\s+/)) {
      map.set(word, (map.get(word) ?? ROLE.NONE) | role)
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
  add('ON', ROLE.ON)
  add('TABLE', ROLE.TABLE)
  add('CREATE DELETE DETACH DROP INSERT MERGE REMOVE SET UPDATE', ROLE.GRAPH_WRITES)
  add('REFERENCES', ROLE.REFERENCES)
  add('BIGDECIMAL BIGNUMERIC BYTES DECIMAL NUMERIC STRING', ROLE.TYPE)
  add('BEGIN', ROLE.BEGIN)
  add('FROM SELECT', ROLE.QUERY)
  add('CALL', ROLE.CALL)
  add('RECURSIVE', ROLE.RECURSIVE)
  add('SYSTEM SYSTEM_TIME', ROLE.SYSTEM_TIME)
  add(SYNTAX, ROLE.SYNTAX)
  return map
}
