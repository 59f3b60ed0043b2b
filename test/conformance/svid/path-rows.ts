// The path from the leaf to the bundle: RFC 5280 §6.1.

import {
  EMPTY_NAME,
  HOUR,
  NOW,
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  ecKey,
  extendedKeyUsage,
  extension,
  keyUsage,
  makeCa,
  makeLeaf,
  subjectKeyId,
} from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'
import { OID, hex } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { rootRow, through, under } from './chains.ts'
import type { Chain } from './chains.ts'
import { ID, accept, ca, leaf, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const inter1 = makeCa('Intermediate 1', { issuer: ca })
const inter2 = makeCa('Intermediate 2', { issuer: inter1 })
const deepLeaf = makeLeaf(inter2, ID)

const unrelated = makeCa('Unrelated')

const chained = (depth: number): Chain => {
  const path: TestCertificate[] = [ca]
  for (let i = 0; i < depth; i += 1) {
    path.unshift(makeCa(`Level ${i}`, { issuer: path[0] ?? ca }))
  }
  return [makeLeaf(path[0] ?? ca, ID), ...path.slice(0, -1)]
}

export const pathAccepts: readonly AcceptRow[] = [
  accept(
    'XV+b1/not-critical',
    'BasicConstraints of a CA that is not critical, as some tools write it',
    through({ basicConstraints: extension(OID.basicConstraints, false, hex('30030101ff')) }),
  ),
  accept('XV-6/root-last-instant', 'the very second of notAfter of the CA', ...lastInstant()),
  accept('XV-2/one', 'one intermediate', [makeLeaf(inter1, ID), inter1]),
  accept('XV-2/two', 'two intermediates', [deepLeaf, inter2, inter1]),
  accept('XV-2/reversed', 'intermediates in the wrong order', [deepLeaf, inter1, inter2]),
  accept('XV-2/with-root', 'the root is presented too', [deepLeaf, inter2, inter1, ca]),
  accept('XV-2/nine', 'as many intermediates as the limit allows', chained(9)),
  accept(
    'XV+b3/pathlen-0',
    'path length 0 and a leaf below',
    through({ basicConstraints: basicConstraints(true, 0) }),
  ),
  accept('XV+b3/self-issued', 'a self-issued intermediate does not count', selfIssued(0)),
  accept(
    'XV+b9/client',
    'an issuer with clientAuth',
    through({ extra: [extendedKeyUsage(OID.clientAuth)] }),
  ),
  accept(
    'XV+b9/any',
    'an issuer for any purpose',
    through({ extra: [extendedKeyUsage(OID.anyPurpose)] }),
  ),
]

/** What only issuers of policies, revocation lists or logs need: critical, it is not ours to skip. */
const FOREIGN_CRITICAL: readonly (readonly [string, Buffer, string])[] = [
  ['certificate-policies', OID.certificatePolicies, '3006 3004 06022a03'],
  ['policy-constraints', OID.policyConstraints, '3003 800100'],
  ['inhibit-any-policy', OID.inhibitAnyPolicy, '020100'],
  ['crl-distribution-points', OID.crlDistributionPoints, '3000'],
  ['issuer-alt-name', OID.issuerAltName, '3000'],
  ['pre-certificate', OID.preCertificate, '0500'],
]

export const pathRejects: readonly RejectRow[] = [
  ...FOREIGN_CRITICAL.map(([name, oid, value]) => {
    const variant = (critical: boolean) => [
      makeLeaf(ca, ID, { extra: [extension(oid, critical, hex(value))] }),
    ]
    const options = { control: variant(false) }
    return reject(`XV+b4/${name}`, `critical: ${name}`, 'XV+b4', variant(true), options)
  }),
  reject('XV-7/root', 'a CA of the bundle of tomorrow', 'XV-7', ...tomorrowsRoot()),
  reject('XV-6/never', 'a validity that ends before it begins, after its end', 'XV-6', [
    makeLeaf(ca, ID, { notBefore: NOW + 1000, notAfter: NOW - 1000 }),
  ]),
  reject('XV-7/never', 'a validity that ends before it begins, before its end', 'XV-7', [
    makeLeaf(ca, ID, { notBefore: NOW + HOUR, notAfter: NOW + 1000 }),
  ]),
  reject('XV+b10/root', 'a CA of the bundle without a name', 'XV+b10', ...namelessRoot()),
  reject(
    'XV+b10/intermediate',
    'an intermediate without a name',
    'XV+b10',
    through({ subject: EMPTY_NAME }),
    { control: through({}) },
  ),
  reject('XV-5/cycle', 'two CAs that sign each other, and nobody else', 'XV-5', ...cycle()),
  reject('XV-5', 'another CA with the name of ours', ...namesake()),
  reject('XV-5/other-name', 'a CA that nobody knows', 'XV-5', [makeLeaf(unrelated, ID), unrelated]),
  reject('XV-5/missing-link', 'the intermediate is not presented', 'XV-5', [deepLeaf, inter2], {
    control: [deepLeaf, inter2, inter1],
  }),
  reject(
    'XV-6/intermediate',
    'an expired intermediate',
    'XV-6',
    through({ notAfter: NOW - 1000 }),
    {
      control: through({ notAfter: NOW }),
    },
  ),
  reject(
    'XV-7/intermediate',
    'an intermediate of tomorrow',
    'XV-7',
    through({ notBefore: NOW + 1000 }),
    {
      control: through({ notBefore: NOW }),
    },
  ),
  reject('XV-6/root', 'an expired CA of the bundle', 'XV-6', ...expiredRoot()),
  reject(
    'XV+b1/ca-false',
    'an intermediate with cA false',
    'XV+b1',
    through({ basicConstraints: basicConstraints(false) }),
    { control: through({}) },
  ),
  reject(
    'XV+b1/no-bc',
    'an intermediate without BasicConstraints',
    'XV+b1',
    through({ basicConstraints: null }),
    { control: through({}) },
  ),
  reject('XV+b1/leaf-as-issuer', 'an SVID that signs another', 'XV+b1', [makeLeaf(leaf, ID), leaf]),
  reject(
    'XV+b2/no-cert-sign',
    'an intermediate without keyCertSign',
    'XV+b2',
    through({ keyUsage: keyUsage(0x02) }),
    { control: through({}) },
  ),
  reject(
    'XV+b2/no-key-usage',
    'an intermediate without KeyUsage',
    'XV+b2',
    through({ keyUsage: null }),
    { control: through({}) },
  ),
  reject(
    'XV+b2/root',
    'a CA of the bundle without keyCertSign',
    'XV+b2',
    ...rootRow({ keyUsage: keyUsage(0x82) }),
  ),
  reject('XV+b3/intermediate', 'path length 0 and two intermediates', 'XV+b3', underLimit(0), {
    control: underLimit(1),
  }),
  reject('XV+b3/root', 'the path length of the CA of the bundle', 'XV+b3', ...limitedRoot()),
  reject(
    'XV+b3/below-self-issued',
    'a self-issued intermediate hides none below it',
    'XV+b3',
    selfIssued(1),
    {
      control: selfIssued(0),
    },
  ),
  reject(
    'XV+b4/intermediate',
    'an intermediate with an unknown critical extension',
    'XV+b4',
    through({ extra: [extension(OID.unknown, true, hex('0500'))] }),
    { control: through({ extra: [extension(OID.unknown, false, hex('0500'))] }) },
  ),
  reject(
    'XV+b4/root',
    'a CA of the bundle with an unknown critical extension',
    'XV+b4',
    ...rootRow({ extra: [extension(OID.unknown, true, hex('0500'))] }),
  ),
  reject(
    'XV+b9',
    'an issuer for code signing only',
    'XV+b9',
    through({ extra: [extendedKeyUsage(OID.codeSigning)] }),
    { control: through({ extra: [extendedKeyUsage(OID.codeSigning, OID.clientAuth)] }) },
  ),
]

function lastInstant(): [Chain, Parameters<typeof accept>[3]] {
  const root = makeCa('Short root', { notAfter: NOW + 1000 })
  return [[makeLeaf(root, ID)], { bundles: trust({ 'example.org': [root] }), at: NOW + 1000 }]
}

function tomorrowsRoot(): [Chain, Parameters<typeof reject>[4]] {
  const root = makeCa('New root', { notBefore: NOW + 1000 })
  const chain = [makeLeaf(root, ID)]
  return [
    chain,
    { bundles: trust({ 'example.org': [root] }), control: chain, controlAt: NOW + HOUR / 2 },
  ]
}

function namelessRoot(): [Chain, Parameters<typeof reject>[4]] {
  const sound = under({})
  const faulty = under({ subject: EMPTY_NAME })
  return [
    faulty.chain,
    { bundles: faulty.bundles, control: sound.chain, controlBundles: sound.bundles },
  ]
}

function cycle(): [Chain, Parameters<typeof reject>[4]] {
  const [a, b] = [ecKey(), ecKey()]
  const [nameA, nameB] = [distinguishedName('A'), distinguishedName('B')]
  const aByB = makeCa('A', { keys: a, issuer: { name: nameB, keys: b } })
  const bByA = makeCa('B', { keys: b, issuer: { name: nameA, keys: a } })
  const root = makeCa('A', { keys: a, subject: nameA })
  const chain = [makeLeaf(aByB, ID), aByB, bByA]
  return [chain, { control: chain, controlBundles: trust({ 'example.org': [root] }) }]
}

/** Key identifiers tell a namesake from a broken signature. */
function namesake(): [string, Chain, Parameters<typeof reject>[4]] {
  const ours = makeCa('Same name', { extra: [subjectKeyId('ours')] })
  const other = makeCa('Same name', { extra: [subjectKeyId('other')] })
  const by = (issuer: TestCertificate, id: string) => [
    makeLeaf(issuer, ID, { extra: [authorityKeyId(id)] }),
  ]
  return [
    'XV-5',
    by(other, 'other'),
    { bundles: trust({ 'example.org': [ours] }), control: by(ours, 'ours') },
  ]
}

function expiredRoot(): [Chain, Parameters<typeof reject>[4]] {
  const root = makeCa('Old root', { notAfter: NOW - HOUR })
  const chain = [makeLeaf(root, ID)]
  return [
    chain,
    { bundles: trust({ 'example.org': [root] }), control: chain, controlAt: NOW - HOUR },
  ]
}

function limitedRoot(): [Chain, Parameters<typeof reject>[4]] {
  const row = (limit: number) => {
    const root = makeCa('Limited', { basicConstraints: basicConstraints(true, limit) })
    const below = makeCa('Below', { issuer: root })
    return { chain: [makeLeaf(below, ID), below], bundles: trust({ 'example.org': [root] }) }
  }
  const faulty = row(0)
  const sound = row(1)
  return [
    faulty.chain,
    { bundles: faulty.bundles, control: sound.chain, controlBundles: sound.bundles },
  ]
}

function underLimit(limit: number): Chain {
  const upper = makeCa('Upper', { issuer: ca, basicConstraints: basicConstraints(true, limit) })
  const lower = makeCa('Lower', { issuer: upper })
  return [makeLeaf(lower, ID), lower, upper]
}

/** Path length 0, then a self-issued CA of the same name, then `more` others. */
function selfIssued(more: number): Chain {
  const first = makeCa('Roll', { issuer: ca, basicConstraints: basicConstraints(true, 0) })
  const second = makeCa('Roll', { issuer: first })
  const path: TestCertificate[] = [second, first]
  for (let i = 0; i < more; i += 1) path.unshift(makeCa(`More ${i}`, { issuer: path[0] ?? first }))
  return [makeLeaf(path[0] ?? second, ID), ...path]
}
