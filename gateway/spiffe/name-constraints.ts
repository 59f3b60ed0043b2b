// Name constraints of a CA (RFC 5280 §4.2.1.10). URI names are judged by their host, which for a
// SPIFFE ID is the trust domain, and DNS names by their labels. Implementations differ in whether a
// constraint on `a.b` speaks of `x.a.b` too: a permission is read narrowly, an exclusion widely. A
// constrained name that cannot be judged (another form, no host name) is refused, as the RFC asks.

import type { Certificate } from './x509-svid.ts'
import type { NameConstraints } from './extensions.ts'
import type { GeneralName, GeneralNameKind } from './general-name.ts'
import { parseSpiffeId } from './id.ts'

/** 1.2.840.113549.1.9.1 with tag and length: an email address inside a subject. */
const EMAIL_ATTRIBUTE = Buffer.from('06092a864886f70d010901', 'hex')

/** RFC 1035 §3.1; also keeps the pattern below from long texts. */
const MAX_HOST_LENGTH = 255

interface Bases {
  readonly permitted: readonly string[]
  readonly excluded: readonly string[]
}

/** How many comparisons `constraintProblem` may need: CA and leaf could make it millions. */
export function comparisons(
  { extensions }: Certificate,
  { permitted, excluded }: NameConstraints,
): number {
  const names = extensions.subjectAltName?.names.length ?? 0
  return (names + 1) * (permitted.length + excluded.length)
}

/** Why the names of `certificate` break `constraints` of an issuer above it, or nothing. */
export function constraintProblem(
  certificate: Certificate,
  constraints: NameConstraints,
): string | undefined {
  const byKind = new Map<GeneralNameKind, Bases>()
  const basesOf = (kind: GeneralNameKind): Bases | undefined => {
    let bases = byKind.get(kind)
    if (bases === undefined) {
      bases = {
        permitted: texts(constraints.permitted, kind),
        excluded: texts(constraints.excluded, kind),
      }
      byKind.set(kind, bases)
    }
    return bases.permitted.length + bases.excluded.length === 0 ? undefined : bases
  }
  if (!certificate.isSubjectEmpty && basesOf('directory') !== undefined) {
    return 'a directory name constraint, which cannot be judged here, applies to its subject'
  }
  if (certificate.subject.includes(EMAIL_ATTRIBUTE) && basesOf('email') !== undefined) {
    return 'an email constraint, which cannot be judged here, applies to its subject'
  }
  for (const name of certificate.extensions.subjectAltName?.names ?? []) {
    const bases = basesOf(name.kind)
    const problem = bases === undefined ? undefined : nameProblem(name, bases)
    if (problem !== undefined) return problem
  }
  return undefined
}

function texts(bases: readonly GeneralName[], kind: GeneralNameKind): readonly string[] {
  return bases
    .filter((base) => base.kind === kind)
    .map((base) => base.bytes.toString('latin1').toLowerCase())
}

function nameProblem({ kind, bytes }: GeneralName, bases: Bases): string | undefined {
  const text = bytes.toString('latin1')
  switch (kind) {
    case 'uri': {
      const id = parseSpiffeId(text)
      if (!id.ok) return 'a URI constraint applies to a URI that is not a SPIFFE ID'
      return hostProblem(id.value.trustDomain, bases, isHost, 'trust domain')
    }
    case 'dns':
      return hostProblem(text.toLowerCase(), bases, isWithin, 'DNS name')
    default:
      return `a constraint on names of the kind ${kind}, which cannot be judged here, applies`
  }
}

function hostProblem(
  host: string,
  { permitted, excluded }: Bases,
  isPermittedBy: (host: string, base: string) => boolean,
  what: string,
): string | undefined {
  // Neither an address (RFC 5280: reject), nor `*.a.b`, which stands for names that a constraint
  // may catch, nor `x.a.b.`, which is another spelling of `x.a.b`.
  if (!isHostName(host)) return `a constraint applies to the ${what} ${host}, which is no host name`
  if (excluded.some((base) => isWithin(host, base))) return `the ${what} ${host} is excluded`
  if (permitted.length > 0 && !permitted.some((base) => isPermittedBy(host, base))) {
    return `the ${what} ${host} is not among the permitted ones`
  }
  return undefined
}

/** Labels of letters, digits, hyphen and underscore, the last of them not a number. */
function isHostName(host: string): boolean {
  if (host.length > MAX_HOST_LENGTH) return false
  return /^(?:[a-z0-9_-]+\.)*[a-z0-9_-]*[a-z_-][a-z0-9_-]*$/.test(host)
}

/** URI form: a base without leading dot is that very host, one with it is every host below. */
function isHost(host: string, base: string): boolean {
  return base.startsWith('.') ? host.length > base.length && host.endsWith(base) : host === base
}

/** DNS form: the base itself and every name below it; the empty base is every name. */
function isWithin(host: string, base: string): boolean {
  return base === '' || host === base || isHost(host, base.startsWith('.') ? base : `.${base}`)
}
