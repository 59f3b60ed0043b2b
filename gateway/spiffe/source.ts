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

/** Which files hold trust bundles. */
export interface TrustFiles {
  /** Bundle of our own trust domain; absent where another source has it. */
  readonly bundleFile?: string
  /** Bundles of other trust domains: name → file. */
  readonly foreignBundleFiles?: ReadonlyMap<string, string>
}

/** From where the other trust domains' bundles come. */
export interface TrustSettings extends TrustFiles {
  /** Bundles that are fetched: name → where and how. */
  readonly endpoints?: ReadonlyMap<string, BundleEndpoint>
}

/** A SPIFFE bundle endpoint (SPIFFE_Federation.md §5), all of it from the configuration. */
export interface BundleEndpoint {
  /** `https://partner.org` */
  readonly origin: string
  /** Begins with `/`; may have a query. */
  readonly path: string
  readonly profile: BundleProfile
  /** Of the bundle to begin with. */
  readonly bundleFile: string | undefined
  /** ms without a successful fetch after which the domain is trusted no more. */
  readonly maxAge: number
}

export type BundleProfile =
  /** PEM of the authorities of the server's certificate; undefined: those that Node ships. */
  | { readonly kind: 'https_web'; readonly ca: string | undefined }
  /** The endpoint shows this SVID, judged by the bundle known so far. */
  | { readonly kind: 'https_spiffe'; readonly endpointSpiffeId: string }

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
  /** Reads again; from what `trust` names on, where it is given and the source is not fixed. */
  reload(trust?: TrustSettings): Promise<ReloadReport>
  close(): void
}

export type SourcePart = 'files' | 'x509_svid' | 'x509_bundles' | 'bundle_endpoint'

export type SourceResult =
  /** Something new is in use. */
  | 'updated'
  | 'unchanged'
  /** What came could not be used: the last good state stays. */
  | 'rejected'
  /** Nothing came: it will be asked again. */
  | 'unreachable'
  /** The Workload API has no identity for us. */
  | 'denied'
  /** Nobody will ask again: see the detail. */
  | 'stopped'
  /** Too long without an update: it is trusted no more. */
  | 'expired'

export interface SourceEvent {
  readonly part: SourcePart
  readonly result: SourceResult
  /** Whose bundle it is, where it is one domain's. */
  readonly trustDomain?: string
  /** For our own log; never of a key. */
  readonly detail?: string
}

/** Whoever is told what a source does by itself. */
export interface SourceObserver {
  /** `bundles()` or `ownSvid()` give something else from now on. */
  changed(): void
  happened(event: SourceEvent): void
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
