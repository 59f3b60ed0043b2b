// One table of tokens for every relying party of our issuer: a good one, and each thing that can be
// wrong with one. All but the good one are signed here, by node:crypto alone and with the issuer's own
// key unless a case says otherwise, so that a refusal is for the one thing that was changed.

import {
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'

export interface SigningKey {
  readonly privateKey: KeyObject
}

type Fields = Readonly<Record<string, unknown>>

interface Token {
  readonly header: Fields
  readonly claims: Fields
}

export interface TokenCase {
  readonly id: string
  readonly change: (token: Token, now: number) => Token
  readonly sign?: (signed: string, key: KeyObject) => string
}

const TEN_MINUTES = 600

const rs256 = (signed: string, key: KeyObject): string =>
  createSign('RSA-SHA256').update(signed).sign(key).toString('base64url')

const anotherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

/** JWT treats a member that is `undefined` as absent, as JSON does. */
const claims =
  (change: Fields | ((now: number) => Fields)) =>
  (token: Token, now: number): Token => ({
    ...token,
    claims: { ...token.claims, ...(typeof change === 'function' ? change(now) : change) },
  })
const header =
  (change: Fields) =>
  (token: Token): Token => ({ ...token, header: { ...token.header, ...change } })
const same = (token: Token): Token => token

const SOMEBODY = 'https://somebody.example.org'

export const TOKEN_CASES: readonly TokenCase[] = [
  { id: 'good', change: same },
  { id: 'aud: another', change: claims({ aud: SOMEBODY }) },
  {
    id: 'aud: two',
    change: ({ header: h, claims: c }) =>
      claims({ aud: [c['aud'], SOMEBODY] })({ header: h, claims: c }, 0),
  },
  { id: 'aud: none', change: claims({ aud: undefined }) },
  { id: 'iss: another', change: claims({ iss: SOMEBODY }) },
  { id: 'iss: none', change: claims({ iss: undefined }) },
  {
    id: 'sub: another agent',
    change: claims({ sub: 'spiffe://example.org/agent/acme/data-crew/keeper' }),
  },
  {
    id: 'sub: another trust domain',
    change: claims({ sub: 'spiffe://example.com/agent/acme/data-crew/writer' }),
  },
  { id: 'sub: none', change: claims({ sub: undefined }) },
  { id: 'signature: of another key', change: same, sign: (signed) => rs256(signed, anotherKey) },
  {
    id: 'signature: of other claims',
    change: same,
    sign: (signed, key) => rs256(`${signed}x`, key),
  },
  { id: 'signature: none', change: same, sign: () => '' },
  { id: 'alg: none', change: header({ alg: 'none' }), sign: () => '' },
  { id: 'alg: HS256 with the public key', change: header({ alg: 'HS256' }), sign: withPublicKey },
  {
    id: 'kid: unknown',
    change: header({ kid: 'nobody-knows-it' }),
    sign: (signed) => rs256(signed, anotherKey),
  },
  {
    id: 'exp: ten minutes ago',
    change: claims((now) => ({
      iat: now - 2 * TEN_MINUTES,
      nbf: now - 2 * TEN_MINUTES,
      exp: now - TEN_MINUTES,
    })),
  },
  { id: 'exp: none', change: claims({ exp: undefined }) },
  {
    id: 'nbf: in ten minutes',
    change: claims((now) => ({ nbf: now + TEN_MINUTES, exp: now + 2 * TEN_MINUTES })),
  },
  {
    id: 'iat: in ten minutes',
    change: claims((now) => ({ iat: now + TEN_MINUTES, exp: now + 2 * TEN_MINUTES })),
  },
  { id: 'iat: none', change: claims({ iat: undefined }) },
  { id: 'jti: none', change: claims({ jti: undefined }) },
]

/** The attack on verifiers that let the token say how it is verified (RFC 8725 §2.1). */
function withPublicKey(signed: string, key: KeyObject): string {
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' })
  return createHmac('sha256', pem).update(signed).digest('base64url')
}

/** A token of a case, made from a good one that nobody has seen yet. */
export function tokenOf(
  { change, sign = rs256 }: TokenCase,
  good: string,
  { privateKey }: SigningKey,
): string {
  const [head = '', body = ''] = good.split('.')
  const token = { header: fieldsOf(head), claims: fieldsOf(body) }
  const wanted = change(token, Math.floor(Date.now() / 1000))
  const signed = `${base64url(wanted.header)}.${base64url(wanted.claims)}`
  return `${signed}.${sign(signed, privateKey)}`
}

function fieldsOf(part: string): Fields {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Fields
}

function base64url(value: Fields): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
