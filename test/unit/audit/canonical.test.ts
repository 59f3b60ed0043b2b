import t from 'tap'
import { canonicalJson, canonicalRecordJson, MAX_DEPTH } from '../../../gateway/audit/canonical.ts'
import { Secret } from '../../../gateway/util/secret.ts'

t.test('absent members leave no trace', async (t) => {
  t.equal(canonicalJson({ b: undefined, a: 1, c: undefined }), '{"a":1}')
  t.equal(canonicalJson({ a: undefined }), '{}')
})

t.test('what is not JSON data is refused, never printed in some form', async (t) => {
  const refused: readonly (readonly [string, unknown])[] = [
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['an absent array element', [undefined]],
    ['a map', new Map([['a', 1]])],
    ['a date', new Date(0)],
    ['a buffer', Buffer.from('x')],
    ['a secret', { a: new Secret('canary') }],
    ['NaN', { n: Number.NaN }],
    ['infinity', [Number.POSITIVE_INFINITY]],
  ]
  for (const [id, value] of refused) t.throws(() => canonicalJson(value), TypeError, id)
})

t.test('a refusal does not repeat what it refused', async (t) => {
  try {
    canonicalJson({ a: new Secret('canary') })
    t.fail('must throw')
  } catch (error) {
    t.notMatch(String(error), /canary/)
  }
})

t.test('nesting is bounded', async (t) => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  t.equal(canonicalJson(nested(MAX_DEPTH)).length, 2 * MAX_DEPTH + 1)
  t.throws(() => canonicalJson(nested(MAX_DEPTH + 1)), TypeError)
})

t.test('lone surrogates are refused by the RFC and replaced in records', async (t) => {
  t.throws(() => canonicalJson('a\ud800b'), TypeError)
  t.throws(() => canonicalJson('\udc00'), TypeError)
  t.equal(canonicalRecordJson('a\ud800b'), '"a\ufffdb"')
  t.equal(canonicalRecordJson(['\udc00\ud800']), '["\ufffd\ufffd"]')
  t.equal(canonicalRecordJson('\ud83d\ude02'), '"\ud83d\ude02"', 'a pair is a character')
  t.throws(() => canonicalRecordJson({ '\ud800': 1 }), TypeError, 'two names could become one')
})

t.test('a name from a client is only a name', async (t) => {
  const value: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":2}')
  t.equal(canonicalJson(value), '{"__proto__":{"a":1},"constructor":2}')
})
