// The issuer's two documents as files, for a bucket or a CDN in place of a listener: at exactly the
// paths below the issuer's host that OpenID Connect Discovery 1.0 §4 gives. Which keys were written,
// and when first, is kept beside the keys: `rotation.ts` lets no key sign that nobody was told of.

import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GatewayError } from '../errors.ts'
import { KeyDirectoryError, putKeyFile, readKeyFileIfThere } from '../state/key-directory.ts'
import { formatRfc3339, parseRfc3339 } from '../util/rfc3339.ts'
import { DOCUMENT_MAX_AGE_SECONDS, issuerDocuments } from './discovery.ts'
import type { IssuerKeys } from './key-source.ts'

/** What whoever serves the files must send with them. */
export const DOCUMENT_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'application/json',
  'cache-control': `public, max-age=${DOCUMENT_MAX_AGE_SECONDS}`,
}

export interface PublishOptions {
  readonly issuerUrl: string
  readonly keys: IssuerKeys
  /** The directory that is served at the issuer's host. */
  readonly out: string
  /** `issuer.keys.dir`, where publications are noted; undefined: the keys are elsewhere. */
  readonly keyDirectory: string | undefined
  /** ms since the epoch */
  readonly now: number
}

export interface PublishedFile {
  /** Below the issuer's host: `/.well-known/jwks.json`. */
  readonly path: string
  readonly file: string
}

/** Each file is replaced whole. @throws GatewayError where one cannot be written */
export async function publishDocuments(options: PublishOptions): Promise<readonly PublishedFile[]> {
  const { issuerUrl, keys, out, keyDirectory, now } = options
  const files: PublishedFile[] = []
  for (const [path, text] of issuerDocuments(issuerUrl, keys)) {
    const file = join(out, path)
    await writeWhole(file, text)
    files.push({ path, file })
  }
  // Last: what is noted has been written.
  if (keyDirectory !== undefined) await notePublications(keyDirectory, keys, now)
  return files
}

const NOTES = 'published.json'

/** kid → since when, ms; empty where nothing was ever published as files. */
export async function readPublications(keyDirectory: string): Promise<ReadonlyMap<string, number>> {
  const path = join(keyDirectory, NOTES)
  const text = await readKeyFileIfThere(path)
  if (text === undefined) return new Map()
  const known = parseNotes(text)
  if (known === undefined) {
    throw new KeyDirectoryError(`${path} cannot be read: rm ${path}, and publish again`)
  }
  return known
}

function parseNotes(text: string): ReadonlyMap<string, number> | undefined {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return undefined
  }
  if (typeof document !== 'object' || document === null) return undefined
  const known = new Map<string, number>()
  for (const [kid, value] of Object.entries(document)) {
    const time = typeof value === 'string' ? parseRfc3339(value) : undefined
    if (time === undefined) return undefined
    known.set(kid, time)
  }
  return known
}

async function notePublications(
  keyDirectory: string,
  { published }: IssuerKeys,
  now: number,
): Promise<void> {
  const before = await readPublications(keyDirectory)
  const notes = published.map(({ jwk }) => [jwk.kid, formatRfc3339(before.get(jwk.kid) ?? now)])
  await putKeyFile(keyDirectory, NOTES, `${JSON.stringify(Object.fromEntries(notes), null, 2)}\n`)
}

async function writeWhole(file: string, text: string): Promise<void> {
  const directory = dirname(file)
  const draft = join(directory, `.draft-${randomUUID()}`)
  try {
    await mkdir(directory, { recursive: true })
    const handle = await open(draft, 'wx', 0o644)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true })
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new GatewayError('ERR_SG_CREDENTIAL_CONFIG', `${file} cannot be written: ${reason}`, {
      cause,
    })
  }
}
