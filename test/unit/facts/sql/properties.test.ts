// What holds for every text: what stands in comments, literals and quoted identifiers never counts,
// a second statement is never overlooked, and nothing throws.

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { readSql } from '../../../../gateway/facts/sql/read-sql.ts'
import { readSqlCorpus } from '../../../support/sql-corpus.ts'
import { referenceStatements, referenceTokens } from '../../../support/sql-tokens.ts'

const corpus = readSqlCorpus()
const reads = corpus.filter((one) => one.verdict === 'read')
const readable = corpus.filter(({ sql }) => referenceTokens(sql).ok)

/** Text for the inside of quotes and comments: what a reader could take for the end or a separator. */
const inside = fc
  .array(
    fc.constantFrom(
      ...[
        [';', `'`, `"`, '`', '--', '#', '/*', '*', '\\', '; DROP TABLE t', 'ü', '🎉', '$', '|>'],
        [' ', 'SELECT', '(', ')', '\u2028', '\u00a0', 'legacySQL', ', t', '@@x'],
      ].flat(),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))

const prefixes = fc.constantFrom('', 'r', 'b', 'rb', 'BR', 'R')

/** Escapes what would end it, and makes every backslash an escape with something behind it. */
function escaped(text: string, quote: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)
}

const literal = fc
  .tuple(prefixes, fc.constantFrom(`'`, `"`), fc.boolean(), inside)
  .map(([prefix, quote, isTriple, text]) => {
    const quotes = isTriple ? quote.repeat(3) : quote
    return `${prefix}${quotes}${escaped(text, quote)}${isTriple ? '\n' : ''}${quotes}`
  })
const identifier = inside.map((text) => `\`i${escaped(text, '`')}\``)
const comment = fc.oneof(
  inside.map((text) => `/*${text.replaceAll('*/', '* /')} */`),
  inside.map((text) => `--${text.replaceAll('\u2028', ' ')}\n`),
  inside.map((text) => `#.${text.replaceAll('\u2028', ' ')}\r\n`),
  fc.constantFrom(' ', '\n', '\t', '\r\n', '\u00a0', '\u3000'),
)

/** The verdict alone: tables in dashed names change when a comment stands in them. */
function verdict(sql: string): string {
  const result = readSql(sql)
  return result.ok
    ? `${result.value.access} ${result.value.kind}`
    : `refused ${String(result.error.rule)}`
}

function access(outcome: string): string {
  return outcome.slice(0, outcome.indexOf(' '))
}

/** `filler` between two tokens of the text, apart from both, so that no new token arises. */
function inserted(sql: string, filler: string, where: number): string {
  const reading = referenceTokens(sql)
  const starts = reading.ok ? reading.tokens.map(({ start }) => start) : []
  const at = [...starts, sql.length][where % (starts.length + 1)] ?? 0
  // A line comment at the end of the text would swallow the filler.
  const before = at === sql.length ? `${sql}\n` : sql.slice(0, at)
  return `${before} ${filler} ${sql.slice(at)}`
}

function holds<Ts>(t: Test, property: fc.IProperty<Ts>, numRuns: number): void {
  const run = fc.check(property, { numRuns })
  t.notOk(run.failed, fc.defaultReportMessage(run) ?? `holds for ${String(run.numRuns)}`)
}

t.test('a comment between any two tokens changes no verdict', async (t) => {
  holds(
    t,
    fc.property(fc.constantFrom(...readable), comment, fc.nat(), ({ sql }, filler, where) => {
      fc.pre(!/#\s*legacysql/i.test(sql))
      return verdict(inserted(sql, filler, where)) === verdict(sql)
    }),
    5000,
  )
})

t.test(
  'a literal or quoted identifier anywhere makes no write a read, and no read a write',
  async (t) => {
    holds(
      t,
      fc.property(
        fc.constantFrom(...readable),
        fc.oneof(literal, identifier),
        fc.nat(),
        ({ sql }, filler, where) => {
          const changed = inserted(sql, filler, where)
          const before = referenceTokens(sql)
          const after = referenceTokens(changed)
          if (!before.ok || !after.ok) return before.ok === after.ok
          const result = verdict(changed)
          // Behind the last semicolon it is text of a second statement.
          const isMore = referenceStatements(after.tokens) > referenceStatements(before.tokens)
          return isMore
            ? result.startsWith('refused')
            : access(result) === access(verdict(sql)) || access(result) === 'refused'
        },
      ),
      5000,
    )
  },
)

t.test('no semicolon in a literal, comment or quoted identifier separates', async (t) => {
  holds(
    t,
    fc.property(literal, identifier, identifier, comment, (value, column, table, note) => {
      const sql = `SELECT ${value} AS ${column} ${note} FROM ${table} ${note};${note}`
      return verdict(sql) === 'read SELECT'
    }),
    5000,
  )
})

t.test('a second statement behind any text that reads is refused', async (t) => {
  const second = fc.constantFrom(
    'SELECT 1',
    'DROP TABLE t',
    'CALL p()',
    'SET x = 1',
    ';',
    'x',
    "'x'",
  )
  holds(
    t,
    fc.property(
      fc.constantFrom(...reads),
      fc.array(comment, { maxLength: 3 }),
      second,
      ({ sql }, comments, statement) =>
        verdict(`${sql}\n;${comments.join(' ')}${statement}`) === 'refused SQL-STATEMENTS' ||
        sql.trimEnd().endsWith('|>'),
    ),
    5000,
  )
})

t.test('the case of unquoted words changes no verdict', async () => {
  for (const { id, sql } of readable) {
    const reading = referenceTokens(sql)
    if (!reading.ok) continue
    for (const fold of [
      (word: string) => word.toLowerCase(),
      (word: string) => word.toUpperCase(),
    ]) {
      let folded = sql
      for (const { kind, text, start } of reading.tokens) {
        if (kind !== 'word') continue
        folded = folded.slice(0, start) + fold(text) + folded.slice(start + text.length)
      }
      if (verdict(folded) !== verdict(sql)) t.fail(`${id}: ${verdict(folded)}`)
    }
  }
})

t.test('no text throws, whatever its bytes', async (t) => {
  const tails = fc.uint8Array({ maxLength: 200 })
  const heads = fc.constantFrom(
    '',
    'SELECT ',
    'WITH a AS (',
    'CREATE TABLE ',
    'FROM t |> ',
    '@{',
    '`',
  )
  holds(
    t,
    fc.property(heads, tails, (head, bytes) => {
      readSql(head + Buffer.from(bytes).toString('latin1'))
      readSql(head + Buffer.from(bytes).toString('utf16le'))
      return true
    }),
    5000,
  )
  holds(
    t,
    fc.property(fc.constantFrom(...corpus), fc.nat(), fc.nat(), ({ sql }, from, to) => {
      readSql(sql.slice(from % (sql.length + 1), to % (sql.length + 1)))
      return true
    }),
    5000,
  )
})
