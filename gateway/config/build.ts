// From what the schema yields to the frozen `Config`: paths made absolute, files put in their place.

import { Secret } from '../util/secret.ts'
import { ENDPOINT_VARIABLE } from '../spiffe/workload-api/endpoint.ts'
import type {
  Config,
  IdentitySourceConfig,
  IssuerConfig,
  PrivateKeyFile,
  PublicFile,
} from './config.ts'
import { absolutePath } from './files/paths.ts'
import type { Environment } from './references.ts'
import type { ParsedConfig } from './schema.ts'
import type { KeyReference } from './schema/fields.ts'

/** `texts`: what was read, by absolute path; every file that is needed must be there. */
export function buildConfig(
  parsed: ParsedConfig,
  directory: string,
  texts: ReadonlyMap<string, string>,
  env: Environment,
): Config {
  const at = (path: string) => absolutePath(directory, path)
  const textAt = (path: string): string => {
    const text = texts.get(at(path))
    if (text === undefined) throw new TypeError(`buildConfig: ${path} was not loaded`)
    return text
  }
  const publicFile = (path: string): PublicFile => ({ path: at(path), text: textAt(path) })
  const roots = (tls: { readonly ca: string } | undefined) =>
    tls === undefined ? undefined : { ca: publicFile(tls.ca) }
  const privateKey = (key: KeyReference): PrivateKeyFile =>
    key.kind === 'inline'
      ? { path: undefined, pem: new Secret(key.pem) }
      : { path: at(key.path), pem: new Secret(textAt(key.path)) }

  const { listen, identity, issuer, policy, audit, state } = parsed
  return freeze({
    ...parsed,
    listen: {
      health: listen.health,
      issuer: listen.issuer,
      admin: listen.admin === undefined ? undefined : { socket: at(listen.admin.socket) },
      data: {
        ...listen.data,
        tls: listen.data.tls.map((entry) =>
          entry.kind === 'svid'
            ? entry
            : { ...entry, cert: publicFile(entry.cert), key: privateKey(entry.key) },
        ),
      },
    },
    identity: {
      source: sourceOf(identity.source, at, env),
      grammar: identity.grammar,
      trustBundles: mapOf(identity.trustBundles, (bundle) => ({
        ...bundle,
        file: bundle.file && at(bundle.file),
        bundle: bundle.bundle && at(bundle.bundle),
        tls: roots(bundle.tls),
        tenants: mapOf(bundle.tenants, (tenant) => tenant),
      })),
      denyList: identity.denyList === undefined ? undefined : at(identity.denyList),
    },
    issuer: issuer === undefined ? undefined : issuerConfig(issuer, at, publicFile),
    policy: {
      ...policy,
      bundles: policy.bundles.map((bundle) => ({ ...bundle, source: at(bundle.source) })),
      verification: { ...policy.verification, keys: mapOf(policy.verification.keys, publicFile) },
    },
    credentials: mapOf(parsed.credentials, (credential) =>
      credential.kind === 'none' ? credential : { ...credential, tls: roots(credential.tls) },
    ),
    routes: parsed.routes.map(({ tls, region, ...route }) => ({
      ...route,
      region: region ?? (route.regions.length === 1 ? route.regions[0] : undefined),
      tls: roots(tls),
    })),
    audit: {
      ...audit,
      key: at(audit.key),
      sinks: audit.sinks.map((sink) => ({ ...sink, dir: at(sink.dir) })),
    },
    state: { ...state, jobKeys: { dir: at(state.jobKeys.dir) } },
  })
}

type ParsedIdentity = ParsedConfig['identity']

function sourceOf(
  source: ParsedIdentity['source'],
  at: (path: string) => string,
  env: Environment,
): IdentitySourceConfig {
  switch (source.kind) {
    case 'files': {
      const { svid, ...files } = source
      const trustBundle = at(source.trustBundle)
      if (svid === undefined) return { ...files, trustBundle }
      return { ...files, trustBundle, svid: { cert: at(svid.cert), key: at(svid.key) } }
    }
    case 'workload-api':
      return { kind: 'workload-api', socket: source.socket ?? env[ENDPOINT_VARIABLE] ?? '' }
    case 'dev':
      return { kind: 'dev', dir: at(source.dir) }
  }
}

function issuerConfig(
  issuer: NonNullable<ParsedConfig['issuer']>,
  at: (path: string) => string,
  publicFile: (path: string) => PublicFile,
): IssuerConfig {
  const { keys, signer } = issuer
  return {
    ...issuer,
    keys: keys === undefined ? undefined : { ...keys, dir: at(keys.dir) },
    signer:
      signer === undefined
        ? undefined
        : {
            ...signer,
            publicKey: publicFile(signer.publicKey),
            alsoPublish: signer.alsoPublish.map(publicFile),
          },
  }
}

function mapOf<T, U>(
  record: Readonly<Record<string, T>>,
  convert: (value: T) => U,
): Map<string, U> {
  return new Map(Object.entries(record).map(([key, value]) => [key, convert(value)]))
}

/** Deep; what a Map holds is frozen, and its type lets nobody change it. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value
  const children = value instanceof Map ? value.values() : Object.values(value)
  for (const child of children) freeze(child)
  return Object.freeze(value)
}
