// Which identity source a configuration means, opened or only looked at.

import type { Config, FederatedTrustConfig } from '../config/config.ts'
import { openDevSource } from '../spiffe/dev-source.ts'
import { openFederatedSource } from '../spiffe/federated-source.ts'
import type { FetchBundle } from '../spiffe/federation/fetch-port.ts'
import { openFileSource, type FileSourceOptions } from '../spiffe/file-source.ts'
import { readBundleFiles } from '../spiffe/files/read.ts'
import { IdentitySourceError } from '../spiffe/source.ts'
import type {
  BundleEndpoint,
  IdentitySource,
  SourceObserver,
  TrustSettings,
} from '../spiffe/source.ts'
import { openWorkloadApiSource } from '../spiffe/workload-api-source.ts'
import type { Clock } from '../util/clock.ts'
import type { Timers } from '../util/timers.ts'

export interface SourcePorts {
  readonly clock: Clock
  readonly timers: Timers
  /** [0, 1) */
  readonly random: () => number
  readonly fetchBundle: FetchBundle
  readonly observer: SourceObserver
}

/** Throws `IdentitySourceError`. */
export function openSource(config: Config, ports: SourcePorts): Promise<IdentitySource> {
  if (config.identity.source.kind === 'dev') return openBase(config, ports)
  const endpoints = trustSettingsOf(config).endpoints ?? new Map<string, BundleEndpoint>()
  const { fetchBundle, ...others } = ports
  return openFederatedSource((observer) => openBase(config, { ...ports, observer }), {
    endpoints,
    fetch: fetchBundle,
    ...others,
  })
}

function openBase(config: Config, ports: SourcePorts): Promise<IdentitySource> {
  const { trustDomain, identity } = config
  const { source } = identity
  switch (source.kind) {
    case 'dev':
      return openDevSource({ trustDomain, dir: source.dir, ...ports })
    case 'files': {
      const { clock, observer } = ports
      return openFileSource({ ...fileOptions(config), clock, observer, watch: source.watch })
    }
    case 'workload-api': {
      const { foreignBundleFiles = new Map<string, string>() } = trustSettingsOf(config)
      const endpoint = source.socket
      return openWorkloadApiSource({ trustDomain, endpoint, foreignBundleFiles, ...ports })
    }
  }
}

/** Reads the files that `openSource` would read, and asks nobody. Throws `IdentitySourceError`. */
export async function checkSource(config: Config, clock: Clock): Promise<void> {
  const { foreignBundleFiles, endpoints } = trustSettingsOf(config)
  const named = new Map<string, string>()
  for (const [domain, { bundleFile }] of endpoints ?? []) {
    if (bundleFile !== undefined) named.set(domain, bundleFile)
  }
  if (config.identity.source.kind === 'files') {
    const source = await openFileSource({ ...fileOptions(config), clock })
    source.close()
  } else {
    for (const [domain, file] of foreignBundleFiles ?? []) named.set(domain, file)
  }
  const read = await readBundleFiles(named)
  if (!read.ok) throw new IdentitySourceError(read.error)
}

function fileOptions(config: Config): Omit<FileSourceOptions, 'clock'> {
  const { trustDomain, identity } = config
  const { bundleFile, foreignBundleFiles = new Map<string, string>() } = trustSettingsOf(config)
  const svid = identity.source.kind === 'files' ? identity.source.svid : undefined
  return {
    trustDomain,
    foreignBundleFiles,
    ...(bundleFile === undefined ? {} : { bundleFile }),
    ...(svid === undefined ? {} : { svid: { certFile: svid.cert, keyFile: svid.key } }),
  }
}

export function trustSettingsOf({ identity }: Config): TrustSettings {
  const foreignBundleFiles = new Map<string, string>()
  const endpoints = new Map<string, BundleEndpoint>()
  for (const [domain, settings] of identity.trustBundles) {
    const endpoint = endpointOf(settings)
    if (endpoint !== undefined) endpoints.set(domain, endpoint)
    else if (settings.file !== undefined) foreignBundleFiles.set(domain, settings.file)
  }
  const { source } = identity
  const own = source.kind === 'files' ? { bundleFile: source.trustBundle } : {}
  return { ...own, foreignBundleFiles, endpoints }
}

function endpointOf(settings: FederatedTrustConfig): BundleEndpoint | undefined {
  const { endpoint, endpointSpiffeId, bundle: bundleFile, tls, maxAge } = settings
  if (endpoint === undefined) return undefined
  const [, origin = '', path = ''] = /^(https:\/\/[^/]+)(.*)$/.exec(endpoint) ?? []
  const profile =
    endpointSpiffeId === undefined
      ? ({ kind: 'https_web', ca: tls?.ca.text } as const)
      : ({ kind: 'https_spiffe', endpointSpiffeId } as const)
  return { origin, path: path === '' ? '/' : path, profile, bundleFile, maxAge }
}
