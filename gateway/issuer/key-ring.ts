// The keys of a directory, as they are now. Replicas share the directory and agree through it alone:
// each looks before it signs, and every two seconds for the documents that it publishes. A key
// that is not yet published for long enough signs nothing, whatever its file is called; one that is
// gone signs nothing more; and while the directory cannot be read, nothing is signed at all.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError, refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { Clock } from '../util/clock.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Timers } from '../util/timers.ts'
import type { IssuerAlgorithm } from './algorithms.ts'
import { keyDirectoryOf, openIssuerKeys, readIssuerKeys, type KeySet } from './keys.ts'
import type { IssuerKeys, IssuerKeySource } from './key-source.ts'
import { localSigner, type TokenSigner } from './signer.ts'

export interface KeyRingOptions {
  /** `issuer.keys.dir` */
  readonly directory: string
  readonly algorithms: readonly IssuerAlgorithm[]
  readonly clock: Clock
  readonly timers: Timers
  /** Hears why the directory cannot be read; again only when that has changed. */
  readonly onProblem: (error: unknown) => void
}

/** ms; how long a replica may publish what another has changed. */
export const KEY_POLL_MS = 2_000

/** A rotation renames files under a reader's hands; the next look then finds them all. */
const TRIES = 3

/** @throws GatewayError as `openIssuerKeys` does */
export async function openKeyRing(options: KeyRingOptions): Promise<IssuerKeySource> {
  const ring = new KeyRing(options)
  await ring.open()
  return ring
}

/** Sets of keys as one, each active key signing. */
export function issuerKeysOf(sets: ReadonlyMap<IssuerAlgorithm, KeySet>): IssuerKeys {
  const signers = new Map<IssuerAlgorithm, TokenSigner>()
  for (const [algorithm, { active }] of sets) {
    signers.set(algorithm, localSigner({ algorithm, ...active }))
  }
  const published = [...sets.values()].flatMap((set) => set.published)
  return Object.freeze({ signers, published: Object.freeze(published) })
}

class KeyRing implements IssuerKeySource {
  readonly #options: KeyRingOptions
  #seen = ''
  #sets: ReadonlyMap<IssuerAlgorithm, KeySet> = new Map()
  #keys: IssuerKeys = { signers: new Map(), published: [] }
  #refreshing: Promise<Result<void, Refusal<CredentialCode>>> | undefined
  #problem = ''
  #stop: (() => void) | undefined

  constructor(options: KeyRingOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    await this.#read()
    this.#stop = this.#options.timers.every(KEY_POLL_MS, () => void this.refresh())
  }

  current(): IssuerKeys {
    return this.#keys
  }

  /**
   * A look that is under way may have begun before the change that the caller must see: it waits
   * for that one and looks again.
   */
  async refresh(): Promise<Result<void, Refusal<CredentialCode>>> {
    const before = this.#refreshing
    if (before !== undefined) await before
    this.#refreshing ??= this.#look().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  close(): void {
    this.#stop?.()
  }

  async #look(): Promise<Result<void, Refusal<CredentialCode>>> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#read()
        this.#problem = ''
        return ok(undefined)
      } catch (error) {
        if (tries < TRIES) continue
        this.#seen = ''
        this.#tell(error)
        const detail = error instanceof GatewayError ? error.detail : 'an unforeseen error'
        return err(
          refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', `issuer keys cannot be read: ${detail}`, 'IS-1'),
        )
      }
    }
  }

  #tell(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error)
    if (problem === this.#problem) return
    this.#problem = problem
    this.#options.onProblem(error)
  }

  async #read(): Promise<void> {
    const { directory, algorithms } = this.#options
    const isFirst = this.#sets.size === 0
    const read = isFirst ? openIssuerKeys : readIssuerKeys
    const seen = isFirst ? '' : await this.#glance()
    if (isFirst || seen !== this.#seen) {
      const sets = new Map<IssuerAlgorithm, KeySet>()
      for (const algorithm of algorithms) {
        sets.set(algorithm, await read(directory, algorithm))
      }
      this.#sets = sets
      // Taken before the files were read: a change in between is then seen at the next look.
      this.#seen = seen
      this.#keys = this.#select()
    } else if (this.#awaits()) {
      this.#keys = this.#select()
    }
  }

  /** Names, inodes, sizes and times: whether anything has changed, without reading a key. */
  async #glance(): Promise<string> {
    let seen = ''
    for (const algorithm of this.#options.algorithms) {
      const directory = keyDirectoryOf(this.#options.directory, algorithm)
      for (const name of await glanceAt(directory)) seen += `${algorithm} ${name}\n`
    }
    return seen
  }

  /** A key of the directory is not the one that signs yet. */
  #awaits(): boolean {
    for (const [algorithm, { active }] of this.#sets) {
      if (this.#keys.signers.get(algorithm)?.kid !== active.kid) return true
    }
    return false
  }

  #select(): IssuerKeys {
    const { published } = issuerKeysOf(this.#sets)
    const signers = new Map<IssuerAlgorithm, TokenSigner>()
    for (const [algorithm, set] of this.#sets)
      signers.set(algorithm, this.#signerOf(algorithm, set))
    return Object.freeze({ signers, published })
  }

  /**
   * The active key once it may sign. Until then the one that signed before, as long as it is
   * published; where there is none, the active one with its time, before which `mint.ts` refuses.
   */
  #signerOf(algorithm: IssuerAlgorithm, { active, published }: KeySet): TokenSigner {
    const before = this.#keys.signers.get(algorithm)
    if (before?.kid === active.kid && before.signsFrom === active.signsFrom) return before
    const isStillKnown = published.some(({ jwk }) => jwk.kid === before?.kid)
    const isEarly = active.signsFrom > this.#options.clock.now()
    if (isEarly && before !== undefined && isStillKnown) return before
    return localSigner({ algorithm, ...active })
  }
}

async function glanceAt(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.pem')).toSorted()
    return await Promise.all(
      names.map(async (name) => {
        const { ino, size, mtimeMs, ctimeMs, mode } = await stat(join(directory, name))
        return [name, ino, size, mtimeMs, ctimeMs, mode].join(' ')
      }),
    )
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    const detail = `${directory} cannot be read: ${reason}`
    throw new GatewayError('ERR_SG_CREDENTIAL_CONFIG', detail, { cause })
  }
}
