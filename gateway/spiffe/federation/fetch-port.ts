// What federation asks of whoever may reach outside: one GET of a bundle, through the egress guard.
// No redirect is followed: where a bundle comes from is the configuration's to say.

import type { Result } from '../../util/result.ts'

export interface BundleRequest {
  /** `https://partner.org` */
  readonly origin: string
  /** Begins with `/`. */
  readonly path: string
  readonly server: ServerCheck
  /** From the call to the last byte. */
  readonly deadlineMs: number
  readonly maxBytes: number
}

/** How the server proves that it is the one: never both, and never none. */
export type ServerCheck =
  /** Its certificate, against these authorities or Node's own, and the host name. */
  | { readonly kind: 'web'; readonly ca: string | undefined }
  /** Its chain (DER, leaf first), by this judge alone: undefined is yes, a text says why not. */
  | { readonly kind: 'judge'; readonly problem: (chain: readonly Buffer[]) => string | undefined }

export interface BundleAnswer {
  readonly status: number
  readonly body: Buffer
}

/** The error is a text for our own log. */
export type FetchBundle = (request: BundleRequest) => Promise<Result<BundleAnswer, string>>
