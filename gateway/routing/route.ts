// Where a request goes: which service it addresses and which upstream the operator has set for it.
// Never derived from client text beyond a look-up in compiled tables. Only `routing/match.ts`
// makes one.

declare const brand: unique symbol

export type Provider = 'aws' | 'gcp' | 'azure' | 'secret' | 'http'

/** How the SDK behind this service writes its errors (docs/REFUSALS.md). */
export type Dialect =
  | 's3'
  | 'aws-json'
  | 'aws-query'
  | 'aws-ec2'
  | 'aws-rest-json'
  | 'aws-cbor'
  | 'google'
  | 'azure-xml'
  | 'json'

/** One operator's route, compiled: where requests of its service are sent. */
export interface UpstreamTarget {
  /** Stable name for pools and metrics, e.g. `aws_s3`. */
  readonly name: string
  /** `https://s3.eu-west-1.amazonaws.com`, no path, no trailing slash. */
  readonly origin: string
  /** The Host header to send: host, and port only where it is not the scheme's default. */
  readonly authority: string
}

export interface Route {
  readonly [brand]: 'Route'
  readonly provider: Provider
  /** `aws_s3`: the contract's name, in facts and policy. */
  readonly service: string
  /** `s3`: the provider's own id. */
  readonly serviceId: string
  readonly dialect: Dialect
  /** The service name of a SigV4 credential scope; undefined where none is signed. */
  readonly signingName: string | undefined
  /** The service's own path: raw bytes behind the prefix, starts with `/`. */
  readonly path: string
  /** The bucket of a virtual-hosted S3 request, validated; undefined for path style. */
  readonly bucket: string | undefined
  readonly region: string | undefined
  /** Google: the locations that the request's body may name, lower case; undefined: any. */
  readonly locations?: ReadonlySet<string> | undefined
  readonly upstream: UpstreamTarget
}

export type RouteFields = Omit<Route, typeof brand>

export function makeRoute(fields: RouteFields): Route {
  return Object.freeze(fields) as Route
}
