// The reader of `jobReference`, against JSON.parse: whatever the document, however it is cut.

import fc from 'fast-check'
import t from 'tap'
import {
  JobReferenceScanner,
  type JobReference,
} from '../../../../gateway/upstream/rewrite/gcp/job-reference.ts'

/** Reads the pieces one by one, as an answer comes. */
function scan(...pieces: readonly (string | Buffer)[]): JobReference | undefined {
  const scanner = new JobReferenceScanner()
  let found: JobReference | undefined
  for (const piece of pieces) {
    const now = scanner.read(Buffer.from(piece))
    if (now === undefined) continue
    if (found !== undefined) throw new Error('found twice')
    found = now
  }
  return found
}

function inBytes(text: string): Buffer[] {
  return [...Buffer.from(text)].map((byte) => Buffer.from([byte]))
}

// As BigQuery writes it (REST `QueryResponse`), shortened.
const QUERY_RESPONSE = `{
  "kind": "bigquery#queryResponse",
  "schema": { "fields": [ { "name": "n", "type": "INTEGER", "mode": "NULLABLE" } ] },
  "jobReference": { "projectId": "p", "jobId": "job_Zx81-_a", "location": "EU" },
  "totalRows": "1",
  "rows": [ { "f": [ { "v": "1" } ] } ],
  "totalBytesProcessed": "0",
  "jobComplete": true,
  "cacheHit": false
}
`
const FOUND = { projectId: 'p', jobId: 'job_Zx81-_a' }

t.test('an answer of jobs.query names its job, wherever it is cut', (t) => {
  t.strictSame(scan(QUERY_RESPONSE), FOUND)
  t.strictSame(scan(...inBytes(QUERY_RESPONSE)), FOUND)
  for (let cut = 0; cut <= QUERY_RESPONSE.length; cut += 1) {
    t.strictSame(scan(QUERY_RESPONSE.slice(0, cut), QUERY_RESPONSE.slice(cut)), FOUND)
  }
  t.end()
})

t.test('it is known with the brace that ends it, not before, and nothing behind is read', (t) => {
  const end = QUERY_RESPONSE.indexOf('"EU" }') + '"EU" }'.length
  t.equal(scan(QUERY_RESPONSE.slice(0, end - 1)), undefined)
  const scanner = new JobReferenceScanner()
  t.strictSame(scanner.read(Buffer.from(QUERY_RESPONSE.slice(0, end))), FOUND)
  t.ok(scanner.isDone)
  t.equal(scanner.read(Buffer.from(QUERY_RESPONSE)), undefined)
  t.end()
})

const OTHER = '{"projectId":"p","jobId":"other"}'

const ANSWERS: readonly (readonly [id: string, text: string, jobId: string | undefined])[] = [
  ['first of all', `{"jobReference":{"jobId":"j"}}`, 'j'],
  ['behind the rows', `{"rows":[{"f":[{"v":"1"},{"v":null}]}],"jobReference":{"jobId":"j"}}`, 'j'],
  ['an unknown member in it', `{"jobReference":{"x":{"jobId":"k"},"jobId":"j"}}`, 'j'],
  ['an id with escapes', `{"jobReference":{"jobId":"\\u006a_1"}}`, 'j_1'],
  ['a key with escapes', `{"job\\u0052eference":{"job\\u0049d":"j"}}`, 'j'],
  ['no job was created', `{"kind":"k","queryId":"q","rows":[],"jobComplete":true}`, undefined],
  ['a dry run', `{"jobReference":{"projectId":"p","location":"US"},"x":1}`, undefined],
  ['an empty one', `{"jobReference":{}}`, undefined],
  ['null', `{"jobReference":null}`, undefined],
  ['nested', `{"a":{"jobReference":${OTHER}},"b":[{"jobReference":${OTHER}}]}`, undefined],
  ['nested, then its own', `{"a":{"jobReference":${OTHER}},"jobReference":{"jobId":"j"}}`, 'j'],
  ['in a list', `[{"jobReference":${OTHER}}]`, undefined],
  ['a list of them', `{"jobReference":[${OTHER}]}`, undefined],
  ['a list, then its own', `{"jobReference":[],"jobReference":${OTHER}}`, undefined],
  ['said twice, null first', `{"jobReference":null,"jobReference":${OTHER}}`, undefined],
  ['said twice, spelled otherwise', `{"jobReference":1,"job\\u0052eference":${OTHER}}`, undefined],
  ['two ids', `{"jobReference":{"jobId":"a","jobId":"b"}}`, undefined],
  ['two ids, spelled otherwise', `{"jobReference":{"jobId":"a","job\\u0049d":"b"}}`, undefined],
  ['two projects', `{"jobReference":{"projectId":"a","projectId":"b","jobId":"j"}}`, undefined],
  ['an id that is a number', `{"jobReference":{"jobId":1}}`, undefined],
  ['an id that is an object', `{"jobReference":{"jobId":{"jobId":"j"}}}`, undefined],
  ['a project that is null', `{"jobReference":{"projectId":null,"jobId":"j"}}`, undefined],
  ['an id of other letters', `{"jobReference":{"jobId":"j/../k"}}`, undefined],
  ['an empty id', `{"jobReference":{"jobId":""}}`, undefined],
  ['the longest id', `{"jobReference":{"jobId":"${'j'.repeat(1024)}"}}`, 'j'.repeat(1024)],
  ['an id too long', `{"jobReference":{"jobId":"${'j'.repeat(1025)}"}}`, undefined],
  ['an id without end', `{"jobReference":{"jobId":"${'j'.repeat(10_000)}"}}`, undefined],
  ['a project of other letters', `{"jobReference":{"projectId":"P Q","jobId":"j"}}`, undefined],
  ['a long key before', `{"${'k'.repeat(10_000)}":1,"jobReference":{"jobId":"j"}}`, 'j'],
  [
    'in a text',
    `{"m":"\\"jobReference\\":{\\"jobId\\":\\"x\\"},","jobReference":{"jobId":"j"}}`,
    'j',
  ],
  ['a text that ends in an escape', `{"m":"\\\\","jobReference":{"jobId":"j"}}`, 'j'],
  ['as a value', `{"m":"jobReference","n":${OTHER},"jobReference":{"jobId":"j"}}`, 'j'],
  ['as a value of a column', `{"m":["jobReference",${OTHER}]}`, undefined],
  ['not JSON: no comma', `{"a":1 "jobReference":${OTHER}}`, undefined],
  ['not JSON: two commas', `{"a":1,,"jobReference":${OTHER}}`, undefined],
  ['not JSON: no colon', `{"jobReference" ${OTHER}}`, undefined],
  ['not JSON: a value without key', `{1,"jobReference":${OTHER}}`, undefined],
  ['not JSON: brackets that do not fit', `{"a":[},"jobReference":${OTHER}}`, undefined],
  ['not JSON: a bracket too many', `{"a":1}},"jobReference":${OTHER}}`, undefined],
  ['not JSON: a comma at the end', `{"a":[1,],"jobReference":${OTHER}}`, undefined],
  ['not JSON: a comma at its end', `{"jobReference":{"jobId":"j",}}`, undefined],
  ['not JSON: single quotes', `{'a':1,"jobReference":${OTHER}}`, undefined],
  ['not JSON: a comment', `{/**/"jobReference":${OTHER}}`, undefined],
  ['not JSON: a line break in a text', `{"a":"\n","jobReference":${OTHER}}`, undefined],
  ['not JSON: an unknown escape', `{"jobReference":{"jobId":"\\x6a"}}`, undefined],
  ['not JSON: half an escape', `{"jobReference":{"jobId":"\\u00"}}`, undefined],
  ['not JSON: text before it', `)]}'\n{"jobReference":${OTHER}}`, undefined],
  ['a byte order mark', `\uFEFF{"jobReference":${OTHER}}`, undefined],
  ['a text only', `"jobReference"`, undefined],
  ['a number only', `12`, undefined],
  ['nothing', ``, undefined],
  ['deep', `{"a":${'['.repeat(200)}${']'.repeat(200)},"jobReference":{"jobId":"j"}}`, 'j'],
  ['too deep', `{"a":${'['.repeat(256)}${']'.repeat(256)},"jobReference":${OTHER}}`, undefined],
]

for (const [id, text, jobId] of ANSWERS) {
  t.test(`answer: ${id}`, (t) => {
    t.equal(scan(text)?.jobId, jobId)
    t.equal(scan(...inBytes(text))?.jobId, jobId, 'byte by byte')
    t.end()
  })
}

const JOB_ID = /^[A-Za-z0-9_-]{1,1024}$/

/** What is right, by the JSON reader that clients use. */
function expected(text: string): JobReference | undefined {
  const value = JSON.parse(text) as { jobReference?: unknown } | null
  const reference = value?.jobReference
  if (Array.isArray(value) || typeof reference !== 'object' || reference === null) return undefined
  if (Array.isArray(reference)) return undefined
  const { projectId, jobId } = reference as { projectId?: unknown; jobId?: unknown }
  if (typeof jobId !== 'string' || !JOB_ID.test(jobId)) return undefined
  if (projectId !== undefined && (typeof projectId !== 'string' || !/^[a-z]+$/.test(projectId)))
    return undefined
  return { projectId, jobId }
}

const KEYS = fc.constantFrom('jobReference', 'jobId', 'projectId', 'rows', 'f', 'v', '"', '\\', '')
const TEXTS = fc.oneof(
  KEYS,
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('j-1', 'p', '{"jobReference":{"jobId":"x"}}', '\\"', '\u2028', '\n'),
)
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(TEXTS, fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie('document'), { maxLength: 4 }),
    fc.dictionary(KEYS, tie('document'), { maxKeys: 5 }),
  ),
}))
const reference = fc.record(
  {
    projectId: fc.oneof(fc.constant('p'), document),
    jobId: fc.constantFrom('j-1', 'ü', 7),
    x: document,
  },
  { requiredKeys: [] },
)
/** Half of them answers with a reference among other members, in any order. */
const answer = fc.oneof(
  document,
  fc
    .tuple(fc.dictionary(KEYS, document, { maxKeys: 4 }), reference, fc.boolean())
    .map(([others, jobReference, isFirst]) => {
      const { jobReference: _replaced, ...rest } = others
      return isFirst ? { jobReference, ...rest } : { ...rest, jobReference }
    }),
)

t.test('for every document and every cut it says what JSON.parse says', (t) => {
  fc.assert(
    fc.property(
      answer,
      fc.constantFrom(undefined, 1, '\t'),
      fc.boolean(),
      (value, space, isAscii) => {
        const plain = JSON.stringify(value, undefined, space)
        const text = isAscii ? plain.replace(/[^ -~\s]/gu, escaped) : plain
        const bytes = Buffer.from(text)
        const right = JSON.stringify(expected(text))
        for (let cut = 0; cut <= bytes.length; cut += 1) {
          const found = scan(bytes.subarray(0, cut), bytes.subarray(cut))
          if (JSON.stringify(found) !== right) return false
        }
        return JSON.stringify(scan(...inBytes(text))) === right
      },
    ),
    { numRuns: 150 },
  )
  t.end()
})

function escaped(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('')
}

t.test('of bytes that are no JSON it says nothing wrong, and never throws', (t) => {
  const noise = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      ' ',
      '1',
      '"jobReference"',
      '"jobId"',
      '"j"',
    ),
    { maxLength: 16 },
  )
  fc.assert(
    fc.property(noise, (parts) => {
      const text = parts.join('')
      const found = scan(text)
      if (found === undefined) return true
      // What was read up to the end of the reference is the beginning of a document that is JSON.
      const whole = [...text].flatMap((_, at) => [`${text.slice(0, at + 1)}}`])
      return whole.some((candidate) => isJsonWith(candidate, found.jobId))
    }),
    { numRuns: 2000 },
  )
  t.end()
})

function isJsonWith(text: string, jobId: string): boolean {
  try {
    return expected(text)?.jobId === jobId
  } catch {
    return false
  }
}

t.test('an answer of many megabytes without a job is passed over piece by piece', (t) => {
  const scanner = new JobReferenceScanner()
  scanner.read(Buffer.from('{"kind":"bigquery#queryResponse","rows":['))
  const rows = Buffer.from(`{"f":[{"v":"${'x'.repeat(50)}"},{"v":"1"}]},`.repeat(1000))
  for (let piece = 0; piece < 100; piece += 1) scanner.read(rows)
  t.notOk(scanner.isDone)
  t.strictSame(scanner.read(Buffer.from('0],"jobReference":{"jobId":"j"}}')), {
    projectId: undefined,
    jobId: 'j',
  })
  t.end()
})
