import t from 'tap'
import {
  LOOKUP_CACHE_BYTES,
  LOOKUP_TTL,
  LookupCache,
} from '../../../gateway/operations/lookup-cache.ts'
import { err, ok, type Result } from '../../../gateway/util/result.ts'
import { ManualTime } from '../../support/manual-time.ts'

type Answer = Result<string, string>

interface Asked {
  readonly answer: (result: Answer) => void
  isAborted: boolean
}

function scene(sizeOf: (answer: string) => number = () => 1) {
  const time = new ManualTime()
  const cache = new LookupCache<string, string>({ clock: time, sizeOf })
  const asked: Asked[] = []
  const call = (onAbandoned: (abort: () => void) => void): Promise<Answer> =>
    new Promise((resolve) => {
      const one: Asked = { answer: resolve, isAborted: false }
      asked.push(one)
      onAbandoned(() => {
        one.isAborted = true
        resolve(err('aborted'))
      })
    })
  return { time, cache, asked, call }
}

t.test('an answer is fresh for a minute, counted from the asking', async (t) => {
  const { time, cache, asked, call } = scene()
  const waiting = cache.wait('k', call)
  time.advance(5_000)
  asked[0]?.answer(ok('a'))
  t.same(await waiting.answer, ok('a'))
  t.equal(cache.get('k'), 'a')
  t.equal(cache.get('other'), undefined)
  time.advance(LOOKUP_TTL - 5_001)
  t.equal(cache.get('k'), 'a')
  time.advance(1)
  t.equal(cache.get('k'), undefined)
  t.ok(LOOKUP_TTL <= 60_000)
})

t.test('many who ask the same wait for one call', async (t) => {
  const { cache, asked, call } = scene()
  t.equal(cache.isUnderWay('k'), false)
  const first = cache.wait('k', call)
  t.equal(cache.isUnderWay('k'), true)
  const second = cache.wait('k', call)
  const other = cache.wait('l', call)
  t.same([first.isFirst, second.isFirst, other.isFirst], [true, false, true])
  t.equal(asked.length, 2)
  asked[0]?.answer(ok('a'))
  asked[1]?.answer(ok('b'))
  t.same(await Promise.all([first.answer, second.answer, other.answer]), [
    ok('a'),
    ok('a'),
    ok('b'),
  ])
  t.equal(cache.isUnderWay('k'), false)
})

t.test('a failure is told to all who wait, and not kept', async (t) => {
  const { cache, asked, call } = scene()
  const waiting = [cache.wait('k', call), cache.wait('k', call)]
  asked[0]?.answer(err('no'))
  t.same(await Promise.all(waiting.map(({ answer }) => answer)), [err('no'), err('no')])
  t.equal(cache.get('k'), undefined)
  t.equal(cache.wait('k', call).isFirst, true)
})

t.test('a call goes on while anybody waits, and is abandoned by the last', async (t) => {
  const { cache, asked, call } = scene()
  const first = cache.wait('k', call)
  const second = cache.wait('k', call)
  first.leave()
  t.equal(asked[0]?.isAborted, false)
  second.leave()
  t.equal(asked[0]?.isAborted, true)
  const later = cache.wait('k', call)
  t.equal(later.isFirst, true, 'nobody joins what was cut short')
  asked[1]?.answer(ok('a'))
  t.same(await later.answer, ok('a'))
  t.same(await first.answer, err('aborted'))
  t.equal(cache.get('k'), 'a', 'the abandoned call took nothing away')
})

t.test('one that is abandoned before it can be ended is ended then', async (t) => {
  const { cache } = scene()
  let begin = (): void => undefined
  let isAborted = false
  const waiting = cache.wait('k', async (onAbandoned) => {
    await new Promise<void>((resolve) => {
      begin = resolve
    })
    onAbandoned(() => {
      isAborted = true
    })
    return ok('late')
  })
  waiting.leave()
  begin()
  await waiting.answer
  t.equal(isAborted, true)
  t.equal(cache.get('k'), undefined)
})

t.test('what is kept is bounded; the least used goes first', async (t) => {
  const { cache, asked, call } = scene(() => LOOKUP_CACHE_BYTES / 2 - 1)
  for (const [index, key] of ['a', 'b', 'c'].entries()) {
    const { answer } = cache.wait(key, call)
    asked[index]?.answer(ok(key))
    await answer
  }
  t.same(
    ['a', 'b', 'c'].map((key) => cache.get(key)),
    [undefined, 'b', 'c'],
  )
})
