// The JV rows of the public SPIFFE client conformance catalogue, and ours beside them. Each refusal
// has one fault against the token of the control.

import type { JwtSvidRule } from '../../../gateway/spiffe/jwt-rules.ts'
import { base64url, hmacJwt, jwt, keyPair, signatureOf } from '../../support/jwt-maker.ts'

export const NOW = Date.parse('2026-11-23T18:00:00Z')
export const AUDIENCE = 'spiffe://example.org/svidgate'
export const SUBJECT = 'spiffe://example.org/agent/acme/data-crew/writer'
const SECONDS = NOW / 1000

export const rsa = keyPair('rsa-1', 'rsa')
export const p256 = keyPair('ec-1', 'P-256')
export const p384 = keyPair('ec-2', 'P-384')
export const p521 = keyPair('ec-3', 'P-521')
export const ed = keyPair('ed-1', 'ed25519')
export const partner = keyPair('partner-1', 'P-256')
export const unpublished = keyPair('nobody', 'P-256')

export const HEADER = { alg: 'ES256', kid: 'ec-1', typ: 'JWT' }
export const CLAIMS = { sub: SUBJECT, aud: [AUDIENCE], iat: SECONDS, exp: SECONDS + 300 }

export interface AcceptRow {
  readonly id: string
  readonly title: string
  readonly token: string
  readonly subject?: string
}

export interface RejectRow extends AcceptRow {
  readonly rule: JwtSvidRule
}

/** The token of every control. */
export const GOOD = jwt(HEADER, CLAIMS, p256)

function es(claims: object | string, header: object | string = HEADER): string {
  return jwt(header, claims, p256)
}

const PAIRS = { RS: rsa, PS: rsa, ES256: p256, ES384: p384, ES512: p521 }
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512']

export const accepts: readonly AcceptRow[] = [
  { id: 'JV-1', title: 'a valid token', token: GOOD },
  ...ALGORITHMS.map((alg) => {
    const pair = alg.startsWith('ES') ? PAIRS[alg as 'ES256'] : PAIRS[alg.slice(0, 2) as 'RS']
    const header = { alg, kid: pair.kid, typ: 'JWT' }
    return { id: `JV-2 ${alg}`, title: alg, token: jwt(header, CLAIMS, pair) }
  }),
  { id: 'JV-9', title: 'aud as text', token: es({ ...CLAIMS, aud: AUDIENCE }) },
  { id: 'JV-10', title: 'ours among several', token: es({ ...CLAIMS, aud: ['x', AUDIENCE] }) },
  { id: 'JV-20a', title: 'typ JWT', token: es(CLAIMS, { ...HEADER, typ: 'JWT' }) },
  { id: 'JV-20b', title: 'typ JOSE', token: es(CLAIMS, { ...HEADER, typ: 'JOSE' }) },
  { id: 'JV-20c', title: 'no typ', token: es(CLAIMS, { alg: 'ES256', kid: 'ec-1' }) },
  { id: 'JV-22', title: 'no kid, several keys', token: es(CLAIMS, { alg: 'ES256', typ: 'JWT' }) },
  { id: 'JV-14b', title: 'the last millisecond', token: es({ ...CLAIMS, exp: SECONDS + 0.001 }) },
  { id: 'JV-15b', title: 'nbf is now', token: es({ ...CLAIMS, nbf: SECONDS }) },
  {
    id: 'JB-8',
    title: 'a federated trust domain',
    token: jwt(
      { ...HEADER, kid: 'partner-1' },
      { ...CLAIMS, sub: 'spiffe://partner.org/x' },
      partner,
    ),
    subject: 'spiffe://partner.org/x',
  },
]

const [head = '', body = '', tail = ''] = GOOD.split('.')
const none = base64url({ alg: 'none', kid: 'ec-1' })
const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
const HS = { alg: 'HS256', kid: 'rsa-1', typ: 'JWT' }
/** The last character of 64 bytes carries two bits that nobody reads. */
const respelled = `${tail.slice(0, -1)}${{ A: 'B', Q: 'R', g: 'h', w: 'x' }[tail.slice(-1)] ?? ''}`

function confused(alg: string, kid: string, key = rsa): string {
  const input = `${base64url({ alg, kid, typ: 'JWT' })}.${body}`
  const made = alg.startsWith('E') ? 'RS256' : 'ES256'
  return `${input}.${base64url(signatureOf(key === rsa ? 'RS256' : made, input, key.privateKey))}`
}

export const rejects: readonly RejectRow[] = [
  { id: 'JV-3a', rule: 'JV-24', title: 'alg none without signature', token: `${none}.${body}.` },
  { id: 'JV-3b', rule: 'JV-3', title: 'alg none with one', token: `${none}.${body}.${tail}` },
  { id: 'JV-4', rule: 'JV-3', title: 'HS256', token: hmacJwt(HS, CLAIMS, 'secret') },
  {
    id: 'JV-5',
    rule: 'JV-3',
    title: 'HS256 with the public key as its secret',
    token: hmacJwt(HS, CLAIMS, rsaPem),
  },
  {
    id: 'JV-6',
    rule: 'JV-3',
    title: 'EdDSA with its key in the bundle',
    token: jwt({ alg: 'EdDSA', kid: 'ed-1', typ: 'JWT' }, CLAIMS, ed),
  },
  { id: 'JV-7', rule: 'JV-7', title: 'RS256 with an EC key', token: confused('RS256', 'ec-1') },
  {
    id: 'JV-8',
    rule: 'JV-7',
    title: 'ES384 with a P-256 key',
    token: jwt({ alg: 'ES384', kid: 'ec-1', typ: 'JWT' }, CLAIMS, p256),
  },
  { id: 'JV-11', rule: 'JV-11', title: 'no aud', token: es({ ...CLAIMS, aud: undefined }) },
  { id: 'JV-11b', rule: 'JV-11', title: 'an empty list', token: es({ ...CLAIMS, aud: [] }) },
  { id: 'JV-11c', rule: 'JV-11', title: 'no texts', token: es({ ...CLAIMS, aud: [AUDIENCE, 1] }) },
  { id: 'JV-12', rule: 'JV-11', title: 'another aud', token: es({ ...CLAIMS, aud: ['x'] }) },
  {
    id: 'JV-12b',
    rule: 'JV-11',
    title: 'an aud that begins like ours',
    token: es({ ...CLAIMS, aud: [`${AUDIENCE}/`] }),
  },
  { id: 'JV-13', rule: 'JV-13', title: 'no exp', token: es({ ...CLAIMS, exp: undefined }) },
  {
    id: 'JV-13b',
    rule: 'JV-13',
    title: 'exp as text',
    token: es({ ...CLAIMS, exp: `${SECONDS}9` }),
  },
  { id: 'JV-14', rule: 'JV-13', title: 'exp is now', token: es({ ...CLAIMS, exp: SECONDS }) },
  { id: 'JV-15', rule: 'JV-15', title: 'nbf ahead', token: es({ ...CLAIMS, nbf: SECONDS + 1 }) },
  { id: 'JV-15c', rule: 'JV-15', title: 'nbf as text', token: es({ ...CLAIMS, nbf: '0' }) },
  {
    id: 'JV-16a',
    rule: 'JV-16',
    title: 'another signature',
    token: `${head}.${body}.${es({ ...CLAIMS, jti: 'x' }).split('.')[2] ?? ''}`,
  },
  {
    id: 'JV-16b',
    rule: 'JV-16',
    title: 'another payload',
    token: `${head}.${base64url({ ...CLAIMS, sub: `${SUBJECT}2` })}.${tail}`,
  },
  {
    id: 'JV-16c',
    rule: 'JV-16',
    title: 'a key of nobody under our kid',
    token: jwt(HEADER, CLAIMS, unpublished),
  },
  {
    id: 'JV-17',
    rule: 'JV-16',
    title: 'an unknown kid',
    token: jwt({ ...HEADER, kid: 'nobody' }, CLAIMS, unpublished),
  },
  {
    id: 'JV-18',
    rule: 'JV-18',
    title: 'a trust domain without a bundle',
    token: es({ ...CLAIMS, sub: 'spiffe://nowhere.org/agent' }),
  },
  {
    id: 'JV-18b',
    rule: 'JV-16',
    title: 'our subject, signed by a partner’s key',
    token: jwt({ ...HEADER, kid: 'partner-1' }, CLAIMS, partner),
  },
  {
    id: 'JV-18c',
    rule: 'JV-16',
    title: 'a partner’s subject, signed by our key',
    token: es({ ...CLAIMS, sub: 'spiffe://partner.org/x' }),
  },
  { id: 'JV-19a', rule: 'JV-19', title: 'no sub', token: es({ ...CLAIMS, sub: undefined }) },
  {
    id: 'JV-19b',
    rule: 'JV-19',
    title: 'sub is no SPIFFE ID',
    token: es({ ...CLAIMS, sub: 'me' }),
  },
  {
    id: 'JV-19c',
    rule: 'JV-19',
    title: 'a sub that a URL parser would tidy up',
    token: es({ ...CLAIMS, sub: 'spiffe://example.org/a/../b' }),
  },
  {
    id: 'JV-21',
    rule: 'JV-21',
    title: 'typ at+jwt',
    token: es(CLAIMS, { ...HEADER, typ: 'at+jwt' }),
  },
  {
    id: 'JV-21b',
    rule: 'JV-21',
    title: 'typ in small letters',
    token: es(CLAIMS, { ...HEADER, typ: 'jwt' }),
  },
  {
    id: 'JV-23',
    rule: 'JV-23',
    title: 'crit',
    token: es(CLAIMS, { ...HEADER, crit: ['exp'], exp: 1 }),
  },
  ...['jku', 'x5u', 'jwk', 'x5c', 'cty', 'b64'].map((name): RejectRow => ({
    id: `JV+0 ${name}`,
    rule: 'JV-23',
    title: `a header with ${name}`,
    token: es(CLAIMS, { ...HEADER, [name]: 'https://evil.test/' }),
  })),
  {
    id: 'JV-24',
    rule: 'JV-24',
    title: 'JSON serialisation',
    token: JSON.stringify({ protected: head, payload: body, signature: tail }),
  },
  { id: 'JV-25a', rule: 'JV-24', title: 'two parts', token: `${head}.${body}` },
  { id: 'JV-25b', rule: 'JV-24', title: 'five parts', token: `${GOOD}.${body}.${tail}` },
  { id: 'JV-25i', rule: 'JV+1', title: 'no claims at all', token: `${head}..${tail}` },
  { id: 'JV-25c', rule: 'JV-24', title: 'padding', token: `${GOOD}==` },
  { id: 'JV-25d', rule: 'JV-24', title: 'a blank behind', token: `${GOOD} ` },
  { id: 'JV-25e', rule: 'JV-24', title: 'nothing', token: '' },
  {
    id: 'JV-25f',
    rule: 'JV-24',
    title: 'the same signature in another spelling',
    token: `${head}.${body}.${respelled}`,
  },
  {
    id: 'JV-25g',
    rule: 'JV+1',
    title: 'a header that is no JSON',
    token: es(CLAIMS, '{"alg":"ES256"'),
  },
  { id: 'JV-25h', rule: 'JV+1', title: 'claims that are a list', token: es('[]') },
  {
    id: 'JV+1a',
    rule: 'JV+1',
    title: 'a claim twice',
    token: es(JSON.stringify(CLAIMS).replace('{', '{"sub":"spiffe://example.org/admin",')),
  },
  {
    id: 'JV+1b',
    rule: 'JV+1',
    title: 'a header parameter twice',
    token: es(CLAIMS, '{"alg":"ES256","alg":"ES256","kid":"ec-1"}'),
  },
  {
    id: 'JV+2',
    rule: 'JV+2',
    title: 'more than 8 KiB',
    token: es({ ...CLAIMS, x: 'x'.repeat(8000) }),
  },
]
