// A program that answers each line it reads with one line of JSON: those of test/real/go. It ends when
// its input does.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface LineProgram<First> {
  /** What it said when it was there. */
  readonly first: First
  ask<Answer>(line: string): Promise<Answer>
  close(): Promise<void>
}

/** Rejects, with what the program wrote to stderr, when it ends before its first line. */
export async function startLineProgram<First>(
  command: readonly string[],
): Promise<LineProgram<First>> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const ended = once(child, 'close')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async <T>(): Promise<T> => {
    const line = await lines.next()
    if (line.done === true) {
      await ended
      throw new Error(`${program} ended: ${errors}`)
    }
    return JSON.parse(line.value) as T
  }
  return {
    first: await next<First>(),
    ask: (line) => {
      child.stdin.write(`${line}\n`)
      return next()
    },
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}
