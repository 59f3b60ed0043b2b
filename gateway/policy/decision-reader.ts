// From the text of a policy's answer to a decision. Most requests get one of a few answers (the terms
// of a grant), so the last readings are kept: the same text is the same decision, and always was read
// by the same rules.

import { parseDecision } from './decision.ts'
import type { Decision } from './decision-types.ts'

/** More answers than the grants of a busy minute give; 4 MiB of text at most. */
const MOST_KEPT = 1024
const LONGEST_KEPT = 4096

const NOT_JSON: Decision = Object.freeze({
  kind: 'deny',
  code: 'ERR_SG_POLICY_ERROR',
  detail: 'the answer of the policy is not JSON',
  reasons: [],
  alternatives: [],
})

export class DecisionReader {
  readonly #known = new Map<string, Decision>()

  read(text: string): Decision {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const decision = readText(text)
    if (text.length > LONGEST_KEPT) return decision
    if (this.#known.size >= MOST_KEPT) this.#known.clear()
    this.#known.set(text, decision)
    return decision
  }
}

function readText(text: string): Decision {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return NOT_JSON
  }
  return parseDecision(value)
}
