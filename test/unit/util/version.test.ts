import { readFileSync } from 'node:fs'
import t from 'tap'
import { VERSION } from '../../../gateway/util/version.ts'

t.test('the version in code is the package’s', (t) => {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
  t.equal(VERSION, (JSON.parse(text) as { version: string }).version)
  t.end()
})
