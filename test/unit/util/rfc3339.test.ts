import t from 'tap'
import { formatRfc3339, isoText, parseRfc3339 } from '../../../gateway/util/rfc3339.ts'

t.test('instants are read with their offset', async (t) => {
  // RFC 3339 §5.8, the first three examples, and their milliseconds from its own explanations.
  const cases: readonly [string, number][] = [
    ['1985-04-12T23:20:50.52Z', Date.UTC(1985, 3, 12, 23, 20, 50, 520)],
    ['1996-12-19T16:39:57-08:00', Date.UTC(1996, 11, 20, 0, 39, 57)],
    ['1937-01-01T12:00:27.87+00:20', Date.UTC(1937, 0, 1, 11, 40, 27, 870)],
    ['2026-11-23t10:00:00z', Date.UTC(2026, 10, 23, 10)],
    ['2024-02-29T00:00:00.123456789Z', Date.UTC(2024, 1, 29, 0, 0, 0, 123)],
  ]
  for (const [text, ms] of cases) t.equal(parseRfc3339(text), ms, text)
})

t.test('what is no instant is nothing', async (t) => {
  const cases = [
    '',
    '2026-11-23',
    '2026-11-23T10:00:00',
    '2026-11-23 10:00:00Z',
    '2026-02-30T10:00:00Z',
    '2025-02-29T10:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T10:60:00Z',
    '2026-11-23T10:00:00+24:00',
    '2026-11-23T10:00:00+01:60',
    '2026-11-23T10:00:00+0100',
    '2026-11-23T10:00:00Zx',
    '1795456800',
  ]
  for (const text of cases) t.equal(parseRfc3339(text), undefined, text)
})

t.test('instants are written in UTC, without empty milliseconds', async (t) => {
  t.equal(formatRfc3339(Date.UTC(2026, 10, 23, 18)), '2026-11-23T18:00:00Z')
  t.equal(formatRfc3339(Date.UTC(2026, 10, 23, 18, 0, 0, 123)), '2026-11-23T18:00:00.123Z')
})

t.test('the text with milliseconds is that of Date, in whatever order instants come', async (t) => {
  const second = Date.UTC(2026, 10, 23, 18)
  const steps = [0, 7, 7, 999, 45, 1000, 999, 999.5, 1000.25, 1000, 60_000, -1, 86_400_000, 0]
  for (const step of [...steps, -second, -second - 1, -second - 1001]) {
    t.equal(isoText(second + step), new Date(second + step).toISOString(), String(step))
  }
  for (const ms of [NaN, Infinity, 9e15]) t.throws(() => isoText(ms), RangeError)
})
