// Reading records while they are written: the last ones, then each new line once, across files. A
// line counts only when it is whole.

import { watch } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readLines } from './lines.ts'
import { segmentsOf } from './segments.ts'

/** Whether a line is wanted. Lines come in the order of the files. */
export type Select = (line: string) => boolean

export class AuditTail {
  readonly #dir: string
  readonly #offsets = new Map<string, number>()

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The last `count` wanted lines. Rejects with the file system's error. */
  async last(count: number, select: Select): Promise<readonly string[]> {
    let lines: string[] = []
    for (const file of (await this.#files()).reverse()) {
      const wanted = lines.length >= count ? () => false : select
      lines = [...(await this.#read(file, wanted, count)), ...lines]
    }
    return count === 0 ? [] : lines.slice(-count)
  }

  /** Wanted lines that were not read yet. Rejects with the file system's error. */
  async next(select: Select): Promise<readonly string[]> {
    const lines: string[] = []
    for (const file of await this.#files()) {
      lines.push(...(await this.#read(file, select, Number.POSITIVE_INFINITY)))
    }
    return lines
  }

  async #files(): Promise<string[]> {
    return segmentsOf(await readdir(this.#dir)).map((segment) => segment.name)
  }

  async #read(file: string, select: Select, count: number): Promise<string[]> {
    const lines: string[] = []
    const { offset } = await readLines(
      join(this.#dir, file),
      this.#offsets.get(file) ?? 0,
      (bytes) => {
        const line = bytes.toString('utf8')
        if (!select(line)) return true
        lines.push(line)
        if (lines.length > count) lines.shift()
        return true
      },
    )
    this.#offsets.set(file, offset)
    return lines
  }
}

/**
 * Resolves when something in the directory changed, at the latest after `pollMs` (network file
 * systems tell nothing), or when `signal` aborts.
 */
export function directoryChange(dir: string, pollMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const watcher = watch(dir)
    const done = (): void => {
      clearTimeout(timer)
      watcher.close()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, pollMs)
    watcher.on('change', done)
    // A directory that cannot be watched is polled.
    watcher.on('error', () => undefined)
    signal.addEventListener('abort', done)
  })
}
