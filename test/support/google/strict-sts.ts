// A Security Token Service as strict as Google documents it (Security Token Service API v1, `token`;
// IAM, "Workload Identity Federation"): it takes our issuer's token and nothing else, and remembers
// which access token it gave to whom. Shares no code with the gateway.

import { createPublicKey, randomBytes, verify, type JsonWebKey } from 'node:crypto'

export interface StrictStsOptions {
  /** `iss`, byte for byte. */
  readonly issuer: string
  /** `//iam.googleapis.com/projects/…/providers/…`: the audience of the exchange and of the token. */
  readonly provider: string
  /** The issuer's keys, as published now. */
  readonly jwks: () => Promise<unknown>
  /** ms since the epoch */
  readonly now: () => number
}

export interface Grant {
  readonly subject: string
  readonly scopes: readonly string[]
  readonly expiresAt: number
}

export interface StsReply {
  readonly status: number
  readonly body: unknown
}

const TOKEN = 'urn:ietf:params:oauth:token-type:'
const FORM: ReadonlyMap<string, RegExp> = new Map([
  ['grant_type', /^urn:ietf:params:oauth:grant-type:token-exchange$/],
  ['requested_token_type', new RegExp(`^${TOKEN}access_token$`)],
  ['subject_token_type', new RegExp(`^${TOKEN}(?:jwt|id_token)$`)],
  ['audience', /^.+$/],
  ['scope', /^\S+(?: \S+)*$/],
  ['subject_token', /^[\w-]+\.[\w-]+\.[\w-]+$/],
])
/** Of an attribute that is mapped to `google.subject`, in bytes. */
const LONGEST_SUBJECT = 127
const OLDEST_TOKEN_SECONDS = 24 * 60 * 60
const LIFETIME_SECONDS = 3600

export class StrictSts {
  /** Every exchange: the token's subject, or why there was none. */
  readonly calls: string[] = []
  readonly #options: StrictStsOptions
  readonly #grants = new Map<string, Grant>()

  constructor(options: StrictStsOptions) {
    this.#options = options
  }

  /** Whom an access token of ours is for; undefined for any other and for one that has expired. */
  grantOf(accessToken: string): Grant | undefined {
    const grant = this.#grants.get(accessToken)
    return grant === undefined || grant.expiresAt <= this.#options.now() ? undefined : grant
  }

  /** For a test without the gateway: a token as an exchange would give. */
  give(subject: string, scopes: readonly string[]): string {
    const accessToken = `ya29.${randomBytes(48).toString('base64url')}`
    const expiresAt = this.#options.now() + LIFETIME_SECONDS * 1000
    this.#grants.set(accessToken, { subject, scopes, expiresAt })
    return accessToken
  }

  async exchange(contentType: string | undefined, text: string): Promise<StsReply> {
    try {
      if (!/^application\/x-www-form-urlencoded(?:;|$)/.test(contentType ?? '')) {
        throw new OAuthError('invalid_request', 'the body must be a form')
      }
      const form = readForm(text)
      if (form.get('audience') !== this.#options.provider) {
        throw new OAuthError('invalid_target', 'The target service indicated is invalid.')
      }
      const subject = await this.#verify(form.get('subject_token') ?? '')
      const scopes = (form.get('scope') ?? '').split(' ')
      this.calls.push(subject)
      return {
        status: 200,
        body: {
          access_token: this.give(subject, scopes),
          issued_token_type: `${TOKEN}access_token`,
          token_type: 'Bearer',
          expires_in: LIFETIME_SECONDS,
        },
      }
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error
      this.calls.push(`${error.code}: ${error.message}`)
      return { status: 400, body: { error: error.code, error_description: error.message } }
    }
  }

  /** @returns `sub` of a token that is ours and valid now */
  async #verify(token: string): Promise<string> {
    const [head = '', claims = '', signature = ''] = token.split('.')
    const { alg, kid } = jsonOf(head)
    const key = keysOf(await this.#options.jwks()).find((candidate) => candidate.kid === kid)
    if (alg !== 'RS256' || key === undefined) throw refused('no key fits the token')
    const signed = Buffer.from(`${head}.${claims}`)
    const publicKey = createPublicKey({ key: key.jwk, format: 'jwk' })
    if (!verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))) {
      throw refused('Unable to verify the ID Token signature.')
    }
    return this.#subjectOf(jsonOf(claims))
  }

  #subjectOf({ iss, aud, sub, iat, exp }: Record<string, unknown>): string {
    const { issuer, provider } = this.#options
    const now = this.#options.now() / 1000
    if (iss !== issuer) throw refused('The issuer in ID Token does not match the expected one.')
    if (aud !== provider) throw refused('The audience in ID Token does not match the expected one.')
    if (typeof iat !== 'number' || typeof exp !== 'number') throw refused('iat and exp are needed')
    if (iat > now || now - iat > OLDEST_TOKEN_SECONDS || exp <= now) {
      throw refused('ID Token is stale to sign-in.')
    }
    if (typeof sub !== 'string' || sub === '' || Buffer.byteLength(sub) > LONGEST_SUBJECT) {
      throw refused('The mapped attribute google.subject must be 1 to 127 bytes long.')
    }
    return sub
  }
}

class OAuthError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function refused(message: string): OAuthError {
  return new OAuthError('invalid_grant', message)
}

/** Exactly the parameters of the exchange, each once. */
function readForm(text: string): ReadonlyMap<string, string> {
  const form = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (form.has(name) || FORM.get(name)?.test(value) !== true) {
      throw new OAuthError('invalid_request', `Invalid value for "${name}".`)
    }
    form.set(name, value)
  }
  const missing = [...FORM.keys()].find((name) => !form.has(name))
  if (missing !== undefined) throw new OAuthError('invalid_request', `${missing} is missing`)
  return form
}

function jsonOf(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw refused('the token is no JWT')
}

function keysOf(document: unknown): readonly { kid: string; jwk: JsonWebKey }[] {
  const keys: unknown = Reflect.get(Object(document), 'keys')
  if (!Array.isArray(keys)) throw new TypeError('the issuer publishes no JWK Set')
  return keys.map((jwk: JsonWebKey) => ({ kid: String(jwk['kid']), jwk }))
}
