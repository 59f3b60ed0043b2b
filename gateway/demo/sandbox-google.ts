// The sandbox Google Cloud: one Security Token Service, one Service Account Credentials API and one
// BigQuery on the loopback interface, sharing only the tokens that the first two issue and the third
// accepts. It verifies the gateway and was written apart from it: nothing here comes from
// gateway/{signing,issuer,credential,facts,shape} (dependency-cruiser checks).

import { AccessTokens } from './google/access-tokens.ts'
import type { AccessToken } from './google/access-tokens.ts'
import { compileProvider } from './google/attributes.ts'
import type { ProviderSettings } from './google/attributes.ts'
import { Catalog } from './google/bigquery/catalog.ts'
import type { Export, SeedDataset } from './google/bigquery/catalog.ts'
import { Iam } from './google/iam.ts'
import type { IamBinding } from './google/iam.ts'
import type { Row } from './google/sql/values.ts'
import { SandboxBigQuery } from './sandbox-bigquery.ts'
import { SandboxGoogleSts } from './sandbox-google-sts.ts'
import { SandboxIamCredentials } from './sandbox-iam-credentials.ts'
import { startHttpService } from './sandbox/http-service.ts'
import type { HttpService, ServerKey } from './sandbox/http-service.ts'
import { RequestLog } from './sandbox/request-log.ts'
import type { SandboxTraffic } from './sandbox/request-log.ts'
import { TokenVerifier } from './sandbox/token-verifier.ts'

export interface SandboxGoogleOptions {
  /** ms since the epoch */
  readonly now: () => number
  /** The `iss` that the provider trusts, exactly. */
  readonly issuerUrl: string
  /** How the STS gets the issuer's documents; rejects when they cannot be had. */
  readonly fetchJson: (url: string) => Promise<unknown>
  readonly provider: ProviderSettings
  readonly bindings: readonly IamBinding[]
  readonly project: string
  readonly datasets: readonly SeedDataset[]
  /** Where all datasets lie. Default EU. */
  readonly location?: string
  /** Default: plain HTTP. */
  readonly tls?: ServerKey
  /** Default: one of its own; several clouds may write one. */
  readonly log?: RequestLog
  /** Further Host values (host and port) that name its services. */
  readonly hosts?: readonly string[]
}

export interface DirectToken {
  readonly principal: string
  /** Sets that it is a member of, beside itself. */
  readonly memberOf?: readonly string[]
  readonly scopes: readonly string[]
  /** Default one hour from now; may lie in the past. */
  readonly expiresAt?: number
}

export interface SandboxGoogle extends SandboxTraffic {
  readonly stsOrigin: string
  readonly iamCredentialsOrigin: string
  readonly bigqueryOrigin: string
  readonly exports: readonly Export[]
  /** The rows of a table now; undefined where there is none. */
  rows(dataset: string, table: string): readonly Row[] | undefined
  /** Names of all tables, `dataset.table`, sorted. */
  tables(): readonly string[]
  /** Issues a token without an exchange, for tests of what bears it. */
  issue(grant: DirectToken): AccessToken
  close(): Promise<void>
}

/** Starts the three services; resolves when they listen. Throws TypeError for malformed options. */
export async function createSandboxGoogle(options: SandboxGoogleOptions): Promise<SandboxGoogle> {
  const { now, tls, log = new RequestLog(), issuerUrl, fetchJson } = options
  const provider = compileProvider(options.provider)
  const iam = new Iam(options.bindings)
  const { project, location = 'EU', datasets } = options
  const catalog = new Catalog(project, location, datasets, now())
  const tokens = new AccessTokens(now, log.secrets)
  const ownHosts = new Set(options.hosts)
  const isOwnHost = (host: string): boolean => ownHosts.has(host)
  const name = `//iam.googleapis.com/${provider.settings.provider}`
  // "Allowed audiences" of a provider without any of its own: its name, with and without https.
  const audiences = new Set([name, `https:${name}`])
  const verifier = new TokenVerifier({ now, issuerUrl, fetchJson, audiences })
  const shared = { now, tokens, log, isOwnHost }
  const sts = new SandboxGoogleSts({ ...shared, provider, verifier })
  const iamCredentials = new SandboxIamCredentials({ ...shared, iam })
  const bigquery = new SandboxBigQuery({ ...shared, iam, catalog })
  const services: readonly HttpService[] = await Promise.all([
    startHttpService({
      service: 'google-sts',
      tls,
      log,
      handle: (message, response) => sts.handle(message, response),
    }),
    startHttpService({
      service: 'iamcredentials',
      tls,
      log,
      handle: (message, response) => iamCredentials.handle(message, response),
    }),
    startHttpService({
      service: 'bigquery',
      tls,
      log,
      handle: (message, response) => bigquery.handle(message, response),
    }),
  ])
  for (const { authority, port } of services) ownHosts.add(authority).add(`localhost:${port}`)
  const [stsOrigin = '', iamCredentialsOrigin = '', bigqueryOrigin = ''] = services.map(
    ({ origin }) => origin,
  )
  return {
    stsOrigin,
    iamCredentialsOrigin,
    bigqueryOrigin,
    requests: log.requests,
    connections: log.connections,
    exports: catalog.exports,
    rows: (dataset, table) => catalog.datasets.get(dataset)?.tables.get(table)?.rows,
    tables: () =>
      [...catalog.datasets.values()]
        .flatMap((dataset) => [...dataset.tables.keys()].map((table) => `${dataset.name}.${table}`))
        .toSorted(),
    issue: ({ principal, memberOf = [], scopes, expiresAt = now() + 3_600_000 }) => {
      const members = new Set([principal, `serviceAccount:${principal}`, ...memberOf])
      return tokens.issue({
        principal: { name: principal, members },
        scopes: new Set(scopes),
        expiresAt,
      })
    },
    close: async () => {
      await Promise.all(services.map((service) => service.close()))
    },
  }
}
