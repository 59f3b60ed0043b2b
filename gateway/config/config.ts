// The typed, frozen configuration that the rest is built from: defaults filled in, durations in
// milliseconds, sizes in bytes, paths absolute, certificates and keys read. Made only by `load.ts`.

import type { Secret } from '../util/secret.ts'
import type { ParsedConfig } from './schema.ts'

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

type Parsed = DeepReadonly<ParsedConfig>

/** A PEM file that holds nothing secret. */
export interface PublicFile {
  readonly path: string
  readonly text: string
}

export interface PrivateKeyFile {
  /** Undefined: the key came from the environment. */
  readonly path: string | undefined
  readonly pem: Secret
}

export interface FilesTlsConfig {
  readonly kind: 'files'
  /** SNI names; `*.` covers one label. */
  readonly names: readonly string[]
  readonly cert: PublicFile
  readonly key: PrivateKeyFile
}

/** Our own SVID, from the identity source. */
export interface SvidTlsConfig {
  readonly kind: 'svid'
}

export type TlsConfig = FilesTlsConfig | SvidTlsConfig

type ParsedListen = Parsed['listen']

export interface ListenConfig {
  readonly data: Omit<ParsedListen['data'], 'tls'> & { readonly tls: readonly TlsConfig[] }
  readonly health: ParsedListen['health']
  readonly admin: ParsedListen['admin']
  readonly issuer: ParsedListen['issuer']
}

/** `file`, `endpoint` with its fields, or neither: the Workload API (`checks/identity.ts`). */
export interface FederatedTrustConfig extends Omit<
  Parsed['identity']['trustBundles'][string],
  'tenants' | 'tls'
> {
  readonly tls: OwnRoots | undefined
  /** Their tenant → ours. */
  readonly tenants: ReadonlyMap<string, string>
}

export type IdentitySourceConfig =
  | Exclude<Parsed['identity']['source'], { kind: 'workload-api' }>
  | { readonly kind: 'workload-api'; readonly socket: string }

export interface IdentityConfig {
  readonly source: IdentitySourceConfig
  readonly grammar: string
  /** By trust domain. */
  readonly trustBundles: ReadonlyMap<string, FederatedTrustConfig>
  readonly denyList: string | undefined
}

type ParsedIssuer = NonNullable<Parsed['issuer']>

export interface SignerConfig extends Omit<
  NonNullable<ParsedIssuer['signer']>,
  'publicKey' | 'alsoPublish'
> {
  readonly publicKey: PublicFile
  readonly alsoPublish: readonly PublicFile[]
}

/** Exactly one of `keys` and `signer` is there. */
export interface IssuerConfig extends Omit<ParsedIssuer, 'signer'> {
  readonly signer: SignerConfig | undefined
}

export interface PolicyConfig extends Omit<Parsed['policy'], 'verification'> {
  readonly verification: Omit<Parsed['policy']['verification'], 'keys'> & {
    /** By key id. */
    readonly keys: ReadonlyMap<string, PublicFile>
  }
}

type ParsedCredential = Parsed['credentials'][string]

/** Public roots that replace Node's own for one host. */
export interface OwnRoots {
  readonly ca: PublicFile
}

export interface AwsWebIdentityConfig extends Omit<
  Extract<ParsedCredential, { kind: 'aws-web-identity' }>,
  'tls'
> {
  readonly tls: OwnRoots | undefined
}
export interface GcpWorkloadIdentityConfig extends Omit<
  Extract<ParsedCredential, { kind: 'gcp-workload-identity' }>,
  'tls'
> {
  readonly tls: OwnRoots | undefined
}
export type NoCredentialConfig = Extract<ParsedCredential, { kind: 'none' }>
export type CredentialConfig = AwsWebIdentityConfig | GcpWorkloadIdentityConfig | NoCredentialConfig

export type BindingConfig = Parsed['bindings'][number]

export interface RouteConfig extends Omit<Parsed['routes'][number], 'region' | 'tls'> {
  /** For requests that name none; the only one of `regions` where the file does not say. */
  readonly region: string | undefined
  readonly tls: OwnRoots | undefined
}

export type EgressConfig = Parsed['egress']

/** The key is a path: whoever records makes it on first start. */
export type AuditConfig = Parsed['audit']

export type LimitsConfig = Parsed['limits']
export type TelemetryConfig = Parsed['telemetry']

export interface Config {
  readonly version: 1
  readonly trustDomain: string
  readonly workers: 1
  readonly listen: ListenConfig
  readonly identity: IdentityConfig
  readonly issuer: IssuerConfig | undefined
  readonly tokenSource: Parsed['tokenSource']
  readonly policy: PolicyConfig
  /** By name. */
  readonly credentials: ReadonlyMap<string, CredentialConfig>
  readonly bindings: readonly BindingConfig[]
  readonly routes: readonly RouteConfig[]
  readonly egress: EgressConfig
  readonly audit: AuditConfig
  readonly limits: LimitsConfig
  readonly state: Parsed['state']
  readonly telemetry: TelemetryConfig
}
