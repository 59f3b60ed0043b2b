// The keys of the issuer, in a directory of its own: `active.pem` signs; `next.pem` and
// `retired-*.pem` are published only, so that a cloud knows a key before it is used and as long as
// tokens of it live. A key is on disk, synced, before anything is signed with it; a key that cannot
// be read, or that others can read, stops the start: a silent new key would cut off every cloud.
// RSA keys lie in the directory itself, those of ES256 in `es256/` below it.

import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GatewayError } from '../errors.ts'
import {
  holdsKeys,
  KeyDirectoryError,
  openKeyDirectory,
  readKeyDirectory,
  readKeyFile,
  type KeyFile,
  type KeyKind,
  type KeyState,
} from '../state/key-directory.ts'
import {
  algorithmOf,
  KEY_FORMS,
  MIN_MODULUS_LENGTH,
  publicJwkOf,
  type IssuerAlgorithm,
  type PublicJwk,
} from './algorithms.ts'
import { readKeyNotes, type KeyNotes } from './key-notes.ts'

const generatePair = promisify(generateKeyPair)

async function rsaPem(): Promise<string> {
  const { privateKey } = await generatePair('rsa', { modulusLength: MIN_MODULUS_LENGTH })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

async function ecPem(): Promise<string> {
  const { privateKey } = await generatePair('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

export const KEY_KINDS: Readonly<Record<IssuerAlgorithm, KeyKind>> = {
  RS256: { extension: 'pem', generate: rsaPem },
  ES256: { extension: 'pem', generate: ecPem },
}

/** Where the keys of an algorithm lie. */
export function keyDirectoryOf(directory: string, algorithm: IssuerAlgorithm): string {
  return algorithm === 'RS256' ? directory : join(directory, 'es256')
}

export interface PublishedKey {
  readonly state: KeyState
  readonly jwk: PublicJwk
  readonly publicKey: KeyObject
  readonly notes: KeyNotes
  /** Its file. */
  readonly path: string
}

/** The keys of one algorithm. */
export interface KeySet {
  readonly active: {
    readonly kid: string
    readonly privateKey: KeyObject
    /** ms since the epoch: no token before. */
    readonly signsFrom: number
  }
  /** The active key first; never empty, no key twice. */
  readonly published: readonly [PublishedKey, ...PublishedKey[]]
}

/**
 * Reads the keys of an algorithm; creates the directory and a first key if there is none.
 * @param directory that of `issuer.keys.dir`
 * @throws GatewayError `ERR_SG_CREDENTIAL_CONFIG` with what is wrong, where, and how to mend it
 */
export async function openIssuerKeys(
  directory: string,
  algorithm: IssuerAlgorithm = 'RS256',
): Promise<KeySet> {
  return withConfigErrors(async () => {
    const own = keyDirectoryOf(directory, algorithm)
    return readKeys(await openKeyDirectory(own, KEY_KINDS[algorithm]), algorithm)
  })
}

/**
 * Reads them again, and makes none: a directory that is suddenly empty is no reason for a new key.
 * @throws GatewayError as `openIssuerKeys` does
 */
export async function readIssuerKeys(
  directory: string,
  algorithm: IssuerAlgorithm,
): Promise<KeySet> {
  return withConfigErrors(async () => {
    const own = keyDirectoryOf(directory, algorithm)
    return readKeys(await readKeyDirectory(own, KEY_KINDS[algorithm].extension), algorithm)
  })
}

/** Whether the keys can be used, where there are any yet. Throws as `openIssuerKeys` does. */
export async function checkIssuerKeys(
  directory: string,
  algorithm: IssuerAlgorithm = 'RS256',
): Promise<void> {
  await withConfigErrors(async () => {
    const { extension } = KEY_KINDS[algorithm]
    const own = keyDirectoryOf(directory, algorithm)
    if (!(await holdsKeys(own, extension))) return
    await readKeys(await readKeyDirectory(own, extension), algorithm)
  })
}

/** What is wrong with a key directory is the operator's to mend. */
export async function withConfigErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof KeyDirectoryError ? configError(error.message) : error
  }
}

async function readKeys(
  [first, ...others]: readonly [KeyFile, ...KeyFile[]],
  algorithm: IssuerAlgorithm,
): Promise<KeySet> {
  const text = await readKeyFile(first.path)
  const privateKey = parsePrivateKey(first, text)
  const active = await publish(first, text, createPublicKey(privateKey), algorithm)
  const published = new Map([[active.jwk.kid, active]])
  for (const file of others) {
    const pem = await readKeyFile(file.path)
    const key = await publish(file, pem, parsePublicKey(file, pem), algorithm)
    // A rotation that was cut short leaves the same key under two names: the first one counts.
    if (!published.has(key.jwk.kid)) published.set(key.jwk.kid, key)
  }
  const { signsFrom = 0 } = active.notes
  const [, ...rest] = published.values()
  return Object.freeze({
    active: Object.freeze({ kid: active.jwk.kid, privateKey, signsFrom }),
    published: Object.freeze([active, ...rest] as const),
  })
}

async function publish(
  { state, path }: KeyFile,
  text: string,
  publicKey: KeyObject,
  algorithm: IssuerAlgorithm,
): Promise<PublishedKey> {
  if (algorithmOf(publicKey) !== algorithm) {
    throw configError(`${path} must be ${KEY_FORMS[algorithm]}`)
  }
  const notes = readKeyNotes(text)
  if (notes === undefined) {
    throw configError(`${path}: a svidgate-… line before its key holds no RFC 3339 time`)
  }
  const jwk = await publicJwkOf(publicKey)
  if (jwk === undefined) throw configError(`${path} cannot be published`)
  return Object.freeze({ state, jwk, publicKey, notes, path })
}

function parsePrivateKey(file: KeyFile, pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // OpenSSL's own text may quote the file, so it is left out.
    throw configError(`${file.path} is no unencrypted PEM private key`)
  }
}

function parsePublicKey(file: KeyFile, pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw configError(`${file.path} is no PEM key`)
  }
}

function configError(detail: string): GatewayError {
  return new GatewayError('ERR_SG_CREDENTIAL_CONFIG', detail)
}
