// Bundles and chains with more in them than the path needs, and the limits of the search.

import {
  authorityKeyId,
  distinguishedName,
  dnsName,
  ecKey,
  extension,
  makeCa,
  makeLeaf,
  nameConstraints,
  subjectKeyId,
  uriName,
} from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'
import { OID, octets } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import type { Chain } from './chains.ts'
import { ID, accept, bundles, ca, leaf, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const inter1 = makeCa('Intermediate 1', { issuer: ca })
const inter2 = makeCa('Intermediate 2', { issuer: inter1 })
const deepLeaf = makeLeaf(inter2, ID)

const stranger = makeCa('Example CA')

const unrelated = makeCa('Unrelated')

const twinKeys = [ecKey(), ecKey()]

const twins = twinKeys.map((keys) => makeCa('Twin', { keys }))

const hintedTwins = twinKeys.map((keys, i) =>
  makeCa('Twin', { keys, extra: [subjectKeyId(`twin ${i}`)] }),
)

const crossKeys = ecKey()

const crossName = distinguishedName('Cross')

const crossByOld = makeCa('Cross', { issuer: unrelated, keys: crossKeys, subject: crossName })

const crossByUs = makeCa('Cross', { issuer: ca, keys: crossKeys, subject: crossName })

const crossLeaf = makeLeaf({ name: crossName, keys: crossKeys }, ID)

const notSelfSigned = makeCa('Subordinate', { issuer: unrelated })

export const searchAccepts: readonly AcceptRow[] = [
  accept('XV+c/extra-cycle', 'two CAs that sign each other beside the path', [
    leaf,
    ...crossedPair(),
  ]),
  accept('XV+c/two-cas-a', 'a bundle with two CAs: the first', [makeLeaf(ca, ID)], {
    bundles: trust({ 'example.org': [ca, unrelated] }),
  }),
  accept('XV+c/two-cas-b', 'a bundle with two CAs: the second', [makeLeaf(unrelated, ID)], {
    bundles: trust({ 'example.org': [ca, unrelated] }),
  }),
  accept(
    'XV+c/not-self-signed',
    'a CA of the bundle that is not self-signed',
    [makeLeaf(notSelfSigned, ID)],
    { bundles: trust({ 'example.org': [notSelfSigned] }) },
  ),
  ...twins.map((twin, i) =>
    accept(`XV+c/same-dn-${i}`, 'two CAs of one name, no key identifiers', [makeLeaf(twin, ID)], {
      bundles: trust({ 'example.org': twins }),
    }),
  ),
  ...hintedTwins.map((twin, i) =>
    accept(
      `XV+c/same-dn-aki-${i}`,
      'two CAs of one name, with key identifiers',
      [makeLeaf(twin, ID, { extra: [authorityKeyId(`twin ${i}`)] })],
      { bundles: trust({ 'example.org': hintedTwins }) },
    ),
  ),
  accept(
    'XV+c/misleading-aki',
    'a key identifier that points at the other CA is a hint only',
    [makeLeaf(hintedTwins[0] ?? ca, ID, { extra: [authorityKeyId('twin 1')] })],
    { bundles: trust({ 'example.org': hintedTwins }) },
  ),
  accept('XV+c/cross-a', 'cross-signed: the path that counts comes last', [
    crossLeaf,
    crossByOld,
    crossByUs,
  ]),
  accept('XV+c/cross-b', 'cross-signed: the path that counts comes first', [
    crossLeaf,
    crossByUs,
    crossByOld,
  ]),
  accept('XV+c/unrelated', 'unrelated certificates in the chain', [leaf, unrelated, stranger]),
  accept('XV+c/duplicates', 'the same certificates twice', [
    deepLeaf,
    inter2,
    inter2,
    inter1,
    inter1,
    deepLeaf,
  ]),
]

export const searchRejects: readonly RejectRow[] = [
  reject(
    'XV+c1/comparisons',
    'thousands of names under thousands of constraints',
    'XV+c1',
    crowded(900),
    { control: crowded(20) },
  ),
  reject(
    'XV+c1/count',
    'more certificates than we judge',
    'XV+c1',
    Array.from({ length: 11 }, () => leaf),
  ),
  reject('XV+c1/one-size', 'a certificate of more than 16 KiB', 'XV+c1', [sized(17_000)], {
    control: [sized(15_000)],
  }),
  reject(
    'XV+c1/all-sizes',
    'more than 64 KiB together',
    'XV+c1',
    [leaf, ...Array.from({ length: 5 }, () => sized(15_000))],
    { control: [leaf, ...Array.from({ length: 3 }, () => sized(15_000))] },
  ),
  reject('XV+c1/paths', 'a maze of issuers of one name', 'XV+c1', maze(), {
    bundles,
    control: [leaf],
  }),
]

/** Two CAs that sign each other; the first has the name of ours. */
function crossedPair(): Chain {
  const [a, b] = [ecKey(), ecKey()]
  const one = makeCa('Example CA', {
    keys: a,
    issuer: { name: distinguishedName('Mirror'), keys: b },
  })
  return [one, makeCa('Mirror', { keys: b, issuer: one })]
}

function crowded(constraints: number): Chain {
  const bases = Array.from({ length: constraints }, () => dnsName('z.z'))
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [nameConstraints([], bases)] })
  const names = Array.from({ length: 400 }, () => dnsName('a.b'))
  return [makeLeaf(issuer, ID, { names: [uriName(ID), ...names] }), issuer]
}

function sized(bytes: number): TestCertificate {
  const padding = extension(OID.unknown, false, octets(Buffer.alloc(bytes)))
  return makeLeaf(ca, ID, { extra: [padding] })
}

/** Seven genuine CAs of one name and one key: any could have issued any, and none the leaf. */
function maze(): Chain {
  const keys = ecKey()
  const name = distinguishedName('Maze')
  const walls = Array.from({ length: 3 }, () => makeCa('Maze', { issuer: ca, keys, subject: name }))
  const inner = Array.from({ length: 6 }, () =>
    makeCa('Maze', { issuer: { name, keys }, keys, subject: name }),
  )
  return [makeLeaf({ name, keys: ecKey() }, ID), ...walls, ...inner]
}
