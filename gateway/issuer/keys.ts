// The keys of the issuer, in a directory of its own: `active.pem` signs; `next.pem` and
// `retired-*.pem` are published only, so that a cloud knows a key before it is used and as long as
// tokens of it live. A key is on disk, synced, before anything is signed with it; a key that cannot
// be read, or that others can read, stops the start: a silent new key would cut off every cloud.

import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import { GatewayError } from '../errors.ts'
import {
  holdsKeys,
  KeyDirectoryError,
  openKeyDirectory,
  readKeyFile,
  type KeyFile,
  type KeyKind,
  type KeyState,
} from '../state/key-directory.ts'

export const ISSUER_ALGORITHM = 'RS256'

/** Bits. What all three clouds accept and NIST SP 800-131A asks for. */
export const MIN_MODULUS_LENGTH = 2048

const RSA_KEYS: KeyKind = {
  extension: 'pem',
  generate: async () => {
    const made = await promisify(generateKeyPair)('rsa', { modulusLength: MIN_MODULUS_LENGTH })
    return made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  },
}

/** RFC 7517, public members only. */
export interface PublicJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly alg: typeof ISSUER_ALGORITHM
  readonly use: 'sig'
  readonly kid: string
}

export interface PublishedKey {
  readonly state: KeyState
  readonly jwk: PublicJwk
  readonly publicKey: KeyObject
}

export interface IssuerKeys {
  readonly active: { readonly kid: string; readonly privateKey: KeyObject }
  /** The active key first; never empty, no key twice. */
  readonly published: readonly PublishedKey[]
}

/**
 * Reads the keys; creates the directory and a first key if there is none.
 * @throws GatewayError `ERR_SG_CREDENTIAL_CONFIG` with what is wrong, where, and how to mend it
 */
export async function openIssuerKeys(directory: string): Promise<IssuerKeys> {
  return withConfigErrors(() => readKeys(directory))
}

/** Whether the keys can be used, where there are any yet. Throws as `openIssuerKeys` does. */
export async function checkIssuerKeys(directory: string): Promise<void> {
  await withConfigErrors(async () => {
    if (await holdsKeys(directory, RSA_KEYS.extension)) await readKeys(directory)
  })
}

async function withConfigErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof KeyDirectoryError ? configError(error.message) : error
  }
}

async function readKeys(directory: string): Promise<IssuerKeys> {
  const [first, ...others] = await openKeyDirectory(directory, RSA_KEYS)
  const privateKey = parsePrivateKey(first, await readKeyFile(first.path))
  const active = await publish('active', createPublicKey(privateKey), first.path)
  const published = new Map([[active.jwk.kid, active]])
  for (const file of others) {
    const key = await publish(
      file.state,
      parsePublicKey(file, await readKeyFile(file.path)),
      file.path,
    )
    // A rotation that was cut short leaves the same key under two names: the first one counts.
    if (!published.has(key.jwk.kid)) published.set(key.jwk.kid, key)
  }
  return Object.freeze({
    active: Object.freeze({ kid: active.jwk.kid, privateKey }),
    published: Object.freeze([...published.values()]),
  })
}

async function publish(state: KeyState, publicKey: KeyObject, path: string): Promise<PublishedKey> {
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < MIN_MODULUS_LENGTH) {
    throw configError(`${path} must be an RSA key of ${MIN_MODULUS_LENGTH} bits or more`)
  }
  const { n, e } = publicKey.export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw configError(`${path} cannot be published`)
  const kid = await calculateJwkThumbprint({ kty: 'RSA', n, e }, 'sha256')
  const jwk = Object.freeze({ kty: 'RSA', n, e, alg: ISSUER_ALGORITHM, use: 'sig', kid } as const)
  return Object.freeze({ state, jwk, publicKey })
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
