// Runs OPA itself, which only authors and CI need: the gateway at run time has no part in it.

import { execFile } from 'node:child_process'
import { access, constants, mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { err, ok, type Result } from '../util/result.ts'

/** The version that committed bundles are built with. */
export const OPA_VERSION = '1.22.2'

const RUN_DEADLINE_MS = 120_000
/** Compiling OPA takes a minute and a half on two cores; a slow machine gets ten times that. */
const INSTALL_DEADLINE_MS = 900_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

export interface Opa {
  readonly path: string
  readonly version: string
}

export interface RunFailure {
  /** What the program printed on standard error, or why it did not run. */
  readonly message: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * `$OPA`, then PATH, then the tools cache. With `version` only an OPA of exactly that version
 * counts, but `$OPA` is the caller's word and taken as it is.
 */
export async function findOpa(env: Environment, version?: string): Promise<Opa | undefined> {
  const stated = env['OPA']
  if (stated !== undefined && stated !== '') return describe(stated)
  const inPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const path of [...inPath.map((folder) => join(folder, 'opa')), cachedOpa(env)]) {
    const opa = await describe(path)
    if (opa !== undefined && (version === undefined || opa.version === version)) return opa
  }
  return undefined
}

/** Builds OPA into the tools cache; fails where there is no Go or no network. */
export async function installOpa(env: Environment): Promise<Result<Opa, RunFailure>> {
  const folder = join(cachedOpa(env), '..')
  await mkdir(folder, { recursive: true })
  const built = await run('go', ['install', `github.com/open-policy-agent/opa@v${OPA_VERSION}`], {
    env: { ...env, GOBIN: folder },
    deadlineMs: INSTALL_DEADLINE_MS,
  })
  if (!built.ok) return built
  const opa = await describe(cachedOpa(env))
  return opa === undefined ? err({ message: 'go install made no opa' }) : ok(opa)
}

/** Standard output, or what was wrong. */
export async function runOpa(
  opa: Opa,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<Result<string, RunFailure>> {
  return run(opa.path, args, { ...options, deadlineMs: RUN_DEADLINE_MS })
}

function cachedOpa(env: Environment): string {
  const cache = env['SVIDGATE_TOOLS'] ?? join(env['HOME'] ?? homedir(), '.cache/svidgate/tools')
  return join(cache, `opa-${OPA_VERSION}`, 'opa')
}

async function describe(path: string): Promise<Opa | undefined> {
  try {
    await access(path, constants.X_OK)
  } catch {
    return undefined
  }
  const printed = await run(path, ['version'], { deadlineMs: RUN_DEADLINE_MS })
  const version = printed.ok ? /^Version: (\S+)/m.exec(printed.value)?.[1] : undefined
  return version === undefined ? undefined : { path, version }
}

function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Environment; deadlineMs: number },
): Promise<Result<string, RunFailure>> {
  const { cwd, env, deadlineMs } = options
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      {
        timeout: deadlineMs,
        maxBuffer: MAX_OUTPUT_BYTES,
        ...(cwd === undefined ? {} : { cwd }),
        ...(env === undefined ? {} : { env: { ...env } }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(ok(stdout))
        else resolve(err({ message: stderr.trim() || stdout.trim() || error.message }))
      },
    )
  })
}
