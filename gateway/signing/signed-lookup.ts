// The only other thing that leaves for an upstream: a look-up with its proof of identity. Only
// `signing/sign-lookup.ts` makes one, and keeps a private register of what it made, as for requests.

import type { HeaderLine } from '../request/message.ts'
import type { UpstreamTarget } from '../routing/route.ts'

declare const brand: unique symbol

export interface SignedLookup {
  readonly [brand]: 'SignedLookup'
  readonly upstream: UpstreamTarget
  readonly method: 'POST'
  /** Path as it goes on the wire. */
  readonly target: string
  /** Everything to send but framing, Host included. */
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer
  /** Keys the connection pool, so that no two identities share a connection. */
  readonly identity: string
}

export type SignedLookupFields = Omit<SignedLookup, typeof brand>

const made = new WeakSet<object>()

export function makeSignedLookup(fields: SignedLookupFields): SignedLookup {
  const value = Object.freeze(fields) as SignedLookup
  made.add(value)
  return value
}

export function isSignedLookup(value: object): value is SignedLookup {
  return made.has(value)
}
