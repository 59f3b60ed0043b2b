// Changes the issuer's key so that no verifier notices. A new key is published for `publishAheadMs`
// before it may sign (its file says from when on, and every gateway obeys the file); the key that it
// takes over from stays published, as a public key only, until no cloud can still meet a token of it.
// Each step leaves a directory that a reader may find at that very moment, and that the next rotation
// takes up from, should this one be cut short.
// `dropKeys` is for a key that somebody else has: there, verifiers shall notice.

import { createPublicKey } from 'node:crypto'
import { basename, join } from 'node:path'
import {
  changeKeyDirectory,
  putKeyFile,
  readKeyFile,
  removeKeyFile,
  renameKeyFile,
} from '../state/key-directory.ts'
import type { IssuerAlgorithm } from './algorithms.ts'
import { writeKeyNotes, type KeyNotes } from './key-notes.ts'
import {
  KEY_KINDS,
  keyDirectoryOf,
  readIssuerKeys,
  withConfigErrors,
  type KeySet,
  type PublishedKey,
} from './keys.ts'
import { BACKDATE, MAX_TOKEN_TTL } from './mint.ts'
import { readPublications } from './publish.ts'

export interface RotationOptions {
  /** `issuer.keys.dir` */
  readonly directory: string
  readonly algorithm: IssuerAlgorithm
  /** ms since the epoch */
  readonly now: number
  /** ms; how long a key is published before it signs, and after it signed last. */
  readonly publishAheadMs: number
  /** The documents are files that `publishDocuments` writes: what was not in them is not known. */
  readonly isPublishedAsFiles: boolean
}

export type Rotation =
  /** There was no next key. Now there is. */
  | { readonly step: 'prepared'; readonly next: string; readonly signsFrom: number }
  /** Nothing was changed. */
  | { readonly step: 'too-early'; readonly next: string; readonly signsFrom: number }
  /** Nothing was changed: nobody outside knows the next key. */
  | { readonly step: 'unpublished'; readonly next: string }
  | {
      readonly step: 'rotated'
      readonly active: string
      readonly retired: string
      /** Retired ones that nothing refers to any more. */
      readonly removed: readonly string[]
      readonly next: string
      readonly signsFrom: number
    }

/**
 * One step: makes a next key, or lets the next key take over and makes another.
 * @throws GatewayError for a directory that cannot be read or changed
 */
export async function rotateKeys(options: RotationOptions): Promise<Rotation> {
  const { algorithm, now } = options
  const directory = keyDirectoryOf(options.directory, algorithm)
  return withConfigErrors(() =>
    changeKeyDirectory(directory, async () => {
      const keys = await readIssuerKeys(options.directory, algorithm)
      const next = keys.published.find(({ state }) => state === 'next')
      if (next === undefined) return { step: 'prepared', ...(await putNext(options)) }
      const { kid } = next.jwk
      const signsFrom = await usableFrom(next, options)
      if (signsFrom === undefined) return { step: 'unpublished', next: kid }
      if (signsFrom > now) return { step: 'too-early', next: kid, signsFrom }
      const retired = await retireActive(directory, keys, now)
      await renameKeyFile(directory, 'next.pem', 'active.pem')
      const removed = await removeForgotten(directory, keys, options)
      return { step: 'rotated', active: kid, retired, removed, ...(await putNext(options)) }
    }),
  )
}

export interface DropOptions extends RotationOptions {
  /** The next key is known to be nobody else’s: it takes over. */
  readonly keepNext: boolean
}

export interface Dropped {
  /** No token of these is good for anything from now on, as soon as a cloud fetches the keys. */
  readonly dropped: readonly string[]
  readonly active: string
  readonly next: string
  readonly nextSignsFrom: number
  /** The new active key was published before, for long enough. */
  readonly isKnown: boolean
}

/**
 * Drops every key of an algorithm at once: who could read one file of the directory could read the
 * next one too. The new key signs without waiting.
 */
export async function dropKeys(options: DropOptions): Promise<Dropped> {
  const { algorithm, now, keepNext } = options
  const directory = keyDirectoryOf(options.directory, algorithm)
  return withConfigErrors(() =>
    changeKeyDirectory(directory, async () => {
      const keys = await readIssuerKeys(options.directory, algorithm)
      const next = keys.published.find(({ state }) => state === 'next')
      const isKept = keepNext && next !== undefined
      const isKnown = isKept && ((await usableFrom(next, options)) ?? Infinity) <= now
      if (isKept) await takeOverNow(directory, next, now)
      else await putKey(directory, 'active.pem', options, { publishedAt: now, signsFrom: now })
      for (const { state, path } of keys.published) {
        if (state === 'retired') await removeKeyFile(directory, basename(path))
      }
      await removeKeyFile(directory, 'next.pem')
      const another = await putNext(options)
      const { active } = await readIssuerKeys(options.directory, algorithm)
      const dropped = keys.published.map(({ jwk }) => jwk.kid).filter((kid) => kid !== active.kid)
      return {
        dropped,
        active: active.kid,
        isKnown,
        next: another.next,
        nextSignsFrom: another.signsFrom,
      }
    }),
  )
}

/** Its time is rewritten: it must sign now, although it may be younger than it should be. */
async function takeOverNow(directory: string, next: PublishedKey, now: number): Promise<void> {
  const text = await readKeyFile(join(directory, 'next.pem'))
  const pem = text.slice(text.indexOf('-----BEGIN'))
  const { publishedAt = now } = next.notes
  await putKeyFile(directory, 'active.pem', writeKeyNotes({ publishedAt, signsFrom: now }, pem))
}

/** Undefined: published as files, and not yet in them. */
async function usableFrom(
  next: PublishedKey,
  { directory, publishAheadMs, isPublishedAsFiles }: RotationOptions,
): Promise<number | undefined> {
  const { signsFrom = 0 } = next.notes
  if (!isPublishedAsFiles) return signsFrom
  const publications = await readPublications(directory)
  const publishedAt = publications.get(next.jwk.kid)
  return publishedAt === undefined ? undefined : Math.max(signsFrom, publishedAt + publishAheadMs)
}

async function putNext(options: RotationOptions): Promise<{ next: string; signsFrom: number }> {
  const { algorithm, now, publishAheadMs } = options
  const signsFrom = now + publishAheadMs
  const directory = keyDirectoryOf(options.directory, algorithm)
  await putKey(directory, 'next.pem', options, { publishedAt: now, signsFrom })
  const { published } = await readIssuerKeys(options.directory, algorithm)
  const next = published.find(({ state }) => state === 'next')
  if (next === undefined) throw new TypeError(`${directory}/next.pem was written and is not there`)
  return { next: next.jwk.kid, signsFrom }
}

async function putKey(
  directory: string,
  name: string,
  { algorithm }: RotationOptions,
  notes: KeyNotes,
): Promise<void> {
  await putKeyFile(directory, name, writeKeyNotes(notes, await KEY_KINDS[algorithm].generate()))
}

/** Its private half ends here: what is kept can verify, and nothing else. */
async function retireActive(directory: string, keys: KeySet, now: number): Promise<string> {
  const { kid, privateKey } = keys.active
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  await putKeyFile(directory, `retired-${kid}.pem`, writeKeyNotes({ retiredAt: now }, pem))
  return kid
}

/** A retired key goes when its last token has ended and no cloud keeps an older set of keys. */
async function removeForgotten(
  directory: string,
  { published }: KeySet,
  { now, publishAheadMs }: RotationOptions,
): Promise<string[]> {
  const needed = (MAX_TOKEN_TTL + BACKDATE) * 1000 + publishAheadMs
  const removed: string[] = []
  for (const { state, jwk, notes, path } of published) {
    // One without a time was retired by hand, and by hand it goes.
    if (state !== 'retired' || notes.retiredAt === undefined) continue
    if (notes.retiredAt + needed > now) continue
    await removeKeyFile(directory, basename(path))
    removed.push(jwk.kid)
  }
  return removed
}
