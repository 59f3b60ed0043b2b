// Tells when files are others than before. Their folders are watched, not they themselves: an editor,
// a rename or a mounted volume (where `..data` is one symbolic link that is swapped under all files)
// puts other files in their place. Every few seconds they are looked at all the same, because not
// every file system tells. Only real differences are passed on.

import { watch as watchFolder, type FSWatcher } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export const POLL_MS = 2_000
/** What is written together is read together. */
export const SETTLE_MS = 50

export interface FileWatch {
  /** From now on these; what they are now is what later looks are compared with. */
  follow(files: readonly string[]): void
  close(): void
}

export function watchFiles(changed: () => void): FileWatch {
  return new FolderWatch(changed)
}

class FolderWatch implements FileWatch {
  readonly #changed: () => void
  readonly #folders = new Map<string, FSWatcher>()
  readonly #poll: NodeJS.Timeout
  #files: readonly string[] = []
  #seen: string | undefined
  #settling: NodeJS.Timeout | undefined
  /** Looks follow each other. */
  #look: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(changed: () => void) {
    this.#changed = changed
    this.#poll = setInterval(() => this.#lookSoon(), POLL_MS)
    this.#poll.unref()
  }

  follow(files: readonly string[]): void {
    if (files.join('\0') === this.#files.join('\0')) return
    this.#files = files
    this.#seen = undefined
    const folders = new Set(files.map((file) => dirname(file)))
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue
      watcher.close()
      this.#folders.delete(folder)
    }
    for (const folder of folders) this.#watch(folder)
    this.#lookSoon()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#poll)
    clearTimeout(this.#settling)
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  /** A folder that cannot be watched is left to the looks that come anyway. */
  #watch(folder: string): void {
    if (this.#folders.has(folder)) return
    try {
      const watcher = watchFolder(folder, { persistent: false }, () => this.#settle())
      const forget = (): void => {
        watcher.close()
        this.#folders.delete(folder)
      }
      watcher.on('error', forget)
      this.#folders.set(folder, watcher)
    } catch (error) {
      if (!(error instanceof Error)) throw error
    }
  }

  #settle(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#lookSoon(), SETTLE_MS)
    this.#settling.unref()
  }

  #lookSoon(): void {
    this.#look = this.#look.then(() => this.#lookNow())
  }

  async #lookNow(): Promise<void> {
    const files = this.#files
    const marks = await Promise.all(files.map(markOf))
    if (this.#isClosed || files !== this.#files) return
    const seen = marks.join('\n')
    const isOther = this.#seen !== undefined && this.#seen !== seen
    this.#seen = seen
    if (isOther) this.#changed()
  }
}

/** Symbolic links are followed: what is asked is which file the name means now. */
async function markOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return 'missing'
  }
}
