import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { plainEqual } from '../../../gateway/util/plain-equal.ts'

t.test('agrees with node’s own comparison on plain data', (t) => {
  const data = fc.jsonValue({ maxDepth: 3 })
  fc.assert(
    fc.property(data, data, (a, b) => {
      const copy: unknown = structuredClone(a)
      return plainEqual(a, b) === isDeepStrictEqual(a, b) && plainEqual(a, copy)
    }),
  )
  t.equal(plainEqual({ a: undefined }, {}), false, 'undefined is not absent')
  t.equal(plainEqual({ a: undefined }, { b: undefined }), false, 'another name')
  t.equal(plainEqual([], {}), false, 'a list is no object')
  t.equal(plainEqual(['a', 'b'], ['a']), false, 'a shorter list')
  t.equal(plainEqual({ a: [1, { b: 'x' }] }, { a: [1, { b: 'y' }] }), false, 'deep inside')
  t.end()
})
