import fc from 'fast-check'
import t from 'tap'
import { canonicalJson } from '../../../gateway/audit/canonical.ts'
import {
  memberText,
  scanCanonicalObject,
  withoutMember,
} from '../../../gateway/audit/canonical-form.ts'

t.test('any other spelling of a value is named as a flaw', async (t) => {
  const flawed: readonly (readonly [string, string, RegExp])[] = [
    ['a space', '{"a": 1}', /no JSON value/],
    ['members out of order', '{"b":1,"a":2}', /out of order/],
    ['a repeated member', '{"a":1,"a":2}', /repeated/],
    ['a repeated member, spelled otherwise', '{"\\n":1,"\\n":2}', /repeated/],
    ['an order by code point instead of UTF-16', '{"\ufb33":1,"\ud83d\ude02":2}', /out of order/],
    ['an escape that is not needed', '{"a":"\\u0041"}', /minimally escaped/],
    ['an escaped slash', '{"a":"\\/"}', /minimally escaped/],
    ['a long form of a short escape', '{"a":"\\u000a"}', /minimally escaped/],
    ['an escape in upper case', '{"a":"\\u001F"}', /minimally escaped/],
    ['a bare control character', '{"a":"\u0001"}', /minimally escaped/],
    ['a string without an end', '{"a":"x', /minimally escaped/],
    ['a leading zero', '{"a":01}', /no } where one is needed/],
    ['a plus sign', '{"a":+1}', /no JSON value/],
    ['minus zero', '{"a":-0}', /not in canonical form/],
    ['a trailing fraction', '{"a":1.0}', /not in canonical form/],
    ['an exponent that is not needed', '{"a":1e2}', /not in canonical form/],
    ['digits beyond a double', '{"a":9007199254740993}', /not in canonical form/],
    ['text behind', '{"a":1}{', /text after the object/],
    ['a trailing comma', '{"a":1,}', /no " where one is needed/],
    ['an array', '[1]', /no \{ where one is needed/],
    ['nothing', '', /no \{ where one is needed/],
    ['a misspelt literal', '{"a":trve}', /no true where one is needed/],
    ['nesting without end', `{"a":${'['.repeat(500)}`, /nested deeper/],
  ]
  for (const [id, text, flaw] of flawed) {
    const scanned = scanCanonicalObject(text)
    t.notOk(scanned.ok, id)
    if (!scanned.ok) t.match(scanned.error, flaw, id)
  }
})

t.test('the policy input keeps the digits that it had, and it alone', async (t) => {
  t.ok(scanCanonicalObject('{"input":{"n":9007199254740993,"x":[1.0,1e2]}}').ok)
  t.notOk(scanCanonicalObject('{"input":{"n":1},"z":9007199254740993}').ok)
  t.notOk(scanCanonicalObject('{"a":{"input":{"n":1.0}}}').ok, 'only at the top')
})

t.test('members are found and taken out', async (t) => {
  const text = '{"a":{"hash":1},"hash":"x","z":[1,2]}'
  const scanned = scanCanonicalObject(text)
  if (!scanned.ok) throw new Error(scanned.error)
  const members = scanned.value
  t.strictSame([...members.keys()], ['a', 'hash', 'z'])
  t.equal(memberText(text, members, 'a'), '{"hash":1}')
  t.equal(memberText(text, members, 'none'), undefined)
  const without = ['a', 'hash', 'z'].map((name) => {
    const span = members.get(name)
    return span === undefined ? '' : withoutMember(text, span)
  })
  t.strictSame(without, [
    '{"hash":"x","z":[1,2]}',
    '{"a":{"hash":1},"z":[1,2]}',
    '{"a":{"hash":1},"hash":"x"}',
  ])
})

t.test('the reader recognises whatever the writer writes, and reads the same value', async (t) => {
  const json = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 }))
  fc.assert(
    fc.property(json, (value) => {
      const text = canonicalJson(value)
      const again: unknown = JSON.parse(text)
      return scanCanonicalObject(text).ok && canonicalJson(again) === text
    }),
    { numRuns: 500 },
  )
  t.pass()
})
