// AssumeRoleWithWebIdentity against scripted answers: what is sent, what each answer means, and
// that neither token nor keys appear in anything that is printed.

import { inspect } from 'node:util'
import t from 'tap'
import type { AwsWebIdentityOptions } from '../../../../gateway/credential/aws/options.ts'
import { AwsWebIdentity } from '../../../../gateway/credential/aws/web-identity.ts'
import type { CredentialAnswer } from '../../../../gateway/credential/credential.ts'
import type { OutboundAnswer, OutboundFailure } from '../../../../gateway/credential/outbound.ts'
import type { JwtSvidRequest } from '../../../../gateway/spiffe/jwt-svid.ts'
import type { HeaderLine } from '../../../../gateway/request/message.ts'
import type { Peer } from '../../../../gateway/spiffe/peer.ts'
import { refusal } from '../../../../gateway/errors.ts'
import { err, ok, type Result } from '../../../../gateway/util/result.ts'
import { Secret } from '../../../../gateway/util/secret.ts'
import { peer } from '../../../support/peers.ts'

const NOW = Date.UTC(2026, 10, 23, 18)
const POLICY = '{"Version":"2012-10-17","Statement":[]}'
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.canary-token-canary-token-canary-token.c2lnbmF0dXJl'
const OPTIONS: AwsWebIdentityOptions = {
  kind: 'aws-web-identity',
  name: 'aws-data',
  roleArn: 'arn:aws:iam::123456789012:role/agents-{role}',
  region: 'eu-west-1',
}

interface Sent {
  origin: string
  path: string
  headers: readonly HeaderLine[]
  form: URLSearchParams
  deadlineMs: number
}

type Reply = Result<OutboundAnswer, OutboundFailure>

interface Run {
  answer: CredentialAnswer
  sent: Sent[]
  tokens: JwtSvidRequest[]
}

async function run(
  replies: Reply[],
  options: Partial<AwsWebIdentityOptions> = {},
  agent: Peer = peer(),
  policy: string | null = POLICY,
): Promise<Run> {
  const sent: Sent[] = []
  const tokens: JwtSvidRequest[] = []
  const driver = new AwsWebIdentity(
    { ...OPTIONS, ...options },
    {
      clock: { now: () => NOW },
      jwtSvid: {
        fetch: (request) => {
          tokens.push(request)
          return Promise.resolve(ok({ token: new Secret(TOKEN), expiresAt: NOW + 285_000 }))
        },
      },
      post: (origin, path, headers, body, limits) => {
        const form = new URLSearchParams(body.toString('latin1'))
        sent.push({ origin, path, headers, form, deadlineMs: limits.deadlineMs })
        const next = replies[sent.length - 1]
        return next === undefined
          ? Promise.reject(new Error('one too many'))
          : Promise.resolve(next)
      },
    },
  )
  const plan = driver.plan(agent, policy ?? undefined)
  if (!plan.ok) return { answer: plan, sent, tokens }
  return { answer: await plan.value.exchange(), sent, tokens }
}

interface SessionFields {
  expiration?: string
  arn?: string
  subject?: string
  secret?: string
  extra?: string
}

function session(fields: SessionFields = {}): string {
  const arn = fields.arn ?? 'arn:aws:sts::123456789012:assumed-role/agents-writer/s'
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>${fields.subject ?? peer().spiffeId}</SubjectFromWebIdentityToken>
    <AssumedRoleUser><Arn>${arn}</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>${fields.secret ?? 'canary-secret-canary-secret'}</SecretAccessKey>
      <SessionToken>canary-session-token</SessionToken>
      <Expiration>${fields.expiration ?? '2026-11-23T18:15:00Z'}</Expiration>
    </Credentials>${fields.extra ?? ''}
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>`
}

function reply(status: number, text: string, type = 'text/xml'): Reply {
  return ok({ status, headers: [['Content-Type', type]], body: Buffer.from(text) })
}

function fault(status: number, code: string, message = 'm'): Reply {
  return reply(
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  )
}

t.test('sends one unsigned form to the regional endpoint', async (t) => {
  const { answer, sent, tokens } = await run([reply(200, session())])
  t.ok(answer.ok)
  t.equal(sent.length, 1)
  t.equal(sent[0]?.origin, 'https://sts.eu-west-1.amazonaws.com')
  t.equal(sent[0]?.path, '/')
  t.strictSame(sent[0]?.headers, [
    ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
  ])
  t.ok((sent[0]?.deadlineMs ?? 0) > 0)
  t.strictSame(Object.fromEntries(sent[0]?.form ?? []), {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::123456789012:role/agents-writer',
    RoleSessionName: answer.ok ? answer.value.session : '',
    WebIdentityToken: TOKEN,
    DurationSeconds: '900',
    Policy: POLICY,
  })
  t.equal(tokens[0]?.subject, peer().spiffeId)
  t.equal(tokens[0]?.audience, 'sts.amazonaws.com')
})

t.test('gives a frozen credential that names its end, and prints no secret', async (t) => {
  const { answer } = await run([reply(200, session())])
  t.ok(answer.ok)
  if (!answer.ok || answer.value.kind !== 'aws-web-identity') return
  const credential = answer.value
  t.ok(Object.isFrozen(credential))
  t.equal(credential.expiresAt, NOW + 900_000)
  t.equal(credential.accessKeyId, 'ASIAIOSFODNN7EXAMPLE')
  t.equal(credential.secretAccessKey.reveal(), 'canary-secret-canary-secret')
  t.equal(credential.sessionToken.reveal(), 'canary-session-token')
  t.notMatch(inspect(answer, { depth: 9, showHidden: true }), /canary/)
  t.notMatch(`${JSON.stringify(answer)}${String(credential.secretAccessKey)}`, /canary/)
})

t.test(
  'options reach the call: duration, role subject, audience, endpoint, no policy',
  async (t) => {
    const options: Partial<AwsWebIdentityOptions> = {
      durationSeconds: 3600,
      subject: 'role',
      audience: 'agents',
      endpoint: 'http://127.0.0.1:1234',
      sessionPolicy: 'none',
    }
    const text = session({ subject: 'example.org/acme/writer', arn: '' })
    const { answer, sent, tokens } = await run([reply(200, text)], options, peer(), null)
    t.equal(sent.length, 1)
    t.equal(sent[0]?.origin, 'http://127.0.0.1:1234')
    t.equal(sent[0]?.form.get('DurationSeconds'), '3600')
    t.notOk(sent[0]?.form.has('Policy'))
    t.strictSame(
      { ...tokens[0], peer: undefined },
      {
        subject: 'example.org/acme/writer',
        audience: 'agents',
        algorithm: 'RS256',
        cloudClaims: {},
        peer: undefined,
      },
    )
    t.ok(answer.ok, 'an empty ARN, as compatible servers send, is none')
  },
)

t.test('a policy switch that is not none refuses a session without one', (t) => {
  for (const sessionPolicy of ['decision', 'derive'] as const) {
    const driver = new AwsWebIdentity(
      { ...OPTIONS, sessionPolicy },
      {
        clock: { now: () => NOW },
        jwtSvid: { fetch: () => Promise.reject(new Error('not asked')) },
        post: () => Promise.reject(new Error('not asked')),
      },
    )
    const plan = driver.plan(peer(), undefined)
    t.equal(plan.ok ? '' : plan.error.rule, 'STS-1', sessionPolicy)
  }
  t.end()
})

t.test('a session policy that STS could not take is refused before anything is sent', async (t) => {
  for (const policy of ['', 'x'.repeat(2049), '{"\u2603":1}', '{"\0":1}']) {
    const { answer, sent, tokens } = await run([], {}, peer(), policy)
    t.equal(answer.ok ? '' : answer.error.rule, 'STS-2')
    t.equal(sent.length + tokens.length, 0)
  }
})

t.test('an identity that cannot fill the role is refused before anything is sent', async (t) => {
  const { answer, sent } = await run([], {}, peer({ role: undefined }))
  t.equal(answer.ok ? '' : answer.error.code, 'ERR_SG_CREDENTIAL_CONFIG')
  t.equal(answer.ok ? '' : answer.error.rule, 'STS-3')
  t.equal(sent.length, 0)
  const far = await run([], {}, peer({ spiffeId: `spiffe://example.org/${'a'.repeat(240)}` }))
  t.equal(far.answer.ok ? '' : far.answer.error.rule, 'STS-9', 'a subject that STS cannot take')
  t.equal(far.sent.length, 0)
  const long = await run([], {}, peer({ role: 'r'.repeat(65) }))
  t.equal(long.answer.ok ? '' : long.answer.error.rule, 'STS-3', 'longer than IAM allows')
})

const CONFIG = 'ERR_SG_CREDENTIAL_CONFIG'
const UNAVAILABLE = 'ERR_SG_CREDENTIAL_UNAVAILABLE'
const KEYS = "Couldn't retrieve verification key from your identity provider"

const ERRORS: { id: string; reply: Reply; code: string; rule?: string }[] = [
  {
    id: 'InvalidIdentityToken',
    reply: fault(400, 'InvalidIdentityToken', 'bad'),
    code: CONFIG,
    rule: 'STS-InvalidIdentityToken',
  },
  {
    id: 'InvalidIdentityToken, keys not fetched',
    reply: fault(400, 'InvalidIdentityToken', KEYS),
    code: UNAVAILABLE,
  },
  {
    id: 'IDPCommunicationError',
    reply: fault(400, 'IDPCommunicationError'),
    code: UNAVAILABLE,
    rule: 'STS-IDPCommunicationError',
  },
  { id: 'IDPRejectedClaim', reply: fault(403, 'IDPRejectedClaim'), code: CONFIG },
  { id: 'MalformedPolicyDocument', reply: fault(400, 'MalformedPolicyDocument'), code: CONFIG },
  { id: 'PackedPolicyTooLarge', reply: fault(400, 'PackedPolicyTooLarge'), code: CONFIG },
  { id: 'RegionDisabledException', reply: fault(403, 'RegionDisabledException'), code: CONFIG },
  { id: 'AccessDenied', reply: fault(403, 'AccessDenied'), code: CONFIG, rule: 'STS-AccessDenied' },
  { id: 'ValidationError', reply: fault(400, 'ValidationError'), code: CONFIG },
  { id: 'Throttling', reply: fault(400, 'Throttling'), code: UNAVAILABLE },
  { id: 'unknown code', reply: fault(400, 'SomethingNew'), code: CONFIG },
  { id: 'unknown code of the server', reply: fault(500, 'SomethingNew'), code: UNAVAILABLE },
  { id: '503 in HTML', reply: reply(503, '<html>busy</html>', 'text/html'), code: UNAVAILABLE },
  { id: '429 without a body', reply: reply(429, ''), code: UNAVAILABLE },
  { id: 'redirect', reply: reply(307, ''), code: CONFIG },
  { id: '201 with a session', reply: reply(201, session()), code: CONFIG },
  {
    id: 'unreachable',
    reply: err({ kind: 'unreachable', detail: 'ECONNREFUSED' }),
    code: UNAVAILABLE,
    rule: 'STS-outbound',
  },
  { id: 'timeout', reply: err({ kind: 'timeout', detail: '' }), code: UNAVAILABLE },
  { id: 'too large', reply: err({ kind: 'too-large', detail: '' }), code: UNAVAILABLE },
  { id: 'blocked by the egress guard', reply: err({ kind: 'blocked', detail: '' }), code: CONFIG },
  {
    id: 'not XML by type',
    reply: reply(200, session(), 'text/html'),
    code: UNAVAILABLE,
    rule: 'STS-4',
  },
  {
    id: 'two content types',
    reply: ok({
      status: 200,
      headers: [
        ['content-type', 'text/xml'],
        ['content-type', 'text/xml'],
      ],
      body: Buffer.from(session()),
    }),
    code: UNAVAILABLE,
    rule: 'STS-4',
  },
  {
    id: 'no content type',
    reply: ok({ status: 200, headers: [], body: Buffer.from(session()) }),
    code: UNAVAILABLE,
    rule: 'STS-4',
  },
  { id: 'cut off', reply: reply(200, session().slice(0, -20)), code: UNAVAILABLE, rule: 'STS-5' },
  {
    id: 'another document',
    reply: reply(200, session().replaceAll('WithWebIdentity', '')),
    code: UNAVAILABLE,
    rule: 'STS-5',
  },
  {
    id: 'secret with a line break',
    reply: reply(200, session({ secret: 'canary-canary-canary&#10;x' })),
    code: UNAVAILABLE,
    rule: 'STS-5',
  },
  {
    id: 'two sets of keys',
    reply: reply(200, session({ extra: '<Credentials/>' })),
    code: UNAVAILABLE,
    rule: 'STS-5',
  },
  {
    id: 'two subjects',
    reply: reply(200, session({ extra: '<SubjectFromWebIdentityToken/>' })),
    code: UNAVAILABLE,
    rule: 'STS-5',
  },
  {
    id: 'end that is no time',
    reply: reply(200, session({ expiration: 'tomorrow' })),
    code: UNAVAILABLE,
    rule: 'STS-5',
  },
  {
    id: 'end in local time',
    reply: reply(200, session({ expiration: '2026-11-23T18:15:00' })),
    code: UNAVAILABLE,
    rule: 'STS-5',
  },
  {
    id: 'expired already',
    reply: reply(200, session({ expiration: '2026-11-23T18:00:00Z' })),
    code: UNAVAILABLE,
    rule: 'STS-6',
  },
  {
    id: 'another account',
    reply: reply(200, session({ arn: 'arn:aws:sts::210987654321:assumed-role/agents-writer/s' })),
    code: CONFIG,
    rule: 'STS-7',
  },
  {
    id: 'an ARN of another form',
    reply: reply(200, session({ arn: 'arn:aws:iam::123456789012:user/x' })),
    code: CONFIG,
    rule: 'STS-7',
  },
  {
    id: 'another subject',
    reply: reply(200, session({ subject: 'spiffe://example.org/other' })),
    code: CONFIG,
    rule: 'STS-8',
  },
]

for (const row of ERRORS) {
  t.test(`${row.id}: ${row.code}, no second call`, async (t) => {
    const { answer, sent } = await run([row.reply])
    t.equal(answer.ok ? '' : answer.error.code, row.code)
    if (row.rule !== undefined) t.equal(answer.ok ? '' : answer.error.rule, row.rule)
    t.equal(sent.length, 1)
    t.notMatch(JSON.stringify(answer), /canary|eyJ/)
  })
}

t.test('an expired token is replaced once', async (t) => {
  const expired = fault(400, 'ExpiredTokenException', 'Token expired')
  const mended = await run([expired, reply(200, session())])
  t.ok(mended.answer.ok)
  t.equal(mended.tokens.length, 2, 'with a new token')
  const twice = await run([expired, expired, reply(200, session())])
  t.equal(twice.answer.ok ? '' : twice.answer.error.code, UNAVAILABLE)
  t.match(twice.answer.ok ? '' : twice.answer.error.detail, /clocks differ/)
  t.equal(twice.sent.length, 2, 'and not twice')
  const then = await run([expired, fault(403, 'AccessDenied')])
  t.equal(then.answer.ok ? '' : then.answer.error.code, CONFIG)
})

t.test('an endpoint that sends the token back does not get it into our log', async (t) => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  const { answer } = await run([
    fault(403, 'AccessDenied', `no ${TOKEN} \n\u00e9 ${secret} ${'x '.repeat(300)}`),
  ])
  t.notOk(answer.ok)
  if (answer.ok) return
  t.notMatch(answer.error.detail, /canary|wJalr|\n/)
  t.match(answer.error.detail, /\[token\].*\[cut\]/)
  t.ok(answer.error.detail.length < 500)
})

t.test('a longer life than was asked for is not believed', async (t) => {
  const { answer } = await run([reply(200, session({ expiration: '2026-11-24T18:00:00Z' }))])
  t.equal(answer.ok ? 0 : 1, 0)
  t.equal(answer.ok ? answer.value.expiresAt : 0, NOW + 900_000)
})

t.test('without a token nothing is sent', async (t) => {
  let posts = 0
  const refused = err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'no key'))
  const driver = new AwsWebIdentity(OPTIONS, {
    clock: { now: () => NOW },
    jwtSvid: { fetch: () => Promise.resolve(refused) },
    post: () => {
      posts += 1
      return Promise.resolve(reply(200, session()))
    },
  })
  const plan = driver.plan(peer(), POLICY)
  t.equal(plan.ok ? await plan.value.exchange() : undefined, refused)
  t.equal(posts, 0)
})
