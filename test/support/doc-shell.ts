// One shell for all commands of a document, as a reader has one: variables, working directory and
// background processes of one block are there in the next. A command that fails ends the block.

import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from '../../scripts/support/run-command.ts'
import { killGroup } from '../../scripts/support/process-group.ts'

/** A block that takes longer hangs. */
const BLOCK_MS = 60_000

export class DocShell {
  readonly #dir: string
  readonly #env: Readonly<Record<string, string>>
  #shell: ChildProcess | undefined
  #output = ''
  #heard: () => void = () => undefined

  constructor(dir: string, env: Readonly<Record<string, string>>) {
    this.#dir = dir
    this.#env = env
  }

  async run(script: string): Promise<CommandResult> {
    const shell = (this.#shell ??= this.#start())
    const mark = randomUUID()
    const file = join(this.#dir, '.block.sh')
    await writeFile(file, script)
    this.#output = ''
    const ended = this.#until(mark)
    shell.stdin?.write(`set -eu\n. ${file}\necho ${mark}\n`)
    const ok = await ended
    if (!ok) this.close()
    return { ok, output: this.#output.replace(`${mark}\n`, '') }
  }

  /** Ends the shell and whatever it started. */
  close(): void {
    const pid = this.#shell?.pid
    if (pid !== undefined) killGroup(pid)
    this.#shell = undefined
  }

  #start(): ChildProcess {
    const shell = spawn('sh', ['-c', 'exec 2>&1; exec sh'], {
      cwd: this.#dir,
      env: { ...this.#env },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    })
    shell.stdin.on('error', () => undefined)
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
      this.#heard()
    })
    shell.once('exit', () => this.#heard())
    return shell
  }

  /** True: the block ran to its end. False: a command failed, or the time is over. */
  async #until(mark: string): Promise<boolean> {
    const shell = this.#shell
    const over = AbortSignal.timeout(BLOCK_MS)
    return new Promise((resolve) => {
      const settle = (): void => {
        if (this.#output.includes(mark)) resolve(true)
        else if (over.aborted || shell?.exitCode !== null) resolve(false)
      }
      this.#heard = settle
      over.addEventListener('abort', () => {
        this.#output += `the block did not end within ${BLOCK_MS / 1000} s\n`
        settle()
      })
    })
  }

  /** Resolves when the shell itself is gone. */
  async gone(): Promise<void> {
    const shell = this.#shell
    this.close()
    if (shell !== undefined && shell.exitCode === null && shell.signalCode === null) {
      await once(shell, 'exit')
    }
  }
}
