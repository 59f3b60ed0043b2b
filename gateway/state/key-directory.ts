// A directory of keys that replicas may share, by name: `active` is used, `next` and `retired-*` are
// known beside it, so that a key can come and go without anybody noticing. Judged here: which files
// there are, that nobody else can read them, and how a first one comes to be without a moment in
// which half a key, or two first keys, exist. What a key is, its user knows.

import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

export type KeyState = 'active' | 'next' | 'retired'

export interface KeyFile {
  readonly state: KeyState
  readonly path: string
}

export interface KeyKind {
  /** Of the files' names, without its dot: `pem`. */
  readonly extension: string
  /** The text of a new key. */
  readonly generate: () => string | Promise<string>
}

/** What is wrong, where, and how to mend it; never quotes a key. */
export class KeyDirectoryError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'KeyDirectoryError'
  }
}

/** Bytes. A 4096-bit RSA key in PEM has about 3.3 KiB. */
const MAX_KEY_FILE = 16 * 1024
const OTHERS_ANY = 0o077
const OTHERS_WRITE = 0o022

/**
 * The files of the keys: the active one first, then the next one, then the retired ones by name.
 * Makes the directory, and the first key when it holds none.
 * @throws KeyDirectoryError
 */
export async function openKeyDirectory(
  directory: string,
  kind: KeyKind,
): Promise<readonly [KeyFile, ...KeyFile[]]> {
  await attempt(`${directory} cannot be made`, () =>
    mkdir(directory, { recursive: true, mode: 0o700 }),
  )
  const { extension } = kind
  if (!(await holdsKeys(directory, extension))) await createFirstKey(directory, kind)
  return readKeyDirectory(directory, extension)
}

/**
 * The files of a directory that holds keys already, in the same order; makes nothing.
 * @throws KeyDirectoryError
 */
export async function readKeyDirectory(
  directory: string,
  extension: string,
): Promise<readonly [KeyFile, ...KeyFile[]]> {
  if (!(await holdsKeys(directory, extension))) {
    throw new KeyDirectoryError(`${directory} holds no active.${extension}: restore it`)
  }
  const [first, ...others] = await listKeyFiles(directory, extension)
  // Never made anew beside other keys: a silent new one would cut off whoever knows the old one.
  if (first?.state !== 'active') {
    throw new KeyDirectoryError(
      `${directory} holds keys but no active.${extension}: restore it, or move the other keys ` +
        'away for a new one',
    )
  }
  return [first, ...others]
}

/** False for a directory without keys, or none at all; throws for one that others can write. */
export async function holdsKeys(directory: string, extension: string): Promise<boolean> {
  const status = await attempt(`${directory} cannot be read`, () => statIfThere(directory))
  if (status === undefined) return false
  if (!status.isDirectory()) throw new KeyDirectoryError(`${directory} is no directory`)
  if ((status.mode & OTHERS_WRITE) !== 0) {
    throw new KeyDirectoryError(`${directory} can be written by others: chmod 700 ${directory}`)
  }
  return (await listKeyFiles(directory, extension)).length > 0
}

/** Judges and reads one opened file, so that nobody can exchange it in between. */
export async function readKeyFile(path: string): Promise<string> {
  return attempt(`${path} cannot be read`, async () => {
    const file = await open(path, 'r')
    try {
      const status = await file.stat()
      if (!status.isFile()) throw new KeyDirectoryError(`${path} is no regular file`)
      if ((status.mode & OTHERS_ANY) !== 0) {
        const mode = (status.mode & 0o777).toString(8)
        throw new KeyDirectoryError(`${path} is open to others (mode ${mode}): chmod 600 ${path}`)
      }
      if (status.size > MAX_KEY_FILE) throw new KeyDirectoryError(`${path} is too large for a key`)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  })
}

/** The same; undefined where there is none. */
export async function readKeyFileIfThere(path: string): Promise<string | undefined> {
  const status = await attempt(`${path} cannot be read`, () => statIfThere(path))
  return status === undefined ? undefined : readKeyFile(path)
}

async function listKeyFiles(directory: string, extension: string): Promise<KeyFile[]> {
  const names = await attempt(`${directory} cannot be read`, () => readdir(directory))
  const files: KeyFile[] = []
  const [active, next] = [`active.${extension}`, `next.${extension}`]
  if (names.includes(active)) files.push({ state: 'active', path: join(directory, active) })
  if (names.includes(next)) files.push({ state: 'next', path: join(directory, next) })
  const retired = new RegExp(`^retired-[A-Za-z0-9_-]+\\.${extension}$`)
  for (const name of names.filter((entry) => retired.test(entry)).toSorted()) {
    files.push({ state: 'retired', path: join(directory, name) })
  }
  return files
}

/**
 * Written under a name that nobody looks for, synced, then given its real name by `link`, which
 * fails when another process was first: that one's key then counts.
 */
async function createFirstKey(directory: string, kind: KeyKind): Promise<void> {
  const text = await kind.generate()
  const draft = join(directory, `.draft-${randomUUID()}`)
  await attempt(`no key can be written in ${directory}`, async () => {
    try {
      await writeSynced(draft, text)
      await link(draft, join(directory, `active.${kind.extension}`))
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    } finally {
      await rm(draft, { force: true })
    }
    await syncDirectory(directory)
  })
}

/**
 * Writes a file of a key directory, mode 0600, whole or not at all: whoever looks finds what was
 * there before, or all of this.
 * @throws KeyDirectoryError
 */
export async function putKeyFile(directory: string, name: string, text: string): Promise<void> {
  const draft = join(directory, `.draft-${randomUUID()}`)
  await attempt(`${join(directory, name)} cannot be written`, async () => {
    try {
      await writeSynced(draft, text)
      await rename(draft, join(directory, name))
    } finally {
      await rm(draft, { force: true })
    }
    await syncDirectory(directory)
  })
}

/** Gives a key another name, in place of whatever had it. @throws KeyDirectoryError */
export async function renameKeyFile(directory: string, from: string, to: string): Promise<void> {
  await attempt(`${join(directory, from)} cannot be renamed`, async () => {
    await rename(join(directory, from), join(directory, to))
    await syncDirectory(directory)
  })
}

/** @throws KeyDirectoryError */
export async function removeKeyFile(directory: string, name: string): Promise<void> {
  await attempt(`${join(directory, name)} cannot be removed`, async () => {
    await rm(join(directory, name), { force: true })
    await syncDirectory(directory)
  })
}

const LOCK = '.changing'

/**
 * One change at a time, of all processes that share the directory.
 * @throws KeyDirectoryError where another one is under way, or was cut short
 */
export async function changeKeyDirectory<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const lock = join(directory, LOCK)
  try {
    await writeSynced(lock, '')
  } catch (cause) {
    if (!isErrno(cause, 'EEXIST')) {
      const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
      throw new KeyDirectoryError(`${directory} cannot be written: ${reason}`, { cause })
    }
    throw new KeyDirectoryError(
      `another change of ${directory} is under way; if it was cut short: rm ${lock}`,
      { cause },
    )
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KeyDirectoryError) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new KeyDirectoryError(`${what}: ${reason}`, { cause: error })
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
