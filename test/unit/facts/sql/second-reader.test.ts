// The lexer and a second reader, written apart from it, see the same tokens: in the corpus and in
// texts at random that are full of quotes, backslashes and comment signs.

import fc from 'fast-check'
import t from 'tap'
import { checkCharacters, SqlLexer, TOKEN } from '../../../../gateway/facts/sql/lexer.ts'
import { readSql } from '../../../../gateway/facts/sql/read-sql.ts'
import { readSqlCorpus } from '../../../support/sql-corpus.ts'
import { referenceStatements, referenceTokens } from '../../../support/sql-tokens.ts'

const KINDS: ReadonlyMap<number, string> = new Map([
  [TOKEN.WORD, 'word'],
  [TOKEN.QUOTED, 'quoted'],
  [TOKEN.LITERAL, 'literal'],
  [TOKEN.NUMBER, 'number'],
])

/** What the lexer sees, one line a token; `refused` when it cannot read on. */
function ours(text: string): string {
  if (checkCharacters(text) !== -1) return 'refused'
  const lexer = new SqlLexer(text)
  const lines: string[] = []
  for (;;) {
    const token = lexer.next()
    if (token === TOKEN.FAULT) return 'refused'
    if (token === TOKEN.END) return lines.join('\n')
    lines.push(
      `${lexer.start} ${KINDS.get(token) ?? 'symbol'} ${text.slice(lexer.start, lexer.end)}`,
    )
  }
}

function theirs(text: string): string {
  const reading = referenceTokens(text)
  if (!reading.ok) return 'refused'
  return reading.tokens.map((token) => `${token.start} ${token.kind} ${token.text}`).join('\n')
}

const FRAGMENTS = [
  [`'`, `"`, '`', `'''`, `"""`, `\\`, `\\\\`, `\\'`, `\\"`, '\\`', `''`, `""`],
  ['r', 'b', 'rb', 'BR', `r'`, `b"`, `rb'''`, `Br"""`, 'x', `xr'`, '0', '1', '0x', 'e', '_'],
  ['--', '-', '#', '/*', '*/', '/', '*', '/*/', '**', '# legacySQL', '\n', '\r\n', '\r', '\t', ' '],
  [';', '(', ')', '[', ']', '{', '}', ',', '.', '@', '@@', '|', '>', '|>', '||', '$', '$a', ':'],
  ['SELECT', 'from', 'DROP TABLE t', '\u00a0', '\u2003', '\u2028', '\u200b', 'ü', '🎉', '\ud800'],
  ['\0', '\v', '\u0085', '\ufeff', '\u3000', '\u1680'],
].flat()
const texts = fc
  .array(fc.constantFrom(...FRAGMENTS), { maxLength: 24 })
  .map((parts) => parts.join(''))

t.test('both readers see the same tokens in every text of the corpus', async (t) => {
  for (const { id, sql } of readSqlCorpus()) t.equal(ours(sql), theirs(sql), id)
})

t.test('both readers see the same tokens in texts at random', async () => {
  fc.assert(
    fc.property(texts, (text) => ours(text) === theirs(text)),
    { numRuns: 20_000 },
  )
})

t.test('what is accepted is one statement for the second reader too', async () => {
  const heads = fc.constantFrom(
    '',
    'SELECT ',
    'FROM t ',
    '(SELECT 1) ',
    'WITH a AS (SELECT 1) SELECT ',
  )
  fc.assert(
    fc.property(heads, texts, (head, text) => {
      const sql = head + text
      const result = readSql(sql)
      if (!result.ok) return true
      const reading = referenceTokens(sql)
      return reading.ok && referenceStatements(reading.tokens) === 1
    }),
    { numRuns: 20_000 },
  )
})
