// The audit key: Ed25519, its own file, never the issuer's (docs/OPERATIONS.md). Made on first use,
// with its public half beside it; public keys are kept for ever, because records outlive the key.
//
// Trusts: the directory's owner. A key that others can read is refused: whoever holds it can forge
// checkpoints, and the records would prove nothing.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { canonicalJson } from './canonical.ts'
import type { AuditSigner } from './chain.ts'

const GROUP_AND_WORLD = 0o077

const ANOTHER_KEY =
  'remove the file to have a new one made, or run: openssl genpkey -algorithm ed25519'

/** What is wrong with the operator's set-up of the audit log, and how to mend it. */
export class AuditSetupError extends Error {
  readonly hint: string

  constructor(message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'AuditSetupError'
    this.hint = hint
  }
}

/**
 * Reads the audit key (PKCS #8 PEM), or makes it where the file does not exist.
 * Throws AuditSetupError.
 */
export async function loadAuditKey(path: string): Promise<AuditSigner> {
  const privateKey = (await readKey(path)) ?? (await createKey(path))
  const publicKey = createPublicKey(privateKey)
  await keepPublicKey(publicKeyPath(path), publicKey)
  return auditSigner(privateKey)
}

/** Whether the key can be used, where there is one yet. Throws AuditSetupError. */
export async function checkAuditKey(path: string): Promise<void> {
  await readKey(path)
}

/** A signer over an Ed25519 private key. */
export function auditSigner(privateKey: KeyObject): AuditSigner {
  return {
    keyId: publicKeyId(createPublicKey(privateKey)),
    sign: (data) => sign(null, data, privateKey).toString('base64url'),
  }
}

/** RFC 7638 thumbprint (SHA-256, base64url) of an Ed25519 public key, members as RFC 8037 §2. */
export function publicKeyId(publicKey: KeyObject): string {
  const { crv, kty, x } = publicKey.export({ format: 'jwk' })
  return createHash('sha256').update(canonicalJson({ crv, kty, x })).digest('base64url')
}

/** `audit.pem` → `audit.pub.pem` */
export function publicKeyPath(path: string): string {
  return `${path.replace(/\.pem$/, '')}.pub.pem`
}

/** Reads a public key for verification. Throws AuditSetupError. */
export async function readAuditPublicKey(path: string): Promise<KeyObject> {
  let pem: string
  try {
    pem = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AuditSetupError(
      `cannot read the public key ${path}: ${errorCode(cause)}`,
      'give the .pub.pem file that lies beside the audit key',
      { cause },
    )
  }
  if (pem.includes('PRIVATE KEY')) {
    throw new AuditSetupError(
      `${path} holds a private key`,
      'verification needs the public key alone: give the .pub.pem file, and keep this one away',
    )
  }
  return ed25519(path, () => createPublicKey(pem), 'give the .pub.pem file of the audit key')
}

async function readKey(path: string): Promise<KeyObject | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw new AuditSetupError(
      `cannot read the audit key ${path}: ${errorCode(cause)}`,
      'make the file readable by the user that runs svidgate, and by nobody else',
      { cause },
    )
  }
  try {
    // The open file is asked, not the path: what was checked is what is read.
    const { mode } = await file.stat()
    if ((mode & GROUP_AND_WORLD) !== 0) {
      throw new AuditSetupError(
        `the audit key ${path} is open to others (mode ${(mode & 0o777).toString(8)})`,
        `run: chmod 600 ${path}`,
      )
    }
    const pem = await file.readFile('utf8')
    return ed25519(path, () => createPrivateKey(pem))
  } finally {
    await file.close()
  }
}

function ed25519(path: string, parse: () => KeyObject, hint = ANOTHER_KEY): KeyObject {
  let key: KeyObject | undefined
  try {
    key = parse()
  } catch {
    // What OpenSSL says of a broken key is not repeated: it may quote the file.
    key = undefined
  }
  if (key?.asymmetricKeyType !== 'ed25519') {
    throw new AuditSetupError(`${path} is not an Ed25519 key in PEM form`, hint)
  }
  return key
}

async function createKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519')
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeNew(path, 0o600, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return privateKey
}

async function keepPublicKey(path: string, publicKey: KeyObject): Promise<void> {
  const pem = publicKey.export({ format: 'pem', type: 'spki' })
  let kept: string
  try {
    kept = await readFile(path, 'utf8')
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw setupError('read', path, cause)
    await writeNew(path, 0o644, pem)
    return
  }
  if (publicKeyId(ed25519(path, () => createPublicKey(kept))) === publicKeyId(publicKey)) return
  throw new AuditSetupError(
    `${path} is the public key of an older audit key`,
    `records that it signed need it for ever: move it to a name of its own, then start again`,
  )
}

async function writeNew(path: string, mode: number, content: string | Buffer): Promise<void> {
  try {
    const file = await open(path, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw setupError('write', path, cause)
  }
}

function setupError(verb: string, path: string, cause: unknown): AuditSetupError {
  return new AuditSetupError(
    `cannot ${verb} ${path}: ${errorCode(cause)}`,
    'check that the directory exists and belongs to the user that runs svidgate',
    { cause },
  )
}

/** `ENOENT` and the like; never a message, which can quote what it failed on. */
export function errorCode(error: unknown): string {
  if (error instanceof Error) {
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name
  }
  return typeof error
}
