// Finds a path from an anchor of one trust bundle to a leaf, and validates it (RFC 5280 §6.1).
//
// The search goes *downwards*: a certificate joins a path only after its signature verified with a
// key that is already trusted. So no key of the peer's choosing is ever used, extra certificates
// that belong to nobody cost nothing, and a flood of certificates with one name is met by a fixed
// budget. Key identifiers only order the search: the signature alone decides.

import type { KeyObject } from 'node:crypto'
import type { Refusal, SvidCode } from '../errors.ts'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { comparisons, constraintProblem } from './name-constraints.ts'
import { trustedPublicKey } from './public-key.ts'
import { svidRefusal } from './rules.ts'
import { hasTrustedAlgorithm, isSignedBy } from './signature.ts'
import type { Anchor, TrustBundle } from './trust-bundle.ts'
import type { Certificate } from './x509-svid.ts'

/** Candidate issuer–child pairs that one search may look at; a signature check is ~0.1 ms. */
export const MAX_CANDIDATES = 100
/** Names set beside name constraints in one search; with ~50 ns each, ~10 ms in all. */
export const MAX_NAME_COMPARISONS = 200_000

const EKU_CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const EKU_ANY = '2.5.29.37.0'

interface Link {
  readonly certificate: Certificate
  readonly key: KeyObject
}

type Failure = Refusal<SvidCode>

export interface PathRequest {
  readonly leaf: Certificate
  /** What else the peer presented, in any order. */
  readonly pool: readonly Certificate[]
  readonly bundle: TrustBundle
  /** ms since the epoch. */
  readonly now: number
}

/** A validated path, anchor first, leaf last. */
export function findPath(request: PathRequest): Result<readonly Certificate[], Failure> {
  return new PathSearch(request).run()
}

/** Refuses a certificate outside its validity; both ends belong to it (RFC 5280 §4.1.2.5). */
export function validityProblem(
  certificate: Certificate,
  now: number,
  what: string,
): Failure | undefined {
  if (now > certificate.notAfter) {
    return svidRefusal('XV-6', `${what} expired at ${iso(certificate.notAfter)}`)
  }
  if (now < certificate.notBefore) {
    return svidRefusal('XV-7', `${what} is not valid before ${iso(certificate.notBefore)}`)
  }
  return undefined
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

class PathSearch {
  readonly #leaf: Certificate
  readonly #pool: readonly Certificate[]
  readonly #bundle: TrustBundle
  readonly #now: number
  /** Results of signature checks: child → (issuer → verdict). */
  readonly #signed = new Map<Certificate, Map<Certificate, boolean>>()
  #budget = MAX_CANDIDATES
  #comparisons = MAX_NAME_COMPARISONS
  /** Why a certificate that the bundle does vouch for was refused; says more than `#loose`. */
  #firm: Failure | undefined
  /** Why a certificate that merely names an issuer of ours was refused. */
  #loose: Failure | undefined

  constructor({ leaf, pool, bundle, now }: PathRequest) {
    this.#leaf = leaf
    this.#pool = pool
    this.#bundle = bundle
    this.#now = now
  }

  run(): Result<readonly Certificate[], Failure> {
    for (const anchor of this.#orderedAnchors()) {
      const path = this.#extend([anchor])
      if (path !== undefined) return ok(path)
    }
    if (this.#budget < 0) {
      return err(svidRefusal('XV+c1', `more than ${MAX_CANDIDATES} possible links in its paths`))
    }
    return err(this.#firm ?? this.#loose ?? this.#noPath())
  }

  #noPath(): Failure {
    const { trustDomain, anchors } = this.#bundle
    return svidRefusal(
      'XV-5',
      `none of the ${anchors.length} CA certificates of trust domain ${trustDomain} issued it`,
    )
  }

  /** Anchors that some presented certificate points at by key identifier come first. */
  #orderedAnchors(): readonly Anchor[] {
    const wanted = [this.#leaf, ...this.#pool].map((c) => c.extensions.authorityKeyId)
    const isHinted = ({ certificate }: Anchor) => {
      const own = certificate.extensions.subjectKeyId
      return own !== undefined && wanted.some((id) => id !== undefined && id.equals(own))
    }
    const { anchors } = this.#bundle
    return [...anchors.filter(isHinted), ...anchors.filter((anchor) => !isHinted(anchor))]
  }

  #extend(issuers: readonly Link[]): readonly Certificate[] | undefined {
    const issuer = issuers[issuers.length - 1]
    if (issuer === undefined) return undefined
    for (const child of [this.#leaf, ...this.#pool]) {
      if (!child.issuer.equals(issuer.certificate.subject)) continue
      if (issuers.some(({ certificate }) => certificate.der.equals(child.der))) continue
      this.#budget -= 1
      if (this.#budget < 0) return undefined
      if (!this.#isIssued(child, issuer)) continue
      const path = this.#accept(child, issuers)
      if (path !== undefined) return path
    }
    return undefined
  }

  /** The child's signature is genuine: judge both ends of this link, then go on. */
  #accept(child: Certificate, issuers: readonly Link[]): readonly Certificate[] | undefined {
    const [anchor] = issuers
    if (anchor === undefined) return undefined
    // Every other issuer was judged when it joined the path.
    const problem =
      issuerProblem(anchor.certificate, this.#now, 'the CA of the trust bundle') ??
      lengthProblem(child, this.#leaf, issuers) ??
      this.#nameProblem(child, issuers)
    if (problem !== undefined) return this.#refuseFirmly(problem)
    if (child === this.#leaf) return [...issuers.map((link) => link.certificate), child]
    const own = issuerProblem(child, this.#now, 'an intermediate')
    if (own !== undefined) return this.#refuseFirmly(own)
    const key = trustedPublicKey(child)
    if (!key.ok) return this.#refuseFirmly(svidRefusal('XV+b7', `an intermediate: ${key.error}`))
    return this.#extend([...issuers, { certificate: child, key: key.value }])
  }

  #nameProblem(child: Certificate, issuers: readonly Link[]): Failure | undefined {
    if (child !== this.#leaf && isSelfIssued(child)) return undefined
    for (const { certificate } of issuers) {
      const constraints = certificate.extensions.nameConstraints
      if (constraints === undefined) continue
      this.#comparisons -= comparisons(child, constraints)
      if (this.#comparisons < 0) {
        return svidRefusal('XV+c1', `more than ${MAX_NAME_COMPARISONS} names and constraints`)
      }
      const problem = constraintProblem(child, constraints)
      if (problem !== undefined) return svidRefusal('XV+b5', problem)
    }
    return undefined
  }

  #refuseFirmly(problem: Failure): undefined {
    this.#firm ??= problem
  }

  #isIssued(child: Certificate, issuer: Link): boolean {
    if (!hasTrustedAlgorithm(child)) {
      this.#loose ??= svidRefusal('XV+b6', 'a signature algorithm that is not trusted')
      return false
    }
    let verdicts = this.#signed.get(child)
    if (verdicts === undefined) {
      verdicts = new Map<Certificate, boolean>()
      this.#signed.set(child, verdicts)
    }
    let verdict = verdicts.get(issuer.certificate)
    if (verdict === undefined) {
      verdict = isSignedBy(child, issuer.key)
      verdicts.set(issuer.certificate, verdict)
    }
    // Where key identifiers differ, this is simply another CA of the same name.
    if (!verdict && !hasOtherKeyId(child, issuer.certificate)) {
      this.#loose ??= svidRefusal('XV+b8', 'its issuer is named in the path but did not sign it')
    }
    return verdict
  }
}

function issuerProblem(certificate: Certificate, now: number, what: string): Failure | undefined {
  const { basicConstraints, keyUsage, extendedKeyUsage, unknownCritical } = certificate.extensions
  if (basicConstraints?.ca !== true) {
    return svidRefusal('XV+b1', `${what} is not a CA`)
  }
  if (certificate.isSubjectEmpty) return svidRefusal('XV+b10', `${what} has no name`)
  // Optional in RFC 5280 for a CA, but demanded of every signing certificate by X509-SVID §4.3.
  if (keyUsage?.keyCertSign !== true) {
    return svidRefusal('XV+b2', `${what} may not sign certificates`)
  }
  if (unknownCritical.length > 0) {
    return svidRefusal('XV+b4', `${what} has the critical extension ${unknownCritical.join(', ')}`)
  }
  if (
    extendedKeyUsage !== undefined &&
    !extendedKeyUsage.includes(EKU_CLIENT_AUTH) &&
    !extendedKeyUsage.includes(EKU_ANY)
  ) {
    return svidRefusal('XV+b9', `${what} may not issue for clientAuth`)
  }
  return validityProblem(certificate, now, what)
}

/** Self-issued intermediates (key rollover) do not count (RFC 5280 §6.1.4 (l)). */
function lengthProblem(
  child: Certificate,
  leaf: Certificate,
  issuers: readonly Link[],
): Failure | undefined {
  let below = child === leaf || isSelfIssued(child) ? 0 : 1
  for (let i = issuers.length - 1; i >= 0; i -= 1) {
    const certificate = issuers[i]?.certificate
    if (certificate === undefined) continue
    const limit = certificate.extensions.basicConstraints?.pathLength
    if (limit !== undefined && below > limit) {
      return svidRefusal('XV+b3', `a CA allows ${limit} intermediates below it, not ${below}`)
    }
    if (!isSelfIssued(certificate)) below += 1
  }
  return undefined
}

function hasOtherKeyId(child: Certificate, issuer: Certificate): boolean {
  const wanted = child.extensions.authorityKeyId
  const own = issuer.extensions.subjectKeyId
  return wanted !== undefined && own !== undefined && !wanted.equals(own)
}

function isSelfIssued(certificate: Certificate): boolean {
  return certificate.issuer.equals(certificate.subject)
}
