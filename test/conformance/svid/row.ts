// One row of the conformance table: a chain, the bundles, and what must come out. Ids are those of
// gateway/spiffe/rules.ts, which follow the public catalogue; a suffix tells variants apart.

import type { TrustBundleSet } from '../../../gateway/spiffe/trust-bundle.ts'
import { NOW, makeCa, makeLeaf } from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'
import { trust } from '../../support/trust.ts'

export interface AcceptRow {
  readonly id: string
  readonly title: string
  readonly chain: readonly Buffer[]
  readonly bundles: TrustBundleSet
  readonly at?: number
  readonly spiffeId: string
}

export interface RejectRow {
  readonly id: string
  readonly title: string
  readonly chain: readonly Buffer[]
  readonly bundles: TrustBundleSet
  readonly at?: number
  /** The rule that refuses. */
  readonly rule: string
  /**
   * A chain that differs in the fault alone and is accepted (with `controlBundles` and at
   * `controlAt` where the fault lies in the bundles or in the time).
   */
  readonly control: readonly Buffer[]
  readonly controlBundles?: TrustBundleSet
  readonly controlAt?: number
}

export const ID = 'spiffe://example.org/agent/acme/crew/writer'

export const ca: TestCertificate = makeCa('Example CA')
export const bundles = trust({ 'example.org': [ca] })
export const leaf: TestCertificate = makeLeaf(ca, ID)
export const good: readonly Buffer[] = [leaf.der]

export function accept(
  id: string,
  title: string,
  chain: readonly { readonly der: Buffer }[],
  rest: { bundles?: TrustBundleSet; at?: number; spiffeId?: string } = {},
): AcceptRow {
  return { id, title, chain: ders(chain), bundles, spiffeId: ID, at: NOW, ...rest }
}

export function reject(
  id: string,
  title: string,
  rule: string,
  chain: readonly { readonly der: Buffer }[],
  rest: {
    bundles?: TrustBundleSet
    at?: number
    control?: readonly { readonly der: Buffer }[]
    controlBundles?: TrustBundleSet
    controlAt?: number
  } = {},
): RejectRow {
  const { control, ...others } = rest
  return {
    id,
    title,
    rule,
    chain: ders(chain),
    bundles,
    control: control === undefined ? good : ders(control),
    ...others,
  }
}

function ders(chain: readonly { readonly der: Buffer }[]): readonly Buffer[] {
  return chain.map(({ der }) => der)
}
