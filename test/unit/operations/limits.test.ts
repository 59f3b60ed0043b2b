import t from 'tap'
import { IdentityLimits } from '../../../gateway/operations/limits.ts'

t.test('an identity gets its rate and no more, and it comes back with time', (t) => {
  let now = 1000
  const limits = new IdentityLimits(() => ({ requestsPerSecond: 2, concurrent: 9 }), {
    now: () => now,
  })
  t.equal(limits.enter('a'), true)
  t.equal(limits.enter('a'), true)
  t.equal(limits.enter('a'), false)
  t.equal(limits.enter('b'), true, 'another identity has its own')
  now += 500
  t.equal(limits.enter('a'), true)
  t.equal(limits.enter('a'), false)
  now -= 10_000
  t.equal(limits.enter('a'), false, 'a clock that steps back gives nothing')
  t.end()
})

t.test('concurrent requests are bounded until one leaves', (t) => {
  const limits = new IdentityLimits(() => ({ requestsPerSecond: 100, concurrent: 2 }), {
    now: () => 0,
  })
  t.equal(limits.enter('a'), true)
  t.equal(limits.enter('a'), true)
  t.equal(limits.enter('a'), false)
  limits.leave('a')
  t.equal(limits.enter('a'), true)
  t.end()
})
