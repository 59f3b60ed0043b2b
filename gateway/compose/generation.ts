// One generation: routing table, policy, bindings and credentials of one configuration. Built whole
// or not at all; a request keeps the one that it began with.

import type { Config, CredentialConfig, PublicFile } from '../config/config.ts'
import { compileBindings } from '../credential/bindings.ts'
import { CredentialCache } from '../credential/cache.ts'
import type { HttpPost } from '../credential/outbound.ts'
import { createCredentialRegistry, type CredentialOptions } from '../credential/registry.ts'
import { openJobKeys } from '../operations/job-keys.ts'
import { JobLedger } from '../operations/job-ledger.ts'
import type { JobStore } from '../operations/job-store.ts'
import type { JwtSvidSource } from '../spiffe/jwt-svid.ts'
import { KeyDirectoryError } from '../state/key-directory.ts'
import type { Credentials, Generation } from '../pipeline/ports.ts'
import type { ActivePolicy } from '../policy/bundle/activate.ts'
import { loadBundleFile } from '../policy/bundle/file-source.ts'
import { bundleKeyOf, type BundleKey, type BundleKeys } from '../policy/bundle/signature.ts'
import { DecisionReader } from '../policy/decision-reader.ts'
import { compileZones } from '../policy/input-time.ts'
import { REQUEST_LIMITS, type RequestLimits } from '../request/limits.ts'
import { compileRoutingTable, type RoutingTable } from '../routing/table.ts'
import type { Clock } from '../util/clock.ts'
import { cpuTimeMs } from '../util/cpu-time.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { StartProblem } from './problem.ts'

export interface GenerationPorts {
  readonly clock: Clock
  readonly jwtSvid: JwtSvidSource
  readonly post: HttpPost
  /** Outlives the generation: a reload must not empty it (docs/decisions/0016). */
  readonly cache: CredentialCache
  /** Outlives the generation, too. Undefined: no key is opened, or made, and no job is anyone's. */
  readonly jobStore: JobStore | undefined
}

export interface BuiltGeneration {
  readonly generation: Generation
  /** Name of the policy bundle. */
  readonly bundle: string
  /** Revision of the policy bundle. */
  readonly revision: string
  readonly policyP99Ms: number
}

export async function buildGeneration(
  config: Config,
  number: number,
  ports: GenerationPorts,
): Promise<Result<BuiltGeneration, readonly StartProblem[]>> {
  const policy = await loadPolicy(config)
  if (!policy.ok) return policy
  const zones = compileZones(config.policy.zones)
  if (!zones.ok) return err([{ message: zones.error, hint: 'see policy.zones' }])
  const jobs = await openJobs(config, ports)
  if (!jobs.ok) return jobs
  return ok({
    bundle: config.policy.bundles[0]?.name ?? '',
    revision: policy.value.revision,
    policyP99Ms: policy.value.p99Ms,
    generation: Object.freeze({
      number,
      routing: routingOf(config),
      engine: policy.value.engine,
      entrypoint: config.policy.decision,
      explainEntrypoint: config.policy.explain,
      decisions: new DecisionReader(),
      zones: zones.value,
      reads: policy.value.reads,
      credentials: buildCredentials(config, ports),
      jobs: jobs.value,
      requestLimits: requestLimitsOf(config),
    }),
  })
}

export function requestLimitsOf({ limits }: Config): RequestLimits {
  const { maxHeaderBytes, maxHeaderLines } = limits
  return { ...REQUEST_LIMITS, maxHeaderBytes, maxHeaderLines }
}

export function routingOf({ listen, routes }: Config): RoutingTable {
  return compileRoutingTable({
    baseHosts: listen.data.hostnames,
    routes: routes.map(({ service, upstream, regions, region }) => ({
      service,
      upstream,
      regions,
      defaultRegion: region,
    })),
  })
}

export async function loadPolicy(
  config: Config,
): Promise<Result<ActivePolicy, readonly StartProblem[]>> {
  const { bundles, verification, decision, explain } = config.policy
  const bundle = bundles[0]
  if (bundle === undefined) throw new TypeError('the configuration was not checked: no bundle')
  const keys = bundleKeys(verification.keys)
  if (!keys.ok) return keys
  const loaded = await loadBundleFile({
    path: bundle.source,
    name: bundle.name,
    verification: { required: verification.required, keys: keys.value },
    entrypoints: explain === undefined ? [decision] : [decision, explain],
    // A busy machine must not make a good policy look slow, and keep the gateway from starting.
    monotonicMs: cpuTimeMs,
  })
  if (loaded.ok) return atLeast(loaded.value, verification.minRevision, bundle.source)
  const { message, hint } = loaded.error
  return err([{ message: `${bundle.source}: ${message}`, hint }])
}

/** A signature proves who made a bundle, not that it is the newest: the floor stops a rollback. */
function atLeast(
  policy: ActivePolicy,
  floor: number | undefined,
  source: string,
): Result<ActivePolicy, readonly StartProblem[]> {
  if (floor === undefined) return ok(policy)
  const isNumber = /^\d{1,15}$/.test(policy.revision)
  if (isNumber && Number(policy.revision) >= floor) return ok(policy)
  const message = `${source}: revision "${policy.revision}" is below policy.verification.minRevision ${floor}`
  return err([
    { message, hint: 'build the bundle with a higher integer: `svidgate bundle build --revision`' },
  ])
}

/** The algorithm is the key's own, never the one that a signature claims (RFC 8725 §3.1). */
function bundleKeys(
  files: ReadonlyMap<string, PublicFile>,
): Result<BundleKeys, readonly StartProblem[]> {
  const keys = new Map<string, BundleKey>()
  for (const [id, { path, text }] of files) {
    try {
      keys.set(id, bundleKeyOf(text))
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const message = `${path}: this key cannot verify a bundle (policy.verification.keys.${id})`
      return err([{ message, hint: 'use RSA of 2048 bits or more, P-256, P-384 or P-521' }])
    }
  }
  return ok(keys)
}

const SERVICES_WITH_JOBS: ReadonlySet<string> = new Set(['gcp_bigquery'])

/** The keys are read again with each generation; a gateway without such a service has none. */
async function openJobs(
  { routes, state }: Config,
  { jobStore }: GenerationPorts,
): Promise<Result<JobLedger | undefined, readonly StartProblem[]>> {
  const hasJobs = routes.some(({ service }) => SERVICES_WITH_JOBS.has(service))
  if (jobStore === undefined || !hasJobs) return ok(undefined)
  try {
    return ok(new JobLedger(await openJobKeys(state.jobKeys.dir), jobStore))
  } catch (error) {
    if (!(error instanceof KeyDirectoryError)) throw error
    return err([{ message: error.message, hint: 'see state.jobKeys' }])
  }
}

/** What `serve` could not use of the credentials and bindings of a right configuration. */
export function checkCredentials(config: Config): readonly StartProblem[] {
  const clock = { now: () => 0 }
  const nothing = () => Promise.reject(new TypeError('a check asks nobody'))
  try {
    buildCredentials(config, {
      clock,
      jwtSvid: { fetch: nothing },
      post: nothing,
      cache: new CredentialCache({ clock, random: () => 0 }),
    })
    return []
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return [{ message: error.message, hint: 'see docs/CONFIG.md' }]
  }
}

function buildCredentials(config: Config, ports: Omit<GenerationPorts, 'jobStore'>): Credentials {
  const registry = createCredentialRegistry(
    [...config.credentials].map(([name, credential]) => credentialOptions(name, credential)),
    {
      ...ports,
      trustDomain: config.trustDomain,
      deadlineMs: config.limits.timeouts.credential,
    },
  )
  const bindings = compileBindings(config.bindings, registry.names)
  return {
    candidates: bindings.candidates,
    sessionPolicyMode: (name) => registry.settings(name)?.sessionPolicy,
    describe: (request) => {
      const plan = registry.plan(request)
      return plan.ok ? ok(plan.value.describe()) : plan
    },
    cacheKey: (request) => {
      const plan = registry.plan(request)
      return plan.ok ? ok(plan.value.cacheKey) : plan
    },
    obtain: (request) => registry.obtain(request),
    purge: (name) => ports.cache.purge(name),
  }
}

function credentialOptions(name: string, credential: CredentialConfig): CredentialOptions {
  switch (credential.kind) {
    case 'aws-web-identity': {
      const { duration, endpoint, tls: _roots, ...rest } = credential
      const settings = { ...rest, name, durationSeconds: duration / 1000 }
      return endpoint === undefined ? settings : { ...settings, endpoint }
    }
    case 'gcp-workload-identity': {
      const { lifetime, tls: _roots, sessionPolicy: _none, ...rest } = credential
      return { ...rest, name, lifetimeSeconds: lifetime / 1000 }
    }
    case 'none':
      return { ...credential, name }
  }
}
