// One method of BigQuery's REST API as the vendor's discovery document gives it: how it looks on
// the wire, and nothing of what it means.

import type { Method } from '../../../request/gateway-request.ts'

export type ParameterKind = 'boolean' | 'integer' | 'text'

export interface ParameterModel {
  readonly kind: ParameterKind
  /** The values that it takes; empty: any of its kind. */
  readonly values: readonly string[]
  readonly repeated: boolean
}

export interface MethodModel {
  /** `jobs.query`: the discovery id without the service. */
  readonly name: string
  readonly method: Method
  /** Behind `/bigquery/v2/`, one brace pair for each path parameter: `projects/{projectId}/jobs`. */
  readonly path: string
  /** Query parameters of its own, by name. */
  readonly query: Readonly<Record<string, ParameterModel>>
  readonly body: boolean
  /** Paths under which a media upload of the same method is sent; empty for nearly all. */
  readonly uploads: readonly string[]
}
