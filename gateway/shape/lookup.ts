// A look-up: the one kind of call that leaves before an allow (docs/THREAT-MODEL.md, promise 1).
// Nothing of it is the agent's but what its fixed form takes up as data. Only `pipeline/lookup.ts`
// makes one, from a NeedsDecision and the form of the fact that it asks for.

import type { Need } from '../policy/decision-types.ts'
import type { HeaderLine } from '../request/message.ts'
import type { Provider, UpstreamTarget } from '../routing/route.ts'

declare const brand: unique symbol

/** What is fixed of a look-up. */
export interface LookupForm {
  readonly method: 'POST'
  /** Percent-encoded; no query. */
  readonly path: string
  /** Lower-case names; no Host, no Authorization. */
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer
}

export interface Lookup extends LookupForm {
  readonly [brand]: 'Lookup'
  readonly need: Need
  /** The route's own: where the request itself would go. */
  readonly upstream: UpstreamTarget
  readonly provider: Provider
  /** Name of the credential that the decision chose. */
  readonly credential: string
  /** SPIFFE ID of the agent for whom it is asked. */
  readonly identity: string
}

export type LookupFields = Omit<Lookup, typeof brand>

export function makeLookup(fields: LookupFields): Lookup {
  return Object.freeze(fields) as Lookup
}
