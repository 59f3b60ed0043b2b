// A strict token endpoint for AssumeRoleWithWebIdentity, written from the STS API Reference and
// RFC 7515/7519 alone: it imports nothing of the gateway. It fetches the issuer's documents itself,
// verifies the token with node:crypto, checks every parameter limit, and refuses a signed call.

import { createHash, createPublicKey, randomBytes, verify, type JsonWebKey } from 'node:crypto'
import {
  createServer,
  get as httpGet,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

export interface FakeRole {
  arn: string
  /** Trust policy: `StringEquals` on sub. */
  subjects: readonly string[]
  maxDuration: number
}

export interface FakeStsOptions {
  /** URL of the registered OIDC provider, compared byte for byte with `iss`. */
  issuer: string
  audiences: readonly string[]
  roles: readonly FakeRole[]
  /** ms since the epoch */
  now: () => number
}

export interface StsCall {
  parameters: Map<string, string>
  claims: Record<string, unknown>
}

class Fault extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/
const POLICY = /^[\t\n\r\x20-\xff]+$/
const KNOWN = new Set([
  'Action',
  'Version',
  'RoleArn',
  'RoleSessionName',
  'WebIdentityToken',
  'DurationSeconds',
  'Policy',
])

export class FakeSts {
  readonly calls: StsCall[] = []
  readonly #server: Server
  readonly #options: FakeStsOptions
  origin = ''

  private constructor(options: FakeStsOptions) {
    this.#options = options
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        const fault =
          error instanceof Fault ? error : new Fault(500, 'InternalFailure', String(error))
        sendXml(response, fault.status, errorDocument(fault))
      })
    })
  }

  static async start(options: FakeStsOptions): Promise<FakeSts> {
    const sts = new FakeSts(options)
    sts.#server.listen(0, '127.0.0.1')
    await once(sts.#server, 'listening')
    sts.origin = `http://127.0.0.1:${(sts.#server.address() as AddressInfo).port}`
    return sts
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    for (const name of Object.keys(request.headers)) {
      if (name === 'authorization' || name.startsWith('x-amz-')) {
        throw new Fault(403, 'SignatureDoesNotMatch', `unsigned operation with ${name}`)
      }
    }
    if (request.method !== 'POST' || request.url !== '/') throw invalid('POST / only')
    if (!/^application\/x-www-form-urlencoded(;|$)/.test(request.headers['content-type'] ?? '')) {
      throw invalid('not a form')
    }
    const parameters = readForm(Buffer.concat(chunks).toString('latin1'))
    const role = this.#checkParameters(parameters)
    const claims = await this.#verify(parameters.get('WebIdentityToken') ?? '')
    if (!role.subjects.includes(String(claims['sub']))) {
      throw new Fault(
        403,
        'AccessDenied',
        'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      )
    }
    this.calls.push({ parameters, claims })
    sendXml(response, 200, this.#session(parameters, claims))
  }

  #checkParameters(parameters: Map<string, string>): FakeRole {
    const get = (name: string): string => parameters.get(name) ?? ''
    for (const name of parameters.keys()) if (!KNOWN.has(name)) throw invalid(`unknown ${name}`)
    if (get('Action') !== 'AssumeRoleWithWebIdentity') throw invalid('Action')
    if (get('Version') !== '2011-06-15') throw invalid('Version')
    if (get('RoleArn').length < 20 || get('RoleArn').length > 2048) throw invalid('RoleArn')
    if (!SESSION_NAME.test(get('RoleSessionName'))) throw invalid('RoleSessionName')
    const token = get('WebIdentityToken')
    if (token.length < 4 || token.length > 20_000) throw invalid('WebIdentityToken')
    const role = this.#options.roles.find((known) => known.arn === get('RoleArn'))
    if (role === undefined) throw new Fault(403, 'AccessDenied', 'no such role')
    const duration = get('DurationSeconds')
    if (!/^[0-9]+$/.test(duration) || Number(duration) < 900) throw invalid('DurationSeconds')
    if (Number(duration) > Math.min(43_200, role.maxDuration)) throw invalid('DurationSeconds')
    const policy = parameters.get('Policy')
    if (policy !== undefined) checkPolicy(policy)
    return role
  }

  async #verify(token: string): Promise<Record<string, unknown>> {
    const [header64 = '', claims64 = '', signature64 = '', ...more] = token.split('.')
    const header = readJson(header64)
    const claims = readJson(claims64)
    if (more.length > 0 || header['alg'] !== 'RS256') throw badToken('algorithm')
    for (const name of Object.keys(header)) {
      if (!['alg', 'kid', 'typ'].includes(name)) throw badToken(`header ${name}`)
    }
    if (claims['iss'] !== this.#options.issuer) throw badToken('No OpenIDConnect provider found')
    const jwk = (await this.#keys()).find((key) => key['kid'] === header['kid'])
    if (jwk === undefined) throw badToken('unknown key')
    const isGenuine = verify(
      'RSA-SHA256',
      Buffer.from(`${header64}.${claims64}`),
      createPublicKey({ key: jwk, format: 'jwk' }),
      Buffer.from(signature64, 'base64url'),
    )
    if (!isGenuine) throw badToken('signature')
    for (const name of ['iat', 'nbf', 'exp']) {
      if (!Number.isInteger(claims[name])) throw badToken(`${name} must be an integer`)
    }
    const seconds = this.#options.now() / 1000
    if (Number(claims['exp']) <= seconds) {
      throw new Fault(400, 'ExpiredTokenException', 'Token expired')
    }
    if (Number(claims['nbf']) > seconds) throw badToken('not valid yet')
    if (typeof claims['jti'] !== 'string' || typeof claims['sub'] !== 'string') {
      throw badToken('jti and sub')
    }
    if (!this.#options.audiences.includes(String(claims['aud']))) {
      throw badToken('Incorrect token audience')
    }
    return claims
  }

  async #keys(): Promise<JsonWebKey[]> {
    try {
      const metadata = (await getJson(
        `${this.#options.issuer}/.well-known/openid-configuration`,
      )) as { issuer?: string; jwks_uri?: string }
      if (metadata.issuer !== this.#options.issuer) throw badToken('issuer of the document')
      const { keys } = (await getJson(metadata.jwks_uri ?? '')) as { keys: JsonWebKey[] }
      for (const key of keys) {
        if (key['d'] !== undefined || key['use'] !== 'sig' || key['alg'] !== 'RS256') {
          throw badToken('key document')
        }
      }
      return keys
    } catch (error) {
      if (error instanceof Fault) throw error
      throw badToken("Couldn't retrieve verification key from your identity provider")
    }
  }

  #session(parameters: Map<string, string>, claims: Record<string, unknown>): string {
    const arn = parameters.get('RoleArn') ?? ''
    const account = arn.split(':')[4] ?? ''
    const roleName = arn.slice(arn.lastIndexOf('/') + 1)
    const sessionName = parameters.get('RoleSessionName') ?? ''
    const end = this.#options.now() + Number(parameters.get('DurationSeconds')) * 1000
    const expiration = new Date(end).toISOString().replace(/\.\d{3}Z$/, 'Z')
    const secret = createHash('sha256').update(randomBytes(8)).digest('base64').slice(0, 40)
    return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>${escapeXml(String(claims['sub']))}</SubjectFromWebIdentityToken>
    <Audience>${escapeXml(String(claims['aud']))}</Audience>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}</Arn>
      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:${sessionName}</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <SessionToken>${escapeXml(randomBytes(600).toString('base64'))}</SessionToken>
      <SecretAccessKey>${escapeXml(secret)}</SecretAccessKey>
      <Expiration>${expiration}</Expiration>
      <AccessKeyId>ASIA${randomBytes(8).toString('hex').toUpperCase()}</AccessKeyId>
    </Credentials>
    <Provider>${escapeXml(this.#options.issuer)}</Provider>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata>
    <RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId>
  </ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>
`
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
  const parameters = new Map<string, string>()
  for (const pair of text.split('&')) {
    const [name = '', value = '', ...more] = pair.split('=')
    if (more.length > 0 || parameters.has(name)) throw invalid(`form at ${name}`)
    parameters.set(name, decodeURIComponent(value.replaceAll('+', ' ')))
  }
  return parameters
}

function checkPolicy(policy: string): void {
  if (policy.length > 2048 || !POLICY.test(policy)) throw invalid('Policy')
  try {
    const document = JSON.parse(policy) as { Version?: string; Statement?: unknown }
    if (document.Version === '2012-10-17' && Array.isArray(document.Statement)) return
  } catch {
    // Answered below, as for a document of the wrong form.
  }
  throw new Fault(400, 'MalformedPolicyDocument', 'This policy contains invalid Json')
}

function readJson(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    throw badToken('not a JWT')
  }
}

function invalid(message: string): Fault {
  return new Fault(400, 'ValidationError', message)
}

function badToken(message: string): Fault {
  return new Fault(400, 'InvalidIdentityToken', message)
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function errorDocument(fault: Fault): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${fault.code}</Code>
    <Message>${escapeXml(fault.message)}</Message>
  </Error>
  <RequestId>5c14a1b2-0000-0000-0000-EXAMPLE</RequestId>
</ErrorResponse>
`
}

function sendXml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/xml' })
  response.end(text)
}
