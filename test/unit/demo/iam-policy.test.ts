import t from 'tap'
import {
  evaluateIam,
  matchesWildcard,
  parseIamPolicy,
} from '../../../gateway/demo/aws/iam-policy.ts'
import type { IamPolicy } from '../../../gateway/demo/aws/iam-policy.ts'

function policy(...statements: readonly Readonly<Record<string, unknown>>[]): IamPolicy {
  const parsed = parseIamPolicy({ Version: '2012-10-17', Statement: statements })
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

const ALLOW_2026 = policy({
  Effect: 'Allow',
  Action: ['s3:PutObject', 's3:Get*'],
  Resource: 'arn:aws:s3:::reports/2026/*',
})
const ALLOW_ALL = policy({ Effect: 'Allow', Action: '*', Resource: '*' })
const DENY_PUT = policy(
  { Effect: 'Allow', Action: '*', Resource: '*' },
  { Effect: 'Deny', Action: 's3:putobject', Resource: '*' },
)
const LIST_2026 = policy({
  Effect: 'Allow',
  Action: 's3:ListBucket',
  Resource: 'arn:aws:s3:::reports',
  Condition: { StringLike: { 's3:prefix': '2026/*' } },
})

const put = { action: 's3:PutObject', resource: 'arn:aws:s3:::reports/2026/q3.csv' }
const old = { action: 's3:PutObject', resource: 'arn:aws:s3:::reports/2025/q3.csv' }
const list = { action: 's3:ListBucket', resource: 'arn:aws:s3:::reports' }

const CASES = [
  ['nothing is allowed without a policy', [], put, {}, 'implicit-deny'],
  ['an Allow that matches allows', [ALLOW_2026], put, {}, 'allow'],
  ['a resource outside is not allowed', [ALLOW_2026], old, {}, 'implicit-deny'],
  ['both policies must allow', [ALLOW_ALL, ALLOW_2026], put, {}, 'allow'],
  ['the session policy narrows', [ALLOW_ALL, ALLOW_2026], old, {}, 'implicit-deny'],
  ['the session policy cannot widen', [ALLOW_2026, ALLOW_ALL], old, {}, 'implicit-deny'],
  ['an explicit Deny wins, actions ignore case', [DENY_PUT], put, {}, 'explicit-deny'],
  ['a Deny in either policy wins', [ALLOW_ALL, DENY_PUT], put, {}, 'explicit-deny'],
  ['a condition that holds', [LIST_2026], list, { 's3:prefix': '2026/q' }, 'allow'],
  ['a condition that fails', [LIST_2026], list, { 's3:prefix': '2025/' }, 'implicit-deny'],
  ['a condition on an absent key fails', [LIST_2026], list, {}, 'implicit-deny'],
] as const

for (const [title, policies, request, context, verdict] of CASES) {
  t.test(title, async (t) => {
    const full = { ...request, context: new Map(Object.entries(context)) }
    t.equal(evaluateIam(policies, full), verdict)
  })
}

t.test('whatever the evaluator does not understand makes the policy malformed', async (t) => {
  const good = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }
  const wrap = (statement: unknown): unknown => ({ Version: '2012-10-17', Statement: [statement] })
  t.ok(parseIamPolicy(wrap(good)).ok, 'control')
  const bad: Readonly<Record<string, unknown>> = {
    'no object': 'x',
    'old version': { Version: '2008-10-17', Statement: [good] },
    'no statement': { Version: '2012-10-17', Statement: [] },
    'unknown element': { Version: '2012-10-17', Statement: [good], Extra: 1 },
    NotAction: wrap({ Effect: 'Allow', NotAction: 's3:GetObject', Resource: '*' }),
    NotResource: wrap({ Effect: 'Allow', Action: 's3:GetObject', NotResource: '*' }),
    Principal: wrap({ ...good, Principal: '*' }),
    'other effect': wrap({ ...good, Effect: 'allow' }),
    'no action': wrap({ Effect: 'Allow', Resource: '*' }),
    'empty action list': wrap({ ...good, Action: [] }),
    'action without service': wrap({ ...good, Action: 'GetObject' }),
    'resource that is no ARN': wrap({ ...good, Resource: 'reports/*' }),
    'unknown operator': wrap({ ...good, Condition: { IpAddress: { 'aws:SourceIp': '::/0' } } }),
    'unknown key': wrap({ ...good, Condition: { StringLike: { 'aws:UserAgent': '*' } } }),
  }
  for (const [id, document] of Object.entries(bad)) t.notOk(parseIamPolicy(document).ok, id)
})

t.test('wildcards match as IAM says and in linear time', async (t) => {
  t.ok(matchesWildcard('a*c?e', 'abbbcde'))
  t.notOk(matchesWildcard('a?c', 'ac'))
  t.ok(matchesWildcard('*', ''))
  t.notOk(matchesWildcard('?', ''))
  const hostile = `${'*a'.repeat(500)}b`
  const started = process.hrtime.bigint()
  t.notOk(matchesWildcard(hostile, 'a'.repeat(2000)))
  t.ok(process.hrtime.bigint() - started < 1_000_000_000n, 'a hostile pattern takes under a second')
})
