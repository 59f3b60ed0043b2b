// The workload identity provider of the sandbox: which claims it maps, whom it admits, and what it
// refuses to be told.

import t from 'tap'
import { compileProvider } from '../../../gateway/demo/google/attributes.ts'
import type { ProviderSettings } from '../../../gateway/demo/google/attributes.ts'
import { parseJson } from '../../../gateway/demo/google/strict-json.ts'
import { POOL, PROVIDER } from '../../support/sandbox-google.ts'

const SETTINGS: ProviderSettings = {
  provider: PROVIDER,
  mapping: { 'google.subject': 'assertion.sub', 'attribute.role': 'assertion.svidgate.role' },
  condition:
    "assertion.sub.startsWith('spiffe://example.org/') && assertion.svidgate.tenant == 'acme'",
}

t.test('claims are mapped by their paths, and conditions hold all at once', async (t) => {
  const provider = compileProvider(SETTINGS)
  t.equal(provider.pool, POOL)
  const claims = { sub: 'spiffe://example.org/a', svidgate: { role: 'r', tenant: 'acme' } }
  const expected = [
    ['google.subject', 'spiffe://example.org/a'],
    ['attribute.role', 'r'],
  ] as const
  t.same(provider.map(claims), new Map<string, string>(expected))
  t.equal(provider.map({ sub: 1 }).get('google.subject'), undefined)
  t.equal(provider.map({ svidgate: 'x' }).get('attribute.role'), undefined)
  t.ok(provider.isAdmitted(claims))
  t.notOk(provider.isAdmitted({ ...claims, sub: 'spiffe://example.orgy/a' }))
  t.notOk(provider.isAdmitted({ ...claims, svidgate: { tenant: 'other' } }))
  t.notOk(provider.isAdmitted({ sub: claims.sub }))
})

const MALFORMED: readonly (readonly [id: string, changes: Partial<ProviderSettings>])[] = [
  ['a pool for a provider', { provider: POOL }],
  ['a project by name', { provider: PROVIDER.replace('123456789', 'acme') }],
  ['no subject', { mapping: { 'attribute.role': 'assertion.sub' } }],
  ['a claim of something else', { mapping: { 'google.subject': 'google.sub' } }],
  [
    'an attribute that is none',
    { mapping: { 'google.subject': 'assertion.sub', role: 'assertion.x' } },
  ],
  ['a condition that is always true', { condition: 'true' }],
  ['a condition of another form', { condition: "assertion.sub != 'x'" }],
]

t.test('settings that mean nothing are refused at the start', async (t) => {
  for (const [id, changes] of MALFORMED) {
    t.throws(() => compileProvider({ ...SETTINGS, ...changes }), TypeError, id)
  }
})

t.test('JSON with a name twice, or anything round it, is none', async (t) => {
  t.same(
    parseJson(' {"a": [1, -2.5e3, true, null, "\\u00e9\\n"], "b": {}} '),
    new Map<string, unknown>([
      ['a', [1, -2500, true, null, 'é\n']],
      ['b', new Map()],
    ]),
  )
  for (const text of [
    '',
    '{"a":1,"a":1}',
    '{"a":{"b":1,"\\u0062":2}}',
    '{"a":1}x',
    '{"a":1,}',
    '[1,]',
    "{'a':1}",
    '{"a":01}',
    '{"a":"\u0001"}',
    '{"a":"\\x"}',
    '"open',
    'nul',
    '['.repeat(40),
  ]) {
    t.throws(() => parseJson(text), SyntaxError, JSON.stringify(text))
  }
})
