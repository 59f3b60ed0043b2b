import fc from 'fast-check'
import t from 'tap'
import { makeFacts, type FactsFields } from '../../../gateway/facts/facts.ts'
import { buildPolicyInput, type PolicyInputParts } from '../../../gateway/policy/input.ts'
import { compileInputReads } from '../../../gateway/policy/input-reads.ts'
import { compileZones, NO_ZONES, nowText } from '../../../gateway/policy/input-time.ts'
import {
  type GatewayRequestFields,
  makeGatewayRequest,
} from '../../../gateway/request/gateway-request.ts'
import { makeRoute } from '../../../gateway/routing/route.ts'
import { makePeer, type PeerFields } from '../../../gateway/spiffe/peer.ts'

/** 2026-11-23T18:00:00.123Z, a Monday */
const NOW = 1_795_456_800_123

interface Overrides {
  readonly peer?: Partial<PeerFields>
  readonly facts?: Partial<FactsFields>
  readonly request?: Partial<GatewayRequestFields>
  readonly path?: string
  readonly now?: number
  readonly zones?: readonly string[]
  readonly reads?: readonly string[]
}

function partsWith(overrides: Overrides = {}): PolicyInputParts {
  const zones = compileZones(overrides.zones ?? [])
  if (!zones.ok) throw new Error(zones.error)
  return {
    peer: makePeer({
      spiffeId: 'spiffe://example.org/agent/acme/data-crew/writer',
      trustDomain: 'example.org',
      tenant: 'acme',
      agent: 'data-crew',
      role: 'writer',
      serial: '0a1b',
      notAfter: '2026-11-23T19:00:00Z',
      expiresAt: NOW + 3_600_000,
      sha256: '9f'.repeat(32),
      bundleRevision: 1,
      ...overrides.peer,
    }),
    facts: makeFacts({
      service: 'aws_s3',
      action: 'PutObject',
      operation: {
        provider: 'aws',
        service: 's3',
        name: 's3.PutObject',
        access: 'write',
        complete: true,
        pending: [],
        permissions: [{ action: 's3:PutObject', resource: 'arn:aws:s3:::reports/2026/q1.csv' }],
      },
      targets: [
        {
          type: 'object',
          access: 'write',
          name: 'arn:aws:s3:::reports/2026/q1.csv',
          container: 'reports',
          path: '2026/q1.csv',
          bucket: 'reports',
          key: '2026/q1.csv',
        },
      ],
      account: undefined,
      region: 'eu-west-1',
      payloadMode: 'unsigned-trailer',
      ...overrides.facts,
    }),
    request: makeGatewayRequest({
      id: '0b7c9f36-6a4f-4c8f-a5c5-1d2a8a7b9e11',
      method: 'PUT',
      host: 'gw.test',
      port: 8443,
      path: '/aws/s3/reports/2026/q1.csv',
      query: [{ name: 'x-id', value: 'PutObject' }],
      headers: new Map([['content-type', ['text/csv']]]),
      framing: { kind: 'sized', length: 312 },
      expectsContinue: false,
      ...overrides.request,
    }),
    route: makeRoute({
      provider: 'aws',
      service: 'aws_s3',
      serviceId: 's3',
      dialect: 's3',
      signingName: 's3',
      path: overrides.path ?? '/reports/2026/q1.csv',
      bucket: undefined,
      region: 'eu-west-1',
      upstream: { name: 'aws_s3', origin: 'https://s3.test', authority: 's3.test' },
    }),
    now: overrides.now ?? NOW,
    candidates: ['aws-data', 'aws-other'],
    zones: zones.value,
    reads: overrides.reads === undefined ? undefined : compileInputReads(overrides.reads),
  }
}

function textOf(overrides: Overrides = {}): string {
  const input = buildPolicyInput(partsWith(overrides))
  if (!input.ok) throw new Error(input.error.detail)
  return input.value.text
}

function documentOf(overrides: Overrides = {}): Record<string, unknown> {
  return JSON.parse(textOf(overrides)) as Record<string, unknown>
}

/** RFC 8785 by the book, on values that JSON.parse does not change; the test's own. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

t.test('the document holds all fields that docs/POLICY.md lists, with their values', (t) => {
  t.same(documentOf({ zones: ['Europe/Berlin'], facts: { account: '123456789012' } }), {
    version: 1,
    spiffe_id: 'spiffe://example.org/agent/acme/data-crew/writer',
    tenant: 'acme',
    agent: 'data-crew',
    role: 'writer',
    service: 'aws_s3',
    action: 'PutObject',
    timestamp: '2026-11-23T18:00:00.123Z',
    trust_domain: 'example.org',
    svid: { serial: '0a1b', not_after: '2026-11-23T19:00:00Z', sha256: '9f'.repeat(32) },
    operation: {
      provider: 'aws',
      service: 's3',
      name: 's3.PutObject',
      access: 'write',
      complete: true,
      pending: [],
      permissions: [{ action: 's3:PutObject', resource: 'arn:aws:s3:::reports/2026/q1.csv' }],
    },
    targets: [
      {
        type: 'object',
        access: 'write',
        name: 'arn:aws:s3:::reports/2026/q1.csv',
        container: 'reports',
        path: '2026/q1.csv',
        bucket: 'reports',
        key: '2026/q1.csv',
      },
    ],
    account: '123456789012',
    region: 'eu-west-1',
    request: {
      id: '0b7c9f36-6a4f-4c8f-a5c5-1d2a8a7b9e11',
      method: 'PUT',
      path: '/reports/2026/q1.csv',
      path_segments: ['reports', '2026', 'q1.csv'],
      query: { 'x-id': ['PutObject'] },
      headers: { 'content-type': ['text/csv'] },
      content_length: 312,
      payload_mode: 'unsigned-trailer',
      upgrade: false,
    },
    now: {
      ns: 1795456800123000000,
      date: '2026-11-23',
      weekday: 'Monday',
      hour: 18,
      minute: 0,
      zones: { 'Europe/Berlin': { date: '2026-11-23', weekday: 'Monday', hour: 19, minute: 0 } },
    },
    candidates: ['aws-data', 'aws-other'],
  })
  t.end()
})

t.test('the text is canonical JSON, whatever is absent or needs escaping', (t) => {
  const key = '2026/"quoted" \\ back\u0001\u007f\u2028 é 😀 .csv'
  const variants: readonly Overrides[] = [
    {},
    { zones: ['Europe/Berlin', 'America/New_York'] },
    { facts: { region: undefined, account: '1' } },
    { peer: { tenant: undefined, agent: undefined, role: undefined } },
    { request: { framing: { kind: 'chunked' }, query: [], headers: new Map() } },
    {
      request: {
        query: [
          { name: 'versionId', value: 'v' },
          { name: 'acl', value: undefined },
          { name: 'x-id', value: '😀' },
          { name: 'versionId', value: 'w' },
        ],
        headers: new Map([
          ['x-amz-acl', ['private']],
          ['content-type', ['a', 'b"c']],
        ]),
      },
    },
    {
      facts: {
        targets: [
          { type: 'object', access: 'read', name: key, container: 'b', path: key, version: key },
          { type: 'bucket', access: 'list', name: 'b', container: 'b', path: 'p', prefix: 'p' },
        ],
      },
    },
  ]
  for (const [index, variant] of variants.entries()) {
    // The one number that JavaScript cannot hold is compared below.
    const text = textOf(variant).replace('1795456800123000000', '1')
    t.equal(text, canonical(JSON.parse(text)), `variant ${String(index)}`)
  }
  t.end()
})

t.test('nanoseconds are exact', (t) => {
  for (const now of [NOW, 0, 1, 8_640_000_000_000_000]) {
    const input = buildPolicyInput(partsWith({ now }))
    t.ok(input.ok)
    if (!input.ok) continue
    const digits = (BigInt(now) * 1_000_000n).toString()
    t.equal(input.value.nowNs, digits)
    t.match(input.value.text, new RegExp(`"ns":${digits},`))
  }
  t.throws(() => buildPolicyInput(partsWith({ now: 1.5 })), TypeError)
  t.end()
})

t.test('no credential, key, cookie or token enters', (t) => {
  const secret = 's3cr3t-value'
  const names = [
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'x-amz-security-token',
    'x-amz-server-side-encryption-customer-key',
    'x-amz-server-side-encryption-customer-key-md5',
    'x-amz-copy-source-server-side-encryption-customer-key',
    'x-amz-copy-source',
    'x-amz-mfa',
    'x-amz-signature',
    'x-goog-encryption-key',
    'x-goog-iam-authorization-token',
    'x-ms-encryption-key',
    'x-ms-authorization-auxiliary',
    'x-api-key',
    'api-key',
    'ocp-apim-subscription-key',
    'x-svidgate-jwt-svid',
    'x-unknown',
  ]
  const parameters = [
    'X-Amz-Signature',
    'X-Amz-Credential',
    'X-Amz-Security-Token',
    'AWSAccessKeyId',
    'Signature',
    'sig',
    'se',
    'access_token',
    'key',
    'upload_id',
    'uploadId',
    'continuation-token',
    'token',
    'code',
  ]
  const text = textOf({
    request: {
      headers: new Map(names.map((name) => [name, [secret]])),
      query: parameters.map((name) => ({ name, value: secret })),
    },
  })
  t.notMatch(text, secret)
  t.match(JSON.parse(text), { request: { headers: {}, query: {} } })
  t.end()
})

t.test('half a surrogate pair is refused wherever it stands', (t) => {
  const half = 'a\ud800b'
  const target = partsWith().facts.targets[0]
  if (target === undefined) throw new Error('no target')
  const places: readonly Overrides[] = [
    { facts: { targets: [{ ...target, path: half }] } },
    { facts: { targets: [{ ...target, key: half }] } },
    { request: { query: [{ name: 'prefix', value: half }] } },
    { request: { headers: new Map([['content-type', [half]]]) } },
  ]
  for (const [index, place] of places.entries()) {
    const input = buildPolicyInput(partsWith(place))
    t.notOk(input.ok, `place ${String(index)}`)
    if (!input.ok) t.equal(input.error.code, 'ERR_SG_REQUEST_MALFORMED')
  }
  t.end()
})

t.test('path segments are split first and decoded once', (t) => {
  const segments: readonly (readonly [string, readonly string[]])[] = [
    ['/', []],
    ['/b', ['b']],
    ['/b/', ['b', '']],
    ['/b//k', ['b', '', 'k']],
    ['/b/a%2Fb', ['b', 'a/b']],
    ['/b/%252F', ['b', '%2F']],
    ['/b/%C3%A9', ['b', 'é']],
    ['/b/..', ['b', '..']],
  ]
  for (const [path, expected] of segments) {
    t.match(documentOf({ path }), { request: { path, path_segments: expected } }, path)
  }
  for (const path of ['/b/%', '/b/%zz', '/b/%ff', '/b/%c3', '/b/\u00e9']) {
    const input = buildPolicyInput(partsWith({ path }))
    t.notOk(input.ok, path)
    if (!input.ok) t.equal(input.error.code, 'ERR_SG_REQUEST_TARGET')
  }
  t.end()
})

t.test('content length is absent where the request does not say it', (t) => {
  const length = (framing: GatewayRequestFields['framing']): unknown =>
    (documentOf({ request: { framing } })['request'] as Record<string, unknown>)['content_length']
  t.equal(length({ kind: 'chunked' }), undefined)
  t.equal(length({ kind: 'none' }), 0)
  t.equal(length({ kind: 'sized', length: 5 }), 5)
  t.end()
})

t.test('zones follow the clock, over midnight and a change of offset', (t) => {
  const zones = compileZones(['Europe/Berlin', 'Asia/Kolkata'])
  if (!zones.ok) throw new Error(zones.error)
  const at = (iso: string): unknown => JSON.parse(zones.value.textAt(Date.parse(iso)))
  t.match(at('2026-03-29T00:59:59Z'), {
    'Europe/Berlin': { hour: 1, minute: 59, weekday: 'Sunday' },
  })
  t.match(at('2026-03-29T01:00:00Z'), { 'Europe/Berlin': { hour: 3, minute: 0 } })
  t.match(at('2026-11-23T22:59:59Z'), { 'Europe/Berlin': { hour: 23, date: '2026-11-23' } })
  t.match(at('2026-11-23T23:00:00Z'), {
    'Europe/Berlin': { hour: 0, minute: 0, date: '2026-11-24', weekday: 'Tuesday' },
    'Asia/Kolkata': { hour: 4, minute: 30, date: '2026-11-24' },
  })
  t.end()
})

t.test('`now` is that of its own minute, in whatever order instants come', (t) => {
  const instants = [
    ['2026-11-23T22:59:59.999Z', 22, 59, 'Monday'],
    ['2026-11-23T22:59:00.000Z', 22, 59, 'Monday'],
    ['2026-11-23T23:59:59.999Z', 23, 59, 'Monday'],
    ['2026-11-24T00:00:00.000Z', 0, 0, 'Tuesday'],
    ['2026-11-23T22:59:30.001Z', 22, 59, 'Monday'],
  ] as const
  for (const [iso, hour, minute, weekday] of instants) {
    const ms = Date.parse(iso)
    t.equal(
      nowText(ms, iso, NO_ZONES),
      `{"date":"${iso.slice(0, 10)}","hour":${hour},"minute":${minute},"ns":${ms}000000,"weekday":"${weekday}","zones":{}}`,
    )
  }
  t.end()
})

t.test('an unknown zone is named', (t) => {
  for (const name of ['Mars/Base', '', '+01:00', 'Europe/Berlin; x']) {
    const zones = compileZones([name])
    t.notOk(zones.ok, name)
  }
  t.equal(NO_ZONES.textAt(NOW), '{}')
  t.end()
})

/** Every path that a policy could refer to: members, their members, and deeper. */
function pathsOf(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [
    `${prefix}${name}`,
    ...pathsOf(member, `${prefix}${name}/`),
  ])
}

function valueAt(value: unknown, path: string): unknown {
  return path.split('/').reduce<unknown>((inner, name) => {
    return typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined
  }, value)
}

t.test(
  'what the engine is given has all that the policy can refer to, as the whole has it',
  (t) => {
    const overrides = { zones: ['Europe/Berlin'], facts: { account: '123456789012' } }
    const whole = documentOf(overrides)
    const known = pathsOf(whole)
    t.ok(known.length > 60)
    const shortest = { length: Infinity }
    fc.assert(
      fc.property(fc.subarray(known, { maxLength: 6 }), (reads) => {
        const input = buildPolicyInput(partsWith({ ...overrides, reads }))
        if (!input.ok) throw new Error(input.error.detail)
        const part = JSON.parse(input.value.judged) as unknown
        for (const path of reads) t.same(valueAt(part, path), valueAt(whole, path), path)
        for (const path of pathsOf(part)) {
          const value = valueAt(part, path)
          if (typeof value !== 'object') t.equal(value, valueAt(whole, path), path)
        }
        t.equal(input.value.text, textOf(overrides), 'the record keeps the whole')
        shortest.length = Math.min(shortest.length, input.value.judged.length)
      }),
    )
    t.ok(shortest.length < 60, 'what nothing refers to is left out')
    t.end()
  },
)

t.test('a policy that does not say, or takes the input as a whole, is given the whole', (t) => {
  for (const reads of [undefined, ['']]) {
    const input = buildPolicyInput(partsWith(reads === undefined ? {} : { reads }))
    if (!input.ok) throw new Error(input.error.detail)
    t.same(JSON.parse(input.value.judged), documentOf())
  }
  t.end()
})
