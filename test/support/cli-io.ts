// A terminal for tests of commands: keeps what was printed, and says when more is.

import { Readable } from 'node:stream'
import type { CliIo } from '../../gateway/cli/command.ts'

export class TestIo implements CliIo {
  stdout = ''
  stderr = ''
  readonly stdin = Readable.from([])
  readonly isTerminal = false
  readonly env = {}
  #waiting: (() => void)[] = []

  out(text: string): void {
    this.stdout += text
    for (const wake of this.#waiting.splice(0)) wake()
  }

  err(text: string): void {
    this.stderr += text
  }

  /** Resolves once the output matches; rejects after a deadline. */
  async until(pattern: RegExp): Promise<void> {
    const deadline = AbortSignal.timeout(5000)
    while (!pattern.test(this.stdout)) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve)
        deadline.addEventListener('abort', () => reject(new Error(`no ${pattern} in the output`)))
      })
    }
  }
}
