// Name constraints of a CA (RFC 5280 §4.2.1.10). URI names are judged by their host, which for a
// SPIFFE ID is the trust domain, and DNS names by their labels. A constrained name of any other
// form that the certificate has is refused, as the RFC asks of those who cannot judge it.

import type { Certificate } from './x509-svid.ts'
import type { GeneralName, GeneralNameKind, NameConstraints } from './extensions.ts'
import { parseSpiffeId } from './id.ts'

/** 1.2.840.113549.1.9.1 with tag and length: an email address inside a subject. */
const EMAIL_ATTRIBUTE = Buffer.from('06092a864886f70d010901', 'hex')

/** Why the names of `certificate` break `constraints` of an issuer above it, or nothing. */
export function constraintProblem(
  certificate: Certificate,
  constraints: NameConstraints,
): string | undefined {
  const subject = subjectProblem(certificate, constraints)
  if (subject !== undefined) return subject
  for (const name of certificate.extensions.subjectAltName?.names ?? []) {
    const permitted = ofKind(constraints.permitted, name.kind)
    const excluded = ofKind(constraints.excluded, name.kind)
    if (permitted.length === 0 && excluded.length === 0) continue
    const problem = nameProblem(name, permitted, excluded)
    if (problem !== undefined) return problem
  }
  return undefined
}

function ofKind(bases: readonly GeneralName[], kind: GeneralNameKind): readonly string[] {
  return bases
    .filter((base) => base.kind === kind)
    .map((base) => base.bytes.toString('latin1').toLowerCase())
}

function subjectProblem(
  certificate: Certificate,
  { permitted, excluded }: NameConstraints,
): string | undefined {
  const constrains = (kind: GeneralNameKind) =>
    permitted.some((base) => base.kind === kind) || excluded.some((base) => base.kind === kind)
  if (!certificate.isSubjectEmpty && constrains('directory')) {
    return 'a directory name constraint, which cannot be judged here, applies to its subject'
  }
  if (certificate.subject.includes(EMAIL_ATTRIBUTE) && constrains('email')) {
    return 'an email constraint, which cannot be judged here, applies to its subject'
  }
  return undefined
}

function nameProblem(
  name: GeneralName,
  permitted: readonly string[],
  excluded: readonly string[],
): string | undefined {
  const text = name.bytes.toString('latin1')
  switch (name.kind) {
    case 'uri': {
      const id = parseSpiffeId(text)
      if (!id.ok) return 'a URI constraint applies to a URI that is not a SPIFFE ID'
      const host = id.value.trustDomain
      if (excluded.some((base) => base === '' || hasHost(host, base))) {
        return `the trust domain ${host} is excluded`
      }
      if (permitted.length > 0 && !permitted.some((base) => hasHost(host, base))) {
        return `the trust domain ${host} is not among the permitted ones`
      }
      return undefined
    }
    case 'dns': {
      const host = text.toLowerCase()
      // `*.a.b` stands for many names, some of which a constraint on `x.a.b` would catch.
      if (host.includes('*')) return 'a DNS constraint applies to a wildcard name'
      if (excluded.some((base) => isWithin(host, base))) return 'a DNS name is excluded'
      if (permitted.length > 0 && !permitted.some((base) => isWithin(host, base))) {
        return 'a DNS name is not among the permitted ones'
      }
      return undefined
    }
    default:
      return `a constraint on names of the kind ${name.kind}, which cannot be judged here, applies`
  }
}

/** URI form: a base without leading dot is that very host, one with it is every host below. */
function hasHost(host: string, base: string): boolean {
  return base.startsWith('.') ? host.length > base.length && host.endsWith(base) : host === base
}

/** DNS form: the base itself and every name below it; the empty base is every name. */
function isWithin(host: string, base: string): boolean {
  return base === '' || host === base || hasHost(host, base.startsWith('.') ? base : `.${base}`)
}
