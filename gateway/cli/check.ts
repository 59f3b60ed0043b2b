// `svidgate check -c FILE`: is this configuration right, and are its bundles? Resolves nothing
// outside. Exit codes (contract §3): 0 right, 1 a bundle is not, 2 the configuration is not.

import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ConfigProblem } from '../config/problem.ts'
import type { Result } from '../util/result.ts'
import type { Action, CliIo, ExitCode } from './command.ts'

export interface CheckOptions {
  /** Path of the configuration file. */
  readonly config: string
  readonly json: boolean
}

export interface CheckPorts {
  load(path: string): Promise<Result<LoadedConfig, readonly ConfigProblem[]>>
  /** What is wrong with the bundles that a right configuration names. */
  checkBundles(config: Config): Promise<readonly BundleProblem[]>
}

export interface BundleProblem {
  /** Name in the configuration. */
  readonly bundle: string
  readonly message: string
  readonly hint: string
}

export function checkConfig(ports: CheckPorts): Action<CheckOptions> {
  return async (options, io) => {
    const loaded = await ports.load(options.config)
    if (!loaded.ok) return report(options, io, loaded.error, [], 2)
    const bundles = await ports.checkBundles(loaded.value.config)
    return report(options, io, loaded.value.warnings, bundles, bundles.length > 0 ? 1 : 0)
  }
}

function report(
  options: CheckOptions,
  io: CliIo,
  problems: readonly ConfigProblem[],
  bundles: readonly BundleProblem[],
  exitCode: ExitCode,
): ExitCode {
  if (options.json) {
    const answer = { ok: exitCode === 0, file: options.config, problems, bundles }
    io.out(`${JSON.stringify(answer)}\n`)
    return exitCode
  }
  for (const problem of problems) io.err(problemLines(problem))
  for (const { bundle, message, hint } of bundles) {
    io.err(`${options.config}: bundle ${bundle}: ${message}\n  hint: ${hint}\n`)
  }
  if (exitCode === 0) io.out(`${options.config}: ok${warningCount(problems.length)}\n`)
  return exitCode
}

function warningCount(count: number): string {
  if (count === 0) return ''
  return count === 1 ? ', 1 warning' : `, ${count} warnings`
}

/** `file:line:col: message`, then a hint line; editors and CI turn the first into a link. */
export function problemLines(problem: ConfigProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  const severity = problem.severity === 'warning' ? 'warning: ' : ''
  const path = problem.path === '' ? '' : `${problem.path}: `
  return `${place}: ${severity}${path}${problem.message}\n  hint: ${problem.hint}\n`
}
