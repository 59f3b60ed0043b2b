// Reads a configuration for a command, or ends the command with everything that is wrong with it.

import { nodeFiles } from '../config/files/node-files.ts'
import { loadConfig, type LoadedConfig } from '../config/load.ts'
import { CliError, type CliIo } from './command.ts'

export async function readConfig(path: string, io: CliIo): Promise<LoadedConfig> {
  const loaded = await loadConfig(path, { env: io.env, files: nodeFiles })
  if (loaded.ok) return loaded.value
  const [first, ...others] = loaded.error.filter(({ severity }) => severity === 'error')
  for (const { file, line, column, message } of others) {
    io.err(`${file}:${line}:${column}: ${message}\n`)
  }
  if (first === undefined) throw new TypeError('a configuration failed without an error')
  const { file, line, column, message, hint } = first
  throw new CliError(2, `${file}:${line}:${column}: ${message}`, hint)
}
