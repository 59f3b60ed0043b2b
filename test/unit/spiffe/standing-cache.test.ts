// Peers are judged again by the bundles of now, not by those that they came with.

import t from 'tap'
import { StandingCache } from '../../../gateway/spiffe/standing-cache.ts'
import { VerdictCache } from '../../../gateway/spiffe/verdict-cache.ts'
import { HOUR, makeCa, makeLeaf, NOW } from '../../support/ca.ts'
import { peer } from '../../support/peers.ts'
import { trust } from '../../support/trust.ts'

const old = makeCa('old')
const next = makeCa('next')
const leaf = makeLeaf(old, 'spiffe://example.org/agent/acme/a/b')
const [FIRST, BOTH, NEXT, NONE, AGAIN] = [
  trust({ 'example.org': [old] }, 1),
  trust({ 'example.org': [old, next] }, 2),
  trust({ 'example.org': [next] }, 3),
  trust({ 'partner.org': [old] }, 4),
  trust({ 'example.org': [old] }, 5),
]

t.test('an added authority disturbs nobody, a dropped one cuts off', (t) => {
  const standings = new StandingCache(new VerdictCache())
  const held = peer({ bundleRevision: 1, expiresAt: NOW + HOUR })
  t.equal(standings.isTrusted(held, FIRST, NOW), false, 'nobody who was never added')
  standings.add(held, [leaf.der])
  t.equal(standings.isTrusted(held, FIRST, NOW), true)
  t.equal(standings.isTrusted(held, BOTH, NOW), true)
  t.equal(standings.isTrusted(held, NEXT, NOW), false)
  t.equal(standings.isTrusted(held, NEXT, NOW), false, 'and stays so')
  t.equal(standings.isTrusted(held, NONE, NOW), false, 'a bundle of another domain is nothing')
  t.equal(standings.isTrusted(held, AGAIN, NOW), true)
  t.end()
})

t.test('after a new judgement its own end counts', (t) => {
  const short = makeCa('short', { notAfter: NOW + HOUR / 2, keys: old.keys, subject: old.name })
  const standings = new StandingCache(new VerdictCache())
  const held = peer({ bundleRevision: 1, expiresAt: NOW + HOUR })
  standings.add(held, [leaf.der])
  const renewed = trust({ 'example.org': [short] }, 2)
  t.equal(standings.isTrusted(held, renewed, NOW), true)
  t.equal(standings.isTrusted(held, renewed, NOW + HOUR / 2 + 1), false)
  t.end()
})
