// The files of the issuer's keys: which there are, that nobody else can read them, and how a first
// one comes to be without a moment in which half a key, or two first keys, exist.

import { generateKeyPair, randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GatewayError } from '../errors.ts'

export type KeyState = 'active' | 'next' | 'retired'

export interface KeyFile {
  readonly state: KeyState
  readonly path: string
}

const MODULUS_LENGTH = 2048
/** Bytes. A 4096-bit key in PEM has about 3.3 KiB. */
const MAX_KEY_FILE = 16 * 1024
const OTHERS_ANY = 0o077
const OTHERS_WRITE = 0o022

const ACTIVE = 'active.pem'
const NEXT = 'next.pem'
const RETIRED = /^retired-[A-Za-z0-9_-]+\.pem$/

/** Makes the directory, and the first key when it holds none. */
export async function prepareKeyDirectory(directory: string): Promise<void> {
  await attempt(`${directory} cannot be made`, () =>
    mkdir(directory, { recursive: true, mode: 0o700 }),
  )
  if (!(await holdsKeys(directory))) await createFirstKey(directory)
}

/** False for a directory without keys, or none at all; throws for one that others can write. */
export async function holdsKeys(directory: string): Promise<boolean> {
  const status = await attempt(`${directory} cannot be read`, () => statIfThere(directory))
  if (status === undefined) return false
  if (!status.isDirectory()) throw configError(`${directory} is no directory`)
  if ((status.mode & OTHERS_WRITE) !== 0) {
    throw configError(`${directory} can be written by others: chmod 700 ${directory}`)
  }
  return (await listKeyFiles(directory)).length > 0
}

/** The active one first, then the next one, then the retired ones by name. */
export async function listKeyFiles(directory: string): Promise<readonly KeyFile[]> {
  const names = await attempt(`${directory} cannot be read`, () => readdir(directory))
  const files: KeyFile[] = []
  if (names.includes(ACTIVE)) files.push({ state: 'active', path: join(directory, ACTIVE) })
  if (names.includes(NEXT)) files.push({ state: 'next', path: join(directory, NEXT) })
  for (const name of names.filter((entry) => RETIRED.test(entry)).toSorted()) {
    files.push({ state: 'retired', path: join(directory, name) })
  }
  return files
}

/** Judges and reads one opened file, so that nobody can exchange it in between. */
export async function readKeyFile(path: string): Promise<string> {
  return attempt(`${path} cannot be read`, async () => {
    const file = await open(path, 'r')
    try {
      const status = await file.stat()
      if (!status.isFile()) throw configError(`${path} is no regular file`)
      if ((status.mode & OTHERS_ANY) !== 0) {
        const mode = (status.mode & 0o777).toString(8)
        throw configError(`${path} is open to others (mode ${mode}): chmod 600 ${path}`)
      }
      if (status.size > MAX_KEY_FILE) throw configError(`${path} is too large for a key`)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  })
}

/**
 * Written under a name that nobody looks for, synced, then given its real name by `link`, which
 * fails when another process was first: that one's key then counts.
 */
async function createFirstKey(directory: string): Promise<void> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_LENGTH })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const draft = join(directory, `.draft-${randomUUID()}`)
  await attempt(`no key can be written in ${directory}`, async () => {
    try {
      await writeSynced(draft, pem)
      await link(draft, join(directory, ACTIVE))
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    } finally {
      await rm(draft, { force: true })
    }
    await syncDirectory(directory)
  })
}

async function writeSynced(path: string, text: string | Buffer): Promise<void> {
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
    if (error instanceof GatewayError) throw error
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new GatewayError('ERR_SG_CREDENTIAL_CONFIG', `${what}: ${reason}`, { cause: error })
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function configError(detail: string): GatewayError {
  return new GatewayError('ERR_SG_CREDENTIAL_CONFIG', detail)
}
