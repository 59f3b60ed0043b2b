// Chains with one fault, for the rows of several files.

import { makeCa, makeLeaf } from '../../support/ca.ts'
import type { CaOptions, TestCertificate } from '../../support/ca.ts'
import { trust } from '../../support/trust.ts'
import { ID, ca } from './row.ts'
import type { reject } from './row.ts'

export type Chain = readonly TestCertificate[]

/** Leaf and one intermediate with this fault. */
export const through = (options: CaOptions): Chain => {
  const intermediate = makeCa('Intermediate', { issuer: ca, ...options })
  return [makeLeaf(intermediate, ID), intermediate]
}

/** A CA of the bundle with this fault, and a leaf of it. */
export const under = (options: CaOptions) => {
  const root = makeCa('Own root', options)
  return { chain: [makeLeaf(root, ID)], bundles: trust({ 'example.org': [root] }) }
}

export function rootRow(options: CaOptions): [Chain, Parameters<typeof reject>[4]] {
  const faulty = under(options)
  const sound = under({})
  return [
    faulty.chain,
    { bundles: faulty.bundles, control: sound.chain, controlBundles: sound.bundles },
  ]
}
