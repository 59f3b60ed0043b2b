// Refusals repeat foreign text: what the agent sent, what the policy named. These are the texts
// that an attacker would choose.

import fc from 'fast-check'
import t from 'tap'
import { renderRefusal } from '../../../gateway/respond/answer.ts'
import type { RefusalContext } from '../../../gateway/respond/refusal-answer.ts'
import { cleanId, cleanText, refusalMessage } from '../../../gateway/respond/text.ts'
import type { Dialect } from '../../../gateway/routing/route.ts'
import { readCborMap } from '../../support/cbor-reader.ts'
import { readXml } from '../../support/xml-reader.ts'

function context(more: Partial<RefusalContext>): RefusalContext {
  return {
    code: 'ERR_SG_DENIED',
    decisionId: 'd-1',
    role: 'r',
    operation: 's3.GetObject',
    resource: undefined,
    reasons: [],
    alternatives: [],
    isHead: false,
    now: 0,
    ...more,
  }
}

const UNSAFE: readonly (readonly [id: string, text: string])[] = [
  ['line feed (log forging)', 'a\nb'],
  ['carriage return (header splitting)', 'a\r\nb'],
  ['NUL', 'a\u0000b'],
  ['escape sequence', 'a\u001b[2Jb'],
  ['C1 control sequence introducer', 'a\u009b2Jb'],
  ['DEL', 'a\u007fb'],
  ['right-to-left override', 'a\u202eb'],
  ['first strong isolate', 'a\u2068b'],
  ['line separator', 'a\u2028b'],
  ['tag characters (read by models only)', 'a\u{e0041}b'],
  ['high surrogate alone', 'a\ud83db'],
  ['low surrogate alone', 'a\ude00b'],
  ['noncharacter U+FFFF', 'a\uffffb'],
]

for (const [id, text] of UNSAFE) {
  t.test(`cleaned: ${id}`, async (t) => {
    const cleaned = cleanText(text, 100)
    t.match(cleaned, /^a\ufffd.*b$/u)
    t.notMatch(cleaned.replaceAll('\ufffd', ''), /[^ab[2J]/)
    t.notMatch(cleaned, /\p{Cs}/u)
  })
}

t.test('ordinary text in any script stays as it is', async (t) => {
  for (const text of ['reports/2026/ä ö+%20.csv', '日本語/キー', '😀', 'a\'b"<c>&d']) {
    t.equal(cleanText(text, 100), text)
  }
})

t.test('a cut never leaves half a character', async (t) => {
  const cleaned = cleanText('x'.repeat(9) + '😀😀', 10)
  t.notMatch(cleaned, /\p{Cs}/u)
  t.ok(cleaned.endsWith('…'))
})

t.test('the message is bounded whatever is put in', async (t) => {
  const long = 'x'.repeat(100_000)
  const message = refusalMessage(
    context({
      role: long,
      operation: long,
      resource: long,
      hint: long,
      decisionId: long,
      reasons: Array.from({ length: 1000 }, () => long),
      alternatives: Array.from({ length: 1000 }, () => long),
    }),
  )
  t.ok(message.length < 6000, String(message.length))
})

t.test('a hint is told, and nothing is told that was not given', async (t) => {
  t.match(refusalMessage(context({ hint: 'Use /aws/s3' })), 'Hint: Use /aws/s3.')
  t.equal(
    refusalMessage(context({ role: undefined, operation: undefined })),
    'ERR_SG_DENIED: The policy does not allow this request. Decision: d-1',
  )
})

t.test('a decision id can carry nothing into a header', async (t) => {
  t.equal(cleanId('a\r\nset-cookie: x=1\u00e4'), 'aset-cookie:x1')
})

t.test('every text survives every dialect: it can be parsed and forges no header', async (t) => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  )
  const parsers: readonly (readonly [Dialect, (body: Buffer) => string | undefined])[] = [
    ['s3', (body) => readXml(body).get('Error/Message')],
    ['aws-query', (body) => readXml(body).get('ErrorResponse/Error/Message')],
    ['aws-ec2', (body) => readXml(body).get('Response/Errors/Error/Message')],
    ['aws-json', (body) => JSON.parse(body.toString('utf8')).message],
    ['aws-rest-json', (body) => JSON.parse(body.toString('utf8')).message],
    ['aws-cbor', (body) => readCborMap(body).get('message')],
    ['json', (body) => JSON.parse(body.toString('utf8')).error.message],
  ]
  fc.assert(
    fc.property(anyText, anyText, fc.array(anyText), (resource, decisionId, reasons) => {
      const given = context({ resource, decisionId, reasons })
      for (const [dialect, parse] of parsers) {
        const answer = renderRefusal(dialect, given)
        if (parse(answer.body) !== refusalMessage(given)) return false
        if (answer.headers.some(([, value]) => /[^\x20-\x7e]/.test(value))) return false
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.pass()
})
