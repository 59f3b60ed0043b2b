// Workload Identity Federation against scripted answers: what is sent, what each answer means, and
// that no token appears in anything that is printed.

import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import type { CredentialAnswer } from '../../../../gateway/credential/credential.ts'
import type { GcpWorkloadIdentityOptions } from '../../../../gateway/credential/gcp/options.ts'
import { GcpWorkloadIdentity } from '../../../../gateway/credential/gcp/workload-identity.ts'
import type { OutboundAnswer, OutboundFailure } from '../../../../gateway/credential/outbound.ts'
import { refusal } from '../../../../gateway/errors.ts'
import type { HeaderLine } from '../../../../gateway/request/message.ts'
import type { JwtSvidRequest } from '../../../../gateway/spiffe/jwt-svid.ts'
import type { Peer } from '../../../../gateway/spiffe/peer.ts'
import { err, ok, type Result } from '../../../../gateway/util/result.ts'
import { Secret } from '../../../../gateway/util/secret.ts'
import { peer } from '../../../support/peers.ts'

const NOW = Date.UTC(2026, 10, 23, 18)
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.canary-token-canary-token-canary-token.c2lnbmF0dXJl'
const FEDERATED = 'ya29.d.canary-federated'
const IMPERSONATED = 'ya29.c.canary-service-account'
const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'
const BIGQUERY = 'https://www.googleapis.com/auth/bigquery'
const READER = 'reader@sales-prod.iam.gserviceaccount.com'
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const OPTIONS: GcpWorkloadIdentityOptions = {
  kind: 'gcp-workload-identity',
  name: 'gcp-data',
  provider: PROVIDER,
  scopes: [BIGQUERY],
}

interface Sent {
  origin: string
  path: string
  headers: readonly HeaderLine[]
  body: string
  deadlineMs: number
}

type Reply = Result<OutboundAnswer, OutboundFailure>

interface Run {
  answer: CredentialAnswer
  sent: Sent[]
  tokens: JwtSvidRequest[]
}

function driverOf(
  replies: readonly Reply[],
  options: Partial<GcpWorkloadIdentityOptions>,
  sent: Sent[] = [],
  tokens: JwtSvidRequest[] = [],
): GcpWorkloadIdentity {
  return new GcpWorkloadIdentity(
    { ...OPTIONS, ...options },
    {
      clock: { now: () => NOW },
      jwtSvid: {
        fetch: (request) => {
          tokens.push(request)
          return Promise.resolve(ok({ token: new Secret(TOKEN), expiresAt: NOW + 285_000 }))
        },
      },
      post: (origin, path, headers, body, { deadlineMs }) => {
        sent.push({ origin, path, headers, body: body.toString('latin1'), deadlineMs })
        const next = replies[sent.length - 1]
        return next === undefined
          ? Promise.reject(new Error('one too many'))
          : Promise.resolve(next)
      },
    },
  )
}

async function run(
  replies: readonly Reply[],
  options: Partial<GcpWorkloadIdentityOptions> = {},
  agent: Peer = peer(),
): Promise<Run> {
  const sent: Sent[] = []
  const tokens: JwtSvidRequest[] = []
  const plan = driverOf(replies, options, sent, tokens).plan(agent, undefined)
  if (!plan.ok) return { answer: plan, sent, tokens }
  return { answer: await plan.value.exchange(), sent, tokens }
}

function reply(status: number, body: unknown, type = 'application/json; charset=UTF-8'): Reply {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return ok({ status, headers: [['Content-Type', type]], body: Buffer.from(text) })
}

function federated(fields: Record<string, unknown> = {}): Reply {
  return reply(200, {
    access_token: FEDERATED,
    issued_token_type: ACCESS_TOKEN_TYPE,
    token_type: 'Bearer',
    expires_in: 3599,
    ...fields,
  })
}

function impersonated(fields: Record<string, unknown> = {}): Reply {
  return reply(200, { accessToken: IMPERSONATED, expireTime: '2026-11-23T18:15:00Z', ...fields })
}

const oauth = (error: string, description = 'm', status = 400): Reply =>
  reply(status, { error, error_description: description })

const api = (code: number, status: string, reason?: string): Reply =>
  reply(code, {
    error: {
      code,
      message: 'm',
      status,
      ...(reason === undefined
        ? {}
        : { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }] }),
    },
  })

function tokenOf(answer: CredentialAnswer): string | undefined {
  if (!answer.ok || answer.value.kind !== 'gcp-workload-identity') return undefined
  return answer.value.accessToken.reveal()
}

t.test('direct access: one form to the token service, without Authorization', async (t) => {
  const { answer, sent, tokens } = await run([federated()])
  t.equal(tokenOf(answer), FEDERATED)
  t.equal(sent.length, 1)
  t.equal(`${sent[0]?.origin}${sent[0]?.path}`, 'https://sts.googleapis.com/v1/token')
  t.strictSame(sent[0]?.headers, [['content-type', 'application/x-www-form-urlencoded']])
  t.ok((sent[0]?.deadlineMs ?? 0) > 0)
  t.strictSame(Object.fromEntries(new URLSearchParams(sent[0]?.body)), {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: `//iam.googleapis.com/${PROVIDER}`,
    scope: BIGQUERY,
    requested_token_type: ACCESS_TOKEN_TYPE,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: TOKEN,
  })
  t.strictSame(
    tokens.map(({ subject, audience }) => [subject, audience]),
    [[peer().spiffeId, `//iam.googleapis.com/${PROVIDER}`]],
  )
  t.match(answer, { value: { session: peer().spiffeId, expiresAt: NOW + 3_599_000 } })
})

t.test('impersonation: the federated token asks for the service account’s, and goes', async (t) => {
  const { answer, sent } = await run([federated(), impersonated()], {
    serviceAccount: '{role}@sales-prod.iam.gserviceaccount.com',
    lifetimeSeconds: 600,
    scopes: [BIGQUERY, 'https://www.googleapis.com/auth/drive.readonly'],
  })
  t.equal(tokenOf(answer), IMPERSONATED)
  const form = new URLSearchParams(sent[0]?.body)
  t.equal(form.get('scope'), 'https://www.googleapis.com/auth/iam', 'for no data')
  t.equal(sent[1]?.origin, 'https://iamcredentials.googleapis.com')
  t.equal(
    sent[1]?.path,
    '/v1/projects/-/serviceAccounts/writer@sales-prod.iam.gserviceaccount.com:generateAccessToken',
  )
  t.strictSame(sent[1]?.headers, [
    ['content-type', 'application/json'],
    ['authorization', `Bearer ${FEDERATED}`],
  ])
  t.strictSame(JSON.parse(sent[1]?.body ?? ''), {
    scope: [BIGQUERY, 'https://www.googleapis.com/auth/drive.readonly'],
    lifetime: '600s',
  })
  t.match(answer, {
    value: {
      session: 'writer@sales-prod.iam.gserviceaccount.com',
      expiresAt: NOW + 600_000,
    },
  })
})

t.test('options reach the call: audience, universe, endpoints, role subject', async (t) => {
  const { sent, tokens } = await run([federated(), impersonated()], {
    provider: `//iam.example-universe.test/${PROVIDER}`,
    universeDomain: 'example-universe.test',
    audience: 'agents',
    subject: 'role',
    serviceAccount: READER,
  })
  t.strictSame(
    sent.map(({ origin }) => origin),
    ['https://sts.example-universe.test', 'https://iamcredentials.example-universe.test'],
  )
  t.equal(
    new URLSearchParams(sent[0]?.body).get('audience'),
    `//iam.example-universe.test/${PROVIDER}`,
  )
  t.match(tokens, [{ subject: 'example.org/acme/writer', audience: 'agents' }])
  const own = await run([federated(), impersonated()], {
    endpoint: 'http://127.0.0.1:1',
    impersonationEndpoint: 'https://iamcredentials.internal:8443',
    serviceAccount: READER,
  })
  t.strictSame(
    own.sent.map(({ origin }) => origin),
    ['http://127.0.0.1:1', 'https://iamcredentials.internal:8443'],
  )
})

const ofLength = (bytes: number): string =>
  `spiffe://example.org/agent/acme/data-crew/${'r'.repeat(bytes - 42)}`

t.test(
  'a subject of up to 127 bytes is the SPIFFE ID, a longer one its whole digest',
  async (t) => {
    const fits = await run([federated()], {}, peer({ spiffeId: ofLength(127) }))
    t.equal(fits.tokens[0]?.subject, ofLength(127))
    const { tokens, answer } = await run([federated()], {}, peer({ spiffeId: ofLength(128) }))
    const expected = createHash('sha256').update(ofLength(128)).digest('base64url')
    t.equal(tokens[0]?.subject, `spiffe-sha256:${expected}`)
    t.equal(expected.length, 43)
    t.match(answer, { value: { session: `spiffe-sha256:${expected}` } })
    const role = await run([], { subject: 'role' }, peer({ role: 'r'.repeat(127) }))
    t.equal(role.answer.ok ? '' : role.answer.error.rule, 'GCP-1', 'a role has no digest')
    t.equal(role.tokens.length + role.sent.length, 0)
  },
)

t.test('an identity that cannot fill the service account is refused before anything', async (t) => {
  const serviceAccount = 'agents-{role}@p.iam.gserviceaccount.com'
  for (const role of [undefined, 'Writer', 'a.b', 'a_b', 'r'.repeat(64)]) {
    const { answer, sent, tokens } = await run([], { serviceAccount }, peer({ role }))
    t.equal(answer.ok ? '' : answer.error.rule, 'GCP-2', String(role))
    t.equal(sent.length + tokens.length, 0)
  }
})

t.test('a session policy is refused: nothing at Google would enforce it', (t) => {
  const plan = driverOf([], {}).plan(peer(), '{}')
  t.match(plan, { ok: false, error: { code: 'ERR_SG_CREDENTIAL_CONFIG', rule: 'GCP-3' } })
  t.equal(driverOf([], {}).settings.sessionPolicy, 'none')
  t.end()
})

t.test('a frozen credential that prints no secret', async (t) => {
  for (const options of [{}, { serviceAccount: READER }]) {
    const { answer } = await run([federated(), impersonated()], options)
    t.ok(answer.ok && Object.isFrozen(answer.value))
    t.notMatch(inspect(answer, { depth: 9, showHidden: true }), /canary/)
    t.notMatch(JSON.stringify(answer), /canary/)
  }
})

t.test('the plan says what would be asked, without a token', (t) => {
  const direct = driverOf([], {}).plan(peer(), undefined)
  t.match(direct.ok && direct.value.describe(), {
    call: 'token exchange at https://sts.googleapis.com/v1/token',
    token_subject: peer().spiffeId,
    scopes: BIGQUERY,
  })
  const by = driverOf([], { serviceAccount: READER }).plan(peer(), undefined)
  t.match(by.ok && by.value.describe(), {
    principal: READER,
    impersonation: 'generateAccessToken at https://iamcredentials.googleapis.com',
    lifetime_seconds: '900',
  })
  t.end()
})

t.test('every input of the exchange is in the cache key', (t) => {
  const keys = new Set<string>()
  const add = (options: Partial<GcpWorkloadIdentityOptions>, agent = peer()): void => {
    const plan = driverOf([], {
      serviceAccount: '{role}@p.iam.gserviceaccount.com',
      ...options,
    }).plan(agent, undefined)
    if (!plan.ok) throw new Error(plan.error.detail)
    keys.add(plan.value.cacheKey)
  }
  const variants: readonly (readonly [Partial<GcpWorkloadIdentityOptions>, Peer?])[] = [
    [{}],
    [{ name: 'other' }],
    [{ provider: PROVIDER.replace('123', '124') }],
    [{ scopes: [BIGQUERY, 'https://www.googleapis.com/auth/iam'] }],
    [{ scopes: [`${BIGQUERY}.insertdata`] }],
    [{ serviceAccount: READER }],
    [{ serviceAccount: undefined }],
    [{ lifetimeSeconds: 901 }],
    [{ subject: 'role' }],
    [{ audience: 'a' }],
    [{ endpoint: 'https://sts.internal' }],
    [{ impersonationEndpoint: 'https://i.internal' }],
    [{ universeDomain: 'example.test' }],
    [{ trustDomains: ['partner.org'] }],
    [{}, peer({ spiffeId: 'spiffe://example.org/agent/acme/other/writer' })],
    // The whole SPIFFE ID is a claim of such a token.
    [{ subject: 'role' }, peer({ spiffeId: 'spiffe://example.org/agent/acme/other/writer' })],
    [{}, peer({ tenant: 'other' })],
    [{}, peer({ agent: 'other' })],
    [{}, peer({ role: 'other' })],
  ]
  for (const [options, agent] of variants) add(options, agent)
  t.equal(keys.size, variants.length)
  add({})
  t.equal(keys.size, variants.length, 'the same inputs are the same key')
  t.end()
})

const CONFIG = 'ERR_SG_CREDENTIAL_CONFIG'
const UNAVAILABLE = 'ERR_SG_CREDENTIAL_UNAVAILABLE'
const NOT_REACHED = "Error connecting to the given credential's issuer."

interface ErrorRow {
  readonly id: string
  readonly replies: readonly Reply[]
  readonly code: string
  readonly rule?: string
  /** A setting that may be on its way. */
  readonly settling?: boolean
  readonly remedy?: RegExp
}

const FROM_STS: readonly ErrorRow[] = [
  {
    id: 'invalid_request',
    replies: [oauth('invalid_request')],
    code: CONFIG,
    rule: 'GCP-invalid_request',
  },
  {
    id: 'a mapped attribute that is too long',
    replies: [oauth('invalid_request', 'The size of mapped attribute google.subject exceeds')],
    code: CONFIG,
    remedy: /127 bytes/,
  },
  {
    id: 'invalid_target',
    replies: [oauth('invalid_target')],
    code: CONFIG,
    settling: true,
    remedy: /project by its number/,
  },
  {
    id: 'unauthorized_client',
    replies: [oauth('unauthorized_client')],
    code: CONFIG,
    settling: true,
    remedy: /attribute condition/,
  },
  {
    id: 'invalid_grant',
    replies: [oauth('invalid_grant', 'The issuer in ID Token does not match')],
    code: CONFIG,
    settling: true,
  },
  {
    id: 'invalid_grant, issuer not reached',
    replies: [oauth('invalid_grant', NOT_REACHED)],
    code: UNAVAILABLE,
    rule: 'GCP-invalid_grant',
  },
  { id: 'invalid_scope', replies: [oauth('invalid_scope')], code: CONFIG },
  { id: 'an error of tomorrow', replies: [oauth('something_new')], code: CONFIG },
  { id: 'the same of the server', replies: [oauth('something_new', 'm', 500)], code: UNAVAILABLE },
  { id: 'temporarily_unavailable', replies: [oauth('temporarily_unavailable')], code: UNAVAILABLE },
  {
    id: 'the API is switched off',
    replies: [api(403, 'PERMISSION_DENIED', 'SERVICE_DISABLED')],
    code: CONFIG,
    settling: true,
    remedy: /must be enabled/,
  },
  { id: '429', replies: [api(429, 'RESOURCE_EXHAUSTED')], code: UNAVAILABLE },
  { id: '503 in HTML', replies: [reply(503, '<html>', 'text/html')], code: UNAVAILABLE },
  { id: '429 without a body', replies: [reply(429, '')], code: UNAVAILABLE },
  { id: 'redirect', replies: [reply(307, '')], code: CONFIG },
  {
    id: 'a token with another status',
    replies: [ok({ status: 201, headers: [], body: Buffer.from('{}') })],
    code: CONFIG,
  },
  {
    id: 'unreachable',
    replies: [err({ kind: 'unreachable', detail: 'ECONNREFUSED' })],
    code: UNAVAILABLE,
    rule: 'GCP-outbound',
  },
  { id: 'timeout', replies: [err({ kind: 'timeout', detail: '' })], code: UNAVAILABLE },
  {
    id: 'blocked by the egress guard',
    replies: [err({ kind: 'blocked', detail: '' })],
    code: CONFIG,
  },
]

/** Answers with status 200 that are no token. */
const NO_TOKEN: readonly (readonly [id: string, reply: Reply, rule: string])[] = [
  ['HTML', reply(200, '<html>', 'text/html'), 'GCP-4'],
  [
    'two content types',
    ok({
      status: 200,
      headers: [
        ['content-type', 'application/json'],
        ['content-type', 'text/html'],
      ],
      body: Buffer.from('{}'),
    }),
    'GCP-4',
  ],
  ['no content type', ok({ status: 200, headers: [], body: Buffer.from('{}') }), 'GCP-4'],
  ['no JSON', reply(200, '{'), 'GCP-5'],
  [
    'bytes that are no UTF-8',
    ok({
      status: 200,
      headers: [['content-type', 'application/json']],
      body: Buffer.from([0x7b, 0xff, 0x7d]),
    }),
    'GCP-5',
  ],
  ['a list', reply(200, []), 'GCP-5'],
  [
    'a member twice',
    reply(
      200,
      `{"access_token":"a","access_token":"b","token_type":"Bearer","issued_token_type":"${ACCESS_TOKEN_TYPE}"}`,
    ),
    'GCP-5',
  ],
  ['no token', federated({ access_token: undefined }), 'GCP-5'],
  ['a token that is no text', federated({ access_token: 7 }), 'GCP-5'],
  ['a token with a line break', federated({ access_token: 'a\r\nx: y' }), 'GCP-5'],
  ['a token with a blank', federated({ access_token: 'a b' }), 'GCP-5'],
  ['a token beyond ASCII', federated({ access_token: 'a\u00e9' }), 'GCP-5'],
  ['an empty token', federated({ access_token: '' }), 'GCP-5'],
  ['a token over 12 KiB', federated({ access_token: 'a'.repeat(12 * 1024 + 1) }), 'GCP-5'],
  ['another token type', federated({ token_type: 'MAC' }), 'GCP-5'],
  ['no token type', federated({ token_type: undefined }), 'GCP-5'],
  [
    'another issued type',
    federated({ issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' }),
    'GCP-5',
  ],
  ['a negative life', federated({ expires_in: -1 }), 'GCP-5'],
  ['a broken life', federated({ expires_in: '1h' }), 'GCP-5'],
  ['half a second', federated({ expires_in: 0.5 }), 'GCP-5'],
]

const FROM_IMPERSONATION: readonly ErrorRow[] = [
  {
    id: 'PERMISSION_DENIED',
    replies: [federated(), api(403, 'PERMISSION_DENIED', 'IAM_PERMISSION_DENIED')],
    code: CONFIG,
    rule: 'GCP-PERMISSION_DENIED',
    settling: true,
    remedy: /roles\/iam\.workloadIdentityUser/,
  },
  {
    id: 'scopes that cannot suffice',
    replies: [federated(), api(403, 'PERMISSION_DENIED', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT')],
    code: CONFIG,
    settling: false,
  },
  {
    id: 'no such service account',
    replies: [federated(), api(404, 'NOT_FOUND')],
    code: CONFIG,
    settling: true,
    remedy: /does not exist/,
  },
  { id: 'disabled', replies: [federated(), api(400, 'FAILED_PRECONDITION')], code: CONFIG },
  { id: 'lifetime', replies: [federated(), api(400, 'INVALID_ARGUMENT')], code: CONFIG },
  {
    id: 'our token not known',
    replies: [federated(), api(401, 'UNAUTHENTICATED')],
    code: UNAVAILABLE,
  },
  { id: '429', replies: [federated(), api(429, 'RESOURCE_EXHAUSTED')], code: UNAVAILABLE },
  { id: '503', replies: [federated(), api(503, 'UNAVAILABLE')], code: UNAVAILABLE },
  {
    id: 'unreachable',
    replies: [federated(), err({ kind: 'unreachable', detail: '' })],
    code: UNAVAILABLE,
    rule: 'GCP-outbound',
  },
  {
    id: 'not JSON',
    replies: [federated(), reply(200, '{}', 'text/plain')],
    code: UNAVAILABLE,
    rule: 'GCP-4',
  },
  {
    id: 'no end',
    replies: [federated(), impersonated({ expireTime: undefined })],
    code: UNAVAILABLE,
    rule: 'GCP-5',
  },
  {
    id: 'an end in local time',
    replies: [federated(), impersonated({ expireTime: '2026-11-23T18:15:00' })],
    code: UNAVAILABLE,
    rule: 'GCP-5',
  },
  {
    id: 'a token with a line break',
    replies: [federated(), impersonated({ accessToken: 'a\nb' })],
    code: UNAVAILABLE,
    rule: 'GCP-5',
  },
  {
    id: 'expired already',
    replies: [federated(), impersonated({ expireTime: '2026-11-23T18:00:00Z' })],
    code: UNAVAILABLE,
    rule: 'GCP-6',
  },
]

for (const [call, rows] of [
  ['token', FROM_STS],
  ['generateAccessToken', FROM_IMPERSONATION],
] as const) {
  for (const { id, replies, code, rule, settling, remedy } of rows) {
    t.test(`${call}: ${id}: ${code}, and no further call`, async (t) => {
      const options = call === 'token' ? {} : { serviceAccount: READER }
      const { answer, sent } = await run(replies, options)
      if (answer.ok) throw new Error('granted')
      t.equal(answer.error.code, code)
      t.equal(sent.length, replies.length)
      if (rule !== undefined) t.equal(answer.error.rule, rule)
      if (settling !== undefined) t.equal(answer.error.settling === true, settling)
      if (remedy !== undefined) t.match(answer.error.detail, remedy)
      t.notMatch(JSON.stringify(answer), /canary|eyJ/)
    })
  }
}

for (const [id, answerOfSts, rule] of NO_TOKEN) {
  t.test(`no token: ${id}`, async (t) => {
    for (const serviceAccount of [undefined, READER]) {
      const { answer, sent } = await run([answerOfSts], { serviceAccount })
      t.match(answer, { ok: false, error: { code: UNAVAILABLE, rule } })
      t.equal(sent.length, 1, 'nothing follows')
      t.notMatch(JSON.stringify(answer), /canary|eyJ/)
    }
  })
}

t.test('lifetimes: as text, unstated, and never beyond an hour', async (t) => {
  for (const [given, seconds] of [
    [3599, 3599],
    ['1800', 1800],
    [undefined, 300],
    [999_999, 3600],
  ] as const) {
    const { answer } = await run([federated({ expires_in: given })])
    t.equal(answer.ok && answer.value.expiresAt, NOW + seconds * 1000, String(given))
  }
  const longer = await run([federated(), impersonated({ expireTime: '2026-11-24T06:00:00Z' })], {
    serviceAccount: READER,
  })
  t.equal(longer.answer.ok && longer.answer.value.expiresAt, NOW + 900_000, 'as was asked for')
  t.ok((await run([federated({ token_type: 'bearer', extra: [1] })])).answer.ok)
  t.ok((await run([federated({ access_token: `${'a'.repeat(12_286)}==` })])).answer.ok, '12 KiB')
})

t.test('a stale token is replaced once', async (t) => {
  const stale = oauth('invalid_grant', 'ID Token issued at 1795456800 is stale to sign-in.')
  const mended = await run([stale, federated()])
  t.ok(mended.answer.ok)
  t.equal(mended.tokens.length, 2, 'with a new token')
  const twice = await run([stale, stale, federated()])
  t.equal(twice.answer.ok ? '' : twice.answer.error.code, UNAVAILABLE)
  t.match(twice.answer.ok ? '' : twice.answer.error.detail, /clocks differ/)
  t.equal(twice.sent.length, 2, 'and not twice')
})

t.test('an endpoint that sends a token back does not get it into our log', async (t) => {
  const text = `no ${TOKEN} \n\u00e9 ${FEDERATED} ${'x'.repeat(60)} ${'y '.repeat(300)}`
  for (const replies of [
    [oauth('invalid_request', text.replace(FEDERATED, ''))],
    [
      federated(),
      reply(403, {
        error: { status: 'PERMISSION_DENIED', message: text.replace(TOKEN, '') },
      }),
    ],
  ]) {
    const { answer } = await run(replies, replies.length === 1 ? {} : { serviceAccount: READER })
    if (answer.ok) throw new Error('granted')
    t.notMatch(answer.error.detail, /canary|\n/)
    t.match(answer.error.detail, /\[token\].*\[cut\]/)
    t.ok(answer.error.detail.length < 600)
  }
})

t.test('without a token nothing is sent', async (t) => {
  const refused = err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'no key'))
  let posts = 0
  const driver = new GcpWorkloadIdentity(OPTIONS, {
    clock: { now: () => NOW },
    jwtSvid: { fetch: () => Promise.resolve(refused) },
    post: () => {
      posts += 1
      return Promise.resolve(federated())
    },
  })
  const plan = driver.plan(peer(), undefined)
  t.equal(plan.ok ? await plan.value.exchange() : undefined, refused)
  t.equal(posts, 0)
})

const WRONG: readonly (readonly [id: string, Partial<GcpWorkloadIdentityOptions>, RegExp])[] = [
  [
    'the project’s id',
    { provider: PROVIDER.replace('123', 'my-project') },
    /the number, not the id/,
  ],
  ['a pool', { provider: PROVIDER.replace('/providers/svidgate', '') }, /not its pool/],
  ['a query behind it', { provider: `${PROVIDER}?x` }, /provider .* must be/],
  ['no scope', { scopes: [] }, /scopes must not be empty/],
  ['two scopes in one', { scopes: ['a b'] }, /no OAuth scope/],
  ['a user', { serviceAccount: 'someone@example.org' }, /gserviceaccount\.com/],
  ['a path', { serviceAccount: `x/../${READER}` }, /serviceAccount/],
  [
    'an unknown placeholder',
    { serviceAccount: '{user}@p.iam.gserviceaccount.com' },
    /serviceAccount/,
  ],
  [
    'placeholders that melt',
    { serviceAccount: '{agent}-{role}@p.iam.gserviceaccount.com' },
    /two different agents could give the same text/,
  ],
  ['a lifetime too long', { lifetimeSeconds: 3301 }, /lifetime must be 300s to 3300s/],
  ['a lifetime too short', { lifetimeSeconds: 299 }, /lifetime must be/],
  ['an empty audience', { audience: '' }, /audience must not be empty/],
  ['plain http', { endpoint: 'http://sts.example.org' }, /endpoint .* must be https/],
  ['a path', { impersonationEndpoint: 'https://a.example.org/x' }, /impersonationEndpoint/],
  ['a universe with a path', { universeDomain: 'a.test/x' }, /universeDomain/],
]

for (const [id, options, text] of WRONG) {
  t.test(`refused at construction: ${id}`, (t) => {
    t.throws(() => driverOf([], options), { name: 'TypeError', message: text })
    t.end()
  })
}
