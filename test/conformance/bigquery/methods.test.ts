// The table of methods against Google's discovery document, read by another reader than the
// generator's: every method is recognised by its verb and path, takes just its own parameters, and
// none is missing from the catalogue.

import t from 'tap'
import { catalogue } from '../../../gateway/facts/catalogue.ts'
import { readDiscoveryMethods, type DiscoveryMethod } from '../../support/bigquery-data.ts'
import { bigQueryFacts } from '../../support/bigquery-facts.ts'
import { head } from '../../support/heads.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'

const methods = readDiscoveryMethods()
const VERBS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const JOB_BODIES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['bigquery.jobs.query', { query: 'SELECT 1' }],
  ['bigquery.jobs.insert', { configuration: { query: { query: 'SELECT 1' } } }],
])

function pathOf({ path }: DiscoveryMethod): string {
  return path.replaceAll('{projectsId}', 'acme-data').replace(/\{\w+\}/g, 'name_1')
}

function ask(method: DiscoveryMethod, verb = method.verb, query = '') {
  const given = JOB_BODIES.get(method.id) ?? {}
  const body = method.takesBody ? Buffer.from(JSON.stringify(given)) : undefined
  const lines: HeaderLine[] = [['content-length', String(body?.length ?? 0)]]
  return bigQueryFacts(head(verb, `/gcp/bigquery${pathOf(method)}${query}`, lines), body)
}

for (const method of methods) {
  t.test(`BQ-METHOD: ${method.id} is what its verb and path say`, (t) => {
    const facts = ask(method)
    t.ok(facts.ok, facts.ok ? '' : facts.error.detail)
    if (facts.ok) t.equal(`bigquery.${facts.value.action}`, method.id)
    t.end()
  })

  t.test(`BQ-PARAMETERS: ${method.id} takes every parameter of its own, and no other’s`, (t) => {
    for (const [name, { type, enum: values }] of Object.entries(method.query)) {
      const value = values[0] ?? { boolean: 'true', integer: '1' }[type] ?? 'EU'
      const facts = ask(method, method.verb, `?${encodeURIComponent(name)}=${value}`)
      t.ok(facts.ok, facts.ok ? name : facts.error.detail)
    }
    const others = new Set(methods.flatMap(({ query }) => Object.keys(query)))
    for (const name of others) {
      // Python's client sends it where the document has none.
      if (Object.hasOwn(method.query, name) || name === 'projection') continue
      t.equal(ask(method, method.verb, `?${encodeURIComponent(name)}=1`).ok, false, name)
    }
    t.end()
  })
}

t.test('BQ-METHOD: another verb is another method, or none', (t) => {
  for (const method of methods) {
    for (const verb of VERBS) {
      const known = methods.find((one) => one.verb === verb && pathOf(one) === pathOf(method))
      const facts = ask(known ?? method, verb)
      const found = facts.ok ? `bigquery.${facts.value.action}` : undefined
      t.equal(found, known?.id, `${verb} ${method.path}`)
    }
  }
  t.end()
})

t.test('the catalogue prints all of them', (t) => {
  const names = catalogue()
    .filter(({ service }) => service === 'gcp_bigquery')
    .map(({ name }) => name)
  t.strictSame(names.sort(), methods.map(({ id }) => id).sort())
  t.end()
})
