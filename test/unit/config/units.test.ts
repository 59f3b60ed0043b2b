import t from 'tap'
import { editDistance, nearest } from '../../../gateway/config/nearest.ts'
import { durationOf, parseDuration, parseSize, sizeOf } from '../../../gateway/config/units.ts'

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ['0s', 0],
  ['250ms', 250],
  ['900s', 900_000],
  ['5m', 300_000],
  ['24h', 86_400_000],
  ['30d', 2_592_000_000],
  ['5', undefined],
  ['5 m', undefined],
  ['05m', undefined],
  ['1.5h', undefined],
  ['-1s', undefined],
  ['1h30m', undefined],
  ['5M', undefined],
  ['1e3s', undefined],
  ['5m\n', undefined],
  ['٥m', undefined],
]

const SIZES: readonly (readonly [string, number | undefined])[] = [
  ['0B', 0],
  ['512B', 512],
  ['16KiB', 16_384],
  ['256MiB', 268_435_456],
  ['4GiB', 4_294_967_296],
  ['16KB', undefined],
  ['16K', undefined],
  ['16kib', undefined],
  ['16', undefined],
  ['1.5MiB', undefined],
]

t.test('durations have one spelling each', async (t) => {
  for (const [text, ms] of DURATIONS) t.equal(parseDuration(text), ms, JSON.stringify(text))
})

t.test('sizes have one spelling each', async (t) => {
  for (const [text, bytes] of SIZES) t.equal(parseSize(text), bytes, JSON.stringify(text))
})

t.test('a wrong default is a programmer’s mistake', async (t) => {
  t.throws(() => durationOf('soon'), TypeError)
  t.throws(() => sizeOf('big'), TypeError)
})

t.test('edit distance counts swaps of neighbours as one slip', async (t) => {
  const rows: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['listen', 'listen', 0],
    ['lsiten', 'listen', 1],
    ['adress', 'address', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
  ]
  for (const [a, b, distance] of rows) {
    t.equal(editDistance(a, b), distance, `${a} → ${b}`)
    t.equal(editDistance(b, a), distance, `${b} → ${a}`)
  }
})

t.test('the nearest key is offered only when it is near', async (t) => {
  const known = ['listen', 'limits', 'identity']
  t.equal(nearest('limts', known), 'limits')
  t.equal(nearest('LISTEN', known), 'listen')
  t.equal(nearest('credentials', known), undefined)
  t.equal(nearest('x'.repeat(1000), known), undefined)
})
