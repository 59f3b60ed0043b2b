// The composition root: builds every station from the configuration, starts and stops them in order,
// and swaps generations. Nothing else in the tree knows how the parts fit together.

import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { AuditFs } from './audit/audit-fs.ts'
import type { AuditLog } from './audit/event.ts'
import { openClouds, type Clouds } from './compose/clouds.ts'
import {
  buildGeneration,
  type BuiltGeneration,
  type GenerationPorts,
} from './compose/generation.ts'
import { openIdentity, StartProblems, type Identity } from './compose/identity.ts'
import { openIssuer, type Issuer } from './compose/issuer.ts'
import { openListeners, type Listeners } from './compose/listeners.ts'
import { openLookups } from './compose/lookups.ts'
import type { StartProblem } from './compose/problem.ts'
import { openRecords } from './compose/records.ts'
import { openTelemetry, type Telemetry } from './compose/telemetry.ts'
import type { Config } from './config/config.ts'
import type { LoadedConfig } from './config/load.ts'
import { changesNeedingRestart } from './config/reload.ts'
import { CredentialCache, type CacheResult } from './credential/cache.ts'
import { InFlight } from './operations/in-flight.ts'
import { InspectedBytes } from './operations/inspected-bytes.ts'
import { JobStore } from './operations/job-store.ts'
import { IdentityLimits } from './operations/limits.ts'
import { createHandler } from './pipeline/handler.ts'
import type { Lookups, PipelinePorts } from './pipeline/ports.ts'
import { createUnreadHandler } from './pipeline/unread.ts'
import type { Logger } from './telemetry/logger.ts'
import type { Lookup } from './upstream/guarded-connect.ts'
import type { Clock } from './util/clock.ts'
import { systemTimers } from './util/timers.ts'

export interface GatewayPorts {
  readonly clock: Clock
  /** Monotonic milliseconds with fractions: what connections end by, and what requests took. */
  readonly monotonicMs: () => number
  /** What requests took, where it is not to be the same. */
  readonly requestMs?: () => number
  readonly random: () => number
  readonly logger: (config: Config) => Logger
  /** Default: Node's. */
  readonly auditFs?: AuditFs
  /** Default: the system's resolver. */
  readonly lookup?: Lookup
}

export class Gateway {
  readonly #ports: GatewayPorts
  readonly #telemetry: Telemetry
  readonly #identity: Identity
  readonly #issuer: Issuer
  readonly #clouds: Clouds
  readonly #records: AuditLog
  readonly #generationPorts: GenerationPorts
  readonly #limits: IdentityLimits
  readonly #lookups: Lookups
  readonly #inFlight = new InFlight()
  readonly #held: { loaded: LoadedConfig }
  #current: BuiltGeneration
  #listeners: Listeners | undefined
  #draining: Promise<void> | undefined
  /** Reloads run one after another: the last one asked for wins. */
  #reloading: Promise<unknown> = Promise.resolve()

  private constructor(parts: Parts) {
    this.#ports = parts.ports
    this.#telemetry = parts.telemetry
    this.#identity = parts.identity
    this.#issuer = parts.issuer
    this.#clouds = parts.clouds
    this.#records = parts.records
    this.#generationPorts = parts.generationPorts
    this.#held = parts.held
    this.#current = parts.current
    this.#limits = new IdentityLimits(() => this.config.limits.perIdentity, parts.ports.clock)
    this.#lookups = openLookups(() => this.config.limits, parts.ports.clock)
  }

  /** Opens everything, listeners last; whatever fails closes what was opened and throws. */
  static async start(loaded: LoadedConfig, ports: GatewayPorts): Promise<Gateway> {
    const opened: (() => void | Promise<void>)[] = []
    try {
      const parts = await openParts(loaded, ports, opened)
      const gateway = new Gateway(parts)
      gateway.#listeners = await openListeners(gateway.#listenerPorts())
      gateway.#followIdentity()
      return gateway
    } catch (error) {
      for (const close of opened.reverse()) await close()
      throw error
    }
  }

  get config(): Config {
    return this.#held.loaded.config
  }

  get listeners(): Listeners {
    if (this.#listeners === undefined) throw new TypeError('the gateway has not started')
    return this.#listeners
  }

  /** Swaps in a new generation, or keeps the old one and says why. */
  reload(loaded: LoadedConfig): Promise<readonly StartProblem[]> {
    return this.#inTurn(() => this.#reload(loaded))
  }

  /**
   * The deny list alone. It waits neither until the rest of the configuration is right, nor for a
   * reload or a drain that is under way: who is denied now is cut now.
   */
  async reloadDenyList(): Promise<readonly StartProblem[]> {
    const problems = await this.#identity.reloadDenyList()
    if (problems.length === 0) this.listeners.cutUnless((peer) => this.#identity.holds(peer))
    return problems
  }

  /** What the identity source does by itself is in force at once, without a reload. */
  #followIdentity(): void {
    const follow = (): void => {
      this.listeners.renewSvid()
      this.listeners.cutUnless((peer) => this.#identity.holds(peer))
    }
    this.#identity.watch(follow)
    // What came while the listeners were opened.
    follow()
  }

  /** Stops accepting, lets what runs end, writes the last checkpoint. Once, however often asked. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  async #drain(): Promise<void> {
    await this.#reloading
    await this.listeners.drain(this.config.limits.timeouts.drain)
    // A request whose client was cut off still has its outcome to record.
    await withinMs(this.#inFlight.idle(), LAST_OUTCOMES_MS)
    this.#identity.close()
    await this.#clouds.close()
    await this.#records.close()
    await this.listeners.close()
    this.#issuer.close()
    this.#telemetry.metrics.close()
  }

  #inTurn(work: () => Promise<readonly StartProblem[]>): Promise<readonly StartProblem[]> {
    if (this.#draining !== undefined) return Promise.resolve([DRAINING])
    const done = this.#reloading.then(work).catch(asProblems)
    this.#reloading = done.catch(() => undefined)
    return done
  }

  async #reload(loaded: LoadedConfig): Promise<readonly StartProblem[]> {
    const restart = changesNeedingRestart(this.#held.loaded.parsed, loaded.parsed)
    if (restart.length > 0) {
      const hint = 'restart the gateway, or take the change back'
      return restart.map((path) => ({ message: `${path} changes only with a restart`, hint }))
    }
    const number = this.#current.generation.number + 1
    const built = await buildGeneration(loaded.config, number, this.#generationPorts)
    if (!built.ok) {
      this.#telemetry.bundleFailed(loaded.config.policy.bundles[0]?.name ?? '')
      return built.error
    }
    const showCertificates = this.listeners.prepare(loaded.config)
    const problems = await this.#identity.reload(loaded.config)
    if (problems.length > 0) return problems
    // From here on nothing waits and nothing can fail: all of it is in force, or none.
    this.#held.loaded = loaded
    this.#current = built.value
    this.#telemetry.log.setLevel(loaded.config.telemetry.log.level)
    this.#telemetry.bundleActivated(built.value)
    this.#clouds.renew()
    showCertificates()
    this.listeners.cutUnless((peer) => this.#identity.holds(peer))
    return []
  }

  #listenerPorts(): Parameters<typeof openListeners>[0] {
    const { clock, monotonicMs, requestMs = monotonicMs, random } = this.#ports
    const pipeline: PipelinePorts = {
      generation: () => this.#current.generation,
      audit: this.#records,
      upstream: this.#clouds.upstream,
      clock,
      elapsed: requestMs,
      newId: randomUUID,
      recheck: (peer) => this.#identity.recheck(peer),
      secondFactor: this.#identity.secondFactor,
      limits: this.#limits,
      lookups: this.#lookups,
      inFlight: this.#inFlight,
      budget: new InspectedBytes(this.config.limits.inspectBytes),
      onFinished: (summary) => this.#telemetry.finished(summary),
      onFault: (id, error) => this.#telemetry.fault(id, error),
    }
    return {
      config: () => this.config,
      loaded: () => this.#held.loaded,
      clock,
      elapsed: monotonicMs,
      random,
      identity: this.#identity,
      telemetry: this.#telemetry,
      issuerDocuments: () => this.#issuer.documents(),
      generation: () => this.#current,
      records: this.#records,
      handler: createHandler(pipeline),
      onUnread: createUnreadHandler(pipeline),
    }
  }
}

const DRAINING: StartProblem = {
  message: 'the gateway is shutting down',
  hint: 'change the file and start it again',
}
/** Outcomes of requests that were cut off: no wait of theirs is longer. */
const LAST_OUTCOMES_MS = 5_000

/** What the parts of a generation throw at their making is the operator's to mend. */
function asProblems(error: unknown): readonly StartProblem[] {
  if (error instanceof TypeError) return [{ message: error.message, hint: 'see docs/CONFIG.md' }]
  throw error
}

async function withinMs(work: Promise<void>, ms: number): Promise<void> {
  const late = new AbortController()
  const timeout = setTimeout(ms, undefined, { signal: late.signal }).catch(() => undefined)
  await Promise.race([work, timeout])
  late.abort()
}

interface Parts {
  readonly ports: GatewayPorts
  /** What is in force: read at each use, so that a reload reaches everyone. */
  readonly held: { loaded: LoadedConfig }
  readonly telemetry: Telemetry
  readonly identity: Identity
  readonly issuer: Issuer
  readonly clouds: Clouds
  readonly records: AuditLog
  readonly generationPorts: GenerationPorts
  readonly current: BuiltGeneration
}

async function openParts(
  loaded: LoadedConfig,
  ports: GatewayPorts,
  opened: (() => void | Promise<void>)[],
): Promise<Parts> {
  const held = { loaded }
  const { config } = loaded
  const { clock, random } = ports
  const telemetry = openTelemetry(ports.logger(config), clock)
  opened.push(() => telemetry.metrics.close())
  const clouds = openClouds(() => held.loaded.config, ports.lookup)
  opened.push(() => clouds.close())
  const identity = await openIdentity(config, {
    clock,
    timers: systemTimers,
    random,
    fetchBundle: clouds.fetchBundle,
    onSource: telemetry.identitySource,
    onState: telemetry.identityState,
  })
  opened.push(() => identity.close())
  const issuer = await openIssuer(() => held.loaded.config, {
    clock,
    onProblem: (error) => telemetry.fault('issuer keys', error),
  })
  opened.push(() => issuer.close())
  const observer = (name: string, result: CacheResult): void =>
    telemetry.metrics.credentialExchange(name, result)
  const cache = new CredentialCache({ clock, random, observer })
  const generationPorts = {
    clock,
    jwtSvid: issuer.source,
    post: clouds.tokens.post,
    cache,
    jobStore: new JobStore(clock),
  }
  const built = await buildGeneration(config, 1, generationPorts)
  if (!built.ok) throw new StartProblems(built.error)
  telemetry.bundleActivated(built.value)
  const records = await openRecords(config, clock, telemetry.auditObserver, ports.auditFs)
  opened.push(() => records.close())
  return {
    ports,
    held,
    telemetry,
    identity,
    issuer,
    clouds,
    records,
    generationPorts,
    current: built.value,
  }
}
