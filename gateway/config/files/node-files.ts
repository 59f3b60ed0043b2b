// The loader's port on a real file system.

import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import type { ConfigFiles, FileFailure, FileResult } from './port.ts'

export const nodeFiles: ConfigFiles = {
  async read(path, maxBytes) {
    let handle: FileHandle
    try {
      // Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
      handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      return { ok: false, failure: failureOf(error) }
    }
    try {
      return await readHandle(handle, maxBytes)
    } catch (error) {
      return { ok: false, failure: failureOf(error) }
    } finally {
      await handle.close()
    }
  },

  async kind(path) {
    try {
      const found = await stat(path)
      if (found.isFile()) return 'file'
      return found.isDirectory() ? 'directory' : 'other'
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      return undefined
    }
  },
}

/** Mode and content come from one handle: nobody can swap the file between the two looks. */
async function readHandle(handle: FileHandle, maxBytes: number): Promise<FileResult> {
  const found = await handle.stat()
  if (!found.isFile()) return { ok: false, failure: 'not-a-file' }
  if (found.size > maxBytes) return { ok: false, failure: 'too-large' }
  const bytes = await handle.readFile()
  if (bytes.length > maxBytes) return { ok: false, failure: 'too-large' }
  return { ok: true, content: { bytes, mode: found.mode & 0o7777 } }
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function failureOf(error: unknown): FileFailure {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'missing'
    case 'EACCES':
    case 'EPERM':
      return 'forbidden'
    case 'EISDIR':
    // A socket, or a device that is not there.
    case 'ENXIO':
      return 'not-a-file'
    case undefined:
      throw error
    default:
      return 'unreadable'
  }
}
