// Which files a configuration names, where they are, and what each must be.

import { resolve } from 'node:path'
import type { ConfigPath } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

/**
 * `certificates`, `public-key`, `private-key`: read and checked now, part of the generation.
 * `file`: must be there; whoever uses it reads it, again and again.
 */
export type FileNeed = 'certificates' | 'public-key' | 'private-key' | 'file'

export interface FileUse {
  /** Where the configuration names it. */
  readonly at: ConfigPath
  /** Absolute. */
  readonly path: string
  readonly need: FileNeed
}

/** Relative paths start at the configuration's own directory, wherever the process was started. */
export function absolutePath(directory: string, path: string): string {
  return resolve(directory, path)
}

export function filesOf(parts: ConfigParts, directory: string): FileUse[] {
  const uses: FileUse[] = []
  const add = (need: FileNeed, path: string, ...at: ConfigPath) =>
    uses.push({ at, path: absolutePath(directory, path), need })

  parts.listen?.data.tls.forEach((entry, index) => {
    if (entry.kind === 'svid') return
    add('certificates', entry.cert, 'listen', 'data', 'tls', index, 'cert')
    if (entry.key.kind === 'file') {
      add('private-key', entry.key.path, 'listen', 'data', 'tls', index, 'key')
    }
  })
  const { identity, policy, routes } = parts
  if (identity?.source.kind === 'files') {
    const { trustBundle, svid } = identity.source
    add('file', trustBundle, 'identity', 'source', 'trustBundle')
    if (svid !== undefined) {
      add('certificates', svid.cert, 'identity', 'source', 'svid', 'cert')
      add('private-key', svid.key, 'identity', 'source', 'svid', 'key')
    }
  }
  for (const [domain, bundle] of Object.entries(identity?.trustBundles ?? {})) {
    const at = ['identity', 'trustBundles', domain] as const
    if (bundle.file !== undefined) add('file', bundle.file, ...at, 'file')
    if (bundle.bundle !== undefined) add('file', bundle.bundle, ...at, 'bundle')
    if (bundle.tls !== undefined) add('certificates', bundle.tls.ca, ...at, 'tls', 'ca')
  }
  if (identity?.denyList !== undefined) add('file', identity.denyList, 'identity', 'denyList')
  policy?.bundles.forEach((bundle, index) =>
    add('file', bundle.source, 'policy', 'bundles', index, 'source'),
  )
  for (const [id, path] of Object.entries(policy?.verification.keys ?? {})) {
    add('public-key', path, 'policy', 'verification', 'keys', id)
  }
  const signer = parts.issuer?.signer
  if (signer !== undefined) {
    add('public-key', signer.publicKey, 'issuer', 'signer', 'publicKey')
    signer.alsoPublish.forEach((path, index) =>
      add('public-key', path, 'issuer', 'signer', 'alsoPublish', index),
    )
  }
  for (const [name, credential] of Object.entries(parts.credentials ?? {})) {
    if (credential.kind !== 'none' && credential.tls !== undefined) {
      add('certificates', credential.tls.ca, 'credentials', name, 'tls', 'ca')
    }
  }
  routes?.forEach((route, index) => {
    if (route.tls !== undefined) add('certificates', route.tls.ca, 'routes', index, 'tls', 'ca')
  })
  return uses
}
