// Fields of the configuration with `{tenant}`, `{agent}` and `{role}` in them, filled from the
// validated identity only, never from request text.

import type { Peer } from '../spiffe/peer.ts'

const PLACEHOLDERS = ['tenant', 'agent', 'role'] as const
type Placeholder = (typeof PLACEHOLDERS)[number]

const SPLIT = /(\{[^{}]*\})/
/** Two placeholders with nothing between them that an SVID's path segment could not hold itself. */
const MELTING = /\{\w+\}[A-Za-z0-9._-]*\{\w+\}/

/** SPIFFE-ID §2.2: what a path segment may consist of. */
const SEGMENT = /^[A-Za-z0-9._-]+$/

export interface PeerTemplate {
  /** Undefined when the peer lacks a part that the template names. */
  fill(peer: Peer): string | undefined
}

/** @throws TypeError for an unknown placeholder, a stray brace, or placeholders that melt together */
export function compilePeerTemplate(field: string, template: string): PeerTemplate {
  const melting = MELTING.exec(template)
  if (melting !== null) {
    throw new TypeError(
      `${field}: in ${melting[0]} two different agents could give the same text ` +
        '(a-b and c, a and b-c): put one of / + = , @ between the placeholders',
    )
  }
  const parts = template.split(SPLIT).map((part) => compilePart(field, part))
  return {
    fill: (peer) => {
      let filled = ''
      for (const part of parts) {
        const value = typeof part === 'string' ? part : peer[part.placeholder]
        if (value === undefined) return undefined
        if (typeof part !== 'string' && !SEGMENT.test(value)) return undefined
        filled += value
      }
      return filled
    },
  }
}

function compilePart(field: string, part: string): string | { placeholder: Placeholder } {
  const placeholder = PLACEHOLDERS.find((name) => part === `{${name}}`)
  if (placeholder !== undefined) return { placeholder }
  if (/[{}]/.test(part)) {
    throw new TypeError(`${field}: ${part} is unknown; {tenant}, {agent} and {role} are filled in`)
  }
  return part
}
