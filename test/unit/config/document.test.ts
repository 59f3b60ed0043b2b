// One reading only: what YAML could mean in two ways, or hide, is refused with its place.

import t from 'tap'
import { readDocument, type DocumentResult } from '../../../gateway/config/document.ts'
import { pathText } from '../../../gateway/config/problem.ts'

function read(text: string | Buffer, env: Readonly<Record<string, string>> = {}): DocumentResult {
  return readDocument(typeof text === 'string' ? Buffer.from(text) : text, env)
}

const REFUSED: readonly (readonly [id: string, text: string, place: string, message: RegExp])[] = [
  ['duplicate key', 'a: 1\nb: 2\na: 3\n', '3:1', /stands twice/],
  ['duplicate key in a flow map', 'x: {a: 1, a: 2}\n', '1:11', /stands twice/],
  ['anchor', 'a: &x 1\n', '1:7', /anchors and aliases/],
  ['alias', 'a: &x 1\nb: *x\n', '1:7', /anchors and aliases/],
  ['merge key', 'a: 1\n<<: {b: 2}\n', '2:1', /the key << is not accepted/],
  ['prototype key', '__proto__: {a: 1}\n', '1:1', /the key __proto__ is not accepted/],
  ['binary tag', 'a: !!binary aGk=\n', '1:13', /tag/i],
  ['local tag', 'a: !secret x\n', '1:4', /tag/i],
  ['two documents', 'a: 1\n---\na: 2\n', '2:1', /second document/],
  ['tab as indent', 'a:\n\tb: 1\n', '2:1', /[Tt]ab/],
  ['unclosed bracket', 'a: [1, 2\n', '2:1', /must end with a \]|Flow sequence/],
  ['list as key', '? [a]\n: 1\n', '1:3', /keys must be strings|string/i],
  ['bad indent', 'a:\n  b: 1\n c: 2\n', '3:1', /same column/],
]

for (const [id, text, place, message] of REFUSED) {
  t.test(`refused: ${id}`, async (t) => {
    const result = read(text)
    if (result.ok) throw new Error('was read')
    const [first] = result.problems
    t.match(first?.message, message)
    t.equal(`${first?.line}:${first?.column}`, place)
    t.ok(first?.hint)
  })
}

t.test('refused: bytes that are not UTF-8', async (t) => {
  const result = read(Buffer.from([0x61, 0x3a, 0x20, 0xff]))
  t.match(result, { ok: false, problems: [{ message: 'the file is not UTF-8' }] })
})

t.test('refused: more than 1 MiB, without parsing it', async (t) => {
  const result = read(Buffer.alloc(1024 * 1024 + 1, '#'))
  t.match(result, { ok: false, problems: [{ message: 'the file is larger than 1 MiB' }] })
})

t.test('refused: nesting that would exhaust the stack', async (t) => {
  for (const depth of [34, 2_000, 20_000, 200_000]) {
    const result = read(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`)
    t.match(result, { ok: false, problems: [{ message: 'the file nests too deeply' }] }, `${depth}`)
  }
})

t.test('refused: block sequences nested on one line', async (t) => {
  const result = read(`a:\n  ${'- '.repeat(100_000)}x`)
  t.match(result, { ok: false, problems: [{ message: 'the file nests too deeply' }] })
})

t.test('an alias bomb is refused, not expanded', async (t) => {
  const lines = ['a: &a [x,x,x,x,x,x,x,x,x]']
  for (let index = 1; index < 30; index++) {
    const [name, previous] = [`k${index}`, index === 1 ? 'a' : `k${index - 1}`]
    lines.push(`${name}: &${name} [${Array(9).fill(`*${previous}`).join(',')}]`)
  }
  t.equal(read(lines.join('\n')).ok, false)
})

t.test('values keep their places; a missing child stands at its parent’s key', async (t) => {
  const result = read('listen:\n  data:\n    hostnames: [a, b]\n')
  if (!result.ok) throw new Error('was not read')
  const { placeOf } = result.document
  const rows = [
    [['listen', 'data', 'hostnames', 1], false, 3, 20],
    [['listen', 'data', 'hostnames'], true, 3, 5],
    [['listen', 'data', 'hostnames'], false, 3, 16],
    [['listen', 'data', 'address'], false, 2, 3],
    [['listen', 'health', 'address'], false, 1, 1],
    [['other'], false, 1, 1],
  ] as const
  for (const [path, atKey, line, column] of rows) {
    t.strictSame(placeOf(path, atKey), { line, column }, pathText(path))
  }
})

t.test(
  'references are filled in after parsing, so a variable holds text and never YAML',
  async (t) => {
    const result = read('a: ${X}\nb: "pre-${X}"\n', { X: '1\nc: 2' })
    if (!result.ok) throw new Error('was not read')
    t.same(result.document.value, { a: '1\nc: 2', b: 'pre-1\nc: 2' })
  },
)

t.test('reference forms', async (t) => {
  const env = { N: '7', T: 'true', TEXT: 'x', EMPTY: '' }
  const rows: readonly (readonly [string, unknown])[] = [
    ['${N}', '7'],
    ['"${N}"', '7'],
    ['${T}', 'true'],
    ['${EMPTY}', ''],
    ['a${TEXT}b${TEXT}', 'axbx'],
    ['$${TEXT}', '${TEXT}'],
    ['$TEXT', '$TEXT'],
    ['$5', '$5'],
  ]
  for (const [text, value] of rows) {
    const result = read(`a: ${text}`, env)
    t.same(result.ok && result.document.value, { a: value }, text)
    t.strictSame(result.ok && result.document.findings, [], text)
  }
})

t.test('a reference that yields nothing is an error with its name', async (t) => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['${NOPE}', /NOPE is not set/],
    ['${toString}', /toString is not set/],
    ['${A:-default}', /is not a reference/],
    ['${}', /is not a reference/],
    ['${OPEN', /is not a reference/],
  ]
  for (const [text, message] of rows) {
    const result = read(`a: "${text}"`)
    t.match(result.ok && result.document.findings, [{ path: ['a'], message }], text)
  }
})
