// A token driver's answer is read as hostile: only the token that was asked for comes through.

import { createSign, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { refusal } from '../../../gateway/errors.ts'
import { checkedSource } from '../../../gateway/issuer/checked-source.ts'
import { createIssuerSource } from '../../../gateway/issuer/issuer-source.ts'
import type { JwtSvidSource } from '../../../gateway/spiffe/jwt-svid.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { issuerKeys } from '../../support/issuer-keys.ts'
import { peer } from '../../support/peers.ts'

const NOW = Date.UTC(2026, 10, 23, 18)
const SECONDS = NOW / 1000
const ISSUER = 'https://oidc.example.org'
const { keys, privateKey, kid } = issuerKeys()
const clock = { now: () => NOW }
const checks = { issuerUrl: ISSUER, keys, clock }
const agent = peer()
const request = { subject: agent.spiffeId, audience: 'sts.amazonaws.com', peer: agent }

const HEADER = { alg: 'RS256', kid, typ: 'JWT' }
const CLAIMS = {
  iss: ISSUER,
  sub: agent.spiffeId,
  aud: 'sts.amazonaws.com',
  iat: SECONDS - 15,
  nbf: SECONDS - 15,
  exp: SECONDS + 285,
}

function b64(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function token(header: string, claims: string, key = privateKey, hash = 'RSA-SHA256'): string {
  const input = `${b64(header)}.${b64(claims)}`
  return `${input}.${createSign(hash).update(input).sign(key).toString('base64url')}`
}

function driver(text: string, expiresAt = NOW + 285_000): JwtSvidSource {
  return { fetch: () => Promise.resolve(ok({ token: new Secret(text), expiresAt })) }
}

function jwt(header: object, claims: object): string {
  return token(JSON.stringify(header), JSON.stringify(claims))
}

t.test('the built-in issuer passes its own check', async (t) => {
  const source = createIssuerSource({
    issuerUrl: ISSUER,
    keys,
    tokenTtlSeconds: 300,
    randomId: () => 'x',
    clock,
  })
  const answer = await checkedSource(source, checks).fetch(request)
  t.ok(answer.ok)
})

t.test('a good answer comes through, with the end that the token itself states', async (t) => {
  const good = jwt(HEADER, CLAIMS)
  const answer = await checkedSource(driver(good, NOW + 86_400_000), checks).fetch(request)
  t.ok(answer.ok)
  if (!answer.ok) return
  t.equal(answer.value.token.reveal(), good)
  t.equal(answer.value.expiresAt, NOW + 285_000)
  const list = jwt(HEADER, { ...CLAIMS, aud: ['sts.amazonaws.com'] })
  t.ok((await checkedSource(driver(list), checks).fetch(request)).ok, 'aud may be a list of one')
})

t.test('a refusal of the driver is handed on', async (t) => {
  const refused = err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'down'))
  const source: JwtSvidSource = { fetch: () => Promise.resolve(refused) }
  t.equal(await checkedSource(source, checks).fetch(request), refused)
})

t.test('JWT-11: claims for the cloud are exactly those asked for', async (t) => {
  const cloudClaims = { 'https://aws.amazon.com/source_identity': 'writer' }
  const asked = { ...request, cloudClaims }
  const fetch = async (claims: object) =>
    (await checkedSource(driver(jwt(HEADER, claims)), checks).fetch(asked)).ok
  t.ok(await fetch({ ...CLAIMS, ...cloudClaims }))
  t.notOk(await fetch(CLAIMS), 'none')
  t.notOk(await fetch({ ...CLAIMS, 'https://aws.amazon.com/source_identity': 'admin' }), 'another')
})

t.test('JWT-2: a token of another algorithm than the credential’s is refused', async (t) => {
  const asked = { ...request, algorithm: 'ES256' as const }
  const answer = await checkedSource(driver(jwt(HEADER, CLAIMS)), checks).fetch(asked)
  t.match(answer, { ok: false, error: { rule: 'JWT-2' } })
})

const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const header = JSON.stringify(HEADER)
const claims = JSON.stringify(CLAIMS)
const good = token(header, claims)

const HOSTILE: { id: string; rule: string; text: string }[] = [
  { id: 'another subject', rule: 'JWT-6', text: jwt(HEADER, { ...CLAIMS, sub: `${CLAIMS.sub}2` }) },
  {
    id: 'subject in other case',
    rule: 'JWT-6',
    text: jwt(HEADER, { ...CLAIMS, sub: CLAIMS.sub.toUpperCase() }),
  },
  { id: 'no subject', rule: 'JWT-6', text: jwt(HEADER, { ...CLAIMS, sub: undefined }) },
  {
    id: 'another audience',
    rule: 'JWT-7',
    text: jwt(HEADER, { ...CLAIMS, aud: 'api://AzureADTokenExchange' }),
  },
  {
    id: 'a second audience',
    rule: 'JWT-7',
    text: jwt(HEADER, { ...CLAIMS, aud: ['sts.amazonaws.com', 'evil'] }),
  },
  { id: 'no audience', rule: 'JWT-7', text: jwt(HEADER, { ...CLAIMS, aud: undefined }) },
  { id: 'another issuer', rule: 'JWT-5', text: jwt(HEADER, { ...CLAIMS, iss: `${ISSUER}/` }) },
  { id: 'expired', rule: 'JWT-8', text: jwt(HEADER, { ...CLAIMS, exp: SECONDS }) },
  { id: 'no end', rule: 'JWT-8', text: jwt(HEADER, { ...CLAIMS, exp: undefined }) },
  { id: 'end as text', rule: 'JWT-8', text: jwt(HEADER, { ...CLAIMS, exp: String(CLAIMS.exp) }) },
  {
    id: 'fraction of a second',
    rule: 'JWT-8',
    text: jwt(HEADER, { ...CLAIMS, exp: CLAIMS.exp + 0.5 }),
  },
  { id: 'lives too long', rule: 'JWT-9', text: jwt(HEADER, { ...CLAIMS, exp: SECONDS + 301 }) },
  { id: 'not valid yet', rule: 'JWT-10', text: jwt(HEADER, { ...CLAIMS, nbf: SECONDS + 1 }) },
  { id: 'made in the future', rule: 'JWT-10', text: jwt(HEADER, { ...CLAIMS, iat: SECONDS + 1 }) },
  {
    id: 'forbidden header parameter',
    rule: 'JWT-4',
    text: jwt({ ...HEADER, jku: 'https://evil.test' }, CLAIMS),
  },
  { id: 'another typ', rule: 'JWT-4', text: jwt({ ...HEADER, typ: 'at+jwt' }, CLAIMS) },
  { id: 'alg none', rule: 'JWT-2', text: `${b64('{"alg":"none"}')}.${b64(claims)}.` },
  { id: 'alg HS256', rule: 'JWT-2', text: jwt({ ...HEADER, alg: 'HS256' }, CLAIMS) },
  {
    id: 'alg RS512',
    rule: 'JWT-2',
    text: token(
      JSON.stringify({ ...HEADER, alg: 'RS512' }),
      JSON.stringify(CLAIMS),
      privateKey,
      'RSA-SHA512',
    ),
  },
  { id: 'unknown kid', rule: 'JWT-2', text: jwt({ ...HEADER, kid: 'x' }, CLAIMS) },
  { id: 'no kid', rule: 'JWT-2', text: jwt({ alg: 'RS256', typ: 'JWT' }, CLAIMS) },
  { id: 'signed by another key', rule: 'JWT-2', text: token(header, claims, other) },
  {
    id: 'claims exchanged',
    rule: 'JWT-2',
    text: [b64(header), b64(claims.replace('writer', 'reader')), good.split('.')[2]].join('.'),
  },
  { id: 'a name twice', rule: 'JWT-3', text: token(header, claims.replace('{', `{"sub":"x",`)) },
  {
    id: 'session tags that nobody asked for',
    rule: 'JWT-11',
    text: jwt(HEADER, { ...CLAIMS, 'https://aws.amazon.com/tags': { principal_tags: {} } }),
  },
  {
    id: 'a flattened session tag',
    rule: 'JWT-11',
    text: jwt(HEADER, { ...CLAIMS, 'https://aws.amazon.com/tags/principal_tags/Team': 'admin' }),
  },
  { id: 'claims are a list', rule: 'JWT-3', text: token(header, '[]') },
  { id: 'claims are no JSON', rule: 'JWT-2', text: token(header, 'x') },
  { id: 'two tokens', rule: 'JWT-2', text: `${good} ${good}` },
  { id: 'empty', rule: 'JWT-2', text: '' },
  { id: 'too long', rule: 'JWT-1', text: 'a'.repeat(20_000) },
]

for (const row of HOSTILE) {
  t.test(`${row.rule} refuses: ${row.id}`, async (t) => {
    const answer = await checkedSource(driver(row.text), checks).fetch(request)
    t.notOk(answer.ok)
    if (answer.ok) return
    t.equal(answer.error.code, 'ERR_SG_CREDENTIAL_CONFIG')
    t.equal(answer.error.rule, row.rule)
    t.notMatch(answer.error.detail, /eyJ/)
  })
}
