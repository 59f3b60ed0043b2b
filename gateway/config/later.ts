// What the configuration's contract names and this version cannot do. Such a key or value is an
// error with its own text, never silently accepted: an operator who writes `challenger:` must not
// believe that one runs. When a feature arrives, its line here goes.

import type { ConfigPath, Finding } from './problem.ts'

interface LaterKey {
  /** `*` stands for any key or index. */
  readonly path: readonly string[]
  /** Which values of that path; absent: the key itself. */
  readonly value?: RegExp
  /** What to do instead. */
  readonly hint: string
}

function entry(path: string, hint: string, value?: RegExp): LaterKey {
  const parts = path.split('.')
  return value === undefined ? { path: parts, hint } : { path: parts, value, hint }
}

const SERVICE = /^(?!(aws_s3|gcp_bigquery)$)((aws|gcp|azure)_[a-z0-9-]+|secret|http_[a-z0-9_-]+)$/

const LATER: readonly LaterKey[] = [
  entry('workers', 'Use `workers: 1` and run several replicas.', /^(auto|[2-9]|[1-9]\d+)$/),
  entry('listen.data.proxyProtocol', 'Use `false`.', /^true$/),
  entry('listen.admin.address', 'Use `socket:`.'),
  entry('listen.admin.auth', 'Use `socket:`, which only its owner can open.'),
  entry(
    'issuer.signer.kind',
    'Use `kind: command` with the vendor’s own program.',
    /^(pkcs11|aws-kms|vault-transit)$/,
  ),
  entry('tokenSource.kind', 'Use `kind: issuer`.', /^spire-delegated$/),
  entry(
    'policy.bundles.*.source',
    'Fetch the bundle beforehand and use `file:`.',
    /^(https?|s3|gs|oci|oci-layout):/,
  ),
  entry('policy.bundles.*.tenants.*', 'Use `tenants: ["*"]`.', /^[^*]/),
  entry('policy.isolation', 'Use `isolation: inline`.', /^worker$/),
  entry('policy.verification.unsafeNoFreshness', 'Set `minRevision`.'),
  entry('policy.verification.maxStaleness', 'A file is read at start and at each reload.'),
  entry('policy.challenger', 'Compare bundles before you activate them.'),
  entry('policy.unsafeObserve', 'Try a policy out against the demo.'),
  entry(
    'credentials.*.kind',
    'Use `kind: aws-web-identity`, `kind: gcp-workload-identity` or `kind: none`.',
    /^(azure-federated|secret|token-exchange)$/,
  ),
  entry(
    'credentials.*.accessBoundary',
    'It narrows tokens for Cloud Storage, which is not served yet.',
  ),
  entry('bindings.*.service', 'Supported: aws_s3, gcp_bigquery.', SERVICE),
  entry('routes.*.service', 'Supported: aws_s3, gcp_bigquery.', SERVICE),
  entry('routes.*.proxy', 'Connect directly.'),
  entry('routes.*.openapi', 'It belongs to `http_*` services.'),
  entry('routes.*.websocket', 'It belongs to `http_*` services.'),
  entry('routes.*.unsafeAllowUnknown', 'An operation that no table knows is refused.'),
  entry('telemetry.metrics.perAgent', 'Use `false`: records name every agent.', /^true$/),
  entry('facts', 'The built-in tables apply.'),
  entry('audit.sinks.*.kind', 'Use `kind: file`.', /^(stdout|https|s3|gs|kafka|otlp|syslog)$/),
  entry('audit.onFailure', 'Use `onFailure: deny`.', /^(allow|continue|warn)$/),
  entry('state.kind', 'Use `kind: memory`.', /^redis$/),
  entry('telemetry.otlp', 'Scrape /metrics on the health listener.'),
]

function matches(pattern: readonly string[], path: ConfigPath): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((part, index) => part === '*' || part === String(path[index]))
  )
}

/** Every key and value of the document that belongs to a later version. */
export function findLater(value: unknown): Finding[] {
  const findings: Finding[] = []
  visit(value, [], findings)
  return findings
}

function visit(value: unknown, path: ConfigPath, findings: Finding[]): void {
  const reserved = LATER.find((later) => {
    if (!matches(later.path, path)) return false
    return later.value === undefined || (!isContainer(value) && later.value.test(String(value)))
  })
  if (reserved !== undefined) {
    const name = String(path.at(-1))
    const what = reserved.value === undefined ? name : `${name}: ${String(value)}`
    findings.push({
      path,
      message: `\`${what}\` is not supported by this version`,
      hint: reserved.hint,
      atKey: reserved.value === undefined,
    })
    return
  }
  if (Array.isArray(value)) value.forEach((item, index) => visit(item, [...path, index], findings))
  else if (isContainer(value)) {
    for (const [key, item] of Object.entries(value)) visit(item, [...path, key], findings)
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
