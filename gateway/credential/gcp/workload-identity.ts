// Workload Identity Federation (RFC 8693 as Google's Security Token Service v1 speaks it): shows STS
// our token for one agent and gets a federated access token. With a service account that token is
// only used, at once, to ask for the service account's own (Service Account Credentials API v1,
// `generateAccessToken`). Trusts the peer; trusts neither endpoint nor its answer.

import { refusal } from '../../errors.ts'
import type { HeaderLine } from '../../request/message.ts'
import type { JwtSvidSource } from '../../spiffe/jwt-svid.ts'
import type { Peer } from '../../spiffe/peer.ts'
import type { Clock } from '../../util/clock.ts'
import { err, ok, type Ok, type Result } from '../../util/result.ts'
import { Secret } from '../../util/secret.ts'
import { digest, tupleKey } from '../cache-key.ts'
import type { CredentialAnswer, CredentialRefusal } from '../credential.ts'
import type { CredentialDriver, CredentialPlan, CredentialSettings } from '../driver.ts'
import type { HttpPost, OutboundAnswer } from '../outbound.ts'
import {
  isJsonByType,
  readFederatedToken,
  readServiceAccountToken,
  readTokenError,
} from './answers.ts'
import {
  compileGcpOptions,
  isServiceAccount,
  type GcpWorkloadIdentityConfig,
  type GcpWorkloadIdentityOptions,
} from './options.ts'
import { googleSubjectOf } from './subject.ts'
import { judgeTokenError, tokenRefusal, type TokenCall } from './token-error.ts'

export interface GcpWorkloadIdentityPorts {
  readonly jwtSvid: JwtSvidSource
  readonly post: HttpPost
  readonly clock: Clock
  /** ms from a call to the last byte of its answer. */
  readonly deadlineMs?: number
}

/** What is fixed for one agent. */
interface Principal {
  readonly subject: string
  /** Undefined: direct access. */
  readonly serviceAccount: string | undefined
}

interface Token {
  readonly accessToken: string
  /** ms since the epoch */
  readonly expiresAt: number
}

type Attempt<T> = Result<T, CredentialRefusal>

const DEADLINE_MS = 5_000
/** An answer has a token of 12 KiB at most, and a few words. */
const MAX_ANSWER_BYTES = 64 * 1024

/** ms; a federated token lives an hour at most, whatever an answer says. */
const LONGEST_LIFE = 3_600_000
/** ms; of a token whose answer names no end (STS v1: `expires_in` may be absent). */
const UNSTATED_LIFE = 300_000

/** Enough for generateAccessToken, and for no data (Service Account Credentials API v1, scopes). */
const IAM_SCOPE = 'https://www.googleapis.com/auth/iam'

const FORM: readonly HeaderLine[] = [['content-type', 'application/x-www-form-urlencoded']]

export class GcpWorkloadIdentity implements CredentialDriver {
  readonly name: string
  readonly settings: CredentialSettings
  readonly trustDomains: ReadonlySet<string>
  readonly tokenAudience: GcpWorkloadIdentityConfig['tokenAudience']
  readonly #config: GcpWorkloadIdentityConfig
  readonly #ports: GcpWorkloadIdentityPorts
  readonly #fingerprint: string
  readonly #plans = new WeakMap<Peer, Result<CredentialPlan, CredentialRefusal>>()

  /** @throws TypeError for options that can never work */
  constructor(options: GcpWorkloadIdentityOptions, ports: GcpWorkloadIdentityPorts) {
    const config = compileGcpOptions(options)
    this.name = config.name
    // Google has no session policies: what bounds a token are the roles of its principal.
    this.settings = Object.freeze({ kind: options.kind, sessionPolicy: 'none', region: undefined })
    this.trustDomains = config.trustDomains
    this.tokenAudience = config.tokenAudience
    this.#config = config
    this.#ports = ports
    this.#fingerprint = digest(config.fingerprint)
  }

  plan(peer: Peer, sessionPolicy: string | undefined): Result<CredentialPlan, CredentialRefusal> {
    if (sessionPolicy !== undefined) {
      return err(fault(`credential ${this.name} cannot be narrowed by a session policy`, 'GCP-3'))
    }
    let plan = this.#plans.get(peer)
    if (plan === undefined) {
      plan = this.#planOf(peer)
      this.#plans.set(peer, plan)
    }
    return plan
  }

  #planOf(peer: Peer): Result<CredentialPlan, CredentialRefusal> {
    const principal = this.#principalOf(peer)
    if (!principal.ok) return principal
    const { subject, serviceAccount } = principal.value
    // Whatever the token says of the agent is an input: attribute mappings may read it.
    const cacheKey = tupleKey([
      this.#fingerprint,
      peer.spiffeId,
      subject,
      serviceAccount,
      peer.tenant,
      peer.agent,
      peer.role,
    ])
    const plan: Ok<CredentialPlan> = ok(
      Object.freeze({
        cacheKey,
        exchange: () => this.#exchange(peer, principal.value),
        describe: () => this.#describe(principal.value),
      }),
    )
    return plan
  }

  #principalOf(peer: Peer): Result<Principal, CredentialRefusal> {
    const subject = googleSubjectOf(this.#config.subject, peer)
    if (!subject.ok) return subject
    const template = this.#config.serviceAccount
    if (template === undefined) return ok({ subject: subject.value, serviceAccount: undefined })
    const serviceAccount = template.fill(peer)
    if (serviceAccount === undefined || !isServiceAccount(serviceAccount)) {
      return err(
        fault(`serviceAccount of ${this.name} cannot be filled for this identity`, 'GCP-2'),
      )
    }
    return ok({ subject: subject.value, serviceAccount })
  }

  #describe({ subject, serviceAccount }: Principal): Record<string, string> {
    const { origins, provider, tokenAudience, scopes, lifetimeSeconds } = this.#config
    return {
      call: `token exchange at ${origins.sts}/v1/token`,
      audience: provider,
      token_subject: subject,
      token_audience: tokenAudience.audience,
      scopes: scopes.join(' '),
      ...(serviceAccount === undefined
        ? { principal: `subject/${subject}` }
        : {
            principal: serviceAccount,
            impersonation: `generateAccessToken at ${origins.impersonation}`,
            lifetime_seconds: String(lifetimeSeconds),
          }),
    }
  }

  async #exchange(peer: Peer, principal: Principal): Promise<CredentialAnswer> {
    const federated = await this.#federate(peer, principal)
    if (!federated.ok) return federated
    const { serviceAccount, subject } = principal
    const token =
      serviceAccount === undefined
        ? federated
        : await this.#impersonate(serviceAccount, federated.value.accessToken)
    if (!token.ok) return token
    return ok(
      Object.freeze({
        kind: 'gcp-workload-identity',
        provider: 'gcp',
        name: this.name,
        accessToken: new Secret(token.value.accessToken),
        expiresAt: token.value.expiresAt,
        session: serviceAccount ?? subject,
      }),
    )
  }

  /** A token that STS calls stale is replaced once: it may have waited behind a slow answer. */
  async #federate(peer: Peer, principal: Principal): Promise<Attempt<Token>> {
    const first = await this.#attempt(peer, principal)
    if (first !== 'stale-token') return first
    const second = await this.#attempt(peer, principal)
    if (second !== 'stale-token') return second
    const detail = 'Google STS calls a token stale that was just made: the clocks differ'
    return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail, 'GCP-invalid_grant'))
  }

  async #attempt(
    peer: Peer,
    { subject, serviceAccount }: Principal,
  ): Promise<Attempt<Token> | 'stale-token'> {
    const { tokenAudience, tokenAlgorithm: algorithm, origins, scopes } = this.#config
    const { audience } = tokenAudience
    const fetched = await this.#ports.jwtSvid.fetch({ subject, audience, peer, algorithm })
    if (!fetched.ok) return fetched
    const token = fetched.value.token.reveal()
    const scope = serviceAccount === undefined ? scopes.join(' ') : IAM_SCOPE
    const sent = await this.#post('sts', origins.sts, '/v1/token', FORM, this.#form(token, scope))
    if (!sent.ok) return sent
    const { status, body } = sent.value
    if (status !== 200) {
      const error = readTokenError(body)
      const verdict = judgeTokenError(status, error)
      if (verdict === 'stale-token') return verdict
      return err(tokenRefusal('sts', status, error, verdict, [token]))
    }
    if (!isJsonByType(sent.value.headers))
      return odd('sts', 'is not JSON by its content type', 'GCP-4')
    const granted = readFederatedToken(body)
    if (granted === undefined) return odd('sts', 'is not one well-formed bearer token', 'GCP-5')
    const life = granted.expiresIn === undefined ? UNSTATED_LIFE : granted.expiresIn * 1000
    const expiresAt = this.#ports.clock.now() + Math.min(life, LONGEST_LIFE)
    return ok({ accessToken: granted.accessToken, expiresAt })
  }

  #form(token: string, scope: string): Buffer {
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      audience: this.#config.provider,
      scope,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: token,
    })
    return Buffer.from(form.toString(), 'latin1')
  }

  async #impersonate(serviceAccount: string, federated: string): Promise<Attempt<Token>> {
    const { origins, scopes, lifetimeSeconds } = this.#config
    const path = `/v1/projects/-/serviceAccounts/${serviceAccount}:generateAccessToken`
    const headers: readonly HeaderLine[] = [
      ['content-type', 'application/json'],
      ['authorization', `Bearer ${federated}`],
    ]
    const body = Buffer.from(JSON.stringify({ scope: scopes, lifetime: `${lifetimeSeconds}s` }))
    const sent = await this.#post('impersonation', origins.impersonation, path, headers, body)
    if (!sent.ok) return sent
    const { status } = sent.value
    if (status !== 200) {
      const error = readTokenError(sent.value.body)
      const verdict = judgeTokenError(status, error)
      return err(tokenRefusal('impersonation', status, error, verdict, [federated]))
    }
    if (!isJsonByType(sent.value.headers)) {
      return odd('impersonation', 'is not JSON by its content type', 'GCP-4')
    }
    const granted = readServiceAccountToken(sent.value.body)
    if (granted === undefined) return odd('impersonation', 'is not one well-formed token', 'GCP-5')
    const now = this.#ports.clock.now()
    if (granted.expiresAt <= now) return odd('impersonation', 'has expired already', 'GCP-6')
    // Never longer than was asked for, whatever the endpoint says.
    const expiresAt = Math.min(granted.expiresAt, now + lifetimeSeconds * 1000)
    return ok({ accessToken: granted.accessToken, expiresAt })
  }

  async #post(
    call: TokenCall,
    origin: string,
    path: string,
    headers: readonly HeaderLine[],
    body: Buffer,
  ): Promise<Attempt<OutboundAnswer>> {
    const limits = { deadlineMs: this.#ports.deadlineMs ?? DEADLINE_MS, maxBytes: MAX_ANSWER_BYTES }
    const sent = await this.#ports.post(origin, path, headers, body, limits)
    if (sent.ok) return sent
    const { kind, detail } = sent.error
    const code = kind === 'blocked' ? 'ERR_SG_CREDENTIAL_CONFIG' : 'ERR_SG_CREDENTIAL_UNAVAILABLE'
    return err(refusal(code, `${nameOf(call)} at ${origin}: ${kind}: ${detail}`, 'GCP-outbound'))
  }
}

function nameOf(call: TokenCall): string {
  return call === 'sts' ? 'Google STS' : 'generateAccessToken'
}

function odd(call: TokenCall, what: string, rule: string): Attempt<never> {
  return err(
    refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', `the answer of ${nameOf(call)} ${what}`, rule),
  )
}

function fault(detail: string, rule: string): CredentialRefusal {
  return refusal('ERR_SG_CREDENTIAL_CONFIG', detail, rule)
}
