// The records (docs/OPERATIONS.md). Fields follow OPA's decision log, so that existing receivers
// can read them; what is ours is added beside.

import type { Code } from '../errors.ts'

export interface CredentialMark {
  readonly name: string
  readonly kind: string
  readonly session: string
  /** RFC 3339 */
  readonly expires: string
}

/** Whole microseconds; undefined for what did not take place. */
export interface DecisionMetrics {
  /** From the request's head to this record, without the time of look-ups. */
  readonly gateway_us: number | undefined
  readonly policy_us: number | undefined
}

export interface OutcomeMetrics {
  /** From sending to the end of the answer. */
  readonly upstream_us: number | undefined
}

/** How a fact that only a look-up gives was come by. */
export interface LookupMark {
  /** `sql.dry_run` */
  readonly fact: string
  /**
   * `asked`: for this request, and its `lookup` record stands before; `joined`: another request's
   * look-up was under way; `cached`: its answer was still fresh; `none`: nothing was asked.
   */
  readonly how: 'asked' | 'joined' | 'cached' | 'none'
  readonly ok: boolean
  /** Of the cloud's answer to a look-up of this request. */
  readonly status: number | undefined
  /** Whole microseconds that this request waited for it. */
  readonly us: number
}

export interface DecisionEvent {
  readonly type: 'decision'
  readonly decision_id: string
  /** Entrypoint, e.g. `svidgate/authz/decision`. */
  readonly path: string
  /** Canonical JSON text of the policy input, spliced as it is; undefined before there are facts. */
  readonly input: string | undefined
  readonly result: {
    readonly allow: boolean
    readonly code?: Code
    readonly detail?: string
    readonly rule?: string
    readonly reasons: readonly string[]
    readonly obligations?: readonly string[]
  }
  /** What the policy's `explain` entrypoint says of a denial: canonical JSON text. */
  readonly explanation?: string | undefined
  readonly bundles: Readonly<Record<string, { readonly revision: string }>>
  /** RFC 3339 with milliseconds */
  readonly timestamp: string
  readonly metrics: DecisionMetrics
  readonly labels: Readonly<Record<string, string>>
  readonly generation: number
  readonly spiffe_id: string | undefined
  readonly request: {
    readonly method: string
    /** As received, truncated; never a query string (it can carry a signature). */
    readonly path: string
  }
  /** Canonical JSON text of the facts, spliced as it is; undefined before there are facts. */
  readonly facts: string | undefined
  readonly credential: CredentialMark | undefined
  /** Absent where no policy asked for one. */
  readonly lookups?: readonly LookupMark[]
}

/** Written before a look-up is sent; what came of it stands in the decision record. */
export interface LookupEvent {
  readonly type: 'lookup'
  /** Of the request for which it is asked. */
  readonly decision_id: string
  /** `sql.dry_run` */
  readonly fact: string
  /** RFC 3339 with milliseconds */
  readonly timestamp: string
  readonly generation: number
  readonly spiffe_id: string
  readonly request: {
    readonly method: string
    readonly path: string
    /** Of the body. */
    readonly bytes: number
  }
  readonly upstream: { readonly host: string }
  readonly credential: CredentialMark
}

export interface OutcomeEvent {
  readonly type: 'outcome'
  readonly decision_id: string
  readonly timestamp: string
  readonly upstream:
    | {
        readonly host: string
        readonly status: number | undefined
        readonly request_id: string | undefined
        readonly bytes_in: number
        readonly bytes_out: number
      }
    | undefined
  /** The status that the agent got; undefined when the connection was cut before one. */
  readonly status: number | undefined
  /** `complete`, or how it ended early. */
  readonly end: 'complete' | 'refused' | 'client-gone' | 'upstream-cut' | 'cut'
  readonly code?: Code
  readonly metrics: OutcomeMetrics
}

export type AuditEvent = DecisionEvent | LookupEvent | OutcomeEvent

/** Where records go. */
export interface AuditLog {
  /**
   * Resolves when the record is as durable as configured; rejects when it cannot be written.
   * `soon`: nobody waits for it, so it goes with the next batch that somebody waits for, or after
   * a short while.
   */
  append(event: AuditEvent, when?: 'now' | 'soon'): Promise<void>
  /** False after a failed write, until one succeeds: readiness depends on it. */
  readonly isWritable: boolean
  close(): Promise<void>
}
