// Every text of the corpus has the verdict, the statement type and the facts that GoogleSQL's rules
// and BigQuery's reference give it; what they leave open is refused.

import t from 'tap'
import { readSql } from '../../gateway/facts/sql/read-sql.ts'
import { readSqlCorpus } from '../support/sql-corpus.ts'

const corpus = readSqlCorpus()

t.test('the corpus is complete and every text in it says why', async (t) => {
  t.ok(corpus.length >= 700, `${corpus.length} texts`)
  t.equal(new Set(corpus.map(({ id }) => id)).size, corpus.length, 'ids are unique')
  for (const verdict of ['read', 'write', 'refused']) {
    const count = corpus.filter((one) => one.verdict === verdict).length
    t.ok(count >= 100, `${count} texts are ${verdict}`)
  }
  for (const { id, reason } of corpus) t.ok(reason.length >= 8, `${id} has a reason`)
})

for (const { id, sql, verdict, kind, rule, facts, reason } of corpus) {
  t.test(`${rule ?? `SQL-${verdict.toUpperCase()}`}: ${id}`, async (t) => {
    const result = readSql(sql)
    if (!result.ok) {
      t.equal(verdict, 'refused', `${reason} (${result.error.detail})`)
      t.equal(result.error.rule, rule)
      t.equal(result.error.code, 'ERR_SG_OPERATION_AMBIGUOUS')
      t.match(result.error.detail, /at line \d+, column \d+; /)
      return
    }
    const { value } = result
    t.equal(value.access, verdict, reason)
    t.equal(value.kind, kind)
    t.equal(value.statements, 1)
    for (const [name, expected] of Object.entries(facts ?? {})) {
      t.same(Object.entries(value).find(([member]) => member === name)?.[1], expected, name)
    }
  })
}
