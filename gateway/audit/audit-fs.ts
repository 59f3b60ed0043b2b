// What the audit log needs of a file system, as a port: a full disk, a torn write or a sync that
// never ends can then be played in a test. The callback form of node:fs is used on the write path,
// where a FileHandle costs twice as much.

import { close, fdatasync, open, write } from 'node:fs'
import * as fs from 'node:fs/promises'

/** A file that only grows. */
export interface AuditFile {
  /** Writes at the end; resolves with how many bytes were taken, which can be fewer. */
  write(data: Buffer): Promise<number>
  /** Resolves when all that was written is on stable storage. */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface AuditFs {
  /** Makes the directory (0700) where it is missing; resolves with its mode. */
  ensureDirectory(dir: string): Promise<number>
  list(dir: string): Promise<readonly string[]>
  /** Makes a new file (0600); rejects with EEXIST where there is one. */
  create(path: string): Promise<AuditFile>
  /** Makes the directory's own entries durable. */
  syncDirectory(dir: string): Promise<void>
  /** The last bytes of a file, `max` at most. */
  readTail(path: string, max: number): Promise<Buffer>
  remove(path: string): Promise<void>
}

export const nodeAuditFs: AuditFs = {
  async ensureDirectory(dir) {
    await fs.mkdir(dir, { recursive: true, mode: 0o700 })
    return (await fs.stat(dir)).mode & 0o777
  },

  list: (dir) => fs.readdir(dir),

  create: (path) =>
    new Promise((resolve, reject) => {
      // Exclusive creation never follows a link that someone has laid there. Append mode: a second
      // writer, should there ever be one, cannot overwrite what stands.
      open(path, 'ax', 0o600, (error, fd) => {
        if (error === null) resolve(auditFile(fd))
        else reject(error)
      })
    }),

  async syncDirectory(dir) {
    const handle = await fs.open(dir, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },

  async readTail(path, max) {
    const handle = await fs.open(path, 'r')
    try {
      const { size } = await handle.stat()
      const length = Math.min(size, max)
      const buffer = Buffer.alloc(length)
      let filled = 0
      while (filled < length) {
        const { bytesRead } = await handle.read(
          buffer,
          filled,
          length - filled,
          size - length + filled,
        )
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return buffer.subarray(0, filled)
    } finally {
      await handle.close()
    }
  },

  remove: (path) => fs.unlink(path),
}

function auditFile(fd: number): AuditFile {
  return {
    write: (data) =>
      new Promise((resolve, reject) => {
        write(fd, data, 0, data.length, null, (error, written) => {
          if (error === null) resolve(written)
          else reject(error)
        })
      }),
    sync: () =>
      new Promise((resolve, reject) => {
        fdatasync(fd, (error) => {
          if (error === null) resolve()
          else reject(error)
        })
      }),
    close: () =>
      new Promise((resolve, reject) => {
        close(fd, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(error)
        })
      }),
  }
}
