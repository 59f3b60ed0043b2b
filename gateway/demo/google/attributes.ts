// The attribute mapping and condition of a workload identity pool provider, in the small part of CEL
// that the set-up which we tell users to install needs (IAM documentation, "Workload Identity
// Federation": attribute mappings and conditions).

export interface ProviderSettings {
  /** `projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>` */
  readonly provider: string
  /** `google.subject` → `assertion.sub`, `attribute.role` → `assertion.svidgate.role` */
  readonly mapping: Readonly<Record<string, string>>
  /** `assertion.sub.startsWith('spiffe://example.org/')`; several joined by `&&`. */
  readonly condition: string
}

export type Claims = Readonly<Record<string, unknown>>

export interface Provider {
  readonly settings: ProviderSettings
  /** `projects/<number>/locations/global/workloadIdentityPools/<pool>` */
  readonly pool: string
  /** Of `google.subject` and every `attribute.…`; undefined for one that the claims do not give. */
  map(claims: Claims): ReadonlyMap<string, string | undefined>
  isAdmitted(claims: Claims): boolean
}

const PROVIDER =
  /^(projects\/\d+\/locations\/global\/workloadIdentityPools\/[a-z][a-z0-9-]{3,31})\/providers\/[a-z][a-z0-9-]{3,31}$/
const CLAIM = /^assertion((?:\.[A-Za-z_]\w*)+)$/
const TERM = /^(assertion(?:\.[A-Za-z_]\w*)+?)(?:\.startsWith\('([^'\\]*)'\)| == '([^'\\]*)')$/

function readClaim(path: string): (claims: Claims) => string | undefined {
  const names = CLAIM.exec(path)?.[1]?.slice(1).split('.')
  if (names === undefined) throw new TypeError(`${path} is no claim of the assertion`)
  return (claims) => {
    let at: unknown = claims
    for (const name of names) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
      at = (at as Claims)[name]
    }
    return typeof at === 'string' ? at : undefined
  }
}

function compileTerm(term: string): (claims: Claims) => boolean {
  const [, path, prefix, equal] = TERM.exec(term.trim()) ?? []
  if (path === undefined) throw new TypeError(`the sandbox does not know the condition ${term}`)
  const read = readClaim(path)
  return (claims) => {
    const value = read(claims)
    return prefix === undefined ? value === equal : value?.startsWith(prefix) === true
  }
}

/** Throws TypeError for settings that are not well-formed: the operator's own mistake. */
export function compileProvider(settings: ProviderSettings): Provider {
  const pool = PROVIDER.exec(settings.provider)?.[1]
  if (pool === undefined) throw new TypeError(`${settings.provider} names no provider of a pool`)
  const mapping = Object.entries(settings.mapping).map(([name, path]) => {
    if (!/^(?:google\.subject|attribute\.[a-z0-9_]{1,100})$/.test(name)) {
      throw new TypeError(`the attribute mapping has no target ${name}`)
    }
    return [name, readClaim(path)] as const
  })
  if (!Object.hasOwn(settings.mapping, 'google.subject')) {
    throw new TypeError('the attribute mapping has no google.subject')
  }
  const terms = settings.condition.split('&&').map(compileTerm)
  return {
    settings,
    pool,
    map: (claims) => new Map(mapping.map(([name, read]) => [name, read(claims)])),
    isAdmitted: (claims) => terms.every((holds) => holds(claims)),
  }
}
