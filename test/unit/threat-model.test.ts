// What docs/THREAT-MODEL.md promises is shown by tests that exist: every id that it cites is a rule of
// the conformance catalogue, every rule of an SVID is cited, and every file that it names is there.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { SVID_RULES } from '../../gateway/spiffe/rules.ts'
import { readCatalogue } from '../../scripts/conformance/read-results.ts'
import { repositoryRoot } from '../support/test-data.ts'

const root = repositoryRoot()
const text = readFileSync(join(root, 'docs/THREAT-MODEL.md'), 'utf8')
const cited = (pattern: RegExp): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code).filter((c) => pattern.test(c)),
  )

const catalogue = readCatalogue(join(root, 'test/conformance/catalogue.json'))
const ids = new Set([...catalogue.values()].flatMap((rules) => rules.map(({ id }) => id)))

t.test('every id that is cited is a rule with tests', async (t) => {
  const found = cited(/^[A-Z][A-Z0-9]*[-+][a-z0-9]+$/)
  t.ok(found.size > 35, `${found.size} ids`)
  t.strictSame(
    [...found].filter((id) => !ids.has(id)),
    [],
  )
})

t.test('promise 3 cites every rule of an SVID', async (t) => {
  const found = cited(/^[A-Z]/)
  const own = (catalogue.get('test/conformance/svid.test.ts') ?? []).map(({ id }) => id)
  for (const id of [...Object.keys(SVID_RULES), ...own]) t.ok(found.has(id), id)
  for (const id of Object.keys(SVID_RULES)) t.ok(ids.has(id), `${id} is in the catalogue`)
})

t.test('every test that is named exists', async (t) => {
  const named = cited(/^test\//)
  t.ok(named.size > 20)
  for (const name of named) t.ok(exists(name), name)
})

/** A path, or a pattern of at least one file. */
function exists(name: string): boolean {
  if (!name.includes('*')) return existsSync(join(root, name))
  const folder = dirname(name.slice(0, name.indexOf('*') + 1))
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).length > 0
}
