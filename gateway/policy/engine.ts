// The port behind which a compiled policy runs. Evaluation is synchronous; whatever goes wrong
// inside is a failure value, never an exception that a caller could forget.

import type { Result } from '../util/result.ts'

export interface PolicyFailure {
  /** `undefined`: the entrypoint gave no result. `threw`: the module aborted; its instance is gone. */
  readonly kind: 'undefined' | 'threw' | 'unavailable'
  readonly detail: string
}

export interface PolicyEngine {
  /** What records say of it (contract §10 `bundles`). */
  readonly bundles: Readonly<Record<string, { readonly revision: string; readonly sha256: string }>>
  readonly entrypoints: readonly string[]
  /** `input` is canonical JSON text of our own making; the value is plain JSON data. */
  evaluate(entrypoint: string, input: string): Result<unknown, PolicyFailure>
}
