// The composition root: builds every station from the configuration, starts and stops them in order,
// and swaps generations. Nothing else in the tree knows how the parts fit together.

import { randomUUID } from 'node:crypto'
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
import type { StartProblem } from './compose/problem.ts'
import { openRecords } from './compose/records.ts'
import { openTelemetry, type Telemetry } from './compose/telemetry.ts'
import type { Config } from './config/config.ts'
import type { LoadedConfig } from './config/load.ts'
import { changesNeedingRestart } from './config/reload.ts'
import { CredentialCache } from './credential/cache.ts'
import { InspectedBytes } from './operations/inspected-bytes.ts'
import { IdentityLimits } from './operations/limits.ts'
import { createHandler } from './pipeline/handler.ts'
import type { PipelinePorts } from './pipeline/ports.ts'
import { createUnreadHandler } from './pipeline/unread.ts'
import type { Logger } from './telemetry/logger.ts'
import type { Clock } from './util/clock.ts'

export interface GatewayPorts {
  readonly clock: Clock
  /** Monotonic milliseconds with fractions. */
  readonly monotonicMs: () => number
  readonly random: () => number
  readonly logger: (config: Config) => Logger
  /** Default: Node's. */
  readonly auditFs?: AuditFs
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
  readonly #held: { loaded: LoadedConfig }
  #current: BuiltGeneration
  #listeners: Listeners | undefined
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
  }

  /** Opens everything, listeners last; whatever fails closes what was opened and throws. */
  static async start(loaded: LoadedConfig, ports: GatewayPorts): Promise<Gateway> {
    const opened: (() => void | Promise<void>)[] = []
    try {
      const parts = await openParts(loaded, ports, opened)
      const gateway = new Gateway(parts)
      gateway.#listeners = await openListeners(gateway.#listenerPorts())
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
    const done = this.#reloading.then(() => this.#reload(loaded))
    this.#reloading = done.catch(() => undefined)
    return done
  }

  /** Stops accepting, lets what runs end, writes the last checkpoint. */
  async drain(): Promise<void> {
    await this.#reloading
    await this.listeners.drain(this.config.limits.timeouts.drain)
    await this.#clouds.close()
    await this.#records.close()
    await this.listeners.close()
    this.#identity.close()
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
      this.#telemetry.bundleFailed()
      return built.error
    }
    const problems = await this.#identity.reload(loaded.config)
    if (problems.length > 0) return problems
    this.#held.loaded = loaded
    this.#current = built.value
    this.#telemetry.bundleActivated(built.value)
    this.#clouds.renew()
    this.listeners.renew((peer) => this.#identity.recheck(peer) === undefined)
    return []
  }

  #listenerPorts(): Parameters<typeof openListeners>[0] {
    const { clock, monotonicMs } = this.#ports
    const pipeline: PipelinePorts = {
      generation: () => this.#current.generation,
      audit: this.#records,
      upstream: this.#clouds.upstream,
      clock,
      elapsed: monotonicMs,
      newId: randomUUID,
      recheck: (peer) => this.#identity.recheck(peer),
      limits: this.#limits,
      budget: new InspectedBytes(this.config.limits.inspectBytes),
      onFinished: (summary) => this.#telemetry.finished(summary),
      onFault: (id, error) => this.#telemetry.fault(id, error),
    }
    return {
      config: () => this.config,
      loaded: () => this.#held.loaded,
      clock,
      identity: this.#identity,
      telemetry: this.#telemetry,
      issuerDocuments: this.#issuer.documents,
      generation: () => this.#current,
      records: this.#records,
      handler: createHandler(pipeline),
      onUnread: createUnreadHandler(pipeline),
    }
  }
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
  const { clock, monotonicMs, random } = ports
  const telemetry = openTelemetry(config, ports.logger(config), clock)
  const identity = await openIdentity(config, clock)
  opened.push(() => identity.close())
  const issuer = await openIssuer(config, clock)
  const clouds = openClouds(() => held.loaded.config)
  opened.push(() => clouds.close())
  const cache = new CredentialCache({ clock, random })
  const generationPorts = {
    clock,
    monotonicMs,
    jwtSvid: issuer.source,
    post: clouds.tokens.post,
    cache,
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
