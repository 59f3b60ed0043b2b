// The registry: credentials by name, foreign trust domains, audiences, and options that are wrong.

import t from 'tap'
import { CredentialCache } from '../../../gateway/credential/cache.ts'
import {
  createCredentialRegistry,
  type CredentialOptions,
  type CredentialRegistry,
} from '../../../gateway/credential/registry.ts'
import { refusal } from '../../../gateway/errors.ts'
import { err } from '../../../gateway/util/result.ts'
import { peer } from '../../support/peers.ts'

const NOW = Date.UTC(2026, 10, 23, 18)
const clock = { now: () => NOW }

const AWS: CredentialOptions = {
  kind: 'aws-web-identity',
  name: 'aws-data',
  roleArn: 'arn:aws:iam::123456789012:role/agents-{role}',
  region: 'eu-west-1',
}
const PUBLIC: CredentialOptions = { kind: 'none', name: 'public', hosts: ['tickets.example.org'] }

let tokens = 0
function registry(...options: CredentialOptions[]): CredentialRegistry {
  return createCredentialRegistry(options, {
    trustDomain: 'example.org',
    clock,
    cache: new CredentialCache({ clock, random: () => 0 }),
    post: () => Promise.reject(new Error('not reached')),
    jwtSvid: {
      fetch: () => {
        tokens += 1
        return Promise.resolve(err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'reached', 'reached')))
      },
    },
  })
}

async function ruleOf(
  credentials: CredentialRegistry,
  name: string,
  agent = peer(),
  sessionPolicy: string | null = '{}',
): Promise<string | undefined> {
  const answer = await credentials.obtain({
    name,
    peer: agent,
    sessionPolicy: sessionPolicy ?? undefined,
  })
  return answer.ok ? 'ok' : answer.error.rule
}

const foreign = peer({
  spiffeId: 'spiffe://partner.org/agent/acme/data-crew/writer',
  trustDomain: 'partner.org',
})

t.test('answers by name, and says what others must know of each', async (t) => {
  const credentials = registry(AWS, PUBLIC)
  t.strictSame([...credentials.names], ['aws-data', 'public'])
  t.strictSame(credentials.settings('aws-data'), {
    kind: 'aws-web-identity',
    sessionPolicy: 'derive',
    region: 'eu-west-1',
  })
  t.strictSame(credentials.settings('public'), {
    kind: 'none',
    sessionPolicy: 'none',
    region: undefined,
  })
  t.equal(credentials.settings('toString'), undefined)
  t.equal(await ruleOf(credentials, 'aws-data'), 'reached')
  t.equal(await ruleOf(credentials, 'toString'), 'CRED-name')
})

t.test(
  'a foreign trust domain gets no token from a credential that does not list it',
  async (t) => {
    const before = tokens
    t.equal(await ruleOf(registry(AWS), 'aws-data', foreign), 'CRED-trust-domain')
    t.equal(
      await ruleOf(registry({ ...AWS, trustDomains: ['other.org'] }), 'aws-data', foreign),
      'CRED-trust-domain',
    )
    t.equal(await ruleOf(registry(PUBLIC), 'public', foreign, null), 'CRED-trust-domain')
    t.equal(tokens, before, 'none was minted')
    t.equal(
      await ruleOf(registry({ ...AWS, trustDomains: ['partner.org'] }), 'aws-data', foreign),
      'reached',
    )
  },
)

t.test('kind none: bound to hosts, printable end, never narrowed', async (t) => {
  const credentials = registry(PUBLIC)
  const answer = await credentials.obtain({
    name: 'public',
    peer: peer(),
    sessionPolicy: undefined,
  })
  t.ok(answer.ok)
  if (!answer.ok) return
  t.match(answer.value, { kind: 'none', name: 'public', hosts: ['tickets.example.org'] })
  t.equal(new Date(answer.value.expiresAt).getUTCFullYear(), 9999)
  t.equal(await ruleOf(credentials, 'public', peer(), '{}'), 'NONE-1')
})

t.test('no audience at two token endpoints', (t) => {
  const other = { ...AWS, name: 'aws-other' }
  const custom = { ...other, endpoint: 'https://sts.partner.org' }
  t.throws(() => registry(AWS, custom), {
    name: 'TypeError',
    message: /credentials aws-data and aws-other: audience sts\.amazonaws\.com is used at/,
  })
  t.throws(() => registry({ ...AWS, endpoint: 'https://a.example.org' }, custom), TypeError)
  t.throws(
    () =>
      registry(AWS, {
        ...other,
        roleArn: 'arn:aws-cn:iam::123456789012:role/x',
        region: 'cn-north-1',
      }),
    TypeError,
  )
  t.doesNotThrow(() => registry(AWS, { ...custom, audience: 'partner' }))
  t.doesNotThrow(
    () => registry(AWS, { ...other, region: 'us-east-1' }),
    'regions of one partition are one authority',
  )
  t.end()
})

const GOOGLE: CredentialOptions = {
  kind: 'gcp-workload-identity',
  name: 'gcp-data',
  provider: 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate',
  scopes: ['https://www.googleapis.com/auth/bigquery'],
}

t.test('Google: by name, for whom it lists, and never narrowed', async (t) => {
  const credentials = registry(AWS, GOOGLE, PUBLIC)
  t.strictSame(credentials.settings('gcp-data'), {
    kind: 'gcp-workload-identity',
    sessionPolicy: 'none',
    region: undefined,
  })
  t.equal(await ruleOf(credentials, 'gcp-data', peer(), null), 'reached')
  t.equal(await ruleOf(credentials, 'gcp-data'), 'GCP-3')
  t.equal(await ruleOf(credentials, 'gcp-data', foreign, null), 'CRED-trust-domain')
})

t.test('AWS: every STS endpoint of a partition is one authority, and nothing else is', (t) => {
  const at = (endpoint: string) => () => registry(AWS, { ...AWS, name: 'other', endpoint })
  const own = [
    'https://sts.amazonaws.com',
    'https://sts.us-east-1.amazonaws.com',
    'https://sts-fips.us-east-1.amazonaws.com',
    'https://sts.eu-west-1.api.aws',
    'https://vpce-0a1b-2c3d.sts.eu-west-1.vpce.amazonaws.com',
    'https://vpce-0a1b-2c3d.sts.eu-west-1.vpce.amazonaws.com:443',
  ]
  for (const endpoint of own) t.doesNotThrow(at(endpoint), endpoint)
  const others = [
    'https://sts.example.net',
    'https://sts.amazonaws.com.example.net',
    'https://a1b2.execute-api.eu-west-1.amazonaws.com',
    'https://sts.s3.eu-west-1.amazonaws.com',
    'https://vpce-0a1b.vpce-svc-9f.eu-west-1.vpce.amazonaws.com',
    'https://sts.amazonaws.com:8443',
  ]
  for (const endpoint of others) t.throws(at(endpoint), /could replay our tokens/, endpoint)
  t.end()
})

t.test('Google: one audience, one universe', (t) => {
  const other = { ...GOOGLE, name: 'gcp-other' }
  t.throws(() => registry(GOOGLE, { ...other, endpoint: 'https://sts.partner.org' }), {
    message: /audience \/\/iam\.googleapis\.com\/projects\/123.* is used at STS of googleapis\.com/,
  })
  t.throws(() => registry(GOOGLE, { ...other, universeDomain: 'partner.org' }), TypeError)
  t.throws(() => registry(AWS, { ...GOOGLE, audience: 'sts.amazonaws.com' }), TypeError)
  t.doesNotThrow(() =>
    registry(GOOGLE, { ...other, endpoint: 'https://sts.europe-west3.rep.googleapis.com' }),
  )
  t.throws(
    () => registry(GOOGLE, { ...other, endpoint: 'https://evilgoogleapis.com' }),
    TypeError,
    'a name that only ends alike is another party',
  )
  t.end()
})

const WRONG: { id: string; options: CredentialOptions[]; text: RegExp }[] = [
  { id: 'a name twice', options: [AWS, AWS], text: /aws-data is there twice/ },
  {
    id: 'not a role',
    options: [{ ...AWS, roleArn: 'arn:aws:iam::123456789012:user/x' }],
    text: /roleArn arn:aws:iam::123456789012:user\/x must be/,
  },
  {
    id: 'unknown placeholder',
    options: [{ ...AWS, roleArn: 'arn:aws:iam::123456789012:role/{user}' }],
    text: /must be|unknown/,
  },
  {
    id: 'placeholders that melt',
    options: [{ ...AWS, roleArn: 'arn:aws:iam::123456789012:role/{tenant}-{role}' }],
    text: /two different agents could give the same text/,
  },
  {
    id: 'placeholder for the account',
    options: [{ ...AWS, roleArn: 'arn:aws:iam::{tenant}:role/x' }],
    text: /must be/,
  },
  {
    id: 'region',
    options: [{ ...AWS, region: 'evil.test/' }],
    text: /region evil\.test\/ is no AWS region/,
  },
  {
    id: 'duration too short',
    options: [{ ...AWS, durationSeconds: 899 }],
    text: /duration must be 900s to 43200s/,
  },
  {
    id: 'duration too long',
    options: [{ ...AWS, durationSeconds: 43_201 }],
    text: /duration must be/,
  },
  { id: 'empty audience', options: [{ ...AWS, audience: '' }], text: /audience must not be empty/ },
  {
    id: 'endpoint over plain http',
    options: [{ ...AWS, endpoint: 'http://sts.example.org' }],
    text: /endpoint http:\/\/sts\.example\.org must be https/,
  },
  {
    id: 'endpoint with a path',
    options: [{ ...AWS, endpoint: 'https://sts.example.org/x' }],
    text: /without a path/,
  },
  {
    id: 'endpoint with a user',
    options: [{ ...AWS, endpoint: 'https://a:b@sts.example.org' }],
    text: /must be https/,
  },
  {
    id: 'unknown partition',
    options: [{ ...AWS, roleArn: 'arn:aws-mars:iam::123456789012:role/x' }],
    text: /partition aws-mars of roleArn is unknown/,
  },
  { id: 'none without hosts', options: [{ ...PUBLIC, hosts: [] }], text: /hosts must list/ },
  {
    id: 'none with a URL',
    options: [{ ...PUBLIC, hosts: ['https://tickets.example.org'] }],
    text: /not https:/,
  },
]

for (const row of WRONG) {
  t.test(`refused at construction: ${row.id}`, (t) => {
    t.throws(() => registry(...row.options), { name: 'TypeError', message: row.text })
    t.end()
  })
}

t.test('each partition has its own STS hosts', (t) => {
  for (const [partition, region] of [
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-eusc', 'eusc-de-east-1'],
    ['aws-iso', 'us-iso-east-1'],
  ] as const) {
    const roleArn = `arn:${partition}:iam::123456789012:role/x`
    t.doesNotThrow(() => registry({ ...AWS, roleArn, region }), partition)
  }
  t.end()
})
