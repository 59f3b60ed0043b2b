// A strict Service Account Credentials API: `generateAccessToken` and nothing else. The caller must
// bear a token of the sandbox STS with a scope for IAM, and be bound to the service account as a
// workload identity user.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import type { AccessToken, AccessTokens } from './google/access-tokens.ts'
import { answerGoogle } from './google/answer.ts'
import { authenticate, checkScopes, CLOUD_PLATFORM } from './google/bearer.ts'
import { googleFault } from './google/fault.ts'
import type { GoogleFault } from './google/fault.ts'
import { bad, checkHead, readQuery } from './google/head.ts'
import type { Iam } from './google/iam.ts'
import { listIn, misshape, readJsonObject, textIn } from './google/json-body.ts'
import type { Shape } from './google/json-body.ts'
import type { JsonMap } from './google/strict-json.ts'
import { pathOf, rawHead } from './sandbox/raw-head.ts'
import type { RawHead } from './sandbox/raw-head.ts'
import type { RequestLog, SandboxRequest } from './sandbox/request-log.ts'

const PATH =
  /^\/v1\/projects\/-\/serviceAccounts\/([a-z0-9-]{6,30}@[a-z0-9-]+\.iam\.gserviceaccount\.com):generateAccessToken$/
const SCOPE = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+$/
const BODY: Shape = { scope: ['string'], lifetime: 'string', delegates: ['string'] }
const IAM_SCOPES = [CLOUD_PLATFORM, 'https://www.googleapis.com/auth/iam']
const MAX_LIFETIME_SECONDS = 3600

interface SandboxIamCredentialsOptions {
  readonly now: () => number
  readonly iam: Iam
  readonly tokens: AccessTokens
  readonly log: RequestLog
  readonly isOwnHost: (host: string) => boolean
}

interface TokenRequest {
  readonly scopes: readonly string[]
  readonly lifetimeSeconds: number
}

export class SandboxIamCredentials {
  readonly #options: SandboxIamCredentialsOptions

  constructor(options: SandboxIamCredentialsOptions) {
    this.#options = options
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log, now } = this.#options
    const head = rawHead(message)
    const entry = log.begin('iamcredentials', head.method, head.target, head.headers)
    answerGoogle(response, entry, await this.#generate(head, message, entry), now())
  }

  async #generate(
    head: RawHead,
    message: IncomingMessage,
    entry: SandboxRequest,
  ): Promise<Result<object, GoogleFault>> {
    const noted = entry
    const { iam, tokens, now, isOwnHost } = this.#options
    const headers = checkHead(head, isOwnHost)
    if (!headers.ok) return headers
    const caller = authenticate(headers.value, tokens)
    if (!caller.ok) return caller
    noted.principal = caller.value.principal.name
    const account = PATH.exec(pathOf(head.target))?.[1]
    if (head.method !== 'POST' || account === undefined) {
      return err(googleFault(404, 'notFound', 'Only generateAccessToken is served'))
    }
    noted.operation = 'iamcredentials.generateAccessToken'
    const query = readQuery(head.target, new Set())
    if (!query.ok) return query
    const narrow = checkScopes(caller.value, IAM_SCOPES, 'iamcredentials')
    if (narrow !== undefined) return err(narrow)
    const body = await readJsonObject(message, headers.value, entry)
    if (!body.ok) return body
    const request = parseTokenRequest(body.value)
    if (!request.ok) return request
    if (!iam.isAllowed(caller.value.principal, 'iam.serviceAccounts.getAccessToken', account)) {
      const text =
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
      const info = { reason: 'IAM_PERMISSION_DENIED', domain: 'iam.googleapis.com' }
      return err(googleFault(403, 'forbidden', text, info))
    }
    return ok(tokenDocument(this.#issue(account, request.value, now())))
  }

  #issue(account: string, { scopes, lifetimeSeconds }: TokenRequest, now: number): AccessToken {
    return this.#options.tokens.issue({
      principal: { name: account, members: new Set([`serviceAccount:${account}`]) },
      scopes: new Set(scopes),
      expiresAt: Math.floor(now / 1000 + lifetimeSeconds) * 1000,
    })
  }
}

function tokenDocument({ token, expiresAt }: AccessToken): object {
  const expireTime = new Date(expiresAt).toISOString().replace('.000Z', 'Z')
  return { accessToken: token, expireTime }
}

function parseTokenRequest(body: JsonMap): Result<TokenRequest, GoogleFault> {
  const problem = misshape(body, BODY, '')
  if (problem !== undefined) return err(bad(`Invalid JSON payload received: ${problem}`))
  const scopes = listIn(body, 'scope').filter((scope) => typeof scope === 'string')
  if (scopes.length === 0) return err(bad('Request must have at least one scope.'))
  if (!scopes.every((one) => SCOPE.test(one))) return err(bad('Invalid OAuth scope.'))
  if (listIn(body, 'delegates').length > 0) {
    return err(bad('Delegation chains are not served here'))
  }
  const lifetime = textIn(body, 'lifetime') ?? `${MAX_LIFETIME_SECONDS}s`
  const seconds = /^(\d{1,9})s$/.exec(lifetime)?.[1]
  if (seconds === undefined || Number(seconds) === 0) {
    return err(bad('Invalid value at lifetime (type.googleapis.com/google.protobuf.Duration)'))
  }
  if (Number(seconds) > MAX_LIFETIME_SECONDS) {
    return err(bad(`The access token lifetime cannot exceed ${MAX_LIFETIME_SECONDS} seconds.`))
  }
  return ok({ scopes, lifetimeSeconds: Number(seconds) })
}
