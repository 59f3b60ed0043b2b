// The keys under which agents' job ids are tagged (`job-tag.ts`): secrets of the gateway's own, in a
// directory that its replicas share. A key that is lost costs agents their unfinished follow-ups; one
// that leaks lets who may insert jobs past the gateway pass them off as an agent's.

import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import {
  KeyDirectoryError,
  openKeyDirectory,
  readKeyFile,
  type KeyKind,
} from '../state/key-directory.ts'

/** Bytes: HMAC-SHA-256 gains nothing from more, and must not have less (RFC 2104 §3). */
const KEY_BYTES = 32
const KEY_TEXT = /^[0-9a-f]{64}\n?$/

/** What `openssl rand -hex 32` writes. */
const JOB_KEYS: KeyKind = {
  extension: 'key',
  generate: () => `${randomBytes(KEY_BYTES).toString('hex')}\n`,
}

/** The first one signs; the others are accepted. */
export type JobKeys = readonly [KeyObject, ...KeyObject[]]

/**
 * Reads `active.key`, `next.key` and `retired-*.key`; creates directory and first key if there is
 * none.
 * @throws KeyDirectoryError
 */
export async function openJobKeys(directory: string): Promise<JobKeys> {
  const [active, ...others] = await openKeyDirectory(directory, JOB_KEYS)
  const keys: [KeyObject, ...KeyObject[]] = [await readJobKey(active.path)]
  for (const { path } of others) keys.push(await readJobKey(path))
  return keys
}

async function readJobKey(path: string): Promise<KeyObject> {
  const text = await readKeyFile(path)
  if (!KEY_TEXT.test(text)) {
    throw new KeyDirectoryError(`${path} must hold 64 hexadecimal digits: openssl rand -hex 32`)
  }
  return createSecretKey(text.trimEnd(), 'hex')
}
