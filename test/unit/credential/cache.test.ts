// The credential cache under an injected clock: single flight, early refresh, last good, brief
// memory of failures, bounds, purge.

import { inspect } from 'node:util'
import t from 'tap'
import { CredentialCache, EXPIRY_SKEW } from '../../../gateway/credential/cache.ts'
import type { CredentialAnswer } from '../../../gateway/credential/credential.ts'
import { refusal } from '../../../gateway/errors.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { awsCredential } from '../../support/shaped.ts'

const HOUR = 3_600_000

interface Bench {
  cache: CredentialCache
  time: { now: number }
  /** Exchanges so far. */
  count: () => number
  ask: (key?: string, name?: string) => Promise<CredentialAnswer>
  /** What the next exchanges answer. */
  answer: (make: () => CredentialAnswer | Promise<CredentialAnswer>) => void
}

function bench(
  options: { random?: number; maxEntries?: number; maxExchanges?: number } = {},
): Bench {
  const time = { now: 1_000_000 }
  let count = 0
  let make: () => CredentialAnswer | Promise<CredentialAnswer> = () => fresh(time.now + HOUR)
  const cache = new CredentialCache({
    clock: { now: () => time.now },
    random: () => options.random ?? 0,
    ...(options.maxEntries === undefined ? {} : { maxEntries: options.maxEntries }),
    ...(options.maxExchanges === undefined ? {} : { maxExchanges: options.maxExchanges }),
  })
  return {
    cache,
    time,
    count: () => count,
    ask: async (key = 'k', name = 'aws-data') =>
      cache.obtain(name, key, async () => {
        count += 1
        return make()
      }),
    answer: (next) => {
      make = next
    },
  }
}

function fresh(expiresAt: number): CredentialAnswer {
  return ok(awsCredential({ expiresAt }))
}

function endOf(answer: CredentialAnswer): number {
  return answer.ok ? answer.value.expiresAt : Number.NaN
}

/** Lets exchanges that answer at once run to their end. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

const permanent = err(refusal('ERR_SG_CREDENTIAL_CONFIG', 'no'))
const transient = err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'later'))

t.test('100 concurrent requests make one exchange and get the same credential', async (t) => {
  const { ask, count, answer, time } = bench()
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  answer(() => gate.then(() => fresh(time.now + HOUR)))
  const asked = Array.from({ length: 100 }, () => ask())
  release()
  const answers = await Promise.all(asked)
  t.equal(count(), 1)
  t.equal(new Set(answers.map((got) => (got.ok ? got.value : undefined))).size, 1)
  t.ok(answers[0]?.ok)
  await ask()
  t.equal(count(), 1, 'and the next one is served from the cache')
})

t.test('another key is another exchange', async (t) => {
  const { ask, count } = bench()
  await ask('a')
  await ask('b')
  t.equal(count(), 2)
})

t.test('refreshed in the background at 80 % of an hour; nobody waits for it', async (t) => {
  const { ask, count, time } = bench()
  const first = await ask()
  time.now += HOUR * 0.8 - 1
  await ask()
  await settled()
  t.equal(count(), 1, 'not before')
  time.now += 1
  t.equal(endOf(await ask()), endOf(first), 'the old one answers')
  await settled()
  t.equal(count(), 2)
  t.equal(endOf(await ask()), time.now + HOUR, 'then the new one')
})

t.test('many requests while a refresh is under way start no second one', async (t) => {
  const { ask, count, time, answer } = bench()
  const first = await ask()
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  answer(() => gate.then(() => fresh(time.now + HOUR)))
  time.now += HOUR * 0.9
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask()))
  t.ok(answers.every((got) => endOf(got) === endOf(first)))
  t.equal(count(), 2)
  release()
  await settled()
  t.equal(endOf(await ask()), time.now + HOUR)
  t.equal(count(), 2)
})

t.test(
  'refreshed 5 minutes before the end where that is earlier, never in the first half',
  async (t) => {
    const short = bench()
    short.answer(() => fresh(short.time.now + 900_000))
    await short.ask()
    short.time.now += 599_999
    await short.ask()
    await settled()
    t.equal(short.count(), 1)
    short.time.now += 1
    await short.ask()
    await settled()
    t.equal(short.count(), 2, '15 minutes: after 10')
    const tiny = bench()
    tiny.answer(() => fresh(tiny.time.now + 120_000))
    await tiny.ask()
    tiny.time.now += 59_999
    await tiny.ask()
    await settled()
    t.equal(tiny.count(), 1, '2 minutes: not before 1')
  },
)

t.test('jitter makes the refresh earlier by up to a tenth of the life', async (t) => {
  const { ask, count, time } = bench({ random: 0.999 })
  await ask()
  time.now += HOUR * 0.7 + 10_000
  await ask()
  await settled()
  t.equal(count(), 2)
})

t.test('when a refresh fails the last good one serves until its end minus the skew', async (t) => {
  const { ask, count, time, answer } = bench()
  const first = await ask()
  answer(() => transient)
  time.now = endOf(first) - EXPIRY_SKEW - 10_000
  t.equal(endOf(await ask()), endOf(first))
  await settled()
  t.equal(count(), 2)
  t.equal(endOf(await ask()), endOf(first))
  await settled()
  t.equal(count(), 2, 'the failed refresh is not repeated at once')
  time.now += 2_000
  await ask()
  await settled()
  t.equal(count(), 3, 'but later')
  time.now = endOf(first) - EXPIRY_SKEW
  t.notOk((await ask()).ok, 'never beyond')
  answer(() => permanent)
  time.now += 5_000
  t.equal(await ask(), permanent)
})

t.test('failures are remembered: permanent 30 s, transient 1 to 2 s', async (t) => {
  for (const [answer, random, span] of [
    [permanent, 0, 30_000],
    [transient, 0, 1_000],
    [transient, 0.5, 1_500],
  ] as const) {
    const { ask, count, time, answer: next } = bench({ random })
    next(() => answer)
    t.equal(await ask(), answer)
    time.now += span - 1
    t.equal(await ask(), answer)
    t.equal(count(), 1, `${span} ms`)
    time.now += 1
    next(() => fresh(time.now + HOUR))
    t.ok((await ask()).ok)
    t.equal(count(), 2)
  }
})

const settling = err({
  ...refusal('ERR_SG_CREDENTIAL_CONFIG', 'not there yet'),
  settling: true as const,
})

t.test('a setting that may be on its way is asked for soon, then ever less often', async (t) => {
  const { ask, count, time, answer, cache } = bench()
  answer(() => settling)
  const spans: number[] = []
  await ask()
  let asked = count()
  for (let at = time.now; spans.length < 7; time.now += 1_000) {
    await ask()
    if (count() === asked) continue
    asked = count()
    spans.push(time.now - at)
    at = time.now
  }
  t.strictSame(spans, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  cache.purge('aws-data')
  await ask()
  t.equal(count(), asked + 1, 'purge forgets it')
  time.now += 2_000
  await ask()
  t.equal(count(), asked + 2, 'and its growth')
  answer(() => fresh(time.now + HOUR))
  time.now += 4_000
  t.ok((await ask()).ok)
  answer(() => settling)
  time.now += HOUR
  await ask()
  const after = count()
  time.now += 2_000
  await ask()
  t.equal(count(), after + 1, 'a success ends the growth')
  time.now += HOUR
  await ask()
  time.now += 2_000
  await ask()
  t.equal(count(), after + 3, 'and so does a long silence')
})

t.test('an exchange that throws is a refusal without its text', async (t) => {
  const { ask, answer } = bench()
  answer(() => Promise.reject(new RangeError('canary-token')))
  const got = await ask()
  t.notOk(got.ok)
  if (got.ok) return
  t.equal(got.error.code, 'ERR_SG_CREDENTIAL_UNAVAILABLE')
  t.equal(got.error.rule, 'CRED-thrown')
  t.notMatch(got.error.detail, /canary/)
})

t.test('a credential that is about to expire is not handed out', async (t) => {
  const { ask, answer, time, cache } = bench()
  answer(() => fresh(time.now + EXPIRY_SKEW))
  const got = await ask()
  t.equal(got.ok ? '' : got.error.rule, 'CRED-short')
  t.equal(cache.size, 0)
})

t.test('holds no more than its bound, and failures push no credential out', async (t) => {
  const { ask, answer, cache, count } = bench({ maxEntries: 10 })
  await ask('good')
  for (let index = 0; index < 50; index += 1) {
    answer(() => permanent)
    await ask(`bad-${index}`)
  }
  const before = count()
  t.ok((await ask('good')).ok)
  t.equal(count(), before)
  answer(() => fresh(Number.MAX_SAFE_INTEGER))
  for (let index = 0; index < 50; index += 1) await ask(`more-${index}`)
  t.equal(cache.size, 10)
})

t.test('no more than so many exchanges are under way', async (t) => {
  const { ask, answer, time, count } = bench({ maxExchanges: 2 })
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  answer(() => gate.then(() => fresh(time.now + HOUR)))
  const waiting = [ask('a'), ask('b'), ask('a')]
  const refused = await ask('c')
  t.equal(refused.ok ? '' : refused.error.rule, 'CRED-busy')
  release()
  t.ok((await Promise.all(waiting)).every((got) => got.ok))
  t.equal(count(), 2)
  t.ok((await ask('c')).ok, 'the refusal of the busy moment is not remembered')
})

t.test('purge forgets one name or all, and what was under way is not kept', async (t) => {
  const { ask, answer, cache, count, time } = bench()
  await ask('a', 'one')
  await ask('b', 'two')
  cache.purge('one')
  t.equal(cache.size, 1)
  await ask('b', 'two')
  t.equal(count(), 2)
  cache.purge()
  t.equal(cache.size, 0)
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  answer(() => gate.then(() => fresh(time.now + HOUR)))
  const waiting = ask('c', 'one')
  cache.purge('one')
  answer(() => fresh(time.now + 2 * HOUR))
  t.equal(endOf(await ask('c', 'one')), time.now + 2 * HOUR, 'nobody joins the old exchange')
  release()
  t.equal(endOf(await waiting), time.now + HOUR, 'who waited is answered')
  t.equal(endOf(await ask('c', 'one')), time.now + 2 * HOUR, 'but its result is not kept')
  answer(() => permanent)
  await ask('d', 'one')
  cache.purge('one')
  answer(() => fresh(time.now + HOUR))
  t.ok((await ask('d', 'one')).ok, 'failures are forgotten too')
})

t.test('prints no secret', async (t) => {
  const { ask, answer, cache } = bench()
  answer(() => ok(awsCredential({ secretAccessKey: new Secret('canary') })))
  const got = await ask()
  t.notMatch(inspect([cache, got], { depth: 12, showHidden: true }), /canary/)
  t.notMatch(JSON.stringify([cache, got]), /canary/)
})

t.test('a credential that is held is there at once, without a turn of the loop', async (t) => {
  const { cache, ask } = bench()
  await ask()
  const held = cache.obtain('aws-data', 'k', () => Promise.reject(new Error('asked')))
  t.match(held, { ok: true })
})
