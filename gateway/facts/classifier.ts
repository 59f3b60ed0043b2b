// What a service gives to the dispatcher (`classify.ts`): how to read its requests, and the list of
// all operations it knows. A new service is one object of this type, and one line there.

import type { Refusal } from '../errors.ts'
import type { Route } from '../routing/route.ts'
import type { Result } from '../util/result.ts'
import type { Access, FactsFields } from './facts.ts'
import type { RequestView } from './request-view.ts'

/** One line of `svidgate facts --catalogue`. */
export interface CatalogueEntry {
  readonly service: string
  /** `PutObject` */
  readonly action: string
  /** `s3.PutObject` */
  readonly name: string
  /** Its least access: a header such as x-amz-acl can raise it. */
  readonly access: Access
  /** The action under which this one is seen, where the wire cannot tell them apart. */
  readonly seenAs?: string
  /** Why it is refused, where it is known and never allowed. */
  readonly refused?: string
}

export interface Classifier {
  /** Bytes up to which the body must be read before `classify`; undefined: it streams. */
  inspectLimit(view: RequestView): number | undefined
  classify(route: Route, view: RequestView): Result<FactsFields, Refusal>
  readonly catalogue: readonly CatalogueEntry[]
}
