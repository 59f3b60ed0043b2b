// The only thing that `upstream.send()` takes. Only `signing/sign.ts` makes one, and it keeps a
// private register of what it made: a value that merely looks like one is refused at run time too.

import type { Method } from '../request/gateway-request.ts'
import type { Framing, HeaderLine } from '../request/message.ts'
import type { UpstreamTarget } from '../routing/route.ts'

declare const brand: unique symbol

export interface SignedRequest {
  readonly [brand]: 'SignedRequest'
  readonly upstream: UpstreamTarget
  readonly method: Method
  /** Path and query as they go on the wire. */
  readonly target: string
  /** Everything to send but framing, Host included. */
  readonly headers: readonly HeaderLine[]
  readonly framing: Framing
  readonly body: Buffer | undefined
  /** Keys the connection pool, so that no two identities share a connection. */
  readonly identity: string
}

export type SignedRequestFields = Omit<SignedRequest, typeof brand>

const made = new WeakSet<object>()

export function makeSignedRequest(fields: SignedRequestFields): SignedRequest {
  const value = Object.freeze(fields) as SignedRequest
  made.add(value)
  return value
}

export function isSignedRequest(value: object): value is SignedRequest {
  return made.has(value)
}
