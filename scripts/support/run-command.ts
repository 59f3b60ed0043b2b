// One command with its own deadline. Whatever it started is ended with it.

import { spawn } from 'node:child_process'
import { killGroup } from './process-group.ts'

export interface CommandOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly deadline: AbortSignal
}

export interface CommandResult {
  readonly ok: boolean
  /** Both streams, as they came. */
  readonly output: string
}

/** Never rejects: a command that cannot be started has failed and says why. */
export async function runCommand(
  [program, ...args]: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  if (program === undefined) throw new TypeError('empty command')
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const stop = () => {
    if (child.pid !== undefined) killGroup(child.pid)
  }
  options.deadline.addEventListener('abort', stop)
  if (options.deadline.aborted) stop()
  const ok = await new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      output += `${program}: ${error.message}\n`
      resolve(false)
    })
    child.once('close', (code) => {
      resolve(code === 0)
    })
  })
  options.deadline.removeEventListener('abort', stop)
  return { ok, output }
}
