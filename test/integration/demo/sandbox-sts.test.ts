// The sandbox STS refuses every wrong thing with STS's own code. Each row changes one thing of a
// request that is otherwise accepted; the row "control" changes nothing.

import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { sendRaw, xmlText } from '../../support/raw-http.ts'
import type { RawRequest } from '../../support/raw-http.ts'
import {
  createTestIssuer,
  ISSUER_URL,
  READER_ROLE,
  startSandbox,
  WRITER_ROLE,
} from '../../support/sandbox.ts'
import type { TokenChanges } from '../../support/sandbox.ts'

const NOW = Date.parse('2026-11-23T18:00:00Z')
const SECONDS = NOW / 1000
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::reports/2026/*' }],
})

interface Row {
  readonly id: string
  readonly token?: TokenChanges
  /** undefined removes the parameter. */
  readonly parameters?: Readonly<Record<string, string | undefined>>
  readonly append?: string
  readonly http?: Partial<RawRequest>
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  readonly code?: string
}

const strangersKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

const WRONG_TOKENS: readonly (readonly [id: string, token: TokenChanges])[] = [
  ['alg none', { header: { alg: 'none' } }],
  ['alg HS256', { header: { alg: 'HS256' } }],
  ['alg RS512', { header: { alg: 'RS512' } }],
  ['no kid', { header: { kid: undefined } }],
  ['unknown kid', { header: { kid: 'other' } }],
  ['typ at+jwt', { header: { typ: 'at+jwt' } }],
  ['a jwk in the header', { header: { jwk: {} } }],
  ['a jku in the header', { header: { jku: 'https://evil.example' } }],
  ['crit', { header: { crit: ['x'] } }],
  ['other issuer', { claims: { iss: 'https://evil.example' } }],
  ['issuer with a slash more', { claims: { iss: `${ISSUER_URL}/` } }],
  ['no sub', { claims: { sub: undefined } }],
  ['no aud', { claims: { aud: undefined } }],
  ['unknown aud', { claims: { aud: 'other' } }],
  ['two audiences', { claims: { aud: ['sts.amazonaws.com', 'other'] } }],
  ['no jti', { claims: { jti: undefined } }],
  ['no iat', { claims: { iat: undefined } }],
  ['iat in the future', { claims: { iat: SECONDS + 1 } }],
  ['iat as text', { claims: { iat: String(SECONDS) } }],
  ['iat with a fraction', { claims: { iat: SECONDS - 0.5 } }],
  ['no nbf', { claims: { nbf: undefined } }],
  ['nbf in the future', { claims: { nbf: SECONDS + 1 } }],
  ['no exp', { claims: { exp: undefined } }],
  ['lives longer than five minutes', { claims: { iat: SECONDS - 1, exp: SECONDS + 300 } }],
]

const TOKEN_ROWS: readonly Row[] = [
  {
    id: 'signed by a stranger',
    token: { key: strangersKey },
    status: 400,
    code: 'InvalidIdentityToken',
  },
  ...WRONG_TOKENS.map(([id, token]) => ({
    id: `token: ${id}`,
    token,
    status: 400,
    code: 'InvalidIdentityToken',
  })),
  {
    id: 'token: expired this second',
    token: { claims: { iat: SECONDS - 200, nbf: SECONDS - 200, exp: SECONDS } },
    status: 400,
    code: 'ExpiredTokenException',
  },
  {
    id: 'token: a subject that the role does not trust',
    token: { claims: { sub: 'spiffe://example.org/agent/acme/data-crew/researcher' } },
    status: 403,
    code: 'AccessDenied',
  },
  {
    id: 'token: an audience of another role',
    token: { claims: { aud: 'another-audience' } },
    status: 403,
    code: 'AccessDenied',
  },
  {
    id: 'garbage for a token',
    parameters: { WebIdentityToken: 'not.a.jwt' },
    status: 400,
    code: 'InvalidIdentityToken',
  },
]

const PARAMETER_ROWS: readonly Row[] = [
  ...(
    [
      ['no RoleArn', { RoleArn: undefined }],
      ['RoleArn that is none', { RoleArn: 'agents-writer-agents-writer' }],
      ['no RoleSessionName', { RoleSessionName: undefined }],
      ['session name of one character', { RoleSessionName: 'a' }],
      ['session name of 65', { RoleSessionName: 'a'.repeat(65) }],
      ['session name with a colon', { RoleSessionName: 'spiffe:writer' }],
      ['session name with a slash', { RoleSessionName: 'a/b' }],
      ['no token', { WebIdentityToken: undefined }],
      ['token of 20001 characters', { WebIdentityToken: 'a'.repeat(20_001) }],
      ['duration 899', { DurationSeconds: '899' }],
      ['duration 43201', { DurationSeconds: '43201' }],
      ['duration over the maximum of the role', { DurationSeconds: '3601' }],
      ['duration with a sign', { DurationSeconds: '+900' }],
      ['policy of 2049 characters', { Policy: POLICY.padEnd(2049) }],
      ['empty policy', { Policy: '' }],
      ['policy with a character over U+00FF', { Policy: POLICY.replace('2026', '☺') }],
      ['unknown parameter', { ProviderId: 'www.example.com' }],
      ['managed policies', { 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess' }],
    ] as const
  ).map(([id, parameters]) => ({ id, parameters, status: 400, code: 'ValidationError' })),
  {
    id: 'a parameter twice',
    append: '&RoleSessionName=other',
    status: 400,
    code: 'ValidationError',
  },
  {
    id: 'policy that is not JSON',
    parameters: { Policy: '{' },
    status: 400,
    code: 'MalformedPolicyDocument',
  },
  {
    id: 'policy with an element that IAM does not have here',
    parameters: { Policy: POLICY.replace('"Action"', '"NotAction"') },
    status: 400,
    code: 'MalformedPolicyDocument',
  },
  {
    id: 'a role that does not exist',
    parameters: { RoleArn: `${WRITER_ROLE}-unknown` },
    status: 403,
    code: 'AccessDenied',
  },
  {
    id: 'a role that trusts others',
    parameters: { RoleArn: READER_ROLE },
    status: 403,
    code: 'AccessDenied',
  },
  { id: 'other action', parameters: { Action: 'AssumeRole' }, status: 400, code: 'InvalidAction' },
  {
    id: 'other version',
    parameters: { Version: '2011-06-14' },
    status: 400,
    code: 'InvalidAction',
  },
  { id: 'malformed escape', append: '&Policy=%zz', status: 400, code: 'MalformedQueryString' },
]

const HTTP_ROWS: readonly Row[] = [
  {
    id: 'signed',
    headers: { authorization: 'AWS4-HMAC-SHA256 x' },
    status: 403,
    code: 'InvalidClientTokenId',
  },
  {
    id: 'with a session token',
    headers: { 'x-amz-security-token': 'x' },
    status: 403,
    code: 'InvalidClientTokenId',
  },
  { id: 'GET', http: { method: 'GET' }, status: 405, code: 'MethodNotAllowed' },
  {
    id: 'parameters in the query',
    http: { path: '/?Action=AssumeRoleWithWebIdentity' },
    status: 404,
    code: 'InvalidAction',
  },
  {
    id: 'JSON',
    headers: { 'content-type': 'application/json' },
    status: 400,
    code: 'ValidationError',
  },
  {
    id: 'chunked',
    headers: { 'transfer-encoding': 'chunked' },
    status: 411,
    code: 'MissingContentLength',
  },
]

const CONTROLS: readonly Row[] = [
  { id: 'control', status: 200 },
  {
    id: 'control with everything optional',
    parameters: { Policy: POLICY, DurationSeconds: '900' },
    status: 200,
  },
  {
    id: 'control with the longest policy',
    parameters: { Policy: POLICY.padEnd(2048) },
    status: 200,
  },
  {
    id: 'control: the last second of the token',
    token: { claims: { exp: SECONDS + 1 } },
    status: 200,
  },
  {
    id: 'control: a life of exactly five minutes',
    token: { claims: { iat: SECONDS, nbf: SECONDS, exp: SECONDS + 300 } },
    status: 200,
  },
  {
    id: 'control: one audience as a list',
    token: { claims: { aud: ['sts.amazonaws.com'] } },
    status: 200,
  },
]

function encodeForm(parameters: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
}

function formFor(row: Row, token: string): string {
  const form = encodeForm({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: WRITER_ROLE,
    RoleSessionName: 'writer-0123',
    WebIdentityToken: token,
    ...row.parameters,
  })
  return form + (row.append ?? '')
}

function requestFor(row: Row, token: string): RawRequest {
  const body = formFor(row, token)
  const isChunked = row.headers?.['transfer-encoding'] !== undefined
  return {
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      ...(isChunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...row.headers,
    },
    body,
    ...row.http,
  }
}

t.test('AssumeRoleWithWebIdentity: each wrong thing has its own refusal', async (t) => {
  const { sandbox, issuer } = await startSandbox({ now: () => NOW })
  t.teardown(() => sandbox.close())
  for (const row of [...CONTROLS, ...TOKEN_ROWS, ...PARAMETER_ROWS, ...HTTP_ROWS]) {
    const answer = await sendRaw(sandbox.stsOrigin, requestFor(row, issuer.mint(row.token)))
    t.equal(answer.status, row.status, `${row.id}: status`)
    t.equal(xmlText(answer.body, 'Code'), row.code, `${row.id}: code`)
    const seen = sandbox.requests.at(-1)
    t.equal(seen?.verdict, row.status === 200 ? 'accepted' : 'refused', `${row.id}: record`)
    t.equal(seen?.code, row.code, `${row.id}: recorded code`)
  }
  const kept = JSON.stringify(sandbox.requests)
  t.notMatch(kept, /eyJ/, 'no token is kept in the record')
})

t.test('the answer has the form of the STS model', async (t) => {
  const { sandbox, issuer } = await startSandbox({ now: () => NOW })
  t.teardown(() => sandbox.close())
  const row: Row = { id: '', status: 200, parameters: { Policy: POLICY, DurationSeconds: '900' } }
  const { body } = await sendRaw(sandbox.stsOrigin, requestFor(row, issuer.mint()))
  t.match(xmlText(body, 'AccessKeyId'), /^ASIA[A-Z2-7]{16}$/)
  t.match(xmlText(body, 'SecretAccessKey'), /^.{40}$/)
  t.ok((xmlText(body, 'SessionToken') ?? '').length > 400)
  t.equal(xmlText(body, 'Expiration'), '2026-11-23T18:15:00Z')
  t.equal(xmlText(body, 'Arn'), 'arn:aws:sts::123456789012:assumed-role/agents-writer/writer-0123')
  t.match(xmlText(body, 'PackedPolicySize'), /^\d+$/)
})

t.test('a token opens the door once', async (t) => {
  const { sandbox, issuer } = await startSandbox({ now: () => NOW })
  t.teardown(() => sandbox.close())
  const token = issuer.mint()
  const row: Row = { id: '', status: 200 }
  t.equal((await sendRaw(sandbox.stsOrigin, requestFor(row, token))).status, 200)
  const again = await sendRaw(sandbox.stsOrigin, requestFor(row, token))
  t.equal(again.status, 400)
  t.equal(xmlText(again.body, 'Code'), 'InvalidIdentityToken')
})

t.test('the published keys are cached, and fetched again for a new key id', async (t) => {
  const { sandbox, issuer } = await startSandbox({ now: () => NOW })
  t.teardown(() => sandbox.close())
  const row: Row = { id: '', status: 200 }
  const send = async (): Promise<number> =>
    (await sendRaw(sandbox.stsOrigin, requestFor(row, issuer.mint()))).status
  t.same([await send(), await send()], [200, 200])
  t.equal(issuer.fetched.get(`${ISSUER_URL}/keys`), 1)
  issuer.rotate()
  t.equal(await send(), 200, 'a token of the new key')
  t.equal(issuer.fetched.get(`${ISSUER_URL}/keys`), 2)
})

interface BadDocuments {
  readonly title: string
  readonly code: string
  readonly unreachable?: true
  /** Laid over the discovery document. */
  readonly discovery?: object
  /** The keys to publish instead of the one right key. */
  readonly keys?: (key: object) => readonly object[]
}

const BAD_DOCUMENTS: readonly BadDocuments[] = [
  { title: 'unreachable', code: 'IDPCommunicationError', unreachable: true },
  ...[
    { title: 'other issuer', discovery: { issuer: 'https://evil.example' } },
    { title: 'no jwks_uri', discovery: { jwks_uri: undefined } },
    { title: 'no keys', keys: () => [] },
    { title: 'a private key published', keys: (key: object) => [{ ...key, d: 'AQAB' }] },
    { title: 'the same kid twice', keys: (key: object) => [key, key] },
    { title: 'a key without use', keys: (key: object) => [{ ...key, use: undefined }] },
    { title: 'a key of another algorithm', keys: (key: object) => [{ ...key, alg: 'RS512' }] },
  ].map((row) => ({ ...row, code: 'InvalidIdentityToken' })),
]

function isJwks(document: unknown): document is { keys: readonly object[] } {
  return typeof document === 'object' && document !== null && 'keys' in document
}

function publish(right: unknown, bad: BadDocuments): unknown {
  if (bad.unreachable === true) throw new Error('connection refused')
  if (!isJwks(right)) return Object.assign({}, right, bad.discovery)
  return { keys: bad.keys === undefined ? right.keys : right.keys.flatMap(bad.keys) }
}

for (const bad of BAD_DOCUMENTS) {
  t.test(`published documents: ${bad.title}`, async (t) => {
    const issuer = createTestIssuer(() => NOW)
    const { sandbox } = await startSandbox({
      now: () => NOW,
      fetchJson: async (url) => publish(await issuer.fetchJson(url), bad),
    })
    t.teardown(() => sandbox.close())
    const answer = await sendRaw(
      sandbox.stsOrigin,
      requestFor({ id: bad.title, status: 400 }, issuer.mint()),
    )
    t.equal(answer.status, 400)
    t.equal(xmlText(answer.body, 'Code'), bad.code)
  })
}
