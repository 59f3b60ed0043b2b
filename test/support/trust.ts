// Trust bundles for tests, from certificates of the test CA, through the gateway's own parser.

import { makeTrustBundleSet, parseTrustBundle } from '../../gateway/spiffe/trust-bundle.ts'
import type { TrustBundle, TrustBundleSet } from '../../gateway/spiffe/trust-bundle.ts'
import { pem } from './ca.ts'

interface HasDer {
  readonly der: Buffer
}

export function trustBundle(trustDomain: string, cas: readonly HasDer[]): TrustBundle {
  const bytes = Buffer.from(cas.length === 0 ? '{"keys":[]}' : pem(...cas))
  const bundle = parseTrustBundle(trustDomain, bytes)
  if (!bundle.ok) throw new Error(bundle.error.message)
  return bundle.value
}

/** `{ 'example.org': [ca] }` as revision 1. */
export function trust(
  domains: Readonly<Record<string, readonly HasDer[]>>,
  revision = 1,
): TrustBundleSet {
  const bundles = Object.entries(domains).map(([name, cas]) => trustBundle(name, cas))
  return makeTrustBundleSet(bundles, revision)
}
