// The decision document (docs/POLICY.md) after parsing: an allow that says exactly what it allows,
// or a denial with its own code, or a denial that names the facts with which the policy would judge
// again. There is no fourth state.

import type { Code } from '../errors.ts'

export interface SessionPolicyStatement {
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

/** Only obligations that this gateway can carry out have a field here; any other is a denial. */
export interface Obligations {
  readonly sessionPolicy?: readonly SessionPolicyStatement[]
  readonly setHeaders?: ReadonlyMap<string, string>
  /** BigQuery: bytes that a query may be billed for, a positive integer. */
  readonly maxBytesBilled?: number
}

export interface Allow {
  readonly kind: 'allow'
  /** Sorted, without duplicates. */
  readonly reasons: readonly string[]
  /** The credential that the policy named; undefined: the first candidate. */
  readonly credential: string | undefined
  readonly obligations: Obligations
  readonly alternatives: readonly string[]
}

export interface Deny {
  readonly kind: 'deny'
  readonly code: Code
  /** For our records; never shown to the agent. */
  readonly detail: string
  readonly reasons: readonly string[]
  /** Agent-visible texts, five at most, 200 bytes each. */
  readonly alternatives: readonly string[]
}

/** Facts that a look-up can add (docs/POLICY.md). */
export const NEEDS = ['sql.dry_run'] as const
export type Need = (typeof NEEDS)[number]

/** A denial for now: the policy would judge again with the facts it names. */
export interface Needs {
  readonly kind: 'needs'
  /** Sorted, distinct, not empty. */
  readonly needs: readonly Need[]
  /** The credential for the look-up; undefined: the first candidate. */
  readonly credential: string | undefined
  readonly reasons: readonly string[]
  readonly alternatives: readonly string[]
}

export type Decision = Allow | Deny | Needs
