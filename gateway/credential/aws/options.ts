// The configuration of one AWS credential, checked once at construction: what is wrong there is
// said there, and not when the first agent asks.

import { compilePeerTemplate, type PeerTemplate } from '../peer-template.ts'
import type { SessionPolicyMode, TokenAlgorithm, TokenAudience } from '../driver.ts'
import type { SubjectKind } from '../subject.ts'
import { isAwsRegion, stsOrigin } from './partition.ts'
import { parseRoleArn } from './role-arn.ts'
import {
  compileSessionClaims,
  type SessionClaimOptions,
  type SessionClaims,
} from './session-claims.ts'

export interface AwsWebIdentityOptions extends SessionClaimOptions {
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
  /** How the token is signed. Default RS256. */
  readonly tokenAlgorithm?: TokenAlgorithm
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
  readonly tokenAlgorithm: TokenAlgorithm
  readonly claims: SessionClaims
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

/**
 * Hosts of AWS's own STS: global, of a region, FIPS, dual-stack, and interface endpoints. Not every
 * name below amazonaws.com: customers' gateways, buckets and load balancers are there, too.
 */
const STS_HOST =
  /^(?:vpce-[0-9a-z-]+\.)?sts(?:-fips)?(?:\.[a-z0-9-]+)?(?:(?:\.vpce)?\.amazonaws\.com(?:\.cn)?|\.api\.aws)$/

/** Who may be shown one audience: all of a partition's own STS endpoints are one authority. */
export function awsAuthority(options: {
  readonly endpoint?: string | undefined
  readonly roleArn: string
}): string {
  const { endpoint, roleArn } = options
  const host = /^https:\/\/([^/:]+)(?::443)?$/.exec(endpoint ?? '')?.[1]
  if (endpoint !== undefined && (host === undefined || !STS_HOST.test(host))) return endpoint
  return `STS of partition ${roleArn.split(':')[1] ?? ''}`
}

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
  const tokenAlgorithm = options.tokenAlgorithm ?? 'RS256'
  const claims = compileSessionClaims(options, where)
  return {
    name: options.name,
    roleArn: compilePeerTemplate(`${where}: roleArn`, options.roleArn),
    region: options.region,
    durationSeconds,
    sessionPolicy: options.sessionPolicy ?? 'derive',
    subject,
    origin,
    tokenAudience: { audience, authority: awsAuthority(options) },
    tokenAlgorithm,
    claims,
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
      tokenAlgorithm,
      claims.fingerprint,
    ]),
  }
}

function isDuration(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= MIN_DURATION && seconds <= MAX_DURATION
}
