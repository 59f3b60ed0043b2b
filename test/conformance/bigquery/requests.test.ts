// Requests written by hand from the REST reference, each with the facts that it states, or with the
// rule that refuses it. Every rule of BigQuery has a row.

import t from 'tap'
import { BIGQUERY_RULES } from '../../../gateway/facts/gcp/bigquery/refusal-rules.ts'
import type { Facts } from '../../../gateway/facts/facts.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import {
  readWrittenRequests,
  type ExpectedFacts,
  type WrittenRequest,
} from '../../support/bigquery-data.ts'
import { bigQueryFacts } from '../../support/bigquery-facts.ts'
import { head } from '../../support/heads.ts'

const requests = readWrittenRequests()

/** Only after a dry run; test/unit/facts/gcp/bigquery/dry-run.test.ts. */
const RULES_ELSEWHERE = ['BQ-STATEMENT']

function factsOf({ method, path, headers = [], body }: WrittenRequest) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const bytes = body === undefined ? undefined : Buffer.from(text)
  const length = String(bytes?.length ?? 0)
  const isChunked = headers.some(([name]) => name === 'Transfer-Encoding')
  const isUnframed = isChunked || (bytes === undefined && method !== 'POST')
  const framing: HeaderLine[] = isUnframed ? [] : [['content-length', length]]
  return bigQueryFacts(head(method, `/gcp/bigquery${path}`, [...framing, ...headers]), bytes)
}

/** Of the facts, just what the row speaks of. */
function seen(facts: Facts, expected: ExpectedFacts): ExpectedFacts {
  const { access, complete, pending } = facts.operation
  return {
    action: facts.action,
    access,
    targets: facts.targets.map(({ type, name }) => `${type} ${name}`),
    ...('complete' in expected ? { complete } : {}),
    ...('pending' in expected ? { pending } : {}),
    ...('account' in expected && facts.account !== undefined ? { account: facts.account } : {}),
    ...('region' in expected && facts.region !== undefined ? { region: facts.region } : {}),
    ...('kind' in expected && facts.sql !== undefined ? { kind: facts.sql.kind } : {}),
    ...('features' in expected && facts.sql !== undefined ? { features: facts.sql.features } : {}),
  }
}

for (const request of requests) {
  const { id, expect, refused } = request
  t.test(`${refused?.rule ?? 'BQ-FACTS'}: ${id}`, (t) => {
    const facts = factsOf(request)
    if (expect !== undefined) {
      t.ok(facts.ok, facts.ok ? 'understood' : facts.error.detail)
      if (facts.ok) t.strictSame(seen(facts.value, expect), expect)
    } else {
      t.ok(refused !== undefined, 'the row expects something')
      t.match(facts, { ok: false, error: { ...refused } })
    }
    t.end()
  })
}

t.test('there are 120 rows and more, each with its own id', (t) => {
  t.ok(requests.length >= 120, String(requests.length))
  t.equal(new Set(requests.map(({ id }) => id)).size, requests.length)
  t.end()
})

t.test('every rule refuses one row at least', (t) => {
  const used = new Set(requests.map(({ refused }) => refused?.rule))
  const missing = Object.keys(BIGQUERY_RULES).filter(
    (rule) => !used.has(rule) && !RULES_ELSEWHERE.includes(rule),
  )
  t.strictSame(missing, [])
  t.end()
})
