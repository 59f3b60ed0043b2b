// Keys are injective, and every input of an exchange is in them.

import fc from 'fast-check'
import t from 'tap'
import { AwsWebIdentity } from '../../../gateway/credential/aws/web-identity.ts'
import type { AwsWebIdentityOptions } from '../../../gateway/credential/aws/options.ts'
import { tupleKey } from '../../../gateway/credential/cache-key.ts'
import type { PeerFields } from '../../../gateway/spiffe/peer.ts'
import { peer } from '../../support/peers.ts'

const part = fc.option(fc.string({ unit: fc.constantFrom('a', 'b', ':', '1', '-', '0') }), {
  nil: undefined,
})
const tuple = fc.array(part, { maxLength: 4 })

t.test('two different tuples never share a key', (t) => {
  fc.assert(
    fc.property(tuple, tuple, (left, right) => {
      const isSame = left.length === right.length && left.every((value, at) => value === right[at])
      return (tupleKey(left) === tupleKey(right)) === isSame
    }),
    { numRuns: 5000 },
  )
  t.not(tupleKey(['ab', 'cd']), tupleKey(['a', 'bcd']))
  t.not(tupleKey([undefined]), tupleKey(['']))
  t.end()
})

const segment = fc.string({ unit: fc.constantFrom('a', 'b', '-', '.'), minLength: 1, maxLength: 3 })

interface Inputs {
  options: AwsWebIdentityOptions
  fields: PeerFields
  policy: string | undefined
}

const inputs: fc.Arbitrary<Inputs> = fc
  .record({
    tenant: segment,
    agent: segment,
    role: segment,
    trustDomain: fc.constantFrom('example.org', 'partner.org'),
    name: fc.constantFrom('a', 'b'),
    roleArn: fc.constantFrom(
      'arn:aws:iam::123456789012:role/agents-{role}',
      'arn:aws:iam::123456789012:role/agents/{tenant}',
      'arn:aws:iam::210987654321:role/agents-{role}',
    ),
    region: fc.constantFrom('eu-west-1', 'us-east-1'),
    durationSeconds: fc.constantFrom(900, 3600),
    subject: fc.constantFrom('spiffe-id', 'role'),
    audience: fc.constantFrom('sts.amazonaws.com', 'other'),
    policy: fc.constantFrom(undefined, '{}', '{"Version":"2012-10-17"}'),
  })
  .map(({ tenant, agent, role, trustDomain, policy, name, ...rest }) => ({
    options: {
      kind: 'aws-web-identity',
      name,
      sessionPolicy: 'none',
      roleArn: rest.roleArn,
      region: rest.region,
      durationSeconds: rest.durationSeconds,
      subject: rest.subject === 'role' ? 'role' : 'spiffe-id',
      audience: rest.audience,
    },
    fields: peer({
      spiffeId: `spiffe://${trustDomain}/agent/${tenant}/${agent}/${role}`,
      trustDomain,
      tenant,
      agent,
      role,
    }),
    policy,
  }))

function keyOf({ options, fields, policy }: Inputs): string {
  const driver = new AwsWebIdentity(options, {
    jwtSvid: { fetch: () => Promise.reject(new Error('not asked')) },
    post: () => Promise.reject(new Error('not asked')),
    clock: { now: () => 0 },
  })
  const plan = driver.plan(peer(fields), policy)
  if (!plan.ok) throw new Error(plan.error.detail)
  return plan.value.cacheKey
}

t.test('any change of an input gives another key; none gives the same', (t) => {
  fc.assert(
    fc.property(inputs, inputs, (left, right) => {
      const isSame = JSON.stringify(left) === JSON.stringify(right)
      return (keyOf(left) === keyOf(right)) === isSame && keyOf(left) === keyOf({ ...left })
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('one field at a time', (t) => {
  const base: Inputs = {
    options: {
      kind: 'aws-web-identity',
      name: 'aws-data',
      sessionPolicy: 'none',
      roleArn: 'arn:aws:iam::123456789012:role/agents-{role}',
      region: 'eu-west-1',
    },
    fields: peer(),
    policy: undefined,
  }
  const changed: Inputs[] = [
    base,
    { ...base, policy: '' },
    { ...base, policy: '{}' },
    { ...base, options: { ...base.options, name: 'other' } },
    { ...base, options: { ...base.options, region: 'us-east-1' } },
    { ...base, options: { ...base.options, durationSeconds: 901 } },
    { ...base, options: { ...base.options, audience: 'other' } },
    { ...base, options: { ...base.options, subject: 'role' } },
    { ...base, options: { ...base.options, endpoint: 'https://sts.example.org' } },
    { ...base, options: { ...base.options, trustDomains: ['partner.org'] } },
    { ...base, options: { ...base.options, roleArn: 'arn:aws:iam::123456789012:role/x' } },
    { ...base, fields: peer({ spiffeId: 'spiffe://example.org/agent/acme/data-crew/reader' }) },
    { ...base, fields: peer({ tenant: 'other' }) },
    { ...base, fields: peer({ agent: 'other' }) },
    { ...base, fields: peer({ role: 'other' }) },
  ]
  const keys = changed.filter(({ policy }) => policy !== '').map(keyOf)
  t.equal(new Set(keys).size, changed.length - 1)
  const renewed = peer({ serial: 'ff', notAfter: '2100-02-01T00:00:00Z', bundleRevision: 7 })
  t.equal(keyOf({ ...base, fields: renewed }), keyOf(base), 'a rotated SVID keeps its credential')
  t.end()
})
