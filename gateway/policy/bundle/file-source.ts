// A policy bundle in a file. A reload that fails keeps the last good policy in force and says why.

import { open } from 'node:fs/promises'
import type { Result } from '../../util/result.ts'
import { ok } from '../../util/result.ts'
import { activateBundle, type ActivationOptions, type ActivePolicy } from './activate.ts'
import { type BundleFailure, bundleFailure } from './bundle-failure.ts'
import { ARCHIVE_LIMITS } from './tar-archive.ts'

export interface FileSourceOptions extends ActivationOptions {
  readonly path: string
}

/** Reads, verifies and activates a bundle file. */
export async function loadBundleFile(
  options: FileSourceOptions,
): Promise<Result<ActivePolicy, BundleFailure>> {
  const bytes = await readBounded(options.path)
  return bytes.ok ? activateBundle(bytes.value, options) : bytes
}

export class FileBundleSource {
  readonly #options: FileSourceOptions
  #current: ActivePolicy
  /** The reload under way: the next one starts behind it, so that the file's last state wins. */
  #reloading: Promise<unknown> = Promise.resolve()

  private constructor(options: FileSourceOptions, current: ActivePolicy) {
    this.#options = options
    this.#current = current
  }

  static async open(options: FileSourceOptions): Promise<Result<FileBundleSource, BundleFailure>> {
    const loaded = await loadBundleFile(options)
    return loaded.ok ? ok(new FileBundleSource(options, loaded.value)) : loaded
  }

  /** The last policy that could be activated. */
  get current(): ActivePolicy {
    return this.#current
  }

  /** On failure `current` stays what it was. */
  reload(): Promise<Result<ActivePolicy, BundleFailure>> {
    const reloaded = this.#reloading.then(() => this.#load())
    this.#reloading = reloaded
    return reloaded
  }

  async #load(): Promise<Result<ActivePolicy, BundleFailure>> {
    const loaded = await loadBundleFile(this.#options)
    if (loaded.ok) this.#current = loaded.value
    return loaded
  }
}

async function readBounded(path: string): Promise<Result<Buffer, BundleFailure>> {
  const hint = 'check `policy.bundles[].source`: a regular file that the gateway may read'
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (size > ARCHIVE_LIMITS.compressedBytes) {
        return bundleFailure('read', `${path} is larger than any bundle may be`, hint)
      }
      return ok(await file.readFile())
    } finally {
      await file.close()
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return bundleFailure('read', detail, hint)
  }
}
