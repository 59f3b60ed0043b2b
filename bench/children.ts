// The processes of a benchmark: started, asked and ended by the one that measures.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LoadOrder, LoadResult } from './load.ts'
import type { Ready, Usage } from './measured.ts'

const READY_MS = 30_000

export class Server {
  readonly ready: Ready
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child
    this.ready = ready
  }

  /** `script` is the compiled file beside this one. */
  static async start(
    script: string,
    setupFile: string,
    nodeOptions: readonly string[] = [],
  ): Promise<Server> {
    const file = fileURLToPath(new URL(script, import.meta.url))
    const child = spawn(process.execPath, [...nodeOptions, file, setupFile], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const deadline = AbortSignal.timeout(READY_MS)
    const lines = createInterface({ input: child.stdout ?? process.stdin })
    const died = once(child, 'exit', { signal: deadline }).then(() => {
      throw new Error(`${script} ended before it was ready`)
    })
    const [line] = (await Promise.race([once(lines, 'line', { signal: deadline }), died])) as [
      string,
    ]
    died.catch(() => undefined)
    return new Server(child, JSON.parse(line) as Ready)
  }

  async usage(ask: 'usage' | 'collected usage' = 'usage'): Promise<Usage> {
    const answer = once(this.#child, 'message')
    this.#child.send(ask)
    const [usage] = (await answer) as [Usage]
    return usage
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}

/** Warms the server up, calls `begin`, and runs the load to its end. */
export async function runLoad(order: LoadOrder, begin: () => Promise<void>): Promise<LoadResult> {
  const file = fileURLToPath(new URL('./load.js', import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const failed = exited.then(([code]) => {
    throw new Error(`the load generator ended with ${String(code)}`)
  })
  failed.catch(() => undefined)
  await Promise.race([once(child, 'message'), failed])
  await begin()
  const finished = once(child, 'message')
  child.send('go')
  const [result] = (await Promise.race([finished, failed])) as [LoadResult]
  await exited
  return result
}
