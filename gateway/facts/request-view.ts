// What a classifier may look at. Both the request as received and the request as shaped can be
// seen this way, so the same code derives the facts of both (architecture: facts are derived again
// from the shaped request and must be equal).

import type { HeaderMap, Method, QueryParameter } from '../request/gateway-request.ts'
import type { Framing } from '../request/message.ts'
import type { JobOwnership } from './job-ownership.ts'
import type { LookupAnswers } from './lookups.ts'

export interface RequestView {
  readonly method: Method
  /** The service's own path: raw bytes, starts with `/`. */
  readonly path: string
  /** The bucket named by the host, for virtual-hosted S3. */
  readonly bucket: string | undefined
  readonly query: readonly QueryParameter[]
  readonly headers: HeaderMap
  readonly framing: Framing
  /** The whole body, where the operation's facts depend on it; undefined otherwise. */
  readonly body: Buffer | undefined
  /** Absent: nobody in particular asks. */
  readonly jobs?: JobOwnership | undefined
  /** Absent: nothing was looked up. */
  readonly lookups?: LookupAnswers | undefined
}
