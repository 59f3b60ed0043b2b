import t from 'tap'
import { VerdictCache } from '../../../gateway/spiffe/verdict-cache.ts'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'
import { HOUR, NOW, makeCa, makeLeaf } from '../../support/ca.ts'
import { trust } from '../../support/trust.ts'

const ID = 'spiffe://example.org/agent/a'
const ca = makeCa('CA', { notAfter: NOW + HOUR / 2 })
const other = makeCa('Other')
const bundles = trust({ 'example.org': [ca] })
const leaf = makeLeaf(ca, ID)

t.test('an accepted chain is judged once, and the answer is the same', async (t) => {
  const cache = new VerdictCache()
  const first = cache.verify([leaf.der], bundles, NOW)
  t.strictSame(first, verifyX509Svid([leaf.der], bundles, NOW))
  t.equal(cache.size, 1)
  const second = cache.verify([Buffer.from(leaf.der)], bundles, NOW)
  t.ok(first.ok && second.ok && first.value === second.value, 'the kept verdict')
})

t.test('a verdict ends with the earliest notAfter of the path, not the leaf’s', async (t) => {
  const cache = new VerdictCache()
  t.ok(cache.verify([leaf.der], bundles, NOW).ok)
  t.ok(cache.verify([leaf.der], bundles, NOW + HOUR / 2).ok)
  t.match(cache.verify([leaf.der], bundles, NOW + HOUR / 2 + 1), { error: { rule: 'XV-6' } })
  t.equal(cache.size, 0)
})

t.test('a verdict does not hold before the path is valid', async (t) => {
  const cache = new VerdictCache()
  t.ok(cache.verify([leaf.der], bundles, NOW).ok)
  t.match(cache.verify([leaf.der], bundles, NOW - HOUR - 1), { error: { rule: 'XV-7' } })
})

t.test('other trust, other bytes or another split of them is another verdict', async (t) => {
  const cache = new VerdictCache()
  t.ok(cache.verify([leaf.der], bundles, NOW).ok)
  const sameRevision = trust({ 'example.org': [other] })
  t.notOk(cache.verify([leaf.der], sameRevision, NOW).ok, 'other content, same revision')
  t.notOk(cache.verify([leaf.der], trust({}, 2), NOW).ok)
  const half = leaf.der.length >> 1
  t.notOk(cache.verify([leaf.der.subarray(0, half), leaf.der.subarray(half)], bundles, NOW).ok)
  t.equal(cache.size, 1)
})

t.test('a refusal is never kept', async (t) => {
  const cache = new VerdictCache()
  const future = makeLeaf(ca, ID, { notBefore: NOW + 1000 })
  t.notOk(cache.verify([future.der], bundles, NOW).ok)
  t.equal(cache.size, 0)
  t.ok(cache.verify([future.der], bundles, NOW + 1000).ok)
})

t.test('the cache is bounded', async (t) => {
  const cache = new VerdictCache({ max: 2 })
  for (let i = 0; i < 4; i += 1) cache.verify([makeLeaf(ca, ID).der], bundles, NOW)
  t.equal(cache.size, 2)
  t.throws(() => new VerdictCache({ max: 0 }), TypeError)
})
