// Reads of files that another program writes: bounded, through one handle, and for keys only where
// nobody else can open them.

import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import type { SourceProblem } from '../source.ts'
import { MAX_BUNDLE_BYTES, parseTrustBundle } from '../trust-bundle.ts'
import type { TrustBundle } from '../trust-bundle.ts'

/** Reads the bundles of `files` (trust domain → path), all of them or none. */
export async function readBundleFiles(
  files: ReadonlyMap<string, string>,
): Promise<Result<readonly TrustBundle[], readonly SourceProblem[]>> {
  const bundles: TrustBundle[] = []
  const problems: SourceProblem[] = []
  for (const [domain, file] of files) {
    const bytes = await readBounded(file, false)
    if (!bytes.ok) {
      problems.push(bytes.error)
      continue
    }
    const bundle = parseTrustBundle(domain, bytes.value)
    if (bundle.ok) bundles.push(bundle.value)
    else {
      const { message, hint } = bundle.error
      problems.push({ message: `${file} (trust bundle of ${domain}): ${message}`, hint })
    }
  }
  return problems.length > 0 ? err(problems) : ok(bundles)
}

/** Reads through one handle, so that the permissions checked are those of the bytes read. */
export async function readBounded(
  file: string,
  isPrivate: boolean,
): Promise<Result<Buffer, SourceProblem>> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file, 'r')
    const stat = await handle.stat()
    if (isPrivate && (stat.mode & 0o077) !== 0) {
      return problem(`${file} is open to others than its owner`, `run: chmod 600 ${file}`)
    }
    if (!stat.isFile() || stat.size > MAX_BUNDLE_BYTES) {
      return problem(`${file} is not a file of at most ${MAX_BUNDLE_BYTES} bytes`, HINT_PATH)
    }
    return ok(await handle.readFile())
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    return problem(`${file} cannot be read: ${reason}`, HINT_PATH)
  } finally {
    await handle?.close()
  }
}

const HINT_PATH = 'check the path and its permissions'

export function problem(message: string, hint: string): { ok: false; error: SourceProblem } {
  return err({ message, hint })
}
