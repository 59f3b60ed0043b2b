// `svidgate serve -c FILE`: runs the gateway until a signal says otherwise. SIGHUP reads everything
// again and swaps, or keeps what is there and says why; SIGTERM and SIGINT drain; a second one exits.

import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { nodeFiles } from '../config/files/node-files.ts'
import type { StartProblem } from '../compose/problem.ts'
import { Gateway } from '../server.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { systemClock } from '../util/clock.ts'
import type { Action, CliIo, ExitCode } from './command.ts'
import { watchDenyList, type DenyListWatch } from './deny-list-watch.ts'
import { readConfig } from './read-config.ts'
import { asCliError } from './start-error.ts'

export interface ServeOptions {
  readonly config: string
}

export const serve: Action<ServeOptions> = async ({ config }, io) => {
  const hangUp = new HangUp()
  try {
    return await serveFrom(config, hangUp, io)
  } finally {
    hangUp.close()
  }
}

async function serveFrom(path: string, hangUp: HangUp, io: CliIo): Promise<ExitCode> {
  const loaded = await readConfig(path, io)
  const log = createLogger({ level: loaded.config.telemetry.log.level, clock: systemClock })
  const watch = watchDenyList(() => {
    starting.then(
      (gateway) => tell(gateway.reloadDenyList(), 'the deny list', log),
      // A start that failed is told where it is waited for.
      () => undefined,
    )
  })
  // Before the first reading, so that no change falls between the two.
  watch.follow(loaded.config.identity.denyList)
  const starting = start(loaded, log)
  try {
    return await run(await starting, { path, watch, log, io, hangUp })
  } finally {
    watch.close()
  }
}

/** SIGHUP, which would end a process that is still starting: it is kept until somebody reloads. */
class HangUp {
  #isAsked = false
  #reload: (() => void) | undefined
  readonly #listener = (): void => {
    this.#isAsked = true
    this.#reload?.()
  }

  constructor() {
    process.on('SIGHUP', this.#listener)
  }

  do(reload: () => void): void {
    this.#reload = reload
    if (this.#isAsked) reload()
  }

  close(): void {
    process.removeListener('SIGHUP', this.#listener)
  }
}

interface Running {
  readonly path: string
  readonly watch: DenyListWatch
  readonly log: Logger
  readonly io: CliIo
  readonly hangUp: HangUp
}

async function run(gateway: Gateway, { path, watch, log, io, hangUp }: Running): Promise<ExitCode> {
  // One after another, so that of two signals the second one's reading is what stays.
  let reloading = Promise.resolve()
  const reload = (): void => {
    reloading = reloading.then(async () => {
      await reloadFrom(path, gateway, log, io)
      watch.follow(gateway.config.identity.denyList)
    })
  }
  const ended = untilSignal(gateway, log)
  // Said last: whoever waits for it may send a signal at once.
  const { dataPort, healthPort, issuerPort } = gateway.listeners
  log.info('svidgate is ready', { dataPort, healthPort, issuerPort })
  hangUp.do(reload)
  return ended
}

async function start(loaded: LoadedConfig, log: Logger): Promise<Gateway> {
  try {
    return await Gateway.start(loaded, {
      clock: systemClock,
      monotonicMs: () => performance.now(),
      random: Math.random,
      logger: () => log,
    })
  } catch (error) {
    throw asCliError(error)
  }
}

async function reloadFrom(path: string, gateway: Gateway, log: Logger, io: CliIo): Promise<void> {
  const loaded = await loadConfig(path, { env: io.env, files: nodeFiles })
  if (!loaded.ok) {
    for (const { file, line, column, message, hint } of loaded.error) {
      log.error('not reloaded: the last good one stays', {
        what: 'the configuration',
        at: `${file}:${line}:${column}`,
        message,
        hint,
      })
    }
    return
  }
  await tell(gateway.reload(loaded.value), 'the configuration', log)
}

/** Never rejects. */
async function tell(
  reloading: Promise<readonly StartProblem[]>,
  what: string,
  log: Logger,
): Promise<void> {
  try {
    const problems = await reloading
    for (const { message, hint } of problems) {
      log.error('not reloaded: the last good one stays', { what, message, hint })
    }
    if (problems.length === 0) log.info('reloaded', { what })
  } catch (error) {
    log.error('not reloaded: an error that nobody foresaw', { what, err: error })
  }
}

function untilSignal(gateway: Gateway, log: Logger): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    let isDraining = false
    const onSignal = (signal: NodeJS.Signals): void => {
      if (isDraining) {
        log.warn('a second signal: exit at once', { signal })
        process.exit(1)
      }
      isDraining = true
      log.info('draining', { signal })
      gateway
        .drain()
        .then(() => {
          log.info('drained')
          process.removeListener('SIGTERM', onSignal)
          process.removeListener('SIGINT', onSignal)
          resolve(0)
        })
        .catch(reject)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
