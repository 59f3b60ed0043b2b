// Where trust bundles and the gateway's own SVID come from. A source owns its revision: every
// change of trust makes a new `TrustBundleSet` with a higher one, and what was handed out before
// stays as it was.

import type { Secret } from '../util/secret.ts'
import type { SpiffeId } from './id.ts'
import type { TrustBundleSet } from './trust-bundle.ts'

export interface OwnSvid {
  readonly id: SpiffeId
  /** The leaf first, then intermediates. */
  readonly certPem: string
  /** PKCS#8. */
  readonly keyPem: Secret
  /** ms since the epoch. */
  readonly expiresAt: number
}

/** What is wrong with a source, and what to do about it. */
export interface SourceProblem {
  readonly message: string
  readonly hint: string
}

/** Which files hold the trust bundles. */
export interface TrustFiles {
  /** Bundle of our own trust domain. */
  readonly bundleFile: string
  /** Bundles of other trust domains: name → file. */
  readonly foreignBundleFiles?: ReadonlyMap<string, string>
}

export interface ReloadReport {
  /** Whether bundles or our own SVID are others than before. */
  readonly changed: boolean
  /** What could not be taken over; the last good state of it is still in use. */
  readonly problems: readonly SourceProblem[]
  /** What was taken over although it looks odd. */
  readonly warnings: readonly string[]
}

export interface IdentitySource {
  /** Our own trust domain. */
  readonly trustDomain: string
  bundles(): TrustBundleSet
  /** Absent where the gateway shows agents certificates from files only. */
  ownSvid(): OwnSvid | undefined
  /** Reads again; from `files` on, where they are given and the source reads files. */
  reload(files?: TrustFiles): Promise<ReloadReport>
  close(): void
}

/** A source could not be opened. */
export class IdentitySourceError extends Error {
  readonly problems: readonly SourceProblem[]

  constructor(problems: readonly SourceProblem[]) {
    super(problems.map(({ message, hint }) => `${message}; ${hint}`).join('\n'))
    this.name = 'IdentitySourceError'
    this.problems = problems
  }
}
