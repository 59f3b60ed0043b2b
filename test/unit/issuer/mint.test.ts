// The gateway-issued identity token, read by a verifier that is not ours.

import { createPublicKey, verify } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import { issuerDocuments, providerMetadata } from '../../../gateway/issuer/discovery.ts'
import { createMint, type MintOptions } from '../../../gateway/issuer/mint.ts'
import type { JwtSvid, JwtSvidRequest } from '../../../gateway/spiffe/jwt-svid.ts'
import { issuerKeys } from '../../support/issuer-keys.ts'
import { peer } from '../../support/peers.ts'

const NOW = Date.UTC(2026, 10, 23, 18, 0, 0, 987)
const ISSUER = 'https://oidc.example.org/agents'
const { keys, publicKey, kid } = issuerKeys()

let serial = 0
const options: MintOptions = {
  issuerUrl: ISSUER,
  keys,
  tokenTtlSeconds: 300,
  randomId: () => `id-${(serial += 1)}`,
}

async function mintOk(from: MintOptions, request: JwtSvidRequest): Promise<JwtSvid> {
  const minted = await createMint(from)(request, NOW)
  if (!minted.ok) throw new Error(minted.error.detail)
  return minted.value
}

function part(token: string, index: number): Record<string, unknown> {
  const text = Buffer.from(token.split('.')[index] ?? '', 'base64url').toString('utf8')
  return JSON.parse(text) as Record<string, unknown>
}

t.test('header, claims and signature are those of the profile', async (t) => {
  const agent = peer()
  const minted = await mintOk(options, {
    subject: agent.spiffeId,
    audience: 'sts.amazonaws.com',
    peer: agent,
  })
  const token = minted.token.reveal()
  t.strictSame(part(token, 0), { alg: 'RS256', kid, typ: 'JWT' }, 'no other header parameter')
  const issued = Math.floor(NOW / 1000) - 15
  t.strictSame(part(token, 1), {
    iss: ISSUER,
    sub: 'spiffe://example.org/agent/acme/data-crew/writer',
    aud: 'sts.amazonaws.com',
    iat: issued,
    nbf: issued,
    exp: issued + 300,
    jti: 'id-1',
    svidgate: { tenant: 'acme', agent: 'data-crew', role: 'writer' },
  })
  t.equal(minted.expiresAt, (issued + 300) * 1000)
  const [header, claims, signature = ''] = token.split('.')
  t.ok(
    verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${claims}`),
      publicKey,
      Buffer.from(signature, 'base64url'),
    ),
  )
  t.notMatch(`${inspect(minted)} ${JSON.stringify(minted)}`, /eyJ/, 'the token is never printed')
})

t.test('each token has its own jti, and an identity without grammar claims no role', async (t) => {
  const foreign = peer({ tenant: undefined, agent: undefined, role: undefined })
  const request = { subject: 's', audience: 'a', peer: foreign }
  const [one, two] = await Promise.all([mintOk(options, request), mintOk(options, request)])
  t.not(part(one.token.reveal(), 1)['jti'], part(two.token.reveal(), 1)['jti'])
  t.strictSame(
    part(one.token.reveal(), 1)['svidgate'],
    { spiffe_id: foreign.spiffeId },
    'but its whole SPIFFE ID, where `sub` is another text',
  )
})

t.test('options that no cloud would accept are refused at construction', (t) => {
  for (const tokenTtlSeconds of [0, 59, 301, 60.5, Number.NaN]) {
    t.throws(() => createMint({ ...options, tokenTtlSeconds }), TypeError, String(tokenTtlSeconds))
  }
  const urls = [
    '',
    'oidc.example.org',
    'http://oidc.example.org',
    'https://oidc.example.org/',
    'https://oidc.example.org/a?b',
    'https://oidc.example.org/#a',
    'https://user@oidc.example.org',
    'https://oidc.example.org/a//b',
    'http://127.0.0.1.evil.test',
  ]
  for (const issuerUrl of urls) {
    t.throws(() => createMint({ ...options, issuerUrl }), TypeError, issuerUrl)
    t.throws(() => providerMetadata(issuerUrl, ['RS256']), TypeError)
  }
  t.doesNotThrow(() => createMint({ ...options, issuerUrl: 'http://127.0.0.1:8482' }))
  t.end()
})

t.test('discovery: the documents lead from the issuer to the public key, and to no more', (t) => {
  const documents = issuerDocuments(ISSUER, keys.current())
  t.strictSame(
    [...documents.keys()],
    ['/agents/.well-known/openid-configuration', '/agents/.well-known/jwks.json'],
  )
  const metadata = JSON.parse(
    documents.get('/agents/.well-known/openid-configuration') ?? '',
  ) as Record<string, unknown>
  t.equal(metadata['issuer'], ISSUER, 'byte-equal to iss')
  t.equal(metadata['jwks_uri'], 'https://oidc.example.org/agents/.well-known/jwks.json')
  t.strictSame(metadata['id_token_signing_alg_values_supported'], ['RS256'])
  t.strictSame(metadata['response_types_supported'], ['id_token'])
  t.strictSame(metadata['subject_types_supported'], ['public'])
  t.type(metadata['authorization_endpoint'], 'string')
  const jwks = JSON.parse(documents.get('/agents/.well-known/jwks.json') ?? '') as {
    keys: Record<string, string>[]
  }
  t.equal(jwks.keys.length, 1)
  const [jwk = {}] = jwks.keys
  t.strictSame(Object.keys(jwk).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
  t.match(jwk, { alg: 'RS256', kid, kty: 'RSA', use: 'sig' })
  t.ok(createPublicKey({ key: jwk, format: 'jwk' }).equals(publicKey))
  t.strictSame(
    [...issuerDocuments('https://oidc.example.org', keys.current()).keys()],
    ['/.well-known/openid-configuration', '/.well-known/jwks.json'],
  )
  t.end()
})
