// The configuration of one AWS credential, checked once at construction: what is wrong there is
// said there, and not when the first agent asks.

import { compilePeerTemplate, type PeerTemplate } from '../peer-template.ts'
import type { SessionPolicyMode, TokenAudience } from '../driver.ts'
import type { SubjectKind } from '../subject.ts'
import { isAwsRegion, stsOrigin } from './partition.ts'
import { parseRoleArn } from './role-arn.ts'

export interface AwsWebIdentityOptions {
  readonly kind: 'aws-web-identity'
  readonly name: string
  /** May name `{tenant}`, `{agent}` and `{role}`. */
  readonly roleArn: string
  /** Of the STS endpoint. */
  readonly region: string
  /** DurationSeconds, 900 to 43200. Default 900: revocation waits no longer than that. */
  readonly durationSeconds?: number
  /** Default `derive`. */
  readonly sessionPolicy?: SessionPolicyMode
  /** Default `spiffe-id`. */
  readonly subject?: SubjectKind
  /** `aud` of the token. Default `sts.amazonaws.com`. */
  readonly audience?: string
  /** Origin of another STS endpoint: private link, a compatible server, the demo's. */
  readonly endpoint?: string
  /** Foreign trust domains whose agents may use it. Default none. */
  readonly trustDomains?: readonly string[]
}

export interface AwsWebIdentityConfig {
  readonly name: string
  readonly roleArn: PeerTemplate
  readonly region: string
  readonly durationSeconds: number
  readonly sessionPolicy: SessionPolicyMode
  readonly subject: SubjectKind
  readonly origin: string
  readonly tokenAudience: TokenAudience
  readonly trustDomains: ReadonlySet<string>
  /** All of the above as one text, for cache keys. */
  readonly fingerprint: string
}

const DEFAULT_AUDIENCE = 'sts.amazonaws.com'
const DEFAULT_DURATION = 900
/** Seconds (STS API Reference). */
const MIN_DURATION = 900
const MAX_DURATION = 43_200

const HTTPS_ORIGIN = /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?$/
/** The token is a bearer: it goes over plain http to this machine only. */
const LOOPBACK_ORIGIN = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/

/** @throws TypeError that names the field, what is wrong with it and what fits */
export function compileAwsOptions(options: AwsWebIdentityOptions): AwsWebIdentityConfig {
  const where = `credential ${options.name}`
  const sample = options.roleArn.replace(/\{(?:tenant|agent|role)\}/g, 'x')
  const role = parseRoleArn(sample)
  if (role === undefined) {
    throw new TypeError(
      `${where}: roleArn ${options.roleArn} must be arn:<partition>:iam::<12 digits>:role/<name>`,
    )
  }
  if (!isAwsRegion(options.region)) {
    throw new TypeError(`${where}: region ${options.region} is no AWS region, e.g. eu-west-1`)
  }
  const durationSeconds = options.durationSeconds ?? DEFAULT_DURATION
  if (!isDuration(durationSeconds)) {
    throw new TypeError(`${where}: duration must be ${MIN_DURATION}s to ${MAX_DURATION}s`)
  }
  const audience = options.audience ?? DEFAULT_AUDIENCE
  if (audience === '') throw new TypeError(`${where}: audience must not be empty`)
  const origin = options.endpoint ?? stsOrigin(role.partition, options.region)
  if (origin === undefined) {
    throw new TypeError(`${where}: partition ${role.partition} of roleArn is unknown; set endpoint`)
  }
  if (!HTTPS_ORIGIN.test(origin) && !LOOPBACK_ORIGIN.test(origin)) {
    throw new TypeError(
      `${where}: endpoint ${origin} must be https://host[:port] without a path ` +
        '(http only for localhost, 127.0.0.1 and [::1])',
    )
  }
  const trustDomains = [...(options.trustDomains ?? [])].toSorted()
  const subject = options.subject ?? 'spiffe-id'
  return {
    name: options.name,
    roleArn: compilePeerTemplate(`${where}: roleArn`, options.roleArn),
    region: options.region,
    durationSeconds,
    sessionPolicy: options.sessionPolicy ?? 'derive',
    subject,
    origin,
    // The regional endpoints of a partition are one authority: any of them may hold the token.
    tokenAudience: {
      audience,
      authority: options.endpoint ?? `STS of partition ${role.partition}`,
    },
    trustDomains: new Set(trustDomains),
    fingerprint: JSON.stringify([
      options.kind,
      options.name,
      options.roleArn,
      options.region,
      durationSeconds,
      options.sessionPolicy ?? 'derive',
      subject,
      audience,
      origin,
      trustDomains,
    ]),
  }
}

function isDuration(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= MIN_DURATION && seconds <= MAX_DURATION
}
