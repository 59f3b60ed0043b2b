// What the audit log needs of a file system, as a port: a full disk, a torn write or a sync that
// never ends can then be played in a test. The callback form of node:fs is used on the write path,
// where a FileHandle costs twice as much.

import { close, constants, fdatasync, open, write } from 'node:fs'
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
  /**
   * Makes a new file (0600); rejects with EEXIST where there is one. `synced`: a write resolves when
   * its data is on stable storage, in one call instead of two where the system offers that.
   */
  create(path: string, synced: boolean): Promise<AuditFile>
  /** Makes the directory's own entries durable. */
  syncDirectory(dir: string): Promise<void>
  /** The last bytes of a file, `max` at most. */
  readTail(path: string, max: number): Promise<Buffer>
  remove(path: string): Promise<void>
}

const APPEND_NEW = constants.O_APPEND | constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY
/** Undefined on systems without it; there every batch is followed by its own sync. */
const DATA_SYNC: number = constants.O_DSYNC ?? 0

function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

export const nodeAuditFs: AuditFs = {
  async ensureDirectory(dir) {
    await fs.mkdir(dir, { recursive: true, mode: 0o700 })
    return (await fs.stat(dir)).mode & 0o777
  },

  list: (dir) => fs.readdir(dir),

  create: (path, synced) =>
    new Promise((resolve, reject) => {
      // Exclusive creation never follows a link that someone has laid there. Append mode: a second
      // writer, should there ever be one, cannot overwrite what stands.
      const flags = APPEND_NEW | (synced ? DATA_SYNC : 0)
      open(path, flags, 0o600, (error, fd) => {
        if (error === null) resolve(auditFile(fd, synced && DATA_SYNC !== 0))
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

function auditFile(fd: number, isSynced: boolean): AuditFile {
  return {
    write: (data) =>
      new Promise((resolve, reject) => {
        write(fd, data, 0, data.length, null, (error, written) => {
          if (error === null) resolve(written)
          else reject(error)
        })
      }),
    sync: () => (isSynced ? Promise.resolve() : syncData(fd)),
    close: () =>
      new Promise((resolve, reject) => {
        close(fd, (error) => {
          if (error === null || error === undefined) resolve()
          else reject(error)
        })
      }),
  }
}
