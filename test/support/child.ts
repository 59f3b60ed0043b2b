// The gateway's command line as a process of its own: what it prints, how it ends.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { repositoryRoot } from './test-data.ts'

export const MAIN = join(repositoryRoot(), 'dist/gateway/main.js')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly stdin?: string | Buffer
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

export function startCli(args: readonly string[], options: RunOptions = {}): ChildProcess {
  const { cwd = repositoryRoot(), env = process.env } = options
  return spawn(process.execPath, [MAIN, ...args], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Runs one command to its end. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = startCli(args, options)
  const printed = { out: '', err: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed.out += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed.err += text))
  // A command that needs no input may be gone before it is written.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.stdin ?? '')
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, ...printed }
}
