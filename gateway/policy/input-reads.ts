// Which parts of the input a compiled policy can refer to, as the build
// recorded them in the bundle. What no rule can reach need not be written into the module, parsed
// and thrown away: the decision is the same, and the record keeps the whole input.

/** One flag for each part that `policy/input.ts` can leave out. */
export interface InputReads {
  readonly account: boolean
  readonly action: boolean
  readonly agent: boolean
  readonly candidates: boolean
  readonly now: boolean
  readonly operation: {
    readonly access: boolean
    readonly complete: boolean
    readonly name: boolean
    readonly pending: boolean
    readonly permissions: boolean
    readonly provider: boolean
    readonly service: boolean
  }
  readonly region: boolean
  readonly request: boolean
  readonly role: boolean
  readonly service: boolean
  readonly spiffeId: boolean
  readonly sql: boolean
  readonly svid: boolean
  readonly targets: boolean
  readonly tenant: boolean
  readonly timestamp: boolean
  readonly trustDomain: boolean
}

/**
 * `paths`: `agent`, `operation/name`, `request/headers/range`; a path stands for all that lies below
 * it, and what lies above it is kept as far as the path needs it; the empty path stands for all.
 * Names that the input does not have are of no consequence.
 */
export function compileInputReads(paths: readonly string[]): InputReads {
  const has = (part: string): boolean =>
    paths.some(
      (path) =>
        path === '' || path === part || path.startsWith(`${part}/`) || part.startsWith(`${path}/`),
    )
  return Object.freeze({
    account: has('account'),
    action: has('action'),
    agent: has('agent'),
    candidates: has('candidates'),
    now: has('now'),
    operation: Object.freeze({
      access: has('operation/access'),
      complete: has('operation/complete'),
      name: has('operation/name'),
      pending: has('operation/pending'),
      permissions: has('operation/permissions'),
      provider: has('operation/provider'),
      service: has('operation/service'),
    }),
    region: has('region'),
    request: has('request'),
    role: has('role'),
    service: has('service'),
    spiffeId: has('spiffe_id'),
    sql: has('sql'),
    svid: has('svid'),
    targets: has('targets'),
    tenant: has('tenant'),
    timestamp: has('timestamp'),
    trustDomain: has('trust_domain'),
  })
}
