// A real directory behind a port that can be told to fail: a full disk, a sync that errs, a write
// that never ends.

import { nodeAuditFs } from '../../gateway/audit/audit-fs.ts'
import type { AuditFile, AuditFs } from '../../gateway/audit/audit-fs.ts'

export class FaultyAuditFs implements AuditFs {
  /** Bytes that the disk still takes; beyond them ENOSPC, after a part of the write. */
  freeBytes = Number.POSITIVE_INFINITY
  /** The most that one write takes: a short write. */
  writeLimit = Number.POSITIVE_INFINITY
  failSync = false
  failCreate = false
  writes = 0
  syncs = 0
  removed = 0
  #held: (() => void)[] | undefined
  #onHeld: (() => void) | undefined

  /** From now on writes wait, until `release`. */
  hold(): void {
    this.#held = []
  }

  /** Resolves when the next write waits. */
  held(): Promise<void> {
    return new Promise((resolve) => {
      this.#onHeld = resolve
    })
  }

  get waiting(): number {
    return this.#held?.length ?? 0
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const go of held) go()
  }

  ensureDirectory(dir: string): Promise<number> {
    return nodeAuditFs.ensureDirectory(dir)
  }

  list(dir: string): Promise<readonly string[]> {
    return nodeAuditFs.list(dir)
  }

  async create(path: string, synced: boolean): Promise<AuditFile> {
    if (this.failCreate) throw failure('EROFS')
    const file = await nodeAuditFs.create(path, synced)
    return {
      write: async (data) => {
        this.writes += 1
        const { promise, resolve } = gate()
        if (this.#held === undefined) resolve()
        else {
          this.#held.push(resolve)
          this.#onHeld?.()
        }
        await promise
        const length = Math.min(data.length, this.writeLimit, this.freeBytes)
        if (length === 0) throw failure('ENOSPC')
        this.freeBytes -= length
        return file.write(data.subarray(0, length))
      },
      sync: async () => {
        this.syncs += 1
        if (this.failSync) throw failure('EIO')
        await file.sync()
      },
      close: () => file.close(),
    }
  }

  syncDirectory(dir: string): Promise<void> {
    return nodeAuditFs.syncDirectory(dir)
  }

  readTail(path: string, max: number): Promise<Buffer> {
    return nodeAuditFs.readTail(path, max)
  }

  remove(path: string): Promise<void> {
    this.removed += 1
    return nodeAuditFs.remove(path)
  }
}

function gate(): { promise: Promise<void>; resolve: () => void } {
  let open: () => void = () => undefined
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, resolve: open }
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}
