// The sandbox's SQL engine: answers worked out by hand from the two tables of the test sandbox, and
// what a text is seen to touch. What it does not know it refuses; it never guesses.

import t from 'tap'
import { CallerAccess, Catalog } from '../../../gateway/demo/google/bigquery/catalog.ts'
import { Iam } from '../../../gateway/demo/google/iam.ts'
import type { Parameter } from '../../../gateway/demo/google/sql/access.ts'
import { prepareText } from '../../../gateway/demo/google/sql/script.ts'
import { SqlError } from '../../../gateway/demo/google/sql/sql-error.ts'
import { BINDINGS, DATASETS, principalOf, PROJECT } from '../../support/sandbox-google.ts'

const NOW = Date.parse('2026-11-23T18:00:00Z')

interface Scene {
  readonly catalog: Catalog
  prepare(text: string, parameters?: readonly Parameter[]): ReturnType<typeof prepareText>
  run(text: string, parameters?: readonly Parameter[]): readonly (readonly unknown[])[]
  rows(table: string): readonly (readonly unknown[])[] | undefined
}

function scene(role = 'editor', defaultDataset?: string): Scene {
  const catalog = new Catalog(PROJECT, 'EU', DATASETS, NOW)
  const principal = { name: principalOf(role), members: new Set([principalOf(role)]) }
  const iam = new Iam(BINDINGS)
  const access = new CallerAccess({ catalog, iam, principal, defaultDataset, now: NOW })
  const prepare: Scene['prepare'] = (text, parameters = []) => {
    const user = principal.name
    return prepareText(text, { access, parameters, user, now: NOW, variables: new Map() })
  }
  return {
    catalog,
    prepare,
    run: (text, parameters) => {
      const prepared = prepare(text, parameters)
      if (prepared.kind === 'statement') return prepared.prepared.run().rows
      return prepared.run({ charge: () => undefined }).last?.rows ?? []
    },
    rows: (table) => catalog.datasets.get('sales')?.tables.get(table)?.rows,
  }
}

const ANSWERS: readonly (readonly [
  sql: string,
  /** Undefined: refused. */
  rows: readonly (readonly unknown[])[] | undefined,
])[] = [
  ['SELECT 1', [[1n]]],
  ['SELECT 1 + 2 * 3, (1 + 2) * 3, -2 - -3', [[7n, 9n, 1n]]],
  ['SELECT 7 / 2, 1 + 0.5, 0x1f', [[3.5, 1.5, 31n]]],
  ["SELECT 'it' || \"'s\"", [["it's"]]],
  ["SELECT 'it''s'", undefined],
  ["SELECT 'a\\'b', r'a\\'b', '''c'd''', \"\\u00e9\\x41\\101\"", [["a'b", "a\\'b", "c'd", 'éAA']]],
  ['SELECT 1 -- ; 2\n, 2 # ; 3\r, 3 /* ; */, 4', [[1n, 2n, 3n, 4n]]],
  ['SELECT id FROM sales.orders', [[1n], [2n], [3n], [4n]]],
  ['SELECT id FROM acme-data.sales.orders LIMIT 2 OFFSET 1', [[2n], [3n]]],
  ['SELECT o.id FROM `acme-data.sales.orders` AS o WHERE o.id = 3', [[3n]]],
  ['SELECT id FROM `acme-data`.`sales`.orders WHERE NOT paid', [[2n]]],
  ['SELECT id FROM sales.orders WHERE note IS NULL', [[2n]]],
  ["SELECT id FROM sales.orders WHERE note LIKE '%;%' OR note LIKE 'f_rst'", [[1n], [4n]]],
  ['SELECT id FROM sales.orders WHERE id BETWEEN 2 AND 3 ORDER BY id DESC', [[3n], [2n]]],
  ['SELECT id FROM sales.orders WHERE id NOT IN (1, 2, 3)', [[4n]]],
  ["SELECT id FROM sales.orders WHERE placed_on >= '2026-02-11'", [[3n], [4n]]],
  ["SELECT id FROM sales.orders WHERE placed_on = DATE '2026-02-10'", [[2n]]],
  [
    'SELECT EXTRACT(MONTH FROM placed_on) AS m, COUNT(*) FROM sales.orders GROUP BY m ORDER BY 1',
    [
      [1n, 1n],
      [2n, 2n],
      [3n, 1n],
    ],
  ],
  [
    'SELECT COUNT(*), COUNT(note), SUM(amount), AVG(amount), MIN(id), MAX(amount) FROM sales.orders',
    [[4n, 3n, 75.5, 18.875, 1n, 40]],
  ],
  ['SELECT COUNT(*), SUM(amount) FROM sales.orders WHERE false', [[0n, null]]],
  ['SELECT COUNT(DISTINCT customer_id), COUNTIF(paid) FROM sales.orders', [[3n, 3n]]],
  [
    'SELECT customer_id, SUM(amount) AS s FROM sales.orders GROUP BY customer_id HAVING s > 5 ORDER BY s',
    undefined,
  ],
  [
    'SELECT customer_id, SUM(amount) AS s FROM sales.orders GROUP BY customer_id HAVING SUM(amount) > 5 ORDER BY s DESC',
    [
      [3n, 40],
      [1n, 30.5],
    ],
  ],
  [
    'SELECT c.name, o.amount FROM sales.orders o JOIN sales.customers c ON c.id = o.customer_id WHERE c.country = "FR"',
    [['Bob', 5]],
  ],
  [
    'SELECT c.name, o.id FROM sales.customers c LEFT JOIN sales.orders o ON c.id = o.customer_id WHERE o.id IS NULL',
    [['Dee', null]],
  ],
  [
    'SELECT a.id, b.id FROM sales.customers a CROSS JOIN sales.customers b WHERE a.id < b.id AND b.id < 3',
    [[1n, 2n]],
  ],
  ['SELECT x, c.name FROM UNNEST([2, 9]) AS x JOIN sales.customers c ON c.id = x', [[2n, 'Bob']]],
  [
    'SELECT id, name FROM (SELECT id FROM sales.orders WHERE paid) JOIN sales.customers USING (id)',
    [
      [1n, 'Ada'],
      [3n, 'Cyd'],
      [4n, 'Dee'],
    ],
  ],
  [
    'WITH big AS (SELECT * FROM sales.orders WHERE amount > 15) SELECT id FROM big ORDER BY amount',
    [[2n], [4n]],
  ],
  [
    'SELECT name FROM sales.customers c WHERE EXISTS (SELECT 1 FROM sales.orders o WHERE o.customer_id = c.id AND o.amount > 30)',
    [['Cyd']],
  ],
  [
    'SELECT name, (SELECT SUM(amount) FROM sales.orders o WHERE o.customer_id = c.id) FROM sales.customers c WHERE id IN (SELECT customer_id FROM sales.orders WHERE paid) AND id < 3',
    [
      ['Ada', 30.5],
      ['Bob', 5],
    ],
  ],
  ['SELECT id FROM sales.orders UNION ALL SELECT 9 ORDER BY id DESC LIMIT 2', [[9n], [4n]]],
  [
    'SELECT customer_id FROM sales.orders UNION DISTINCT SELECT id FROM sales.customers',
    [[1n], [2n], [3n], [4n]],
  ],
  ['SELECT id FROM sales.customers EXCEPT DISTINCT SELECT customer_id FROM sales.orders', [[4n]]],
  ['SELECT DISTINCT country FROM sales.customers ORDER BY country', [[null], ['DE'], ['FR']]],
  [
    "SELECT CASE country WHEN 'DE' THEN 1 ELSE 0 END, IF(id > 2, 'b', 'a'), COALESCE(country, '?') FROM sales.customers WHERE id IN (1, 4)",
    [
      [1n, 'a', 'DE'],
      [0n, 'b', '?'],
    ],
  ],
  [
    "SELECT UPPER('a'), LENGTH('é'), SUBSTR('hello', 2, 3), SUBSTR('hello', -2), STARTS_WITH('ab', 'a')",
    [['A', 1n, 'ell', 'lo', true]],
  ],
  [
    "SELECT CAST('7' AS INT64), CAST(-2.5 AS INT64), CAST(1 AS STRING), ROUND(2.345, 2), MOD(7, 3)",
    [[7n, -3n, '1', 2.35, 1n]],
  ],
  [
    'SELECT NULL = 1, NULL IS NULL, TRUE OR NULL, FALSE AND NULL, NOT NULL',
    [[null, true, true, false, null]],
  ],
  ['SELECT 9223372036854775807', [[9223372036854775807n]]],
  ['SELECT acme-data', undefined],
  ['SELECT `acme-data.sales`.with_tax(amount) FROM sales.orders WHERE id = 1', [[15]]],
  ['SELECT sales.with_tax(2)', [[3]]],
  ['SELECT CURRENT_DATE()', [['2026-11-23']]],
  ['(SELECT 1)', [[1n]]],
  ['SELECT 1;', [[1n]]],
  [';; SELECT 1 ; -- end', [[1n]]],
]

t.test('queries give the answers worked out by hand', async (t) => {
  for (const [sql, rows] of ANSWERS) {
    if (rows !== undefined) t.same(scene().run(sql), rows, sql)
    else t.throws(() => scene().run(sql), SqlError, sql)
  }
})

t.test('parameters by name and by position, lists among them', async (t) => {
  const named: Parameter[] = [
    { name: 'low', type: 'INT64', value: 2n },
    { name: 'ids', type: 'INT64', value: [1n, 3n, 4n] },
  ]
  const sql = 'SELECT id FROM sales.orders WHERE id >= @LOW AND id IN UNNEST(@ids)'
  t.same(scene().run(sql, named), [[3n], [4n]])
  const positional: Parameter[] = [
    { name: undefined, type: 'INT64', value: 1n },
    { name: undefined, type: 'STRING', value: 'x' },
  ]
  t.same(scene().run('SELECT ?, ?', positional), [[1n, 'x']])
  t.throws(() => scene().run('SELECT @nope', named), {
    message: "Query parameter 'nope' not found",
  })
  t.throws(() => scene().run('SELECT ?', named), SqlError)
})

interface Touched {
  readonly sql: string
  readonly type: string
  readonly tables: readonly string[]
  readonly bytes: number
  readonly billed: number
  readonly routines?: readonly string[]
}

const MIB = 1024 * 1024

/** Bytes: INT64, FLOAT64 and DATE 8, BOOL 1, STRING 2 and its UTF-8, NULL 0, of the columns read. */
const TOUCHED: readonly Touched[] = [
  { sql: 'SELECT 1', type: 'SELECT', tables: [], bytes: 0, billed: 0 },
  {
    sql: 'SELECT id FROM sales.orders',
    type: 'SELECT',
    tables: ['orders'],
    bytes: 32,
    billed: 10 * MIB,
  },
  {
    sql: 'SELECT COUNT(*) FROM sales.orders',
    type: 'SELECT',
    tables: ['orders'],
    bytes: 0,
    billed: 10 * MIB,
  },
  {
    sql: 'SELECT paid, note FROM sales.orders LIMIT 1',
    type: 'SELECT',
    tables: ['orders'],
    bytes: 4 + 7 + 13 + 5,
    billed: 10 * MIB,
  },
  {
    sql: 'SELECT * FROM sales.customers',
    type: 'SELECT',
    tables: ['customers'],
    bytes: 32 + 20 + 12,
    billed: 10 * MIB,
  },
  {
    sql: 'SELECT o.id FROM sales.orders o JOIN sales.customers c ON c.id = o.customer_id',
    type: 'SELECT',
    tables: ['orders', 'customers'],
    bytes: 96,
    billed: 20 * MIB,
  },
  {
    sql: 'SELECT 1 WHERE EXISTS (SELECT id FROM sales.orders)',
    type: 'SELECT',
    tables: ['orders'],
    bytes: 32,
    billed: 10 * MIB,
  },
  {
    sql: 'SELECT sales.with_tax(amount) FROM sales.orders',
    type: 'SELECT',
    tables: ['orders'],
    bytes: 32,
    billed: 10 * MIB,
    routines: ['with_tax'],
  },
  {
    sql: 'DELETE FROM sales.customers WHERE id = 1',
    type: 'DELETE',
    tables: ['customers'],
    bytes: 64,
    billed: 10 * MIB,
  },
  {
    sql: 'CREATE TABLE sales.t AS SELECT id FROM sales.orders',
    type: 'CREATE_TABLE_AS_SELECT',
    tables: ['orders'],
    bytes: 32,
    billed: 10 * MIB,
  },
  { sql: 'CREATE TABLE sales.t (a INT64)', type: 'CREATE_TABLE', tables: [], bytes: 0, billed: 0 },
  {
    sql: 'DROP TABLE sales.orders',
    type: 'DROP_TABLE',
    tables: ['orders'],
    bytes: 0,
    billed: 10 * MIB,
  },
  {
    sql: 'TRUNCATE TABLE sales.orders',
    type: 'TRUNCATE_TABLE',
    tables: ['orders'],
    bytes: 0,
    billed: 10 * MIB,
  },
]

t.test('what a statement touches is known before it is run, and nothing is run', async (t) => {
  for (const { sql, type, tables, bytes, billed, routines = [] } of TOUCHED) {
    const at = scene()
    const before = [at.rows('orders'), at.rows('customers')]
    const prepared = at.prepare(sql)
    if (prepared.kind === 'script') throw new TypeError(sql)
    const { statementType, analysis } = prepared.prepared
    t.equal(statementType, type, sql)
    t.same(
      analysis.tables.map(({ table }) => table),
      tables,
      sql,
    )
    t.same(
      analysis.routines.map(({ routine }) => routine),
      routines,
      sql,
    )
    t.equal(analysis.bytesProcessed, bytes, sql)
    t.equal(analysis.bytesBilled, billed, sql)
    t.same([at.rows('orders'), at.rows('customers')], before, sql)
  }
})

t.test('statements that change something really do', async (t) => {
  const at = scene()
  at.run('DELETE FROM sales.orders WHERE id > 2')
  t.equal(at.rows('orders')?.length, 2)
  at.run("UPDATE sales.customers SET name = 'Z', country = NULL WHERE id = 2")
  t.same(at.rows('customers')?.[1], [2n, 'Z', null])
  at.run("INSERT INTO sales.customers (name, id) VALUES ('Eve', 5), ('Fay', 6)")
  t.same(at.rows('customers')?.slice(4), [
    [5n, 'Eve', null],
    [6n, 'Fay', null],
  ])
  at.run('INSERT sales.customers SELECT id, note, note FROM sales.orders WHERE id = 1')
  t.same(at.rows('customers')?.at(-1), [1n, 'first', 'first'])
  at.run('CREATE TABLE sales.copy AS SELECT id, amount FROM sales.orders')
  t.same(at.rows('copy'), [
    [1n, 10],
    [2n, 20.5],
  ])
  at.run('CREATE OR REPLACE TABLE sales.copy (a STRING)')
  t.same(at.rows('copy'), [])
  at.run('CREATE TABLE IF NOT EXISTS sales.orders (a STRING)')
  t.equal(at.rows('orders')?.length, 2)
  at.run('TRUNCATE TABLE sales.orders')
  t.same(at.rows('orders'), [])
  at.run('DROP TABLE sales.orders')
  t.equal(at.rows('orders'), undefined)
  at.run('DROP TABLE IF EXISTS sales.orders')
  at.run(
    "EXPORT DATA OPTIONS (uri = 'gs://b/x-*.csv', format = 'CSV') AS SELECT id FROM sales.customers LIMIT 2",
  )
  t.match(at.catalog.exports, [{ uri: 'gs://b/x-*.csv', rows: [[1n], [2n]] }])
})

/** Each hides its second statement in another way, or needs no second one. */
const SCRIPTS: readonly string[] = [
  'SELECT 1; DROP TABLE sales.orders',
  'SELECT 1;DROP/**/TABLE`sales`.orders;',
  "SELECT r'\\'' ; DROP TABLE sales.orders --'",
  'SELECT 1 -- \r; DROP TABLE sales.orders',
  'SELECT 1 /* /* */ ; DROP TABLE sales.orders -- */',
  'SELECT `a\\`` FROM (SELECT 1 AS `a\\``) ; DROP TABLE sales.orders -- `',
  'BEGIN DROP TABLE sales.orders; END',
  "EXECUTE IMMEDIATE 'DROP TABLE sales.orders'",
  "EXECUTE IMMEDIATE 'DROP' || ' TABLE sales.orders'",
  'IF 1 = 1 THEN DROP TABLE sales.orders; END IF',
  'IF 1 = 2 THEN SELECT 1; ELSEIF TRUE THEN DROP TABLE sales.orders; END IF',
  "DECLARE t STRING DEFAULT 'sales.orders'; EXECUTE IMMEDIATE 'DROP TABLE ' || t",
  "DECLARE t STRING; SET t = 'orders'; EXECUTE IMMEDIATE 'DROP TABLE sales.' || t; SELECT 1",
]

t.test('scripts run to their end, however they are written', async (t) => {
  for (const sql of SCRIPTS) {
    const at = scene()
    t.equal(at.prepare(sql).kind, 'script', sql)
    t.not(at.rows('orders'), undefined, `${sql}: not before it is run`)
    at.run(sql)
    t.equal(at.rows('orders'), undefined, sql)
  }
})

t.test('what a script did before it failed stays done', async (t) => {
  const at = scene()
  t.throws(() =>
    at.run('DELETE FROM sales.orders WHERE true; SELECT 1 / 0; DROP TABLE sales.orders'),
  )
  t.same(at.rows('orders'), [])
})

const REFUSED: readonly (readonly [sql: string, reason: string, role?: string])[] = [
  ['', 'invalidQuery'],
  ['-- nothing', 'invalidQuery'],
  ['SELEC 1', 'invalidQuery'],
  ['SELECT 1 FROM', 'invalidQuery'],
  ["SELECT 'open", 'invalidQuery'],
  ["SELECT '''open''", 'invalidQuery'],
  ["SELECT 'a\nb'", 'invalidQuery'],
  ["SELECT '\\q'", 'invalidQuery'],
  ['SELECT /* open', 'invalidQuery'],
  ['SELECT \u0000 1', 'invalidQuery'],
  ['SELECT nope FROM sales.orders', 'invalidQuery'],
  ['SELECT id FROM sales.orders o, sales.customers c', 'invalidQuery'],
  ["SELECT 1 + 'a'", 'invalidQuery'],
  ['SELECT id FROM sales.orders WHERE amount', 'invalidQuery'],
  ['SELECT note, COUNT(*) FROM sales.orders', 'invalidQuery'],
  ['SELECT id FROM sales.orders WHERE COUNT(*) > 1', 'invalidQuery'],
  ['SELECT orders.nope FROM sales.orders', 'invalidQuery'],
  ['SELECT * FROM orders', 'invalidQuery'],
  ['DELETE FROM sales.orders', 'invalidQuery'],
  ['SELECT sales.nope(1)', 'invalidQuery'],
  [`SELECT ${'('.repeat(500)}1${')'.repeat(500)}`, 'invalidQuery'],
  ['SELECT * FROM nope.orders', 'notFound'],
  ['SELECT * FROM sales.nope', 'notFound'],
  ['DROP TABLE sales.nope', 'notFound'],
  ['SELECT * FROM hr.salaries', 'accessDenied'],
  ['SELECT * FROM hr.nope', 'accessDenied'],
  ['SELECT * FROM other-project.sales.orders', 'accessDenied'],
  ['SELECT 1 IN (SELECT salary FROM hr.salaries)', 'accessDenied'],
  ['CREATE TABLE hr.x AS SELECT 1 AS a', 'accessDenied'],
  ['DELETE FROM sales.orders WHERE true', 'accessDenied', 'researcher'],
  ['INSERT INTO sales.customers (id) VALUES (1)', 'accessDenied', 'researcher'],
  ['DROP TABLE sales.orders', 'accessDenied', 'researcher'],
  ['TRUNCATE TABLE sales.orders', 'accessDenied', 'researcher'],
  ['CREATE TABLE sales.x AS SELECT 1 AS a', 'accessDenied', 'researcher'],
  ['CREATE TABLE sales.orders (a INT64)', 'duplicate'],
  ['SELECT id FROM sales.orders |> LIMIT 1', 'notImplemented'],
  ['FROM sales.orders', 'notImplemented'],
  [
    'MERGE sales.orders USING sales.customers ON false WHEN NOT MATCHED THEN INSERT ROW',
    'notImplemented',
  ],
  ['CALL sales.p()', 'notImplemented'],
  ['DROP SCHEMA sales', 'notImplemented'],
  ['SELECT * FROM sales.INFORMATION_SCHEMA.TABLES', 'notImplemented'],
  ['SELECT * FROM `sales.orders_*`', 'notImplemented'],
  ["SELECT * FROM EXTERNAL_QUERY('c', 'q')", 'notImplemented'],
  ['SELECT ROW_NUMBER() OVER () FROM sales.orders', 'notImplemented'],
  ['SELECT @@project_id', 'notImplemented'],
]

t.test(
  'everything else is refused with a reason of BigQuery, and nothing of it is done',
  async (t) => {
    for (const [sql, reason, role] of REFUSED) {
      const at = scene(role)
      t.throws(() => at.run(sql), { name: 'SqlError', reason }, sql)
      t.equal(at.rows('orders')?.length, 4, sql)
    }
  },
)

t.test('an unqualified table lies in the default dataset', async (t) => {
  t.same(scene('editor', 'sales').run('SELECT COUNT(*) FROM orders'), [[4n]])
})
