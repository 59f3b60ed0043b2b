// The port behind which a compiled policy runs. Evaluation is synchronous; whatever goes wrong
// inside is a failure value, never an exception that a caller could forget.

import type { Result } from '../util/result.ts'

export interface PolicyFailure {
  /** `undefined`: the entrypoint gave no result. `threw`: the module aborted; its instance is gone. */
  readonly kind: 'undefined' | 'threw' | 'unavailable'
  readonly detail: string
}

/** What one evaluation may know; a `PolicyInput` is one. */
export interface EvaluationInput {
  /** Canonical JSON text of our own making, never a client's. */
  readonly text: string
  /** `time.now_ns()` during this evaluation: digits, nanoseconds since the Unix epoch. */
  readonly nowNs: string
}

export interface PolicyEngine {
  /** What records say of it, as `bundles`. */
  readonly bundles: Readonly<Record<string, { readonly revision: string; readonly sha256: string }>>
  readonly entrypoints: readonly string[]
  /** The value is plain JSON data. */
  evaluate(entrypoint: string, input: EvaluationInput): Result<unknown, PolicyFailure>
  /** The result as JSON text, every digit of its numbers as the policy computed it. */
  evaluateText(entrypoint: string, input: EvaluationInput): Result<string, PolicyFailure>
}
