// SPIFFE ID patterns as the configuration writes them: path grammars and binding subjects, and
// whether one can ever meet the other.

export type GrammarPart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'placeholder'; readonly name: string }

/** `agent/{tenant}/{agent}/{role}`, already checked for its form. */
export function grammarParts(grammar: string): readonly GrammarPart[] {
  return grammar.split('/').map((text) => {
    const name = /^\{(.*)\}$/.exec(text)?.[1]
    return name === undefined ? { kind: 'literal', text } : { kind: 'placeholder', name }
  })
}

/** The placeholders of any template: a grammar, a role ARN. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1] ?? '')
}

export interface SubjectPattern {
  readonly trustDomain: string
  /** `*` or a literal segment. */
  readonly segments: readonly string[]
}

/** `spiffe://example.org/agent/acme/…`, `*` standing for a segment; its form was checked. */
export function subjectPattern(text: string): SubjectPattern {
  const [trustDomain = '', ...segments] = text.slice('spiffe://'.length).split('/')
  return { trustDomain, segments }
}

/** Whether some SPIFFE ID fits both the grammar and the pattern. */
export function canMatch(grammar: string, segments: readonly string[]): boolean {
  const parts = grammarParts(grammar)
  return (
    parts.length === segments.length &&
    parts.every((part, index) => {
      const segment = segments[index]
      return part.kind === 'placeholder' || segment === '*' || segment === part.text
    })
  )
}
