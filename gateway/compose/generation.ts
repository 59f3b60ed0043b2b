// One generation: routing table, policy, bindings and credentials of one configuration. Built whole
// or not at all; a request keeps the one that it began with.

import type { Config, CredentialConfig } from '../config/config.ts'
import { compileBindings } from '../credential/bindings.ts'
import type { CredentialCache } from '../credential/cache.ts'
import type { HttpPost } from '../credential/outbound.ts'
import { createCredentialRegistry, type CredentialOptions } from '../credential/registry.ts'
import type { JwtSvidSource } from '../issuer/jwt-svid-source.ts'
import type { Credentials, Generation } from '../pipeline/ports.ts'
import { loadBundleFile } from '../policy/bundle/file-source.ts'
import { REQUEST_LIMITS } from '../request/limits.ts'
import { compileRoutingTable } from '../routing/table.ts'
import type { Clock } from '../util/clock.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { StartProblem } from './problem.ts'

export interface GenerationPorts {
  readonly clock: Clock
  readonly monotonicMs: () => number
  readonly jwtSvid: JwtSvidSource
  readonly post: HttpPost
  /** Outlives the generation: a reload must not empty it (architecture decision 8). */
  readonly cache: CredentialCache
}

export interface BuiltGeneration {
  readonly generation: Generation
  /** Revision of the policy bundle. */
  readonly revision: string
  readonly policyP99Ms: number
}

export async function buildGeneration(
  config: Config,
  number: number,
  ports: GenerationPorts,
): Promise<Result<BuiltGeneration, readonly StartProblem[]>> {
  const policy = await loadPolicy(config, ports.monotonicMs)
  if (!policy.ok) return policy
  return ok({
    revision: policy.value.revision,
    policyP99Ms: policy.value.p99Ms,
    generation: Object.freeze({
      number,
      routing: compileRoutingTable({
        baseHosts: config.listen.data.hostnames,
        routes: config.routes.map(({ service, upstream, regions, region }) => ({
          service,
          upstream,
          regions,
          defaultRegion: region,
        })),
      }),
      engine: policy.value.engine,
      entrypoint: config.policy.decision,
      zones: config.policy.zones,
      credentials: buildCredentials(config, ports),
      requestLimits: { ...REQUEST_LIMITS, maxHeaderLines: config.limits.maxHeaderLines },
    }),
  })
}

export async function loadPolicy(config: Config, monotonicMs: () => number) {
  const { bundles, verification, decision, explain } = config.policy
  const bundle = bundles[0]
  if (bundle === undefined) throw new TypeError('the configuration was not checked: no bundle')
  const loaded = await loadBundleFile({
    path: bundle.source,
    name: bundle.name,
    verification: {
      required: verification.required,
      keys: new Map([...verification.keys].map(([id, { text }]) => [id, text])),
    },
    entrypoints: explain === undefined ? [decision] : [decision, explain],
    monotonicMs,
  })
  if (loaded.ok) return loaded
  const { message, hint } = loaded.error
  return err([{ message: `${bundle.source}: ${message}`, hint }])
}

function buildCredentials(config: Config, ports: GenerationPorts): Credentials {
  const registry = createCredentialRegistry(
    [...config.credentials].map(([name, credential]) => credentialOptions(name, credential)),
    { ...ports, trustDomain: config.trustDomain },
  )
  const bindings = compileBindings(config.bindings, registry.names)
  return {
    candidates: bindings.candidates,
    sessionPolicyMode: (name) => registry.settings(name)?.sessionPolicy,
    obtain: (request) => registry.obtain(request),
    purge: (name) => ports.cache.purge(name),
  }
}

function credentialOptions(name: string, credential: CredentialConfig): CredentialOptions {
  switch (credential.kind) {
    case 'aws-web-identity':
      return { ...credential, name }
    case 'none':
      return { ...credential, name }
  }
}
