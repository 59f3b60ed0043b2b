// The only judge of an X.509-SVID. It trusts nothing that TLS concluded: it reads the presented
// bytes itself, takes the trust domain from the leaf's own ID, and validates against the bundle of
// that domain alone (X509-SVID.md §5, Federation.md §7.3). Every refusal names its rule.

import { refusal } from '../errors.ts'
import type { Refusal, SvidCode } from '../errors.ts'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { parseSpiffeId } from './id.ts'
import type { SpiffeId } from './id.ts'
import { findPath, validityProblem } from './path.ts'
import { trustedPublicKey } from './public-key.ts'
import { refuse, svidRefusal } from './rules.ts'
import type { TrustBundleSet } from './trust-bundle.ts'
import { fingerprint, parseCertificate } from './x509-svid.ts'
import type { Certificate } from './x509-svid.ts'

/** Leaf included. Nested SPIRE needs one intermediate a level. */
export const MAX_CHAIN_CERTIFICATES = 10
/** All certificates together. */
export const MAX_CHAIN_BYTES = 64 * 1024

const EKU_SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const EKU_CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

export interface VerifiedSvid {
  readonly id: SpiffeId
  /** Of the leaf: lower-case hexadecimal. */
  readonly serial: string
  /** Of the leaf; ms since the epoch. */
  readonly notAfter: number
  /** Latest notBefore of the path, anchor included; ms since the epoch. */
  readonly validFrom: number
  /** Earliest notAfter of the path, anchor included; ms since the epoch, still valid then. */
  readonly expiresAt: number
  /** SHA-256 of the leaf's DER, lower-case hexadecimal. */
  readonly sha256: string
  /** SHA-256 of the CA certificate of the bundle that the path ends at. */
  readonly anchorSha256: string
  readonly bundleRevision: number
}

/**
 * Judges a presented chain.
 *
 * @param chain DER, the leaf first, the rest in any order.
 * @param now ms since the epoch.
 */
export function verifyX509Svid(
  chain: readonly Buffer[],
  bundles: TrustBundleSet,
  now: number,
): Result<VerifiedSvid, Refusal<SvidCode>> {
  const certificates = readChain(chain)
  if (!certificates.ok) return certificates
  const { leaf, pool } = certificates.value

  const id = readLeafId(leaf)
  if (!id.ok) return id
  const problem = leafProblem(leaf) ?? validityProblem(leaf, now, 'the SVID')
  if (problem !== undefined) return err(problem)

  const { trustDomain } = id.value
  const bundle = bundles.get(trustDomain)
  if (bundle === undefined) return refuse('XV-15', `no trust bundle for ${trustDomain}`)
  if (bundle.anchors.length === 0) {
    return refuse('XV-15', `the trust bundle of ${trustDomain} is empty: it trusts nothing`)
  }
  const path = findPath({ leaf, pool, bundle, now })
  if (!path.ok) return path
  const key = trustedPublicKey(leaf)
  if (!key.ok) return refuse('XV+b7', `the SVID: ${key.error}`)
  return ok(verifiedSvid(id.value, path.value, bundles.revision))
}

/** What the leaf alone says, by the profile of X509-SVID.md §2–§4; nothing is proven by it. */
export function checkLeafProfile(leaf: Certificate): Result<SpiffeId, Refusal<SvidCode>> {
  const id = readLeafId(leaf)
  if (!id.ok) return id
  const problem = leafProblem(leaf)
  return problem === undefined ? id : err(problem)
}

interface Chain {
  readonly leaf: Certificate
  readonly pool: readonly Certificate[]
}

function readChain(chain: readonly Buffer[]): Result<Chain, Refusal<SvidCode>> {
  if (chain.length > MAX_CHAIN_CERTIFICATES) {
    return refuse(
      'XV+c1',
      `a chain of ${chain.length} certificates; at most ${MAX_CHAIN_CERTIFICATES}`,
    )
  }
  const size = chain.reduce((sum, der) => sum + der.length, 0)
  if (size > MAX_CHAIN_BYTES) {
    return refuse('XV+c1', `a chain of ${size} bytes; at most ${MAX_CHAIN_BYTES}`)
  }
  const certificates: Certificate[] = []
  for (const [i, der] of chain.entries()) {
    const certificate = parseCertificate(der)
    if (!certificate.ok) {
      const { code, detail, rule } = certificate.error
      return err(refusal(code, `certificate ${i + 1}: ${detail}`, rule))
    }
    // The same certificate twice is one: duplicates must not multiply paths.
    if (!certificates.some((known) => known.der.equals(certificate.value.der))) {
      certificates.push(certificate.value)
    }
  }
  const [leaf, ...pool] = certificates
  if (leaf === undefined) return refuse('TLS-1', 'the peer presented no certificate')
  return ok({ leaf, pool })
}

function readLeafId(leaf: Certificate): Result<SpiffeId, Refusal<SvidCode>> {
  const names = leaf.extensions.subjectAltName?.names ?? []
  const uris = names.filter(({ kind }) => kind === 'uri')
  const [uri] = uris
  if (uri === undefined) return refuse('XV-12', 'the SVID has no URI SAN')
  if (uris.length > 1) return refuse('XV-11', `the SVID has ${uris.length} URI SANs, not one`)
  const text = uri.bytes.toString('latin1')
  if (!/^spiffe:/i.test(text)) return refuse('XV-13', 'its URI SAN is not a SPIFFE ID')
  const id = parseSpiffeId(text)
  if (!id.ok) return id
  if (id.value.path === '') {
    return refuse('XV-14', `${text} names a trust domain, not a workload`)
  }
  return id
}

function leafProblem(leaf: Certificate): Refusal<SvidCode> | undefined {
  const { basicConstraints, keyUsage, extendedKeyUsage, subjectAltName, unknownCritical } =
    leaf.extensions
  // RFC 5280 §4.1.2.2: positive. A deny list names certificates by it.
  if (leaf.serial === '00') return svidRefusal('XV+d1', 'its serial number is zero')
  if (leaf.isSubjectEmpty && subjectAltName?.critical !== true) {
    return svidRefusal('XV-4', 'its subject is empty and its SAN extension not critical')
  }
  if (basicConstraints?.ca === true) return svidRefusal('XV-8', 'the SVID is a CA certificate')
  if (keyUsage === undefined) return svidRefusal('XV+a1', 'the SVID has no KeyUsage')
  if (keyUsage.keyCertSign) return svidRefusal('XV-9', 'its KeyUsage has keyCertSign')
  if (keyUsage.crlSign) return svidRefusal('XV-10', 'its KeyUsage has cRLSign')
  if (!keyUsage.critical) return svidRefusal('XV+a2', 'its KeyUsage is not critical')
  if (!keyUsage.digitalSignature) {
    return svidRefusal('XV+a3', 'its KeyUsage lacks digitalSignature')
  }
  if (
    extendedKeyUsage !== undefined &&
    !(extendedKeyUsage.includes(EKU_SERVER_AUTH) && extendedKeyUsage.includes(EKU_CLIENT_AUTH))
  ) {
    return svidRefusal('XV+a4', 'its ExtendedKeyUsage lacks serverAuth or clientAuth')
  }
  if (unknownCritical.length > 0) {
    return svidRefusal('XV+b4', `it has the critical extension ${unknownCritical.join(', ')}`)
  }
  return undefined
}

function verifiedSvid(
  id: SpiffeId,
  path: readonly Certificate[],
  bundleRevision: number,
): VerifiedSvid {
  const anchor = path[0]
  const leaf = path[path.length - 1]
  if (anchor === undefined || leaf === undefined) throw new TypeError('an empty path')
  return Object.freeze({
    id,
    serial: leaf.serial,
    notAfter: leaf.notAfter,
    validFrom: Math.max(...path.map((certificate) => certificate.notBefore)),
    expiresAt: Math.min(...path.map((certificate) => certificate.notAfter)),
    sha256: fingerprint(leaf),
    anchorSha256: fingerprint(anchor),
    bundleRevision,
  })
}
