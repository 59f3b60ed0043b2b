// The inline policy of the STS call: never ignored, never too wide for STS, the same for the same
// kind of request.

import t from 'tap'
import type { SessionPolicyStatement } from '../../../gateway/policy/decision-types.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import type { SessionPolicyMode } from '../../../gateway/shape/aws/session-policy.ts'
import { makeAllowedRequest } from '../../../gateway/shape/allowed-request.ts'
import { shape } from '../../../gateway/shape/shape.ts'
import { allow } from '../../support/allowed.ts'
import { s3Head, s3Post } from '../../support/s3-facts.ts'

const STATED = [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::reports/2026/*'] }]
const STATED_TEXT =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::reports/2026/*"]}]}'

function policyOf(
  mode: SessionPolicyMode,
  message = s3Head('GET', '/reports/k'),
  sessionPolicy?: readonly SessionPolicyStatement[],
  body?: Buffer,
) {
  const obligations = sessionPolicy === undefined ? {} : { sessionPolicy }
  const shaped = shape(allow(message, obligations, body), { sessionPolicy: mode })
  return shaped.ok ? { ok: true, value: shaped.value.sessionPolicy } : shaped
}

for (const mode of ['decision', 'derive', 'none'] as const) {
  t.test(`a decision’s policy is used, whatever the credential says: ${mode}`, (t) => {
    const policy = policyOf(mode, s3Head('GET', '/reports/k'), STATED)
    t.strictSame(policy, { ok: true, value: STATED_TEXT })
    t.end()
  })
}

t.test('decision: an allow without a policy is refused', (t) => {
  const error = { code: 'ERR_SG_OBLIGATION_MISSING', rule: 'SP-1' }
  t.match(policyOf('decision'), { ok: false, error })
  t.end()
})

t.test('none: the role alone', (t) => {
  t.strictSame(policyOf('none'), { ok: true, value: undefined })
  t.end()
})

interface Statement {
  Effect: string
  Action: string[]
  Resource: string[]
}

function statements(method: string, target: string, headers: HeaderLine[] = []): Statement[] {
  const policy = policyOf('derive', s3Head(method, target, headers))
  if (!('value' in policy) || policy.value === undefined) throw new Error('no policy')
  return (JSON.parse(policy.value) as { Statement: Statement[] }).Statement
}

const derived: [id: string, method: string, target: string, headers: HeaderLine[], Statement[]][] =
  [
    [
      'an object: its whole bucket',
      'GET',
      '/reports/2026/r.csv',
      [],
      [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::reports/*'] }],
    ],
    [
      'a list: the bucket',
      'GET',
      '/reports?list-type=2',
      [],
      [{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: ['arn:aws:s3:::reports'] }],
    ],
    [
      'the account',
      'GET',
      '/',
      [],
      [{ Effect: 'Allow', Action: ['s3:ListAllMyBuckets'], Resource: ['*'] }],
    ],
    [
      'a copy: both buckets, each its own actions',
      'PUT',
      '/reports/k',
      [['x-amz-copy-source', 'archive/o']],
      [
        {
          Effect: 'Allow',
          Action: ['s3:GetObject', 's3:GetObjectTagging'],
          Resource: ['arn:aws:s3:::archive/*'],
        },
        {
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:PutObjectTagging'],
          Resource: ['arn:aws:s3:::reports/*'],
        },
      ],
    ],
    [
      'encryption with a key of KMS',
      'PUT',
      '/reports/k',
      [
        ['content-length', '1'],
        ['x-amz-server-side-encryption', 'aws:kms'],
        [
          'x-amz-server-side-encryption-aws-kms-key-id',
          'arn:aws:kms:eu-west-1:123456789012:key/abc-1',
        ],
      ],
      [
        { Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::reports/*'] },
        {
          Effect: 'Allow',
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
          Resource: ['arn:aws:kms:eu-west-1:123456789012:key/abc-1'],
        },
      ],
    ],
  ]
for (const [id, method, target, headers, expected] of derived) {
  t.test(`derive: ${id}`, (t) => {
    t.strictSame(statements(method, target, headers), expected)
    t.end()
  })
}

t.test('derive: two objects of a bucket share one policy, so they share a credential', (t) => {
  t.strictSame(statements('GET', '/reports/a'), statements('GET', '/reports/b/c'))
  t.end()
})

t.test('derive: a batch of many keys is as short as one', (t) => {
  const objects = Array.from({ length: 500 }, (_, index) => `<Object><Key>k${index}</Key></Object>`)
  const { message, body } = s3Post('/reports?delete', `<Delete>${objects.join('')}</Delete>`)
  t.strictSame(policyOf('derive', message, undefined, body), {
    ok: true,
    value:
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:DeleteObject"],"Resource":["arn:aws:s3:::reports/*"]}]}',
  })
  t.end()
})

t.test('derive: refused where facts are incomplete, or name no action', (t) => {
  const error = { code: 'ERR_SG_OBLIGATION_MISSING', rule: 'SP-2' }
  t.match(policyOf('derive', s3Head('GET', '/reports?session')), { ok: false, error })
  const whole = allow(s3Head('GET', '/reports/k'))
  const { facts } = whole
  const partial = { ...facts, operation: { ...facts.operation, complete: false } }
  const shaped = shape(makeAllowedRequest({ ...whole, facts: partial }), {
    sessionPolicy: 'derive',
  })
  t.match(shaped, { ok: false, error })
  t.end()
})

const refused: [rule: string, id: string, policy: readonly SessionPolicyStatement[]][] = [
  ['SP-3', 'no statement', []],
  ['SP-3', 'no action', [{ actions: [], resources: ['*'] }]],
  ['SP-3', 'no resource', [{ actions: ['s3:*'], resources: [] }]],
  [
    'SP-4',
    'more than STS takes',
    [{ actions: ['s3:*'], resources: ['arn:aws:s3:::b/' + 'x'.repeat(2000)] }],
  ],
]
for (const [rule, id, policy] of refused) {
  t.test(`${rule}: refuses ${id}`, (t) => {
    const error = { code: 'ERR_SG_OBLIGATION_UNSUPPORTED', rule }
    t.match(policyOf('decision', s3Head('GET', '/reports/k'), policy), { ok: false, error })
    t.end()
  })
}

t.test('2,048 characters are taken, one more is not', (t) => {
  const of = (length: number) => [{ actions: ['s3:*'], resources: ['x'.repeat(length)] }]
  const overhead =
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":[""]}]}'
  const fits = 2048 - overhead.length
  t.match(policyOf('decision', undefined, of(fits)), { ok: true })
  t.match(policyOf('decision', undefined, of(fits + 1)), { ok: false, error: { rule: 'SP-4' } })
  t.end()
})

t.test('only characters that STS takes, and the same meaning', (t) => {
  const resources = ['arn:aws:s3:::reports/ü/日本/\u{1f600}/\u007f/*']
  const policy = policyOf('none', undefined, [{ actions: ['s3:GetObject'], resources }])
  const text = 'value' in policy ? (policy.value ?? '') : ''
  t.match(text, /^[\t\n\r\u0020-\u00ff]+$/)
  t.strictSame((JSON.parse(text) as { Statement: Statement[] }).Statement[0]?.Resource, resources)
  t.end()
})
