import t from 'tap'
import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  parseStrictJson,
  writeJson,
} from '../../../gateway/util/json.ts'

const limits = { maxDepth: 4 }

const REFUSED: readonly (readonly [id: string, text: string, offset: number])[] = [
  ['empty', '', 0],
  ['white space alone', '  ', 2],
  ['byte order mark', '\ufeff{}', 0],
  ['trailing text', '{} x', 3],
  ['second document', '1 2', 2],
  ['duplicate key', '{"a":1,"a":2}', 7],
  ['duplicate key by escape', '{"a":1,"\\u0061":2}', 7],
  ['duplicate key deep down', '[{"b":{"a":1,"a":1}}]', 13],
  ['lone high surrogate, escaped', '"\\ud800"', 0],
  ['lone low surrogate, escaped', '"\\udc00x"', 0],
  ['lone surrogate, raw', '"\ud800"', 0],
  ['lone surrogate in a key', '{"\\ud800":1}', 1],
  ['surrogates in the wrong order', '"\\udc00\\ud800"', 0],
  ['too deep', '[[[[[]]]]]', 4],
  ['too deep with objects', '{"a":{"a":{"a":{"a":{}}}}}', 20],
  ['trailing comma in an array', '[1,]', 3],
  ['trailing comma in an object', '{"a":1,}', 7],
  ['missing comma', '[1 2]', 3],
  ['missing colon', '{"a" 1}', 5],
  ['unquoted key', '{a:1}', 1],
  ['single quotes', "'a'", 0],
  ['comment', '/**/1', 0],
  ['unterminated string', '"abc', 0],
  ['unterminated array', '[1', 2],
  ['unterminated object', '{"a":1', 6],
  ['control character', '"a\u0001"', 2],
  ['line feed in a string', '"a\nb"', 2],
  ['unknown escape', '"\\x41"', 2],
  ['short unicode escape', '"\\u12"', 2],
  ['leading zero', '01', 1],
  ['plus', '+1', 0],
  ['bare point', '.5', 0],
  ['point without digits', '1.', 1],
  ['exponent without digits', '1e', 1],
  ['hexadecimal', '0x10', 1],
  ['NaN', 'NaN', 0],
  ['Infinity', '-Infinity', 0],
  ['minus alone', '-', 0],
  ['misspelt word', 'nul', 0],
  ['capital word', 'True', 0],
]

t.test('what two readers could read in two ways is refused, with its place', (t) => {
  for (const [id, text, offset] of REFUSED) {
    const parsed = parseStrictJson(text, limits)
    t.equal(parsed.ok, false, id)
    if (!parsed.ok) t.equal(parsed.error.offset, offset, `${id}: offset`)
  }
  t.end()
})

t.test('values agree with JSON.parse where that loses nothing', (t) => {
  const texts = [
    'null',
    ' true ',
    '[false, 1, -2.5, "x"]',
    '{"a": {"b": []}, "": "é\\n\\u00e9\\ud83d\\ude00\\/\\b\\f\\t\\r\\"\\\\"}',
    '"\ud83d\ude00"',
    '{"__proto__": 1, "toString": {}}',
    '[[[[]]]]',
  ]
  for (const text of texts) {
    const parsed = parseStrictJson(text, limits)
    t.ok(parsed.ok, text)
    if (parsed.ok) t.same(JSON.parse(writeJson(parsed.value)), JSON.parse(text), text)
  }
  t.end()
})

t.test('numbers keep every digit and their very form', (t) => {
  for (const text of ['12345678901234567890123', '1.0', '1e3', '0.10', '-0', '1E+05', '1e400']) {
    const parsed = parseStrictJson(text, limits)
    t.ok(parsed.ok && parsed.value instanceof JsonNumber, text)
    if (parsed.ok) t.equal(writeJson(parsed.value), text)
  }
  t.end()
})

t.test('keys that an object would take for its prototype are ordinary keys', (t) => {
  const parsed = parseStrictJson('{"__proto__":{"x":1}}', limits)
  t.ok(parsed.ok && isJsonObject(parsed.value))
  if (parsed.ok && isJsonObject(parsed.value)) {
    t.ok(isJsonObject(parsed.value.get('__proto__')))
    t.equal(writeJson(parsed.value), '{"__proto__":{"x":1}}')
  }
  t.notOk(Object.hasOwn(Object.prototype, 'x'))
  t.end()
})

t.test('arrays and objects are told apart', (t) => {
  const array = parseStrictJson('[]', limits)
  t.ok(array.ok && isJsonArray(array.value) && !isJsonObject(array.value))
  t.end()
})
