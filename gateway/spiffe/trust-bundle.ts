// Trust bundles: for each trust domain, the CA certificates that may vouch for its SVIDs
// (Trust_Domain_and_Bundle.md). Which bundle belongs to which domain comes from configuration
// alone, never from the content, and bundles are never merged: in a pooled store a CA of one domain
// could forge an identity of another.

import { createHash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { jwtAuthoritiesOf, type JwtAuthority } from './jwt-authority.ts'
import { decodeBase64, readPem } from './pem.ts'
import { trustedPublicKey } from './public-key.ts'
import { parseCertificate } from './x509-svid.ts'
import type { Certificate } from './x509-svid.ts'

/** Far above any real bundle; bounds what a broken source can make us hold. */
export const MAX_BUNDLE_BYTES = 1024 * 1024

export interface Anchor {
  readonly certificate: Certificate
  readonly key: KeyObject
}

export interface TrustBundle {
  readonly trustDomain: string
  /** Empty means that the domain has revoked everything: no SVID of it is valid. */
  readonly anchors: readonly Anchor[]
  /** The keys that may vouch for its JWT-SVIDs; none where absent. */
  readonly jwtAuthorities?: readonly JwtAuthority[]
}

/** What is wrong with a bundle, and what to do about it. */
export interface BundleProblem {
  readonly message: string
  readonly hint: string
}

export interface TrustBundleSet {
  /** Grows by one with every change of content. */
  readonly revision: number
  /** SHA-256 over the content: equal digests mean equal trust. */
  readonly digest: string
  readonly trustDomains: readonly string[]
  get(trustDomain: string): TrustBundle | undefined
}

export function makeTrustBundleSet(
  bundles: Iterable<TrustBundle>,
  revision: number,
): TrustBundleSet {
  const byDomain = new Map<string, TrustBundle>()
  for (const bundle of bundles) {
    if (byDomain.has(bundle.trustDomain)) {
      throw new TypeError(`two trust bundles for ${bundle.trustDomain}`)
    }
    byDomain.set(bundle.trustDomain, bundle)
  }
  const trustDomains = Object.freeze([...byDomain.keys()].sort())
  return Object.freeze({
    revision,
    digest: digestOf(trustDomains.map((name) => byDomain.get(name))),
    trustDomains,
    get: (trustDomain: string) => byDomain.get(trustDomain),
  })
}

/** The set that follows `previous`: itself where the content is the same. */
export function nextTrustBundleSet(
  previous: TrustBundleSet,
  bundles: Iterable<TrustBundle>,
): TrustBundleSet {
  const next = makeTrustBundleSet(bundles, previous.revision + 1)
  return next.digest === previous.digest ? previous : next
}

function digestOf(bundles: readonly (TrustBundle | undefined)[]): string {
  const hash = createHash('sha256')
  for (const bundle of bundles) {
    if (bundle === undefined) continue
    const anchors = bundle.anchors.map(({ certificate }) =>
      createHash('sha256').update(certificate.der).digest('hex'),
    )
    hash.update(`${bundle.trustDomain}\n${anchors.sort().join(',')}\n`)
    for (const line of (bundle.jwtAuthorities ?? []).map(authorityText).sort()) hash.update(line)
  }
  return hash.digest('hex')
}

function authorityText({ kid, key, alg }: JwtAuthority): string {
  const spki = key.export({ type: 'spki', format: 'der' }).toString('base64')
  return `${JSON.stringify([kid, alg, spki])}\n`
}

/** Reads a bundle: CA certificates in PEM, or a SPIFFE bundle (JWKS) in JSON. */
export function parseTrustBundle(
  trustDomain: string,
  bytes: Buffer,
): Result<TrustBundle, BundleProblem> {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    return problem(`it has ${bytes.length} bytes; at most ${MAX_BUNDLE_BYTES}`, HINT_FORM)
  }
  const text = bytes.toString('utf8')
  if (!text.trimStart().startsWith('{')) {
    const ders = readPemBundle(text)
    return ders.ok ? trustBundleOf(trustDomain, ders.value) : ders
  }
  const keys = readJwks(text)
  if (!keys.ok) return keys
  const ders = x509Authorities(keys.value)
  const bundle = ders.ok ? trustBundleOf(trustDomain, ders.value) : ders
  if (!bundle.ok) return bundle
  return ok(Object.freeze({ ...bundle.value, jwtAuthorities: jwtAuthoritiesOf(keys.value) }))
}

const HINT_FORM =
  'give the CA certificates of the trust domain as PEM (-----BEGIN CERTIFICATE-----) or as a ' +
  'SPIFFE bundle in JSON, as `spire-server bundle show [-format spiffe]` prints them'

function problem(message: string, hint: string): { ok: false; error: BundleProblem } {
  return err({ message, hint })
}

function readPemBundle(text: string): Result<readonly Buffer[], BundleProblem> {
  const blocks = readPem(text)
  if (!blocks.ok) return problem(blocks.error, HINT_FORM)
  const foreign = blocks.value.find(({ label }) => label !== 'CERTIFICATE')
  if (foreign !== undefined) {
    return problem(
      `it holds a ${foreign.label} block`,
      'a trust bundle holds CA certificates only; keep keys in files of their own',
    )
  }
  if (blocks.value.length === 0) return problem('it holds no certificate', HINT_FORM)
  return ok(blocks.value.map(({ bytes }) => bytes))
}

/** The keys of a SPIFFE bundle, whatever they are for. */
function readJwks(text: string): Result<readonly unknown[], BundleProblem> {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return problem('it begins like JSON but is not JSON', HINT_FORM)
  }
  const keys = fieldOf(document, 'keys')
  return Array.isArray(keys) ? ok(keys) : problem('its "keys" is not a list', HINT_FORM)
}

/**
 * The X.509 authorities of a SPIFFE bundle: keys with `use` `x509-svid`, each with its certificate
 * in `x5c[0]`. Keys of other uses, of none or of unknown type are for others and are skipped.
 */
function x509Authorities(keys: readonly unknown[]): Result<readonly Buffer[], BundleProblem> {
  const ders: Buffer[] = []
  for (const [i, key] of keys.entries()) {
    if (fieldOf(key, 'use') !== 'x509-svid') continue
    const kty = fieldOf(key, 'kty')
    if (kty !== 'EC' && kty !== 'RSA' && kty !== 'OKP') continue
    const chain = fieldOf(key, 'x5c')
    const first: unknown = Array.isArray(chain) ? chain[0] : undefined
    const der = typeof first === 'string' ? decodeBase64(first) : undefined
    if (der === undefined) {
      return problem(
        `keys[${i}] has the use x509-svid but no certificate in x5c[0]`,
        'take the bundle from its source again; x5c holds the CA certificate in base64',
      )
    }
    ders.push(der)
  }
  return ok(ders)
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

/** A bundle of CA certificates in DER, each by itself; none at all trusts nothing. */
export function trustBundleOf(
  trustDomain: string,
  ders: readonly Buffer[],
): Result<TrustBundle, BundleProblem> {
  const anchors = new Map<string, Anchor>()
  for (const [i, der] of ders.entries()) {
    const key = der.toString('hex')
    if (anchors.has(key)) continue
    const anchor = anchorOf(der)
    if (!anchor.ok) {
      return problem(
        `certificate ${i + 1}: ${anchor.error}`,
        'a trust bundle holds CA certificates of the trust domain: no SVIDs, no weak keys',
      )
    }
    anchors.set(key, anchor.value)
  }
  return ok(Object.freeze({ trustDomain, anchors: Object.freeze([...anchors.values()]) }))
}

function anchorOf(der: Buffer): Result<Anchor, string> {
  const certificate = parseCertificate(der)
  if (!certificate.ok) return err(certificate.error.detail)
  if (certificate.value.extensions.basicConstraints?.ca !== true) {
    return err('it is not a CA certificate')
  }
  const key = trustedPublicKey(certificate.value)
  if (!key.ok) return err(key.error)
  return ok(Object.freeze({ certificate: certificate.value, key: key.value }))
}
