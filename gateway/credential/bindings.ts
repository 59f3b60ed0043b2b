// Which credentials a request may use (docs/CONFIG.md, `bindings`): those of all
// bindings that match its service and its agent, in file order; the first is the default. Pure.

export interface Binding {
  /** `aws_s3` */
  readonly service: string
  /** A SPIFFE ID in which a path segment may be `*`, which stands for exactly one segment. */
  readonly subject: string
  /** Names in the configuration, in order of preference. */
  readonly credentials: readonly string[]
}

export interface Bindings {
  /** Names without duplicates; empty when nothing matches. */
  candidates(service: string, spiffeId: string): readonly string[]
}

interface Compiled {
  readonly segments: readonly string[]
  readonly credentials: readonly string[]
}

interface Service {
  readonly bindings: Compiled[]
  /** By SPIFFE ID: an agent asks often. */
  readonly found: Map<string, readonly string[]>
}

/** Agents of which the candidates are kept; beyond, they are found anew. */
const MOST_KEPT = 10_000
const NO_CANDIDATES: readonly string[] = Object.freeze([])
const SCHEME = 'spiffe://'
const TRUST_DOMAIN = /^[a-z0-9._-]+$/
const SEGMENT = /^(?:\*|[A-Za-z0-9._-]+)$/

/**
 * @param names the credentials that exist
 * @throws TypeError for a pattern that cannot match, or a credential that does not exist
 */
export function compileBindings(
  bindings: readonly Binding[],
  names: ReadonlySet<string>,
): Bindings {
  const byService = new Map<string, Service>()
  bindings.forEach((binding, index) => {
    const compiled = compile(binding, `bindings[${index}]`, names)
    const known = byService.get(binding.service)
    if (known === undefined) {
      byService.set(binding.service, { bindings: [compiled], found: new Map() })
    } else {
      known.bindings.push(compiled)
    }
  })
  return {
    candidates: (service, spiffeId) => {
      const known = byService.get(service)
      return known === undefined ? NO_CANDIDATES : candidatesOf(known, spiffeId)
    },
  }
}

function candidatesOf({ bindings, found }: Service, spiffeId: string): readonly string[] {
  let candidates = found.get(spiffeId)
  if (candidates === undefined) {
    candidates = collect(bindings, spiffeId.split('/'))
    if (found.size >= MOST_KEPT) found.clear()
    found.set(spiffeId, candidates)
  }
  return candidates
}

function compile(binding: Binding, where: string, names: ReadonlySet<string>): Compiled {
  if (binding.service === '') throw new TypeError(`${where}: service must not be empty`)
  if (binding.credentials.length === 0)
    throw new TypeError(`${where}: credentials must not be empty`)
  const unknown = binding.credentials.find((name) => !names.has(name))
  if (unknown !== undefined) {
    const known = [...names].join(', ')
    throw new TypeError(`${where}: there is no credential ${unknown}; there are: ${known}`)
  }
  const [trustDomain = '', ...path] = binding.subject.slice(SCHEME.length).split('/')
  if (!binding.subject.startsWith(SCHEME) || !TRUST_DOMAIN.test(trustDomain) || path.length === 0) {
    throw new TypeError(
      `${where}: subject ${binding.subject} must be spiffe://<trust domain>/<path>; ` +
        '* stands for a path segment, never for the trust domain',
    )
  }
  const odd = path.find((segment) => !SEGMENT.test(segment))
  if (odd !== undefined) {
    throw new TypeError(
      `${where}: ${JSON.stringify(odd)} is no path segment; * stands for a whole one`,
    )
  }
  return {
    segments: binding.subject.split('/'),
    credentials: Object.freeze([...new Set(binding.credentials)]),
  }
}

function collect(compiled: readonly Compiled[], segments: readonly string[]): readonly string[] {
  let found: readonly string[] = NO_CANDIDATES
  for (const binding of compiled) {
    if (!matches(binding.segments, segments)) continue
    found =
      found === NO_CANDIDATES
        ? binding.credentials
        : [...new Set([...found, ...binding.credentials])]
  }
  return found
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false
  return pattern.every((part, index) => part === segments[index] || part === '*')
}
