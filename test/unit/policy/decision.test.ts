import t from 'tap'
import { parseDecision } from '../../../gateway/policy/decision.ts'

const POLICY_ERROR: readonly (readonly [id: string, value: unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['an empty result set', []],
  ['an array', [true]],
  ['a text', 'true'],
  ['a number', 1],
  ['an empty object', {}],
  ['allow is a text', { allow: 'true' }],
  ['allow is a number', { allow: 1 }],
  ['allow is null', { allow: null }],
  ['allow is an object', { allow: {} }],
  ['allow in capitals', { Allow: true }],
  ['unknown member beside allow', { allow: true, obligation: {} }],
  ['unknown member of a denial', { allow: false, reason: 'x' }],
  ['reasons is a text', { allow: true, reasons: 'a' }],
  ['reasons is an object', { allow: true, reasons: { a: true } }],
  ['a reason is a number', { allow: true, reasons: [1] }],
  ['a reason has capitals', { allow: true, reasons: ['Reason'] }],
  ['a reason is empty', { allow: true, reasons: [''] }],
  ['a reason is too long', { allow: true, reasons: ['a'.repeat(65)] }],
  ['a reason has a line feed behind it', { allow: true, reasons: ['a\n'] }],
  [
    'too many reasons',
    { allow: true, reasons: Array.from({ length: 257 }, (_, i) => `r${String(i)}`) },
  ],
  ['reasons null', { allow: true, reasons: null }],
  ['allow with needs', { allow: true, needs: ['sql.dry_run'] }],
  ['allow with no needs', { allow: true, needs: [] }],
  ['needs with obligations', { allow: false, needs: ['sql.dry_run'], obligations: {} }],
  [
    'needs with a credential that is no name',
    { allow: false, needs: ['sql.dry_run'], credential: 1 },
  ],
  ['needs with reasons that are none', { allow: false, needs: ['sql.dry_run'], reasons: [1] }],
  ...[0, -1, 1.5, '10', null, true, [1], 2 ** 53, Number.MAX_VALUE].map(
    (cap) =>
      [
        `a byte cap of ${JSON.stringify(cap)}`,
        { allow: true, obligations: { max_bytes_billed: cap } },
      ] as const,
  ),
  ['needs is a text', { allow: false, needs: 'sql.dry_run' }],
  ['a need is a number', { allow: false, needs: [1] }],
  ['credential is a number', { allow: true, credential: 1 }],
  ['credential is empty', { allow: true, credential: '' }],
  ['credential is null', { allow: true, credential: null }],
  ['credential has a space', { allow: true, credential: 'a b' }],
  ['six alternatives', { allow: false, alternatives: ['1', '2', '3', '4', '5', '6'] }],
  ['an alternative of 201 bytes', { allow: false, alternatives: ['x'.repeat(201)] }],
  [
    'an alternative of 101 characters, 202 bytes',
    { allow: false, alternatives: ['é'.repeat(101)] },
  ],
  ['an alternative with a control character', { allow: false, alternatives: ['a\r\nb'] }],
  ['an alternative is empty', { allow: false, alternatives: [''] }],
  ['an alternative is an object', { allow: false, alternatives: [{}] }],
  ['obligations is an array', { allow: true, obligations: [] }],
  ['obligations is null', { allow: true, obligations: null }],
  ['obligations is true', { allow: true, obligations: true }],
  ['session_policy is an object', { allow: true, obligations: { session_policy: {} } }],
  ['session_policy is empty', { allow: true, obligations: { session_policy: [] } }],
  ['session_policy is null', { allow: true, obligations: { session_policy: null } }],
  ['a statement is a text', { allow: true, obligations: { session_policy: ['s3:*'] } }],
  [
    'a statement without resources',
    { allow: true, obligations: { session_policy: [{ actions: ['a'] }] } },
  ],
  [
    'a statement without actions',
    { allow: true, obligations: { session_policy: [{ resources: ['a'] }] } },
  ],
  [
    'a statement with empty actions',
    { allow: true, obligations: { session_policy: [{ actions: [], resources: ['a'] }] } },
  ],
  [
    'a statement with a condition',
    {
      allow: true,
      obligations: { session_policy: [{ actions: ['a'], resources: ['b'], condition: {} }] },
    },
  ],
  [
    'an action that is a number',
    { allow: true, obligations: { session_policy: [{ actions: [1], resources: ['b'] }] } },
  ],
  [
    'a resource with a line feed',
    { allow: true, obligations: { session_policy: [{ actions: ['a'], resources: ['b\n'] }] } },
  ],
  ['set_headers is a list', { allow: true, obligations: { set_headers: [['if-match', 'x']] } }],
  ['a header value is a number', { allow: true, obligations: { set_headers: { 'if-match': 1 } } }],
  [
    'a header value splits',
    { allow: true, obligations: { set_headers: { 'if-match': 'a\r\nb: c' } } },
  ],
  ['a header value is empty', { allow: true, obligations: { set_headers: { 'if-match': '' } } }],
  [
    'a header value ends in a space',
    { allow: true, obligations: { set_headers: { 'if-match': 'a ' } } },
  ],
]

t.test('anything but the exact form is a policy error', (t) => {
  for (const [id, value] of POLICY_ERROR) {
    const decision = parseDecision(value)
    t.equal(decision.kind, 'deny', id)
    if (decision.kind === 'deny') t.equal(decision.code, 'ERR_SG_POLICY_ERROR', `${id}: code`)
  }
  t.end()
})

const UNSUPPORTED: readonly (readonly [id: string, value: unknown])[] = [
  ...[
    'access_boundary',
    'maxBytesBilled',
    'labels',
    'charge',
    'approval',
    'sessionPolicy',
    'x',
  ].map((name) => [`obligation ${name}`, { allow: true, obligations: { [name]: 1 } }] as const),
  [
    'a supported obligation beside an unknown one',
    { allow: true, obligations: { set_headers: { 'if-match': '"x"' }, quota: 1 } },
  ],
  ['header authorization', { allow: true, obligations: { set_headers: { authorization: 'x' } } }],
  ['header host', { allow: true, obligations: { set_headers: { host: 'x' } } }],
  ['header in capitals', { allow: true, obligations: { set_headers: { 'If-Match': '"x"' } } }],
  [
    'header __proto__',
    JSON.parse('{"allow":true,"obligations":{"set_headers":{"__proto__":"x"}}}'),
  ],
  ['a fact that no look-up gives', { allow: false, needs: ['tags'] }],
  ['one of two facts that no look-up gives', { allow: false, needs: ['sql.dry_run', 'tags'] }],
  ['a fact in another spelling', { allow: false, needs: ['sql.dryrun'] }],
]

t.test('a condition that the gateway cannot carry out is a denial', (t) => {
  for (const [id, value] of UNSUPPORTED) {
    const decision = parseDecision(value)
    t.equal(decision.kind, 'deny', id)
    if (decision.kind === 'deny') {
      t.equal(decision.code, 'ERR_SG_OBLIGATION_UNSUPPORTED', `${id}: code`)
    }
  }
  t.end()
})

t.test('bare booleans are decisions', (t) => {
  t.same(parseDecision(true), {
    kind: 'allow',
    reasons: [],
    credential: undefined,
    obligations: {},
    alternatives: [],
  })
  t.match(parseDecision(false), { kind: 'deny', code: 'ERR_SG_DENIED', reasons: [] })
  t.end()
})

t.test('sets are sorted and without duplicates, statements too', (t) => {
  const decision = parseDecision({
    allow: true,
    reasons: ['b', 'a', 'b'],
    alternatives: ['z', 'y', 'z'],
    credential: 'aws-data',
    obligations: {
      session_policy: [
        { actions: ['s3:PutObject', 's3:GetObject', 's3:PutObject'], resources: ['r2', 'r1'] },
        { actions: ['s3:DeleteObject'], resources: ['r1'] },
        { resources: ['r1', 'r2'], actions: ['s3:GetObject', 's3:PutObject'] },
      ],
      set_headers: { 'x-amz-expected-bucket-owner': '123456789012' },
    },
  })
  if (decision.kind !== 'allow') throw new Error(decision.kind)
  t.same(decision.reasons, ['a', 'b'])
  t.same(decision.alternatives, ['y', 'z'])
  t.equal(decision.credential, 'aws-data')
  t.same(decision.obligations.sessionPolicy, [
    { actions: ['s3:DeleteObject'], resources: ['r1'] },
    { actions: ['s3:GetObject', 's3:PutObject'], resources: ['r1', 'r2'] },
  ])
  t.same(
    [...(decision.obligations.setHeaders ?? [])],
    [['x-amz-expected-bucket-owner', '123456789012']],
  )
  t.end()
})

t.test('a denial may ask for facts, each once, with a credential for the look-up', (t) => {
  t.same(
    parseDecision({
      allow: false,
      needs: ['sql.dry_run', 'sql.dry_run'],
      credential: 'gcp-data',
      reasons: ['b', 'a'],
      alternatives: ['SELECT from sales'],
    }),
    {
      kind: 'needs',
      needs: ['sql.dry_run'],
      credential: 'gcp-data',
      reasons: ['a', 'b'],
      alternatives: ['SELECT from sales'],
    },
  )
  t.match(parseDecision({ allow: false, needs: ['sql.dry_run'] }), {
    kind: 'needs',
    credential: undefined,
  })
  t.match(parseDecision({ allow: false, needs: [] }), { kind: 'deny', code: 'ERR_SG_DENIED' })
  t.end()
})

t.test('a byte cap is an integer that keeps its digits', (t) => {
  for (const cap of [1, 10_737_418_240, Number.MAX_SAFE_INTEGER]) {
    t.match(parseDecision({ allow: true, obligations: { max_bytes_billed: cap } }), {
      kind: 'allow',
      obligations: { maxBytesBilled: cap },
    })
  }
  t.end()
})

t.test('limits are reached, not passed', (t) => {
  const decision = parseDecision({
    allow: true,
    reasons: ['a'.repeat(64)],
    alternatives: ['1', '2', '3', '4', 'é'.repeat(100), '4'],
  })
  t.equal(decision.kind, 'allow')
  t.end()
})

t.test('a denial keeps its reasons and alternatives', (t) => {
  t.match(parseDecision({ allow: false, reasons: ['no_grant'], alternatives: ['try this'] }), {
    kind: 'deny',
    code: 'ERR_SG_DENIED',
    reasons: ['no_grant'],
    alternatives: ['try this'],
  })
  t.end()
})

t.test('a denial whose conditions are unreadable is still a denial', (t) => {
  t.match(parseDecision({ allow: false, obligations: 'x' }), {
    kind: 'deny',
    code: 'ERR_SG_DENIED',
  })
  t.end()
})
