// The sandbox Security Token Service and Service Account Credentials API refuse every wrong thing in
// Google's own shape. Each row changes one thing of a request that is otherwise accepted.

import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { SandboxGoogle } from '../../../gateway/demo/sandbox-google.ts'
import {
  accessTokenOf,
  agentId,
  AUDIENCE,
  BIGQUERY_SCOPE,
  exchangeForm,
  IAM_SCOPE,
  mintFor,
  post,
  principalOf,
  PROVIDER,
  SERVICE_ACCOUNT,
  startSandboxGoogle,
} from '../../support/sandbox-google.ts'
import type { FormChanges } from '../../support/sandbox-google.ts'
import type { RawAnswer, RawRequest } from '../../support/raw-http.ts'
import { createTestIssuer, ISSUER_URL } from '../../support/sandbox.ts'
import type { TokenChanges } from '../../support/sandbox.ts'

const NOW = Date.parse('2026-11-23T18:00:00Z')
const SECONDS = NOW / 1000
const FORM = 'application/x-www-form-urlencoded'

interface StsRow {
  readonly id: string
  readonly token?: TokenChanges
  readonly form?: FormChanges
  readonly append?: string
  readonly http?: Partial<RawRequest>
  readonly type?: string
  /** Undefined: accepted. */
  readonly error: string | undefined
}

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

const WRONG_TOKENS: readonly (readonly [id: string, token: TokenChanges])[] = [
  ['signed by a stranger', { key: stranger }],
  ['alg none', { header: { alg: 'none' } }],
  ['no kid', { header: { kid: undefined } }],
  ['unknown kid', { header: { kid: 'other' } }],
  ['other issuer', { claims: { iss: 'https://evil.example' } }],
  ['issuer with a slash more', { claims: { iss: `${ISSUER_URL}/` } }],
  ['no aud', { claims: { aud: undefined } }],
  ['the audience of AWS', { claims: { aud: 'sts.amazonaws.com' } }],
  ['the audience of another provider', { claims: { aud: `${AUDIENCE}2` } }],
  ['two audiences', { claims: { aud: [AUDIENCE, 'other'] } }],
  ['no jti', { claims: { jti: undefined } }],
  ['no iat', { claims: { iat: undefined } }],
  ['iat in the future', { claims: { iat: SECONDS + 1 } }],
  ['expired this second', { claims: { iat: SECONDS - 200, nbf: SECONDS - 200, exp: SECONDS } }],
  ['lives longer than five minutes', { claims: { iat: SECONDS - 1, exp: SECONDS + 300 } }],
]

/** A SPIFFE ID of so many bytes. */
function longId(length: number): string {
  return agentId('x').padEnd(length, 'x')
}

const STS_ROWS: readonly StsRow[] = [
  { id: 'control', error: undefined },
  {
    id: 'control: several scopes',
    form: { scope: `${BIGQUERY_SCOPE} ${IAM_SCOPE}` },
    error: undefined,
  },
  {
    id: 'control: id_token',
    form: { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
    error: undefined,
  },
  {
    id: 'control: audience with https',
    token: { claims: { aud: `https:${AUDIENCE}` } },
    error: undefined,
  },
  {
    id: 'control: a subject of 127 bytes',
    token: { claims: { sub: longId(127) } },
    error: undefined,
  },
  ...WRONG_TOKENS.map(([id, token]) => ({ id: `token: ${id}`, token, error: 'invalid_grant' })),
  { id: 'garbage for a token', form: { subject_token: 'not.a.jwt' }, error: 'invalid_grant' },
  { id: 'no sub', token: { claims: { sub: undefined } }, error: 'invalid_grant' },
  {
    id: 'a subject of 128 bytes',
    token: { claims: { sub: longId(128) } },
    error: 'invalid_request',
  },
  {
    id: 'a subject of 64 characters and 128 bytes',
    token: { claims: { sub: 'é'.repeat(64) } },
    error: 'invalid_request',
  },
  {
    id: 'a subject of another trust domain',
    token: { claims: { sub: 'spiffe://example.org.evil/agent' } },
    error: 'unauthorized_client',
  },
  {
    id: 'audience: the pool',
    form: { audience: AUDIENCE.replace(/\/providers.*/, '') },
    error: 'invalid_target',
  },
  { id: 'audience: without slashes', form: { audience: PROVIDER }, error: 'invalid_target' },
  { id: 'audience: https', form: { audience: `https:${AUDIENCE}` }, error: 'invalid_target' },
  { id: 'audience: another provider', form: { audience: `${AUDIENCE}x` }, error: 'invalid_target' },
  ...[
    'grant_type',
    'audience',
    'scope',
    'requested_token_type',
    'subject_token_type',
    'subject_token',
  ].map((name) => ({ id: `no ${name}`, form: { [name]: undefined }, error: 'invalid_request' })),
  {
    id: 'another grant type',
    form: { grant_type: 'client_credentials' },
    error: 'invalid_request',
  },
  {
    id: 'asks for an id token',
    form: { requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
    error: 'invalid_request',
  },
  {
    id: 'a SAML token',
    form: { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
    error: 'invalid_request',
  },
  { id: 'a scope that is none', form: { scope: 'bigquery' }, error: 'invalid_scope' },
  {
    id: 'a scope twice',
    form: { scope: `${BIGQUERY_SCOPE} ${BIGQUERY_SCOPE}` },
    error: 'invalid_scope',
  },
  {
    id: 'two spaces between scopes',
    form: { scope: `${BIGQUERY_SCOPE}  ${IAM_SCOPE}` },
    error: 'invalid_scope',
  },
  {
    id: 'a parameter twice',
    append: `&scope=${encodeURIComponent(IAM_SCOPE)}`,
    error: 'invalid_request',
  },
  { id: 'an unknown parameter', append: '&actor_token=x', error: 'invalid_request' },
  { id: 'options', append: '&options=%7B%7D', error: 'invalid_request' },
  { id: 'malformed escape', append: '&x=%zz', error: 'invalid_request' },
  { id: 'JSON', type: 'application/json', error: 'invalid_request' },
  { id: 'GET', http: { method: 'GET' }, error: 'invalid_request' },
  { id: 'another path', http: { path: '/v1/token/' }, error: 'invalid_request' },
  { id: 'a query', http: { path: '/v1/token?alt=json' }, error: 'invalid_request' },
  {
    id: 'a client credential',
    http: { headers: { authorization: 'Basic eDp5' } },
    error: 'invalid_request',
  },
  {
    id: 'another host',
    http: { headers: { host: 'sts.googleapis.com' } },
    error: 'invalid_request',
  },
  { id: 'a cookie', http: { headers: { cookie: 'a=b' } }, error: 'invalid_request' },
]

t.test('token exchange: each wrong thing has its own refusal', async (t) => {
  const { google, issuer } = await startSandboxGoogle({ now: () => NOW })
  t.teardown(() => google.close())
  for (const row of STS_ROWS) {
    const token = mintFor(issuer, 'researcher', row.token)
    const form = exchangeForm(token, row.form) + (row.append ?? '')
    const answer = await post(google.stsOrigin, '/v1/token', row.type ?? FORM, form, row.http)
    const body = JSON.parse(answer.body) as { error?: string; error_description?: string }
    t.equal(body.error, row.error, row.id)
    t.equal(answer.status, row.error === undefined ? 200 : 400, `${row.id}: status`)
    if (row.error !== undefined) t.type(body.error_description, 'string', `${row.id}: description`)
    const seen = google.requests.at(-1)
    t.equal(seen?.verdict, row.error === undefined ? 'accepted' : 'refused', `${row.id}: record`)
  }
  t.notMatch(JSON.stringify(google.requests), /eyJ|ya29/, 'no token is kept in the record')
})

t.test('the answer of an exchange, and that a token opens the door once', async (t) => {
  const { google, issuer } = await startSandboxGoogle({ now: () => NOW })
  t.teardown(() => google.close())
  const form = exchangeForm(mintFor(issuer, 'researcher'))
  const answer = await post(google.stsOrigin, '/v1/token', FORM, form)
  t.match(JSON.parse(answer.body), {
    access_token: /^[A-Za-z0-9._-]{200,}$/,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 3600,
  })
  t.equal(google.requests.at(-1)?.principal, principalOf('researcher'))
  const again = await post(google.stsOrigin, '/v1/token', FORM, form)
  t.match(JSON.parse(again.body), { error: 'invalid_grant' })
})

t.test(
  'an issuer that cannot be reached, or publishes a private key, is trusted in nothing',
  async (t) => {
    for (const publish of [
      async () => Promise.reject(new Error('connection refused')),
      async (url: string) => {
        const document = (await issuer.fetchJson(url)) as { keys?: readonly object[] }
        return { ...document, keys: document.keys?.map((key) => ({ ...key, d: 'AQAB' })) }
      },
    ]) {
      const { google } = await startSandboxGoogle({ now: () => NOW, fetchJson: publish })
      const form = exchangeForm(mintFor(issuer, 'researcher'))
      const answer = await post(google.stsOrigin, '/v1/token', FORM, form)
      t.match(JSON.parse(answer.body), { error: 'invalid_grant' })
      await google.close()
    }
  },
)

const issuer = createTestIssuer(() => NOW)
const GENERATE = `/v1/projects/-/serviceAccounts/${SERVICE_ACCOUNT}:generateAccessToken`

interface IamRow {
  readonly id: string
  readonly role?: string
  readonly scope?: string
  readonly path?: string
  readonly method?: string
  readonly body?: unknown
  readonly raw?: string
  readonly type?: string
  /** Undefined leaves the header out. */
  readonly authorization?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  readonly message?: RegExp
}

const BODY = { scope: [BIGQUERY_SCOPE], lifetime: '900s' }

const IAM_ROWS: readonly IamRow[] = [
  { id: 'control', status: 200 },
  {
    id: 'control: cloud-platform',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    status: 200,
  },
  { id: 'control: an hour', body: { ...BODY, lifetime: '3600s' }, status: 200 },
  { id: 'control: no lifetime', body: { scope: BODY.scope }, status: 200 },
  { id: 'no token', authorization: undefined, status: 401 },
  { id: 'a token that nobody issued', authorization: 'Bearer ya29.d.nobody', status: 401 },
  { id: 'another scheme', authorization: 'Basic eDp5', status: 401 },
  { id: 'a token without a scope for IAM', scope: BIGQUERY_SCOPE, status: 403, message: /scopes/ },
  { id: 'a principal that is not bound', role: 'editor', status: 403, message: /getAccessToken/ },
  { id: 'another service account', path: GENERATE.replace('readers', 'writers'), status: 403 },
  { id: 'a project by name', path: GENERATE.replace('-', 'acme-data'), status: 404 },
  { id: 'signBlob', path: GENERATE.replace('generateAccessToken', 'signBlob'), status: 404 },
  { id: 'GET', method: 'GET', status: 404 },
  { id: 'a query parameter', path: `${GENERATE}?access_token=x`, status: 400 },
  { id: 'no scope', body: { lifetime: '900s' }, status: 400, message: /at least one scope/ },
  {
    id: 'an empty scope',
    body: { ...BODY, scope: [] },
    status: 400,
    message: /at least one scope/,
  },
  { id: 'a scope that is none', body: { ...BODY, scope: ['bigquery'] }, status: 400 },
  { id: 'scope as text', body: { ...BODY, scope: BIGQUERY_SCOPE }, status: 400 },
  {
    id: 'a second more than an hour',
    body: { ...BODY, lifetime: '3601s' },
    status: 400,
    message: /cannot exceed 3600/,
  },
  { id: 'no life', body: { ...BODY, lifetime: '0s' }, status: 400 },
  { id: 'a lifetime without unit', body: { ...BODY, lifetime: '900' }, status: 400 },
  { id: 'a lifetime as number', body: { ...BODY, lifetime: 900 }, status: 400 },
  { id: 'delegates', body: { ...BODY, delegates: ['projects/-/serviceAccounts/x'] }, status: 400 },
  {
    id: 'an unknown field',
    body: { ...BODY, includeEmail: true },
    status: 400,
    message: /unknown field includeEmail/,
  },
  {
    id: 'a field twice',
    raw: `{"scope":["${BIGQUERY_SCOPE}"],"scope":[]}`,
    status: 400,
    message: /duplicate/,
  },
  { id: 'no JSON', raw: '{', status: 400 },
  { id: 'a form', type: FORM, status: 400 },
  { id: 'another project to bill', headers: { 'x-goog-user-project': 'other' }, status: 400 },
  { id: 'another host', headers: { host: 'iamcredentials.googleapis.com' }, status: 404 },
]

async function generate(google: SandboxGoogle, row: IamRow): Promise<RawAnswer> {
  const issuerOf = issuer
  const token = await accessTokenOf(google, issuerOf, row.role ?? 'researcher', {
    scope: row.scope ?? IAM_SCOPE,
  })
  const authorization = 'authorization' in row ? row.authorization : `Bearer ${token}`
  const headers = { ...(authorization === undefined ? {} : { authorization }), ...row.headers }
  const body = row.raw ?? JSON.stringify(row.body ?? BODY)
  const changes = { headers, ...(row.method === undefined ? {} : { method: row.method }) }
  const type = row.type ?? 'application/json'
  return post(google.iamCredentialsOrigin, row.path ?? GENERATE, type, body, changes)
}

t.test('generateAccessToken: each wrong thing has its own refusal', async (t) => {
  const fetchJson = (url: string): Promise<unknown> => issuer.fetchJson(url)
  const { google } = await startSandboxGoogle({ now: () => NOW, fetchJson })
  t.teardown(() => google.close())
  for (const row of IAM_ROWS) {
    const answer = await generate(google, row)
    t.equal(answer.status, row.status, `${row.id}: ${answer.body}`)
    const { error } = JSON.parse(answer.body) as { error?: { code: number; message: string } }
    t.equal(error?.code, row.status === 200 ? undefined : row.status, `${row.id}: code`)
    if (row.message !== undefined) t.match(error?.message, row.message, `${row.id}: message`)
  }
})

t.test('a service account’s token: its end and its principal', async (t) => {
  const fetchJson = (url: string): Promise<unknown> => issuer.fetchJson(url)
  const { google } = await startSandboxGoogle({ now: () => NOW, fetchJson })
  t.teardown(() => google.close())
  const answer = await generate(google, { id: '', status: 200 })
  const { accessToken, expireTime } = JSON.parse(answer.body) as Record<string, string>
  t.equal(expireTime, '2026-11-23T18:15:00Z')
  const headers = { authorization: `Bearer ${accessToken ?? ''}` }
  const query = JSON.stringify({ query: 'SELECT SESSION_USER()', useLegacySql: false })
  const path = '/bigquery/v2/projects/acme-data/queries'
  const asked = await post(google.bigqueryOrigin, path, 'application/json', query, { headers })
  t.match(JSON.parse(asked.body), { rows: [{ f: [{ v: SERVICE_ACCOUNT }] }] })
})
