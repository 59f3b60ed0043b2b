// The configuration of one Google credential, checked once at construction: what is wrong there is
// said there, and not when the first agent asks.

import type { TokenAlgorithm, TokenAudience } from '../driver.ts'
import { compilePeerTemplate, type PeerTemplate } from '../peer-template.ts'
import type { SubjectKind } from '../subject.ts'

export interface GcpWorkloadIdentityOptions {
  readonly kind: 'gcp-workload-identity'
  readonly name: string
  /**
   * `projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>`, or the
   * whole resource name with `//iam.googleapis.com/` before it.
   */
  readonly provider: string
  /** Of the token that goes to the cloud. */
  readonly scopes: readonly string[]
  /** Its e-mail address, to impersonate; may name `{tenant}`, `{agent}` and `{role}`. */
  readonly serviceAccount?: string | undefined
  /** Of an impersonated token, 300 to 3300. Default 900. */
  readonly lifetimeSeconds?: number | undefined
  /** Default `spiffe-id`. */
  readonly subject?: SubjectKind | undefined
  /** `aud` of our token. Default: the provider's whole resource name. */
  readonly audience?: string | undefined
  /** How our token is signed. Default RS256. */
  readonly tokenAlgorithm?: TokenAlgorithm | undefined
  /** Default `googleapis.com`. */
  readonly universeDomain?: string | undefined
  /** Origin of another token endpoint: private, regional, the demo's. */
  readonly endpoint?: string | undefined
  /** Origin of another Service Account Credentials API. */
  readonly impersonationEndpoint?: string | undefined
  /** Foreign trust domains whose agents may use it. Default none. */
  readonly trustDomains?: readonly string[] | undefined
}

export interface GcpWorkloadIdentityConfig {
  readonly name: string
  /** The `audience` of the exchange. */
  readonly provider: string
  readonly scopes: readonly string[]
  readonly serviceAccount: PeerTemplate | undefined
  readonly lifetimeSeconds: number
  readonly subject: SubjectKind
  readonly origins: GcpOrigins
  readonly tokenAudience: TokenAudience
  readonly tokenAlgorithm: TokenAlgorithm
  readonly trustDomains: ReadonlySet<string>
  /** All of the above as one text, for cache keys. */
  readonly fingerprint: string
}

export interface GcpOrigins {
  /** Of the Security Token Service. */
  readonly sts: string
  /** Of the Service Account Credentials API. */
  readonly impersonation: string
}

const DEFAULT_UNIVERSE = 'googleapis.com'
const DEFAULT_LIFETIME = 900
/**
 * Seconds. Google grants an hour; with `3600s` a clock difference is enough for a refusal
 * (github.com/google-github-actions/auth/blob/main/docs/TROUBLESHOOTING.md).
 */
const MIN_LIFETIME = 300
const MAX_LIFETIME = 3300

/** IAM v1: pool and provider ids have 4 to 32 characters; the project is a number. */
const PROVIDER =
  /^(?:\/\/iam\.[a-z0-9.-]+\/)?projects\/[0-9]{1,20}\/locations\/global\/workloadIdentityPools\/[a-z0-9-]{4,32}\/providers\/[a-z0-9-]{4,32}$/
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/
const DOMAIN = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/
const HTTPS_ORIGIN = /^https:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?$/
/** Tokens are bearers: they go over plain http to this machine only. */
const LOOPBACK_ORIGIN = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/
/** IAM v1 `projects.serviceAccounts`: an e-mail address below gserviceaccount.com, or a unique id. */
const SERVICE_ACCOUNT =
  /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}gserviceaccount\.com|[0-9]{15,30})$/

/** A filled-in address becomes part of a path: nothing but what IAM itself accepts may get there. */
export function isServiceAccount(email: string): boolean {
  return email.length <= 253 && SERVICE_ACCOUNT.test(email)
}

/** Both token endpoints of a credential, as they are dialled. */
export function gcpOrigins(options: {
  readonly endpoint?: string | undefined
  readonly impersonationEndpoint?: string | undefined
  readonly universeDomain?: string | undefined
}): GcpOrigins {
  const universe = options.universeDomain ?? DEFAULT_UNIVERSE
  return {
    sts: options.endpoint ?? `https://sts.${universe}`,
    impersonation: options.impersonationEndpoint ?? `https://iamcredentials.${universe}`,
  }
}

/** The `aud` of our token: the provider's resource name, unless the file gives another. */
export function gcpAudience(options: {
  readonly provider: string
  readonly audience?: string | undefined
}): string {
  return options.audience ?? resourceName(options.provider)
}

/** Who may be shown one audience: all token endpoints of a universe are one authority. */
export function gcpAuthority(options: {
  readonly endpoint?: string | undefined
  readonly universeDomain?: string | undefined
}): string {
  const { endpoint, universeDomain = DEFAULT_UNIVERSE } = options
  const host = endpoint?.replace(/^https?:\/\//, '').replace(/:[0-9]+$/, '')
  if (endpoint === undefined || host?.endsWith(`.${universeDomain}`))
    return `STS of ${universeDomain}`
  return endpoint
}

/** @throws TypeError that names the field, what is wrong with it and what fits */
export function compileGcpOptions(options: GcpWorkloadIdentityOptions): GcpWorkloadIdentityConfig {
  const where = `credential ${options.name}`
  const universe = options.universeDomain ?? DEFAULT_UNIVERSE
  if (!DOMAIN.test(universe)) {
    throw new TypeError(`${where}: universeDomain ${universe} must be a domain in lower case`)
  }
  checkProvider(options.provider, where)
  const provider = resourceName(options.provider)
  checkScopes(options.scopes, where)
  const lifetimeSeconds = options.lifetimeSeconds ?? DEFAULT_LIFETIME
  if (!isLifetime(lifetimeSeconds)) {
    throw new TypeError(`${where}: lifetime must be ${MIN_LIFETIME}s to ${MAX_LIFETIME}s`)
  }
  const audience = gcpAudience(options)
  if (audience === '') throw new TypeError(`${where}: audience must not be empty`)
  const origins = gcpOrigins(options)
  checkOrigin(origins.sts, `${where}: endpoint`)
  checkOrigin(origins.impersonation, `${where}: impersonationEndpoint`)
  const trustDomains = [...(options.trustDomains ?? [])].toSorted()
  const subject = options.subject ?? 'spiffe-id'
  const tokenAlgorithm = options.tokenAlgorithm ?? 'RS256'
  return {
    name: options.name,
    provider,
    scopes: Object.freeze([...options.scopes]),
    serviceAccount: serviceAccountOf(options.serviceAccount, where),
    lifetimeSeconds,
    subject,
    origins,
    tokenAudience: { audience, authority: gcpAuthority(options) },
    tokenAlgorithm,
    trustDomains: new Set(trustDomains),
    fingerprint: JSON.stringify([
      options.kind,
      options.name,
      provider,
      options.scopes,
      options.serviceAccount ?? null,
      lifetimeSeconds,
      subject,
      audience,
      origins.sts,
      origins.impersonation,
      trustDomains,
      tokenAlgorithm,
    ]),
  }
}

function checkProvider(text: string, where: string): void {
  if (PROVIDER.test(text)) return
  throw new TypeError(
    `${where}: provider ${text} must be projects/<project number>/locations/global/` +
      'workloadIdentityPools/<pool>/providers/<provider>: the number, not the id, of the project, ' +
      'and the provider, not its pool',
  )
}

function resourceName(provider: string): string {
  return provider.startsWith('//') ? provider : `//iam.googleapis.com/${provider}`
}

function checkScopes(scopes: readonly string[], where: string): void {
  if (scopes.length === 0) throw new TypeError(`${where}: scopes must not be empty`)
  const odd = scopes.find((scope) => !SCOPE.test(scope))
  if (odd !== undefined) {
    throw new TypeError(`${where}: ${JSON.stringify(odd)} is no OAuth scope (RFC 6749 §3.3)`)
  }
}

function serviceAccountOf(text: string | undefined, where: string): PeerTemplate | undefined {
  if (text === undefined) return undefined
  if (!isServiceAccount(text.replace(/\{(?:tenant|agent|role)\}/g, 'x'))) {
    throw new TypeError(
      `${where}: serviceAccount ${text} must be an e-mail address such as ` +
        'agents@<project>.iam.gserviceaccount.com',
    )
  }
  return compilePeerTemplate(`${where}: serviceAccount`, text)
}

function checkOrigin(origin: string, what: string): void {
  if (HTTPS_ORIGIN.test(origin) || LOOPBACK_ORIGIN.test(origin)) return
  throw new TypeError(
    `${what} ${origin} must be https://host[:port] without a path ` +
      '(http only for localhost, 127.0.0.1 and [::1])',
  )
}

function isLifetime(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= MIN_LIFETIME && seconds <= MAX_LIFETIME
}
