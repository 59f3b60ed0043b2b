// AssumeRoleWithWebIdentity (STS API Reference): shows STS our token for one agent and gets a
// session of the configured role, narrowed by the session policy. The call is unsigned: with any
// Authorization or session token on it STS refuses it. Trusts the peer; trusts neither the token
// endpoint nor its answer.

import { refusal, type CredentialCode, type Refusal } from '../../errors.ts'
import type { JwtSvidSource } from '../../spiffe/jwt-svid.ts'
import type { HeaderLine } from '../../request/message.ts'
import type { Peer } from '../../spiffe/peer.ts'
import type { Clock } from '../../util/clock.ts'
import { err, ok, type Ok, type Result } from '../../util/result.ts'
import { Secret } from '../../util/secret.ts'
import { digest, tupleKey } from '../cache-key.ts'
import type { CredentialAnswer } from '../credential.ts'
import type { CredentialDriver, CredentialPlan, CredentialSettings } from '../driver.ts'
import type { HttpPost, OutboundAnswer } from '../outbound.ts'
import { subjectOf } from '../subject.ts'
import {
  compileAwsOptions,
  type AwsWebIdentityConfig,
  type AwsWebIdentityOptions,
} from './options.ts'
import { parseAssumedRoleArn, parseRoleArn } from './role-arn.ts'
import { roleSessionName } from './session-name.ts'
import { readStsError, readStsSession, type StsSession } from './sts-answer.ts'
import { judgeStsError, stsRefusal } from './sts-error.ts'

export interface AwsWebIdentityPorts {
  readonly jwtSvid: JwtSvidSource
  readonly post: HttpPost
  readonly clock: Clock
  /** ms from the call to the last byte of the answer. */
  readonly deadlineMs?: number
}

/** What is fixed for one agent. */
interface Session {
  readonly subject: string
  readonly roleArn: string
  readonly account: string
  readonly sessionName: string
  readonly keyPrefix: string
  /** Session tags and source identity, as claims. */
  readonly cloudClaims: Readonly<Record<string, unknown>>
  /** By session policy: a few, which the grants of the agent give. */
  readonly plans: Map<string | undefined, Ok<CredentialPlan>>
}

type Refused = Refusal<CredentialCode>

const DEADLINE_MS = 5_000
/** An answer of STS has about 2 KiB. */
export const MAX_ANSWER_BYTES = 64 * 1024

/** STS API Reference, parameter Policy: length, and tab, LF, CR, U+0020 to U+00FF. */
const MAX_POLICY_LENGTH = 2048
const POLICY_TEXT = /^[\t\n\r\x20-\xff]+$/

/** Kept for one connection's peer; more distinct policies are planned anew. */
const MOST_PLANS = 64

/** STS API Reference, SubjectFromWebIdentityToken. */
const MAX_SUBJECT_LENGTH = 255

const HEADERS: readonly HeaderLine[] = [
  ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
]

export class AwsWebIdentity implements CredentialDriver {
  readonly name: string
  readonly settings: CredentialSettings
  readonly trustDomains: ReadonlySet<string>
  readonly tokenAudience: AwsWebIdentityConfig['tokenAudience']
  readonly #config: AwsWebIdentityConfig
  readonly #ports: AwsWebIdentityPorts
  readonly #fingerprint: string
  readonly #sessions = new WeakMap<Peer, Result<Session, Refused>>()

  /** @throws TypeError for options that can never work */
  constructor(options: AwsWebIdentityOptions, ports: AwsWebIdentityPorts) {
    const config = compileAwsOptions(options)
    this.name = config.name
    this.settings = Object.freeze({
      kind: options.kind,
      sessionPolicy: config.sessionPolicy,
      region: config.region,
    })
    this.trustDomains = config.trustDomains
    this.tokenAudience = config.tokenAudience
    this.#config = config
    this.#ports = ports
    this.#fingerprint = digest(config.fingerprint)
  }

  plan(peer: Peer, sessionPolicy: string | undefined): Result<CredentialPlan, Refused> {
    let session = this.#sessions.get(peer)
    if (session === undefined) {
      session = this.#sessionOf(peer)
      this.#sessions.set(peer, session)
    }
    if (!session.ok) return session
    const { plans } = session.value
    const known = plans.get(sessionPolicy)
    if (known !== undefined) return known
    const unfit = this.#checkPolicy(sessionPolicy)
    if (unfit !== undefined) return err(unfit)
    const plan = ok(this.#planOf(peer, session.value, sessionPolicy))
    if (plans.size >= MOST_PLANS) plans.clear()
    plans.set(sessionPolicy, plan)
    return plan
  }

  #planOf(peer: Peer, session: Session, sessionPolicy: string | undefined): CredentialPlan {
    return Object.freeze({
      cacheKey: session.keyPrefix + tupleKey([sessionPolicy]),
      exchange: () => this.#exchange(peer, session, sessionPolicy),
      describe: () => this.#describe(session, sessionPolicy),
    })
  }

  #describe(session: Session, sessionPolicy: string | undefined): Record<string, string> {
    return {
      call: `AssumeRoleWithWebIdentity at ${this.#config.origin}`,
      role_arn: session.roleArn,
      role_session_name: session.sessionName,
      duration_seconds: String(this.#config.durationSeconds),
      token_subject: session.subject,
      token_audience: this.#config.tokenAudience.audience,
      ...(Object.keys(session.cloudClaims).length === 0
        ? {}
        : { token_claims: JSON.stringify(session.cloudClaims) }),
      ...(sessionPolicy === undefined ? {} : { session_policy: sessionPolicy }),
    }
  }

  /** The last gate of "narrowing never fails open": no session without the policy it must have. */
  #checkPolicy(sessionPolicy: string | undefined): Refused | undefined {
    if (sessionPolicy === undefined) {
      return this.settings.sessionPolicy === 'none'
        ? undefined
        : fault(`credential ${this.name} is used with a session policy only`, 'STS-1')
    }
    if (sessionPolicy.length > MAX_POLICY_LENGTH || !POLICY_TEXT.test(sessionPolicy)) {
      return fault('the session policy does not fit STS: 2048 characters of latin1', 'STS-2')
    }
    return undefined
  }

  #sessionOf(peer: Peer): Result<Session, Refused> {
    const subject = subjectOf(this.#config.subject, peer)
    if (!subject.ok) return subject
    if (subject.value.length > MAX_SUBJECT_LENGTH) {
      return err(fault('the subject is longer than the 255 characters of STS', 'STS-9'))
    }
    const roleArn = this.#config.roleArn.fill(peer)
    const role = roleArn === undefined ? undefined : parseRoleArn(roleArn)
    if (roleArn === undefined || role === undefined) {
      return err(fault(`roleArn of ${this.name} cannot be filled for this identity`, 'STS-3'))
    }
    const cloudClaims = this.#config.claims.of(peer)
    if (cloudClaims === undefined) {
      const what = `sessionTags or sourceIdentity of ${this.name}`
      return err(fault(`${what} cannot be filled for this identity`, 'STS-10'))
    }
    const sessionName = roleSessionName(peer)
    const keyPrefix = tupleKey([
      this.#fingerprint,
      peer.spiffeId,
      subject.value,
      roleArn,
      sessionName,
      peer.tenant,
      peer.agent,
      peer.role,
    ])
    return ok({
      subject: subject.value,
      roleArn,
      account: role.account,
      sessionName,
      keyPrefix,
      cloudClaims,
      plans: new Map(),
    })
  }

  /** A token that STS calls expired is replaced once: it may have waited behind a slow answer. */
  async #exchange(
    peer: Peer,
    session: Session,
    sessionPolicy: string | undefined,
  ): Promise<CredentialAnswer> {
    const first = await this.#attempt(peer, session, sessionPolicy)
    if (first !== 'expired-token') return first
    const second = await this.#attempt(peer, session, sessionPolicy)
    if (second !== 'expired-token') return second
    return err(
      refusal(
        'ERR_SG_CREDENTIAL_UNAVAILABLE',
        'STS calls a token expired that was just made: the clocks differ',
        'STS-ExpiredTokenException',
      ),
    )
  }

  async #attempt(
    peer: Peer,
    session: Session,
    sessionPolicy: string | undefined,
  ): Promise<CredentialAnswer | 'expired-token'> {
    const { tokenAudience, tokenAlgorithm: algorithm } = this.#config
    const { audience } = tokenAudience
    const { subject, cloudClaims } = session
    const request = { subject, audience, peer, algorithm, cloudClaims }
    const fetched = await this.#ports.jwtSvid.fetch(request)
    if (!fetched.ok) return fetched
    const token = fetched.value.token.reveal()
    const body = this.#form(session, token, sessionPolicy)
    const limits = { deadlineMs: this.#ports.deadlineMs ?? DEADLINE_MS, maxBytes: MAX_ANSWER_BYTES }
    const sent = await this.#ports.post(this.#config.origin, '/', HEADERS, body, limits)
    if (!sent.ok) {
      const { kind, detail } = sent.error
      const code = kind === 'blocked' ? 'ERR_SG_CREDENTIAL_CONFIG' : 'ERR_SG_CREDENTIAL_UNAVAILABLE'
      return err(refusal(code, `STS at ${this.#config.origin}: ${kind}: ${detail}`, 'STS-outbound'))
    }
    if (sent.value.status === 200) return this.#accept(sent.value, session)
    const error = readStsError(sent.value.body)
    const verdict = judgeStsError(sent.value.status, error)
    if (verdict === 'expired-token') return 'expired-token'
    return err(stsRefusal(sent.value.status, error, verdict, token))
  }

  #form(session: Session, token: string, sessionPolicy: string | undefined): Buffer {
    const form = new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: session.roleArn,
      RoleSessionName: session.sessionName,
      WebIdentityToken: token,
      DurationSeconds: String(this.#config.durationSeconds),
      ...(sessionPolicy === undefined ? {} : { Policy: sessionPolicy }),
    })
    return Buffer.from(form.toString(), 'latin1')
  }

  #accept(answer: OutboundAnswer, session: Session): CredentialAnswer {
    if (!isXml(answer.headers)) return odd('is not XML by its content type', 'STS-4')
    const granted = readStsSession(answer.body)
    if (granted === undefined) return odd('is not one well-formed session', 'STS-5')
    const now = this.#ports.clock.now()
    if (granted.expiresAt <= now) return odd('has expired already', 'STS-6')
    const stranger = checkOwner(granted, session)
    if (stranger !== undefined) return err(stranger)
    return ok(
      Object.freeze({
        kind: 'aws-web-identity',
        provider: 'aws',
        name: this.name,
        accessKeyId: granted.accessKeyId,
        secretAccessKey: new Secret(granted.secretAccessKey),
        sessionToken: new Secret(granted.sessionToken),
        // Never longer than was asked for, whatever the endpoint says.
        expiresAt: Math.min(granted.expiresAt, now + this.#config.durationSeconds * 1000),
        session: session.sessionName,
      }),
    )
  }
}

/** A session of another account or for another subject would be another's authority. */
function checkOwner(granted: StsSession, session: Session): Refused | undefined {
  if (granted.assumedRole !== undefined) {
    const account = parseAssumedRoleArn(granted.assumedRole)?.account
    if (account !== session.account) {
      return fault('the session of STS is of another account than the role', 'STS-7')
    }
  }
  if (granted.subject !== undefined && granted.subject !== session.subject) {
    return fault('the session of STS is for another subject than the token', 'STS-8')
  }
  return undefined
}

function isXml(headers: readonly HeaderLine[]): boolean {
  const values = headers.filter(([name]) => name.toLowerCase() === 'content-type')
  const type = values[0]?.[1].split(';')[0]?.trim().toLowerCase()
  return values.length === 1 && (type === 'text/xml' || type === 'application/xml')
}

function odd(what: string, rule: string): CredentialAnswer {
  return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', `the answer of STS ${what}`, rule))
}

function fault(detail: string, rule: string): Refused {
  return refusal('ERR_SG_CREDENTIAL_CONFIG', detail, rule)
}
