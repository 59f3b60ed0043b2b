// Several trust domains at once: Federation.md §7.3, Workload_API.md §4.4 and §4.6.

import { makeCa, makeLeaf } from '../../support/ca.ts'
import { trust } from '../../support/trust.ts'
import { ID, accept, ca, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const partner = makeCa('Partner CA')
const PARTNER_ID = 'spiffe://partner.org/agent/x'
const both = trust({ 'example.org': [ca], 'partner.org': [partner] })
const partnerLeaf = makeLeaf(partner, PARTNER_ID)

export const federationAccepts: readonly AcceptRow[] = [
  accept('XF-1', 'a peer of a federated trust domain', [partnerLeaf], {
    bundles: both,
    spiffeId: PARTNER_ID,
  }),
  accept('XF-1/own', 'a peer of our own beside it', [makeLeaf(ca, ID)], { bundles: both }),
  accept(
    'XF-1/shared-ca',
    'one CA in the bundles of two domains vouches for both',
    [makeLeaf(ca, PARTNER_ID)],
    {
      bundles: trust({ 'example.org': [ca], 'partner.org': [ca] }),
      spiffeId: PARTNER_ID,
    },
  ),
]

export const federationRejects: readonly RejectRow[] = [
  reject('XV-15', 'no bundle for the trust domain', 'XV-15', [makeLeaf(ca, PARTNER_ID)]),
  reject('XV-15/below', 'a domain below one that has a bundle', 'XV-15', [
    makeLeaf(ca, 'spiffe://a.example.org/x'),
  ]),
  reject(
    'XF-2',
    'an ID of one domain signed by the CA of another',
    'XV-5',
    [makeLeaf(ca, PARTNER_ID)],
    {
      bundles: both,
      control: [partnerLeaf],
    },
  ),
  reject('XF-2/reverse', 'our own ID signed by a partner', 'XV-5', [makeLeaf(partner, ID)], {
    bundles: both,
    control: [makeLeaf(ca, ID)],
  }),
  reject('XF-3', 'the bundle of the domain was dropped', 'XV-15', [partnerLeaf], {
    bundles: trust({ 'example.org': [ca] }, 2),
    control: [partnerLeaf],
    controlBundles: both,
  }),
  reject('XF-3/emptied', 'the bundle of the domain was emptied', 'XV-15', [partnerLeaf], {
    bundles: trust({ 'example.org': [ca], 'partner.org': [] }, 2),
    control: [partnerLeaf],
    controlBundles: both,
  }),
  reject('XS-5', 'the CA was removed from the bundle', 'XV-5', [partnerLeaf], {
    bundles: trust({ 'partner.org': [ca] }, 2),
    control: [partnerLeaf],
    controlBundles: trust({ 'partner.org': [ca, partner] }),
  }),
]
