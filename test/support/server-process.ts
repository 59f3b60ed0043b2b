// A real server as a process of its own, for the length of one test: started, waited for until it
// answers, ended. One that ends before it answers, or does not answer in time, is an error that holds
// what it printed.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcessOptions {
  readonly command: readonly string[]
  readonly cwd: string
  /** The whole environment but PATH. */
  readonly env: Readonly<Record<string, string>>
  /** True when it serves; asked again and again. */
  readonly isReady: (output: string) => Promise<boolean>
  readonly deadlineMs: number
}

export interface ServerProcess {
  /** Both streams, as they came. */
  output(): string
  stop(): Promise<void>
}

const POLL_MS = 25
const ENDING_MS = 5_000

export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const [program = '', ...args] = options.command
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  child.once('error', (error) => (output += `${error.message}\n`))
  const deadline = performance.now() + options.deadlineMs
  while (!(await options.isReady(output))) {
    const isLate = performance.now() > deadline
    if (isLate || hasEnded(child)) {
      await end(child)
      const why = isLate ? `does not answer after ${options.deadlineMs} ms` : 'ended at once'
      throw new Error(`${program} ${why}:\n${output}`)
    }
    await delay(POLL_MS)
  }
  return { output: () => output, stop: () => end(child) }
}

/** Whether somebody listens there. */
export async function isListening(host: string, port: number): Promise<boolean> {
  const socket = createConnection({ host, port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const patience = setTimeoutKill(child)
  await closed
  clearTimeout(patience)
}

function setTimeoutKill(child: ChildProcess): NodeJS.Timeout {
  return setTimeout(() => child.kill('SIGKILL'), ENDING_MS)
}
