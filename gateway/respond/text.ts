// The message that an agent (or a model behind it) reads. It repeats what the agent itself sent
// and what the policy named for it: role, operation, resource, reasons, alternatives. Foreign text
// is cleaned first, because it ends in terminals, logs and prompts: no control bytes, no
// invisible or direction marks, nothing that XML 1.0 cannot hold, and a cap on every part.

import { CODES } from './codes.ts'
import type { RefusalContext } from './refusal-answer.ts'

/** Characters; an S3 key has up to 1024 bytes, of which the beginning tells enough. */
export const RESOURCE_CAP = 512
/** Characters of a role, an operation or a reason's id; ids of grants have 64 at most. */
export const NAME_CAP = 128
/** Characters; the contract gives an alternative 200 bytes. */
export const ALTERNATIVE_CAP = 200
/** The contract lets a decision name five alternatives. */
export const ALTERNATIVES_CAP = 5
/** More reasons help nobody and would let a policy inflate every answer. */
export const REASONS_CAP = 16

// Control characters (terminal escapes, log forging); format characters (direction marks that make
// text read other than it is, invisible tags that only a model reads); surrogates without a
// partner; line and paragraph separators; and U+FFFE, U+FFFF, which XML 1.0 §2.2 excludes.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu

const REPLACEMENT = '\ufffd'

/** Makes foreign text safe to show: unsafe characters become U+FFFD, the rest is cut at `cap`. */
export function cleanText(text: string, cap: number): string {
  // Cut before cleaning, so that a long text costs no more than a short one.
  const kept = text.length > cap ? text.slice(0, cap) : text
  const cleaned = kept.replace(UNSAFE, REPLACEMENT)
  return text.length > cap ? `${cleaned}…` : cleaned
}

/** The id goes into header values: visible ASCII only, whatever the caller hands in. */
export function cleanId(id: string): string {
  return id.replace(/[^\w.:-]/g, '').slice(0, NAME_CAP)
}

function cleanList(items: readonly string[], count: number, cap: number): string {
  return items
    .slice(0, count)
    .map((item) => cleanText(item, cap))
    .join(', ')
}

/** The full message, one line, ends with the decision id. */
export function refusalMessage(context: RefusalContext): string {
  const entry = CODES[context.code]
  const id = cleanId(context.decisionId)
  if (entry.tells === 'code') return `${context.code} (decision ${id})`
  const parts = [`${context.code}: ${entry.text}.`]
  const add = (label: string, value: string) => parts.push(`${label}: ${value}.`)
  if (context.role !== undefined) add('Role', cleanText(context.role, NAME_CAP))
  if (context.operation !== undefined) add('Operation', cleanText(context.operation, NAME_CAP))
  if (context.resource !== undefined) add('Resource', cleanText(context.resource, RESOURCE_CAP))
  if (context.reasons.length > 0) add('Reasons', cleanList(context.reasons, REASONS_CAP, NAME_CAP))
  if (context.alternatives.length > 0) {
    add('Alternatives', cleanList(context.alternatives, ALTERNATIVES_CAP, ALTERNATIVE_CAP))
  }
  if (context.hint !== undefined) add('Hint', cleanText(context.hint, RESOURCE_CAP))
  parts.push(`Decision: ${id}`)
  return parts.join(' ')
}
