// What the path of an agent's SPIFFE ID says: tenant, agent and role (docs/CONFIG.md, `identity`).
// The grammar is the operator's and holds for one trust domain; an ID of another domain, or a path
// that does not fit exactly, has no names at all. Nothing is guessed from a part of a path.

import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { isPathSegment } from './id.ts'
import type { SpiffeId } from './id.ts'

export const DEFAULT_GRAMMAR = 'agent/{tenant}/{agent}/{role}'

export interface AgentNames {
  readonly tenant: string
  readonly agent: string
  readonly role: string
}

type Name = keyof AgentNames
type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'name'; readonly name: Name }

const NAMES: ReadonlyMap<string, Name> = new Map([
  ['{tenant}', 'tenant'],
  ['{agent}', 'agent'],
  ['{role}', 'role'],
])

export interface PathGrammar {
  readonly text: string
  readonly trustDomain: string
  /** The names in this ID, or nothing where the ID is of another domain or shape. */
  match(id: SpiffeId): AgentNames | undefined
}

/**
 * Compiles a grammar such as `agent/{tenant}/{agent}/{role}`: whole segments, each a literal or one
 * of the three names, every name exactly once. The error is one line that says how to mend it.
 */
export function compileGrammar(text: string, trustDomain: string): Result<PathGrammar, string> {
  const parts: Part[] = []
  const seen = new Set<Name>()
  for (const segment of text.split('/')) {
    const name = NAMES.get(segment)
    if (name !== undefined) {
      if (seen.has(name)) return err(`grammar "${text}" names ${segment} twice; name it once`)
      seen.add(name)
      parts.push({ kind: 'name', name })
    } else if (isPathSegment(segment)) {
      parts.push({ kind: 'literal', text: segment })
    } else {
      return err(
        `grammar "${text}": "${segment}" is neither {tenant}, {agent}, {role} nor a literal of ` +
          'A-Z a-z 0-9 . - _; write it without a slash at either end',
      )
    }
  }
  const missing = [...NAMES].filter(([, name]) => !seen.has(name)).map(([token]) => token)
  if (missing.length > 0) return err(`grammar "${text}" lacks ${missing.join(', ')}; add it`)
  return ok(
    Object.freeze({
      text,
      trustDomain,
      match: (id: SpiffeId) =>
        id.trustDomain === trustDomain ? matchParts(parts, id.path) : undefined,
    }),
  )
}

function matchParts(parts: readonly Part[], path: string): AgentNames | undefined {
  const segments = path.split('/')
  // The path begins with a slash, so the first piece is empty.
  if (segments.length !== parts.length + 1) return undefined
  const names = { tenant: '', agent: '', role: '' }
  for (const [i, part] of parts.entries()) {
    const segment = segments[i + 1]
    if (segment === undefined) return undefined
    if (part.kind === 'name') names[part.name] = segment
    else if (part.text !== segment) return undefined
  }
  return Object.freeze(names)
}
