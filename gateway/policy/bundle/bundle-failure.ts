// Why a bundle is not taken: for the operator's eyes, with a word on how to mend it. No request is
// ever answered with it; the last good policy stays in force.

import { err, type Result } from '../../util/result.ts'

export type BundleStep =
  'read' | 'archive' | 'signature' | 'manifest' | 'data' | 'module' | 'entrypoints' | 'timing'

export interface BundleFailure {
  readonly step: BundleStep
  readonly message: string
  readonly hint: string
}

export function bundleFailure(
  step: BundleStep,
  message: string,
  hint: string,
): Result<never, BundleFailure> {
  return err({ step, message, hint })
}
