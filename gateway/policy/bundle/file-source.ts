// A policy bundle in a file: read within its limit, verified, activated; or why it is not taken.

import { open } from 'node:fs/promises'
import type { Result } from '../../util/result.ts'
import { ok } from '../../util/result.ts'
import { activateBundle, type ActivationOptions, type ActivePolicy } from './activate.ts'
import { type BundleFailure, bundleFailure } from './bundle-failure.ts'
import { ARCHIVE_LIMITS } from './tar-archive.ts'

interface FileSourceOptions extends ActivationOptions {
  readonly path: string
}

/** Reads, verifies and activates a bundle file. */
export async function loadBundleFile(
  options: FileSourceOptions,
): Promise<Result<ActivePolicy, BundleFailure>> {
  const bytes = await readBounded(options.path)
  return bytes.ok ? activateBundle(bytes.value, options) : bytes
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
