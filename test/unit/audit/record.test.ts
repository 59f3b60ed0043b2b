import t from 'tap'
import { canonicalJson } from '../../../gateway/audit/canonical.ts'
import type { AuditEvent } from '../../../gateway/audit/event.ts'
import { RecordLines } from '../../../gateway/audit/record-lines.ts'
import { NO_HASH, prepareEvent } from '../../../gateway/audit/record.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { decisionEvent, hashOfLine, lookupEvent, outcomeEvent } from '../../support/audit.ts'

function line(event: AuditEvent, seq = 7, prev = NO_HASH): string {
  const lines = new RecordLines()
  lines.add(prepareEvent(event), seq, prev)
  return lines.take().toString()
}

/** The event as the generic canonicaliser writes it, with the members that a record adds. */
function expected(event: AuditEvent, hash: string, seq: number, prev: string): string {
  const spliced = new Map<string, string>()
  if (event.type === 'decision') {
    if (event.input !== undefined) spliced.set('input', event.input)
    if (event.explanation !== undefined) spliced.set('explanation', event.explanation)
    if (event.facts !== undefined) spliced.set('facts', event.facts)
  }
  const marks = Object.fromEntries([...spliced.keys()].map((name) => [name, `${name}-TEXT`]))
  const record = { ...event, ...marks, erased: [], masked: [], version: 1, hash, seq, prev }
  let text = canonicalJson(record)
  for (const [name, value] of spliced) text = text.replace(`"${name}-TEXT"`, value)
  return text
}

const events: readonly (readonly [string, AuditEvent])[] = [
  ['an allowed decision', decisionEvent('d-1')],
  [
    'a refusal before there were facts',
    decisionEvent('d-2', {
      input: undefined,
      facts: undefined,
      credential: undefined,
      spiffe_id: undefined,
      result: {
        allow: false,
        code: 'ERR_SG_REQUEST_TARGET',
        detail: 'bad',
        rule: 'R-1',
        reasons: [],
      },
    }),
  ],
  ['a denial with the words of the policy', decisionEvent('d-3', { explanation: '["a",{"b":1}]' })],
  [
    'a decision after look-ups',
    decisionEvent('d-3', {
      lookups: [
        { fact: 'sql.dry_run', how: 'asked', ok: false, status: 404, us: 1200 },
        { fact: 'sql.dry_run', how: 'cached', ok: true, status: undefined, us: 0 },
      ],
    }),
  ],
  ['a look-up', lookupEvent('d-3')],
  ['an outcome', outcomeEvent('d-1')],
  [
    'an outcome without an upstream',
    outcomeEvent('d-1', {
      upstream: undefined,
      status: undefined,
      end: 'client-gone',
      code: 'ERR_SG_UPSTREAM_RESET',
    }),
  ],
  [
    'an upstream that answered nothing',
    outcomeEvent('d-1', {
      upstream: { host: 'h', status: undefined, request_id: undefined, bytes_in: 0, bytes_out: 0 },
    }),
  ],
]

t.test('a record is the canonical form of its event and its place in the chain', async (t) => {
  for (const [id, event] of events) {
    const text = line(event, 41, 'a'.repeat(64))
    const hash = hashOfLine(text.trimEnd())
    t.equal(text, `${expected(event, hash, 41, 'a'.repeat(64))}\n`, id)
  }
})

t.test('the input is spliced with its own digits', async (t) => {
  t.match(line(decisionEvent('d-1')), /"ns":1795456800123000001\}/)
})

t.test('an input that is not one line of JSON stops the record', async (t) => {
  for (const input of ['', '[]', '{}\n{"type":"decision"}', 'x{}', '{} ']) {
    t.throws(() => prepareEvent(decisionEvent('d-1', { input })), TypeError, JSON.stringify(input))
  }
})

t.test('B24: no text from outside can begin a second line or leave its quotes', async (t) => {
  const hostile = 'a\r\n{"type":"decision"}\u0000\u001b[2J"\\\u2028\u2029\u0085\ud800'
  const text = line(
    decisionEvent(hostile, {
      path: hostile,
      spiffe_id: hostile,
      timestamp: hostile,
      request: { method: hostile, path: hostile },
      result: { allow: false, reasons: [hostile], detail: hostile, rule: hostile },
      labels: { [hostile.replace('\ud800', '')]: hostile },
      bundles: { b: { revision: hostile } },
      credential: { name: hostile, kind: hostile, session: hostile, expires: hostile },
    }),
  )
  t.equal(text.indexOf('\n'), text.length - 1, 'one newline, at the end')
  // oxlint-disable-next-line no-control-regex -- that is the point
  t.notMatch(text.trimEnd(), /[\u0000-\u001f]/)
  const record = JSON.parse(text) as { request: { path: string }; type: string }
  t.equal(record.request.path, hostile.replace('\ud800', '\ufffd'))
  t.equal(record.type, 'decision')
})

t.test('a secret that strays into an event stops the record', async (t) => {
  const stray: object = { timer: new Secret('canary') }
  const event = decisionEvent('d-1', { labels: stray as Record<string, string> })
  t.throws(() => prepareEvent(event), { name: 'TypeError', message: /^(?!.*canary)/ })
})

t.test('lines of many records stand one behind the other, however large', async (t) => {
  const lines = new RecordLines()
  const sizes = [1, 100_000, 10, 2_000_000, 1]
  for (let round = 0; round < 2; round += 1) {
    const hashes = sizes.map((size, index) => {
      const input = `{"a":"${'ä€😀'.repeat(size)}"}`
      return lines.add(prepareEvent(decisionEvent(`d-${index}`, { input })), index, NO_HASH)
    })
    const read = lines.take().toString().split('\n')
    t.equal(read.pop(), '')
    t.strictSame(read.map(hashOfLine), hashes)
    t.strictSame(
      read.map((text) => (JSON.parse(text) as { hash: string }).hash),
      hashes,
    )
  }
})
