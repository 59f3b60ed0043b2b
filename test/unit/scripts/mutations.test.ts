// The mutations follow the code: one that no longer applies would be found by the long run of
// `make mutate-stations` only, and until then nobody would know what is not checked.

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { mutated } from '../../../scripts/mutate/mutation.ts'
import { MUTATIONS, STATIONS } from '../../../scripts/mutations.ts'

t.test('every mutation applies to the code as it is, and names tests that there are', (t) => {
  for (const mutation of MUTATIONS) {
    const { file, without, tests = [] } = mutation
    const compiled = readFileSync(`dist/${file.replace(/\.ts$/, '.js')}`, 'utf8')
    t.doesNotThrow(() => mutated(mutation, compiled), `${file}: ${without}`)
    t.same(
      tests.filter((name) => !existsSync(name)),
      [],
      `${file}: ${without}`,
    )
  }
  t.end()
})

t.test('no station is without one, and each belongs to a station', (t) => {
  t.same(new Set(MUTATIONS.map(({ station }) => station)), new Set(STATIONS))
  t.end()
})
