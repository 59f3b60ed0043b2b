// Ids of jobs that carry no tag: whose, for how long, and how many.

import fc from 'fast-check'
import t from 'tap'
import { JOB_STORE_LIMITS, JobStore } from '../../../gateway/operations/job-store.ts'
import { ManualTime } from '../../support/manual-time.ts'

const DAY = 24 * 60 * 60 * 1000

t.test('a job is found by its agent, in its project, under its name, and by nobody else', (t) => {
  const store = new JobStore(new ManualTime())
  store.keep('a', 'p', 'mine', 'sg1_mine')
  t.equal(store.find('a', 'p', 'mine'), 'sg1_mine')
  t.equal(store.find('b', 'p', 'mine'), undefined)
  t.equal(store.find('a', 'q', 'mine'), undefined)
  t.equal(store.find('a', 'p', 'sg1_mine'), undefined)
  store.keep('a', 'p1', '1x', 'one')
  t.equal(store.find('a', 'p', '11x'), undefined, 'a project ends where it ends')
  t.end()
})

t.test('a name that is used again stands for the newer job', (t) => {
  const store = new JobStore(new ManualTime())
  store.keep('a', 'p', 'n', 'old')
  store.keep('a', 'p', 'n', 'new')
  t.equal(store.find('a', 'p', 'n'), 'new')
  t.equal(store.size, 1)
  t.end()
})

t.test('a job is forgotten after a day, without a timer', (t) => {
  const time = new ManualTime()
  const store = new JobStore(time)
  store.keep('a', 'p', 'n', 'n')
  time.advance(DAY - 1)
  t.equal(store.find('a', 'p', 'n'), 'n')
  time.advance(1)
  t.equal(store.find('a', 'p', 'n'), undefined)
  t.equal(time.running, 0)
  store.keep('a', 'p', 'm', 'm')
  t.equal(store.size, 1, 'what is too old makes room for what comes')
  t.end()
})

t.test('an agent loses its own oldest beyond its bound, and nobody else’s', (t) => {
  const store = new JobStore(new ManualTime(), { perAgent: 3, inAll: 100, keptFor: DAY })
  store.keep('b', 'p', 'j', 'j')
  for (const name of ['1', '2', '3', '4']) store.keep('a', 'p', name, name)
  t.strictSame(
    ['1', '2', '3', '4'].map((name) => store.find('a', 'p', name)),
    [undefined, '2', '3', '4'],
  )
  t.equal(store.find('b', 'p', 'j'), 'j')
  t.end()
})

t.test('beyond the bound of all, whoever holds the most loses a quarter, its oldest', (t) => {
  const store = new JobStore(new ManualTime(), { perAgent: 8, inAll: 10, keptFor: DAY })
  store.keep('b', 'p', 'first', 'first')
  store.keep('c', 'p', 'second', 'second')
  for (let n = 1; n <= 8; n += 1) store.keep('a', 'p', String(n), String(n))
  t.equal(store.size, 10)
  store.keep('b', 'p', 'third', 'third')
  t.equal(store.size, 9)
  t.equal(store.find('b', 'p', 'first'), 'first', 'older than any of a, and kept')
  t.equal(store.find('b', 'p', 'third'), 'third')
  t.equal(store.find('c', 'p', 'second'), 'second')
  t.strictSame(
    ['1', '2', '3', '8'].map((name) => store.find('a', 'p', name)),
    [undefined, undefined, '3', '8'],
  )
  t.end()
})

t.test('agents that are gone make room before anybody loses a job that counts', (t) => {
  const time = new ManualTime()
  const store = new JobStore(time, { perAgent: 8, inAll: 4, keptFor: DAY })
  store.keep('gone', 'p', 'x', 'x')
  store.keep('gone', 'p', 'y', 'y')
  time.advance(DAY)
  for (const name of ['1', '2', '3']) store.keep('a', 'p', name, name)
  t.equal(store.size, 3)
  t.equal(store.find('a', 'p', '1'), '1')
  t.end()
})

t.test('whatever happens, the bounds hold and the latest is found', (t) => {
  const step = fc.record({
    agent: fc.constantFrom('a', 'b', 'c', 'd'),
    name: fc.nat(30).map(String),
    wait: fc.nat(400),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const time = new ManualTime()
      const store = new JobStore(time, { perAgent: 5, inAll: 12, keptFor: 1000 })
      for (const { agent, name, wait } of steps) {
        time.advance(wait)
        store.keep(agent, 'p', name, `${agent}/${name}`)
        if (store.size > 12 || store.find(agent, 'p', name) !== `${agent}/${name}`) return false
        const held = Array.from({ length: 31 }, (_, n) => store.find(agent, 'p', String(n)))
        if (held.filter((found) => found !== undefined).length > 5) return false
      }
      return true
    }),
  )
  t.end()
})

t.test('the limits are those of docs/DEFAULTS.md', (t) => {
  t.strictSame(JOB_STORE_LIMITS, { perAgent: 4096, inAll: 131_072, keptFor: DAY })
  t.end()
})
