// `svidgate serve -c FILE`: runs the gateway until a signal says otherwise. SIGHUP reads everything
// again and swaps, or keeps what is there and says why; SIGTERM and SIGINT drain; a second one exits.

import { watch } from 'node:fs'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { nodeFiles } from '../config/files/node-files.ts'
import type { StartProblem } from '../compose/problem.ts'
import { Gateway } from '../server.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { systemClock } from '../util/clock.ts'
import type { Action, CliIo, ExitCode } from './command.ts'
import { readConfig } from './read-config.ts'
import { asCliError } from './start-error.ts'

export interface ServeOptions {
  readonly config: string
}

export const serve: Action<ServeOptions> = async ({ config: path }, io) => {
  const loaded = await readConfig(path, io)
  const log = createLogger({ level: loaded.config.telemetry.log.level, clock: systemClock })
  const gateway = await start(loaded, log)
  const { dataPort, healthPort, issuerPort } = gateway.listeners
  log.info('svidgate is ready', { dataPort, healthPort, issuerPort })
  const { denyList } = loaded.config.identity
  const reload = (): void => void reloadFrom(path, gateway, log, io)
  const watcher = denyList === undefined ? undefined : watchFile(denyList, reload)
  process.on('SIGHUP', reload)
  try {
    return await untilSignal(gateway, log)
  } finally {
    watcher?.close()
    process.removeListener('SIGHUP', reload)
  }
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
      log.error('the configuration was not reloaded', {
        at: `${file}:${line}:${column}`,
        message,
        hint,
      })
    }
    return
  }
  const problems = await gateway.reload(loaded.value).catch((error: unknown): StartProblem[] => {
    log.error('the configuration was not reloaded', { err: error })
    return [{ message: 'an error that nobody foresaw', hint: 'see the line above' }]
  })
  for (const { message, hint } of problems) {
    log.error('the configuration was not reloaded', { message, hint })
  }
  if (problems.length === 0) log.info('reloaded')
}

/** The deny list is hot: an entry counts as soon as the file says so. */
function watchFile(file: string, changed: () => void): { close(): void } {
  const watcher = watch(file, { persistent: false }, changed)
  watcher.on('error', () => watcher.close())
  return watcher
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
