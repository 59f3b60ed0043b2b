// Why not, in the policy's own words: what its `explain` entrypoint says of an input that it denied.
// It goes into the record alone; the agent reads reasons and alternatives. Nothing of it decides: an
// explanation that fails or is no data is left out.

import { canonicalRecordJson } from '../audit/canonical.ts'
import type { Verdict } from './authorize.ts'
import type { Generation } from './ports.ts'

/** UTF-16 units: for a reader, and one record of many. */
export const LONGEST_EXPLANATION = 16 * 1024

/** Canonical JSON; undefined for an allow, and where there is nothing to say. */
export function explainDenial(
  { input, decision }: Pick<Verdict, 'input' | 'decision'>,
  { engine, explainEntrypoint }: Generation,
): string | undefined {
  if (explainEntrypoint === undefined || input === undefined) return undefined
  if (decision?.kind !== 'deny') return undefined
  const evaluation = { text: input.judged, nowNs: input.nowNs }
  const answer = engine.evaluate(explainEntrypoint, evaluation)
  if (!answer.ok) return undefined
  try {
    const text = canonicalRecordJson(answer.value)
    return text.length > LONGEST_EXPLANATION ? undefined : text
  } catch (error) {
    // Nested deeper than records are.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
