// `svidgate check -c FILE`: is this configuration right, and are its files and bundles? Resolves
// nothing outside. Exit codes: 0 right, 1 a bundle is not, 2 the configuration or a file of it is not.

import type { StartProblem } from '../compose/problem.ts'
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
  /** What `serve` could not use of the files that a right configuration names. */
  checkFiles(config: Config): Promise<readonly StartProblem[]>
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
    if (!loaded.ok)
      return report(options, io, { problems: loaded.error, files: [], bundles: [] }, 2)
    const { config, warnings } = loaded.value
    const files = await ports.checkFiles(config)
    const bundles = await ports.checkBundles(config)
    const exitCode = files.length > 0 ? 2 : bundles.length > 0 ? 1 : 0
    return report(options, io, { problems: warnings, files, bundles }, exitCode)
  }
}

interface Findings {
  readonly problems: readonly ConfigProblem[]
  readonly files: readonly StartProblem[]
  readonly bundles: readonly BundleProblem[]
}

function report(
  options: CheckOptions,
  io: CliIo,
  { problems, files, bundles }: Findings,
  exitCode: ExitCode,
): ExitCode {
  if (options.json) {
    const answer = { ok: exitCode === 0, file: options.config, problems, files, bundles }
    io.out(`${JSON.stringify(answer)}\n`)
    return exitCode
  }
  for (const problem of problems) io.err(problemLines(problem))
  for (const { message, hint } of files) {
    io.err(`${options.config}: ${message}\n  hint: ${hint}\n`)
  }
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
