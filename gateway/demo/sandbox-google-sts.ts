// A strict Security Token Service: the exchange of a workload's token for a federated access token,
// and nothing else. It trusts an issuer's published keys, takes each token once, maps its claims and
// admits whom the provider's condition admits; refusals have OAuth's shape.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import type { AccessTokens, Principal } from './google/access-tokens.ts'
import { writeJson } from './google/answer.ts'
import type { Provider } from './google/attributes.ts'
import { checkHead } from './google/head.ts'
import { parseExchange } from './google/sts-request.ts'
import type { ExchangeRequest, OauthFault } from './google/sts-request.ts'
import { indexHeaders, rawHead, single } from './sandbox/raw-head.ts'
import type { RawHead } from './sandbox/raw-head.ts'
import { readBody } from './sandbox/read-body.ts'
import type { RequestLog, SandboxRequest } from './sandbox/request-log.ts'
import type { TokenVerifier } from './sandbox/token-verifier.ts'

const MAX_BODY_BYTES = 64 * 1024
const MAX_SUBJECT_BYTES = 127
const LIFETIME_SECONDS = 3600
const IAM = '//iam.googleapis.com/'

interface SandboxGoogleStsOptions {
  readonly now: () => number
  readonly provider: Provider
  readonly verifier: TokenVerifier
  readonly tokens: AccessTokens
  readonly log: RequestLog
  readonly isOwnHost: (host: string) => boolean
}

function invalid(description: string): OauthFault {
  return { error: 'invalid_request', description }
}

export class SandboxGoogleSts {
  readonly #options: SandboxGoogleStsOptions

  constructor(options: SandboxGoogleStsOptions) {
    this.#options = options
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log, now } = this.#options
    const head = rawHead(message)
    const entry = log.begin('google-sts', head.method, head.target, head.headers)
    const problem = this.#checkHead(head)
    const result = problem === undefined ? await this.#exchange(message, entry) : err(problem)
    entry.verdict = result.ok ? 'accepted' : 'refused'
    entry.code = result.ok ? undefined : result.error.error
    entry.status = result.ok ? 200 : 400
    const document = result.ok
      ? result.value
      : { error: result.error.error, error_description: result.error.description }
    writeJson(response, entry.status, document, now())
  }

  /** The call is authenticated by the token inside it; what carries another is confused. */
  #checkHead(head: RawHead): OauthFault | undefined {
    const headers = indexHeaders(head)
    if (headers.has('authorization')) return invalid('The request takes no client credential.')
    const checked = checkHead(head, this.#options.isOwnHost)
    if (!checked.ok) return invalid(checked.error.message)
    if (head.method !== 'POST' || head.target !== '/v1/token') {
      return invalid('Only POST /v1/token is served.')
    }
    const type = (single(headers, 'content-type') ?? '').toLowerCase()
    if (!/^application\/x-www-form-urlencoded(?:; ?charset=utf-8)?$/.test(type)) {
      return invalid('The content type must be a URL-encoded form.')
    }
    return undefined
  }

  async #exchange(
    message: IncomingMessage,
    entry: SandboxRequest,
  ): Promise<Result<object, OauthFault>> {
    const noted = entry
    const body = await readBody(message, MAX_BODY_BYTES, (count) => {
      noted.bytesIn += count
    })
    if (!body.ok) return err(invalid(`The request body is ${body.error}.`))
    const request = parseExchange(body.value.toString('latin1'))
    if (!request.ok) return request
    noted.operation = 'sts.token'
    const principal = await this.#admit(request.value)
    if (!principal.ok) return principal
    noted.principal = principal.value.name
    const { tokens, now } = this.#options
    const { token } = tokens.issue({
      principal: principal.value,
      scopes: new Set(request.value.scopes),
      expiresAt: now() + LIFETIME_SECONDS * 1000,
    })
    return ok({
      access_token: token,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: LIFETIME_SECONDS,
    })
  }

  async #admit({
    audience,
    subjectToken,
  }: ExchangeRequest): Promise<Result<Principal, OauthFault>> {
    const { provider, verifier } = this.#options
    if (audience !== `${IAM}${provider.settings.provider}`) {
      const description = 'The target service indicated by the "audience" parameters is invalid.'
      return err({ error: 'invalid_target', description })
    }
    const identity = await verifier.verify(subjectToken)
    if (!identity.ok) return err({ error: 'invalid_grant', description: identity.error.message })
    const { claims } = identity.value
    const attributes = provider.map(claims)
    const subject = attributes.get('google.subject')
    if (subject === undefined || Buffer.byteLength(subject) > MAX_SUBJECT_BYTES) {
      const description = `The size of mapped attribute google.subject exceeds the ${MAX_SUBJECT_BYTES} bytes limit or it is missing.`
      return err(invalid(description))
    }
    if (!provider.isAdmitted(claims)) {
      const description = 'The given credential is rejected by the attribute condition.'
      return err({ error: 'unauthorized_client', description })
    }
    return ok(principalOf(provider.pool, subject, attributes))
  }
}

/** IAM documentation, "Principal identifiers": workload identity pools. */
function principalOf(
  pool: string,
  subject: string,
  attributes: ReadonlyMap<string, string | undefined>,
): Principal {
  const name = `principal:${IAM}${pool}/subject/${subject}`
  const members = new Set([name, `principalSet:${IAM}${pool}/*`])
  for (const [attribute, value] of attributes) {
    if (value === undefined || attribute === 'google.subject') continue
    members.add(`principalSet:${IAM}${pool}/${attribute}/${value}`)
  }
  return { name, members }
}
