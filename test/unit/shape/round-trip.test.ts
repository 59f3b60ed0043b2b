// Property: whatever the client's spelling, the canonical path holds the very bytes of the key, and
// the shaped request means what was judged. `shape` itself refuses otherwise; here an independent
// decoder says so.

import fc from 'fast-check'
import t from 'tap'
import { shape } from '../../../gateway/shape/shape.ts'
import { allow } from '../../support/allowed.ts'
import { s3Head } from '../../support/s3-facts.ts'

/** Spells each UTF-8 byte of the key as itself (where a path takes it) or as an escape, by choice. */
function spell(key: string, choices: readonly number[]): string {
  const plain = /[A-Za-z0-9\-._~!$&'()*+,;=:@/]/
  return [...Buffer.from(key)]
    .map((byte, index) => {
      const character = String.fromCharCode(byte)
      const choice = (choices[index % choices.length] ?? 0) % 3
      if (choice === 0 && plain.test(character)) return character
      const hex = byte.toString(16).padStart(2, '0')
      return `%${choice === 1 ? hex : hex.toUpperCase()}`
    })
    .join('')
}

const keys = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...' +=:%/.~*\'()!?#&"\\'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    minLength: 1,
    maxLength: 40,
  })
  // eslint-disable-next-line no-control-regex
  .filter((key) => !/[\u0000-\u001f\u007f]/.test(key))
const choices = fc.array(fc.nat(), { minLength: 1, maxLength: 7 })

t.test('the canonical path decodes to the key that was judged, in every spelling', (t) => {
  fc.assert(
    fc.property(keys, choices, (key, spelling) => {
      const allowed = allow(s3Head('GET', `/reports/${spell(key, spelling)}`))
      const shaped = shape(allowed, { sessionPolicy: 'derive' })
      if (!shaped.ok) return false
      const { path } = shaped.value
      const sent = decodeURIComponent(path.slice('/reports/'.length))
      const isCanonical = /^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/.test(path)
      return isCanonical && sent === key && allowed.facts.targets[0]?.key === key
    }),
    { numRuns: 2000 },
  )
  t.pass('2,000 keys')
  t.end()
})

t.test('prefixes likewise, through the query', (t) => {
  fc.assert(
    fc.property(keys, choices, (prefix, spelling) => {
      const raw = spell(prefix, spelling).replaceAll('&', '%26')
      const allowed = allow(s3Head('GET', `/reports?list-type=2&prefix=${raw}`))
      const shaped = shape(allowed, { sessionPolicy: 'derive' })
      if (!shaped.ok) return false
      const sent = new Map(
        shaped.value.query.split('&').map((part) => {
          const [name = '', value = ''] = part.split('=')
          return [name, decodeURIComponent(value)]
        }),
      )
      return sent.get('prefix') === prefix && allowed.facts.targets[0]?.path === prefix
    }),
    { numRuns: 2000 },
  )
  t.pass('2,000 prefixes')
  t.end()
})

t.test('copy sources likewise', (t) => {
  fc.assert(
    fc.property(keys, choices, (key, spelling) => {
      const raw = spell(key, spelling).replaceAll('+', '%2B')
      const allowed = allow(s3Head('PUT', '/reports/k', [['x-amz-copy-source', `archive/${raw}`]]))
      const shaped = shape(allowed, { sessionPolicy: 'derive' })
      if (!shaped.ok) return false
      const line = shaped.value.headers.find(([name]) => name === 'x-amz-copy-source')?.[1] ?? ''
      return decodeURIComponent(line) === `archive/${key}` && allowed.facts.targets[1]?.key === key
    }),
    { numRuns: 1000 },
  )
  t.pass('1,000 sources')
  t.end()
})
