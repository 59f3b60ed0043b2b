// A strict Security Token Service and Service Account Credentials API, written from the REST
// references (sts v1 `token`, iamcredentials v1 `generateAccessToken`), RFC 8693 and RFC 7519 alone:
// it imports nothing of the gateway. It fetches the issuer's documents itself, verifies the token with
// node:crypto, takes no parameter that it does not know, and no Authorization where none belongs.

import { createPublicKey, randomBytes, verify, type JsonWebKey } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer as createHttpServer,
  get as httpGet,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface FakeGcpProvider {
  /** `//iam.googleapis.com/projects/…` */
  name: string
  /** Compared byte for byte with `iss`. */
  issuer: string
  /** Empty: the provider's own name, with or without `https:`. */
  audiences: readonly string[]
  /** The attribute condition. */
  condition: (claims: Record<string, unknown>) => boolean
}

export interface FakeServiceAccount {
  email: string
  /** Subjects with roles/iam.workloadIdentityUser. */
  users: readonly string[]
}

export interface FakeGcpStsOptions {
  providers: readonly FakeGcpProvider[]
  serviceAccounts?: readonly FakeServiceAccount[]
  /** ms since the epoch */
  now: () => number
  /** Default: fetches over http. */
  fetchJson?: (url: string) => Promise<unknown>
  tls?: { key: string; cert: string }
}

export interface GcpTokenCall {
  readonly call: 'token' | 'generateAccessToken'
  readonly claims: Readonly<Record<string, unknown>>
  readonly scopes: readonly string[]
  readonly options: unknown
  readonly lifetime: string | undefined
  readonly issued: string
}

interface Issued {
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly scopes: readonly string[]
  readonly expiresAt: number
  /** Undefined: a federated token. */
  readonly serviceAccount: string | undefined
}

class Fault extends Error {
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    super(JSON.stringify(body))
    this.status = status
    this.body = body
  }
}

const KNOWN = new Set([
  'grant_type',
  'audience',
  'scope',
  'requested_token_type',
  'subject_token',
  'subject_token_type',
  'options',
])
const REQUIRED = [...KNOWN].filter((name) => name !== 'options')
const ID_TOKEN_TYPES = [
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
]
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const IMPERSONATION_SCOPES = [
  'https://www.googleapis.com/auth/iam',
  'https://www.googleapis.com/auth/cloud-platform',
]
const OPTIONS = new Set(['userProject', 'accessBoundary', 'bindCertFingerprint'])
const IMPERSONATE = /^\/v1\/projects\/-\/serviceAccounts\/([^/]+):generateAccessToken$/

export class FakeGcpSts {
  readonly calls: GcpTokenCall[] = []
  /** Answers the next calls in the service's place. */
  readonly scripted: { status: number; body: string; contentType?: string }[] = []
  /** What Google says of the life of a federated token; null says nothing. */
  expiresIn: number | string | null = 3599
  origin = ''
  readonly #issued: Map<string, Issued>
  readonly #options: FakeGcpStsOptions
  readonly #server: Server

  private constructor(options: FakeGcpStsOptions, issued = new Map<string, Issued>()) {
    this.#options = options
    this.#issued = issued
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => {
        const fault =
          error instanceof Fault ? error : oauthFault('server_error', String(error), 500)
        sendJson(response, fault.status, JSON.stringify(fault.body))
      })
    }
    const { tls } = options
    this.#server = tls === undefined ? createHttpServer(serve) : createHttpsServer(tls, serve)
  }

  static start(options: FakeGcpStsOptions): Promise<FakeGcpSts> {
    return new FakeGcpSts(options).#listen()
  }

  /** A second server that knows the same tokens. */
  beside(): Promise<FakeGcpSts> {
    return new FakeGcpSts(this.#options, this.#issued).#listen()
  }

  async #listen(): Promise<FakeGcpSts> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const scheme = this.#options.tls === undefined ? 'http' : 'https'
    this.origin = `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** What an API would learn of a bearer token; undefined: none of ours, or one that has ended. */
  introspect(token: string): Issued | undefined {
    const issued = this.#issued.get(token)
    return issued !== undefined && issued.expiresAt > this.#options.now() ? issued : undefined
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const scripted = this.scripted.shift()
    if (scripted !== undefined) {
      sendJson(response, scripted.status, scripted.body, scripted.contentType)
      return
    }
    if (request.method !== 'POST') throw oauthFault('invalid_request', 'POST only')
    const [path = '', query] = (request.url ?? '').split('?')
    if (query !== undefined) throw oauthFault('invalid_request', 'no query is known here')
    const account = IMPERSONATE.exec(path)?.[1]
    if (account !== undefined) {
      sendJson(response, 200, this.#impersonate(request, decodeURIComponent(account), body))
      return
    }
    if (path !== '/v1/token') throw apiFault(404, 'NOT_FOUND', `no ${path}`)
    sendJson(response, 200, await this.#exchange(request, body))
  }

  async #exchange(request: IncomingMessage, body: Buffer): Promise<string> {
    if (request.headers.authorization !== undefined) {
      throw oauthFault('invalid_client', 'no client authentication is expected', 401)
    }
    const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim()
    if (type !== 'application/x-www-form-urlencoded') throw oauthFault('invalid_request', 'no form')
    const form = readForm(body.toString('latin1'))
    for (const name of form.keys()) {
      if (!KNOWN.has(name)) throw oauthFault('invalid_request', `unknown ${name}`)
    }
    for (const name of REQUIRED) {
      if ((form.get(name) ?? '') === '') throw oauthFault('invalid_request', `Missing ${name}`)
    }
    const get = (name: string): string => form.get(name) ?? ''
    if (get('grant_type') !== 'urn:ietf:params:oauth:grant-type:token-exchange') {
      throw oauthFault('unsupported_grant_type', 'grant_type')
    }
    if (get('requested_token_type') !== ACCESS_TOKEN_TYPE) {
      throw oauthFault('invalid_request', 'requested_token_type')
    }
    if (!ID_TOKEN_TYPES.includes(get('subject_token_type'))) {
      throw oauthFault('invalid_request', 'subject_token_type')
    }
    const options = readOptions(form.get('options'))
    const provider = this.#providerOf(get('audience'))
    const scopes = scopesOf(get('scope').split(' '))
    const claims = await this.#verify(get('subject_token'), provider)
    const accessToken = this.#issue(String(claims['sub']), claims, scopes, undefined, 3_600_000)
    this.calls.push({
      call: 'token',
      claims,
      scopes,
      options,
      lifetime: undefined,
      issued: accessToken,
    })
    return JSON.stringify({
      access_token: accessToken,
      issued_token_type: ACCESS_TOKEN_TYPE,
      token_type: 'Bearer',
      ...(this.expiresIn === null ? {} : { expires_in: this.expiresIn }),
    })
  }

  #providerOf(audience: string): FakeGcpProvider {
    if (!/^\/\/iam\.googleapis\.com\/projects\/[0-9]+\/locations\/global\//.test(audience)) {
      throw oauthFault(
        'invalid_request',
        'Invalid value for "audience". This value should be the full resource name of the Identity Provider.',
      )
    }
    const provider = this.#options.providers.find(({ name }) => name === audience)
    if (provider === undefined) {
      throw oauthFault(
        'invalid_target',
        'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn\'t exist.',
      )
    }
    return provider
  }

  async #verify(token: string, provider: FakeGcpProvider): Promise<Record<string, unknown>> {
    const [header64 = '', claims64 = '', signature64 = '', ...more] = token.split('.')
    const header = readPart(header64)
    const claims = readPart(claims64)
    if (more.length > 0 || header['alg'] !== 'RS256' || typeof header['kid'] !== 'string') {
      throw oauthFault('invalid_grant', 'Invalid JWT')
    }
    if (claims['iss'] !== provider.issuer) {
      throw oauthFault('invalid_grant', 'The issuer in ID Token does not match the expected ones.')
    }
    const jwk = (await this.#keys(provider.issuer)).find(({ kid }) => kid === header['kid'])
    const isGenuine =
      jwk !== undefined &&
      verify(
        'RSA-SHA256',
        Buffer.from(`${header64}.${claims64}`),
        createPublicKey({ key: jwk, format: 'jwk' }),
        Buffer.from(signature64, 'base64url'),
      )
    if (!isGenuine) throw oauthFault('invalid_grant', 'Invalid JWT signature')
    this.#checkClaims(claims, provider)
    return claims
  }

  #checkClaims(claims: Record<string, unknown>, provider: FakeGcpProvider): void {
    const seconds = this.#options.now() / 1000
    const { iat, exp, aud, sub } = claims
    if (!Number.isInteger(iat) || !Number.isInteger(exp)) {
      throw oauthFault('invalid_grant', 'iat and exp must be numbers')
    }
    if (Number(iat) > seconds) throw oauthFault('invalid_grant', 'ID Token is issued in the future')
    if (Number(exp) <= seconds || Number(exp) - Number(iat) > 86_400) {
      throw oauthFault('invalid_grant', `ID Token issued at ${String(iat)} is stale to sign-in.`)
    }
    const allowed =
      provider.audiences.length > 0 ? provider.audiences : [provider.name, `https:${provider.name}`]
    if (typeof aud !== 'string' || !allowed.includes(aud)) {
      throw oauthFault(
        'invalid_grant',
        `The audience in ID Token [${String(aud)}] does not match the expected audience.`,
      )
    }
    if (typeof sub !== 'string' || Buffer.byteLength(sub) > 127) {
      throw oauthFault(
        'invalid_request',
        'The size of mapped attribute google.subject exceeds the 127 bytes limit.',
      )
    }
    if (!provider.condition(claims)) {
      throw oauthFault(
        'unauthorized_client',
        'The given credential is rejected by the attribute condition.',
      )
    }
  }

  async #keys(issuer: string): Promise<JsonWebKey[]> {
    const fetchJson = this.#options.fetchJson ?? getJson
    try {
      const metadata = (await fetchJson(`${issuer}/.well-known/openid-configuration`)) as {
        issuer?: string
        jwks_uri?: string
      }
      if (metadata.issuer !== issuer) throw new Error('another issuer')
      const { keys } = (await fetchJson(metadata.jwks_uri ?? '')) as { keys: JsonWebKey[] }
      // IAM: uploaded and fetched keys may hold nothing else.
      const members = new Set(['kty', 'alg', 'use', 'kid', 'n', 'e', 'x', 'y', 'crv'])
      for (const key of keys) {
        if (Object.keys(key).some((name) => !members.has(name))) throw new Error('odd key')
      }
      return keys
    } catch {
      throw oauthFault('invalid_grant', "Error connecting to the given credential's issuer.")
    }
  }

  #impersonate(request: IncomingMessage, email: string, body: Buffer): string {
    const bearer = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/.exec(request.headers.authorization ?? '')?.[1]
    const caller = bearer === undefined ? undefined : this.introspect(bearer)
    if (caller === undefined || caller.serviceAccount !== undefined) {
      throw apiFault(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
    }
    if (!caller.scopes.some((scope) => IMPERSONATION_SCOPES.includes(scope))) {
      throw apiFault(
        403,
        'PERMISSION_DENIED',
        'Request had insufficient authentication scopes.',
        'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
      )
    }
    const account = this.#options.serviceAccounts?.find((known) => known.email === email)
    if (account === undefined) throw apiFault(404, 'NOT_FOUND', 'Unknown service account')
    if (!account.users.includes(caller.subject)) {
      throw apiFault(
        403,
        'PERMISSION_DENIED',
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
        'IAM_PERMISSION_DENIED',
      )
    }
    const { scope, lifetime, ...rest } = JSON.parse(body.toString('utf8')) as {
      scope?: unknown
      lifetime?: unknown
    }
    if (Object.keys(rest).length > 0 || !Array.isArray(scope) || scope.length === 0) {
      throw apiFault(400, 'INVALID_ARGUMENT', 'scope')
    }
    const seconds = /^([0-9]+)s$/.exec(String(lifetime))?.[1]
    if (seconds === undefined || Number(seconds) > 3600 || Number(seconds) < 1) {
      throw apiFault(
        400,
        'INVALID_ARGUMENT',
        'The access token lifetime cannot exceed 3600 seconds.',
      )
    }
    const scopes = scopesOf(scope.map(String))
    const life = Number(seconds) * 1000
    const accessToken = this.#issue(caller.subject, caller.claims, scopes, email, life)
    this.calls.push({
      call: 'generateAccessToken',
      claims: caller.claims,
      scopes,
      options: undefined,
      lifetime: String(lifetime),
      issued: accessToken,
    })
    const expireTime = new Date(this.#options.now() + life).toISOString().replace(/\.\d{3}Z$/, 'Z')
    return JSON.stringify({ accessToken, expireTime })
  }

  #issue(
    subject: string,
    claims: Readonly<Record<string, unknown>>,
    scopes: readonly string[],
    serviceAccount: string | undefined,
    life: number,
  ): string {
    const token = `ya29.${serviceAccount === undefined ? 'd' : 'c'}.${randomBytes(300).toString('base64url')}`
    const expiresAt = this.#options.now() + life
    this.#issued.set(token, { subject, claims, scopes, expiresAt, serviceAccount })
    return token
  }
}

async function getJson(url: string): Promise<unknown> {
  const request = httpGet(url, { agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function readForm(text: string): Map<string, string> {
  const form = new Map<string, string>()
  for (const pair of text.split('&')) {
    const [name = '', value = '', ...more] = pair.split('=')
    if (more.length > 0 || form.has(name)) throw oauthFault('invalid_request', `form at ${name}`)
    form.set(name, decodeURIComponent(value.replaceAll('+', ' ')))
  }
  return form
}

/** google-auth-library encodes this member once, google-auth for Python twice. */
function readOptions(text: string | undefined): unknown {
  if (text === undefined) return undefined
  const json = text.startsWith('%') ? decodeURIComponent(text) : text
  const options = JSON.parse(json) as Record<string, unknown>
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) throw oauthFault('invalid_request', `unknown option ${name}`)
  }
  return options
}

function scopesOf(scopes: readonly string[]): readonly string[] {
  for (const scope of scopes) {
    if (!/^https:\/\/www\.googleapis\.com\/auth\/[a-z._-]+$/.test(scope)) {
      throw oauthFault('invalid_scope', `{"unknown scope": ${JSON.stringify(scope)}}`)
    }
  }
  return scopes
}

function readPart(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    throw oauthFault('invalid_grant', 'Invalid JWT')
  }
}

function oauthFault(error: string, description: string, status = 400): Fault {
  return new Fault(status, { error, error_description: description })
}

function apiFault(status: number, code: string, message: string, reason?: string): Fault {
  const info = '@type'
  const details =
    reason === undefined
      ? {}
      : { details: [{ [info]: 'type.googleapis.com/google.rpc.ErrorInfo', reason }] }
  return new Fault(status, { error: { code: status, message, status: code, ...details } })
}

function sendJson(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'application/json; charset=UTF-8',
): void {
  response.writeHead(status, { 'content-type': contentType })
  response.end(text)
}
