// The path from the leaf to the bundle: RFC 5280 §6.1 and the limits of our own.

import { generateKeyPairSync } from 'node:crypto'
import {
  ALGORITHMS,
  EMPTY_NAME,
  HOUR,
  NOW,
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  dnsName,
  ecKey,
  ed25519Key,
  extendedKeyUsage,
  extension,
  keyUsage,
  makeCa,
  makeLeaf,
  nameConstraints,
  rsaKey,
  san,
  subjectKeyId,
  uriName,
} from '../../support/ca.ts'
import type { CaOptions, TestCertificate } from '../../support/ca.ts'
import { OID, bits, hex, octets, seq, tlv } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { ID, accept, bundles, ca, leaf, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

type Chain = readonly TestCertificate[]

/** Leaf and one intermediate with this fault. */
const through = (options: CaOptions): Chain => {
  const intermediate = makeCa('Intermediate', { issuer: ca, ...options })
  return [makeLeaf(intermediate, ID), intermediate]
}
/** A CA of the bundle with this fault, and a leaf of it. */
const under = (options: CaOptions) => {
  const root = makeCa('Own root', options)
  return { chain: [makeLeaf(root, ID)], bundles: trust({ 'example.org': [root] }) }
}

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
const chained = (depth: number): Chain => {
  const path: TestCertificate[] = [ca]
  for (let i = 0; i < depth; i += 1) {
    path.unshift(makeCa(`Level ${i}`, { issuer: path[0] ?? ca }))
  }
  return [makeLeaf(path[0] ?? ca, ID), ...path.slice(0, -1)]
}

const rsaKeys = rsaKey()
const p384 = ecKey('P-384')
const p521 = ecKey('P-521')
const ed = ed25519Key()
const smallKey = rsaKey(1024)
const oddCurve = ecKey('secp256k1')
const constrained = (permitted: readonly Buffer[], excluded: readonly Buffer[] = []) =>
  through({ extra: [nameConstraints(permitted, excluded)] })

const algorithmAccepts = (
  [
    ['rsa-sha256', 'rsaSha256', rsaKeys],
    ['rsa-sha384', 'rsaSha384', rsaKeys],
    ['rsa-sha512', 'rsaSha512', rsaKeys],
    ['p384-sha384', 'ecdsaSha384', p384],
    ['p521-sha512', 'ecdsaSha512', p521],
    ['ed25519', 'ed25519', ed],
  ] as const
).map(([name, algorithm, keys]) => {
  const root = makeCa('Other kind', { keys, algorithm: ALGORITHMS[algorithm] })
  return accept(
    `XV+b/${name}`,
    `signed with ${name}`,
    [makeLeaf(root, ID, { algorithm: ALGORITHMS[algorithm] })],
    { bundles: trust({ 'example.org': [root] }) },
  )
})

export const pathAccepts: readonly AcceptRow[] = [
  accept(
    'XV+b1/not-critical',
    'BasicConstraints of a CA that is not critical, as some tools write it',
    through({ basicConstraints: extension(OID.basicConstraints, false, hex('30030101ff')) }),
  ),
  accept('XV-6/root-last-instant', 'the very second of notAfter of the CA', ...lastInstant()),
  accept('XV+c/extra-cycle', 'two CAs that sign each other beside the path', [
    leaf,
    ...crossedPair(),
  ]),
  accept(
    'XV+b5/address-free',
    'a trust domain that reads like an address, without constraints',
    [makeLeaf(ca, 'spiffe://10.0.0.1/agent')],
    { bundles: trust({ '10.0.0.1': [ca] }), spiffeId: 'spiffe://10.0.0.1/agent' },
  ),
  accept('XV-2/one', 'one intermediate', [makeLeaf(inter1, ID), inter1]),
  accept('XV-2/two', 'two intermediates', [deepLeaf, inter2, inter1]),
  accept('XV-2/reversed', 'intermediates in the wrong order', [deepLeaf, inter1, inter2]),
  accept('XV-2/with-root', 'the root is presented too', [deepLeaf, inter2, inter1, ca]),
  accept('XV-2/nine', 'as many intermediates as the limit allows', chained(9)),
  ...algorithmAccepts,
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
  accept(
    'XV+b3/pathlen-0',
    'path length 0 and a leaf below',
    through({ basicConstraints: basicConstraints(true, 0) }),
  ),
  accept('XV+b3/self-issued', 'a self-issued intermediate does not count', selfIssued(0)),
  accept('XV+b5/permitted', 'the permitted trust domain', constrained([uriName('example.org')])),
  accept(
    'XV+b5/permitted-case',
    'a constraint in upper case',
    constrained([uriName('EXAMPLE.org')]),
  ),
  accept(
    'XV+b5/excluded-other',
    'another trust domain is excluded',
    constrained([], [uriName('a.b')]),
  ),
  accept(
    'XV+b5/excluded-below',
    'the domains below ours are excluded',
    constrained([], [uriName('.example.org')]),
  ),
  accept(
    'XV+b5/self-issued',
    'a self-issued intermediate outside the constraint',
    selfIssuedOutside(),
  ),
  accept('XV+b5/dns-unused', 'a DNS constraint and no DNS SAN', constrained([dnsName('a.b')])),
  accept('XV+b5/dns-within', 'a DNS SAN within its constraint', [
    ...dnsLeaf('x.a.b', nameConstraints([dnsName('a.b')])),
  ]),
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
  reject(
    'XV+b5/excluded-above',
    'a domain below one that is excluded',
    'XV+b5',
    ...below('a.example.org', [], [uriName('example.org')]),
  ),
  reject(
    'XV+b5/address',
    'a trust domain that reads like an address, under a constraint',
    'XV+b5',
    ...below('10.0.0.1', [uriName('10.0.0.1')]),
  ),
  reject(
    'XV+b5/trailing-dot',
    'another spelling of the excluded domain',
    'XV+b5',
    ...below('example.org.', [], [uriName('example.org')]),
  ),
  reject(
    'XV+b5/empty-label',
    'a trust domain with an empty label, under a constraint',
    'XV+b5',
    ...below('a..b', [], [uriName('c.d')]),
  ),
  reject(
    'XV+b5/dns-trailing-dot',
    'another spelling of the excluded DNS name',
    'XV+b5',
    dnsLeaf('x.a.b.', nameConstraints([], [dnsName('a.b')])),
    { control: dnsLeaf('x.c.b', nameConstraints([], [dnsName('a.b')])) },
  ),
  reject(
    'XV+b5/dns-injection',
    'a DNS SAN that is no host name, under a DNS constraint',
    'XV+b5',
    dnsLeaf(`x, URI:${ID}.a.b`, nameConstraints([dnsName('a.b')])),
    { control: dnsLeaf('x.a.b', nameConstraints([dnsName('a.b')])) },
  ),
  reject(
    'XV+b5/both',
    'permitted and excluded at once',
    'XV+b5',
    constrained([uriName('example.org')], [uriName('.org')]),
    { control: constrained([uriName('example.org')], [uriName('.net')]) },
  ),
  reject(
    'XV+b5/twice',
    'two CAs of the path, of which one permits',
    'XV+b5',
    twiceConstrained('a.b'),
    { control: twiceConstrained('example.org') },
  ),
  reject('XV-5/cycle', 'two CAs that sign each other, and nobody else', 'XV-5', ...cycle()),
  reject(
    'XV+c1/comparisons',
    'thousands of names under thousands of constraints',
    'XV+c1',
    crowded(900),
    { control: crowded(20) },
  ),
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
    'XV+b5/not-permitted',
    'another trust domain is permitted',
    'XV+b5',
    constrained([uriName('a.b')]),
    { control: constrained([uriName('example.org')]) },
  ),
  reject(
    'XV+b5/only-below',
    'only domains below ours are permitted',
    'XV+b5',
    constrained([uriName('.example.org')]),
  ),
  reject(
    'XV+b5/parent-is-not-child',
    'the parent domain does not permit ours',
    'XV+b5',
    constrained([uriName('org')]),
  ),
  reject(
    'XV+b5/excluded',
    'our trust domain is excluded',
    'XV+b5',
    constrained([], [uriName('example.org')]),
  ),
  reject(
    'XV+b5/excluded-parent',
    'everything below org is excluded',
    'XV+b5',
    constrained([], [uriName('.org')]),
  ),
  reject('XV+b5/excluded-all', 'every URI is excluded', 'XV+b5', constrained([], [tlv(0x86)])),
  reject(
    'XV+b5/root',
    'constraints of the CA of the bundle',
    'XV+b5',
    ...rootRow({ extra: [nameConstraints([uriName('a.b')])] }),
  ),
  reject(
    'XV+b5/intermediate',
    'an intermediate with a name outside',
    'XV+b5',
    constrainedUri('spiffe://a.b'),
    { control: constrainedUri('spiffe://example.org') },
  ),
  reject(
    'XV+b5/dns',
    'a DNS SAN outside its constraint',
    'XV+b5',
    dnsLeaf('xa.b', nameConstraints([dnsName('a.b')])),
    { control: dnsLeaf('x.a.b', nameConstraints([dnsName('a.b')])) },
  ),
  reject(
    'XV+b5/dns-excluded',
    'an excluded DNS SAN',
    'XV+b5',
    dnsLeaf('X.A.b', nameConstraints([], [dnsName('a.b')])),
    { control: dnsLeaf('x.c.b', nameConstraints([], [dnsName('a.b')])) },
  ),
  reject(
    'XV+b5/dns-wildcard',
    'a wildcard under a DNS constraint',
    'XV+b5',
    dnsLeaf('*.a.b', nameConstraints([], [dnsName('x.a.b')])),
    { control: dnsLeaf('*.a.b', nameConstraints([uriName('example.org')])) },
  ),
  reject(
    'XV+b5/email',
    'an email constraint on a subject with an address',
    'XV+b5',
    emailSubject(true),
    {
      control: emailSubject(false),
    },
  ),
  reject(
    'XV+b5/https',
    'a URI constraint on a URI that is no SPIFFE ID',
    'XV+b5',
    constrainedUri('https://example.org/'),
    {
      control: constrainedUri('spiffe://example.org'),
    },
  ),
  reject('XV+b5/ip', 'an address under an address constraint', 'XV+b5', addressed(true), {
    control: addressed(false),
  }),
  reject(
    'XV+b5/directory',
    'a directory constraint, which we cannot judge, on a subject',
    'XV+b5',
    constrained([tlv(0xa4, distinguishedName('x'))]),
    { control: directoryWithoutSubject() },
  ),
  reject('XV+b6/sha1-leaf', 'a leaf signed over SHA-1', 'XV+b6', [
    makeLeaf(ca, ID, { algorithm: ALGORITHMS.ecdsaSha1 }),
  ]),
  reject(
    'XV+b6/sha1-intermediate',
    'an intermediate signed over SHA-1',
    'XV+b6',
    through({ algorithm: ALGORITHMS.ecdsaSha1 }),
    { control: through({}) },
  ),
  ...(['rsaSha1', 'rsaMd5'] as const).map((name) => {
    const root = makeCa('RSA root', { keys: rsaKeys, algorithm: ALGORITHMS.rsaSha256 })
    return reject(
      `XV+b6/${name}`,
      `signed with ${name}`,
      'XV+b6',
      [makeLeaf(root, ID, { algorithm: ALGORITHMS[name] })],
      {
        bundles: trust({ 'example.org': [root] }),
        control: [makeLeaf(root, ID, { algorithm: ALGORITHMS.rsaSha256 })],
      },
    )
  }),
  reject(
    'XV+b7/rsa-1024-leaf',
    'an SVID with a key of RSA 1024',
    'XV+b7',
    [makeLeaf(ca, ID, { keys: smallKey })],
    { control: [makeLeaf(ca, ID, { keys: rsaKeys })] },
  ),
  reject(
    'XV+b7/rsa-1024-intermediate',
    'an intermediate with a key of RSA 1024',
    'XV+b7',
    smallIntermediate(),
    { control: through({}) },
  ),
  reject(
    'XV+b7/rsa-9216',
    'an SVID with a key of RSA 9216',
    'XV+b7',
    [makeLeaf(ca, ID, { spki: rsaSpki(9216) })],
    {
      control: [makeLeaf(ca, ID, { spki: rsaSpki(8192) })],
    },
  ),
  reject('XV+b7/x25519', 'an SVID with a key that cannot sign', 'XV+b7', [
    makeLeaf(ca, ID, { keys: generateKeyPairSync('x25519') }),
  ]),
  reject('XV+b7/curve', 'an SVID with a key on an unusual curve', 'XV+b7', [
    makeLeaf(ca, ID, { keys: oddCurve }),
  ]),
  reject('XV+b7/no-key', 'an SVID whose key cannot be read', 'XV+b7', [
    makeLeaf(ca, ID, { spki: seq(seq(OID.unknown), bits(Buffer.from('no key'))) }),
  ]),
  reject('XV+b8/flipped', 'one bit of the signature flipped', 'XV+b8', [flipLastBit(leaf)]),
  reject('XV+b8/namesake', 'another CA with the name of ours', 'XV+b8', [makeLeaf(stranger, ID)]),
  reject('XV+b8/other-key', 'the right name, another key', 'XV+b8', [
    makeLeaf({ name: ca.name, keys: ecKey() }, ID),
  ]),
  reject('XV+b8/other-kind', 'an RSA signature under an EC issuer', 'XV+b8', [
    makeLeaf({ name: ca.name, keys: rsaKeys }, ID, { algorithm: ALGORITHMS.rsaSha256 }),
  ]),
  reject(
    'XV+b9',
    'an issuer for code signing only',
    'XV+b9',
    through({ extra: [extendedKeyUsage(OID.codeSigning)] }),
    { control: through({ extra: [extendedKeyUsage(OID.codeSigning, OID.clientAuth)] }) },
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

function lastInstant(): [Chain, Parameters<typeof accept>[3]] {
  const root = makeCa('Short root', { notAfter: NOW + 1000 })
  return [[makeLeaf(root, ID)], { bundles: trust({ 'example.org': [root] }), at: NOW + 1000 }]
}

/** Two CAs that sign each other; the first has the name of ours. */
function crossedPair(): Chain {
  const [a, b] = [ecKey(), ecKey()]
  const one = makeCa('Example CA', {
    keys: a,
    issuer: { name: distinguishedName('Mirror'), keys: b },
  })
  return [one, makeCa('Mirror', { keys: b, issuer: one })]
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

/** An SVID of `domain` below a constrained intermediate; the control's is constrained to nothing. */
function below(
  domain: string,
  permitted: readonly Buffer[],
  excluded: readonly Buffer[] = [],
): [Chain, Parameters<typeof reject>[4]] {
  const chain = (extra: readonly Buffer[]) => {
    const issuer = makeCa('Intermediate', { issuer: ca, extra })
    return [makeLeaf(issuer, `spiffe://${domain}/agent`), issuer]
  }
  return [
    chain([nameConstraints(permitted, excluded)]),
    { bundles: trust({ [domain]: [ca] }), control: chain([]) },
  ]
}

function twiceConstrained(second: string): Chain {
  const first = makeCa('Upper', { issuer: ca, extra: [nameConstraints([uriName('example.org')])] })
  const lower = makeCa('Lower', { issuer: first, extra: [nameConstraints([uriName(second)])] })
  return [makeLeaf(lower, ID), lower, first]
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

function crowded(constraints: number): Chain {
  const bases = Array.from({ length: constraints }, () => dnsName('z.z'))
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [nameConstraints([], bases)] })
  const names = Array.from({ length: 400 }, () => dnsName('a.b'))
  return [makeLeaf(issuer, ID, { names: [uriName(ID), ...names] }), issuer]
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

function rootRow(options: CaOptions): [Chain, Parameters<typeof reject>[4]] {
  const faulty = under(options)
  const sound = under({})
  return [
    faulty.chain,
    { bundles: faulty.bundles, control: sound.chain, controlBundles: sound.bundles },
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

function constrainedUri(uri: string): Chain {
  const upper = makeCa('Upper', { issuer: ca, extra: [nameConstraints([uriName('example.org')])] })
  const lower = makeCa('Lower', { issuer: upper, extra: [san([uriName(uri)])] })
  return [makeLeaf(lower, ID), lower, upper]
}

function dnsLeaf(name: string, constraints: Buffer): Chain {
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [constraints] })
  return [makeLeaf(issuer, ID, { names: [uriName(ID), dnsName(name)] }), issuer]
}

/** A subject with an email address, below a CA that constrains those or only our URIs. */
function emailSubject(isConstrained: boolean): Chain {
  const base = isConstrained ? tlv(0x81, Buffer.from('example.org')) : uriName('example.org')
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [nameConstraints([base])] })
  const subject = seq(tlv(0x31, seq(OID.email, tlv(0x16, Buffer.from('me@a.b')))))
  return [makeLeaf(issuer, ID, { subject }), issuer]
}

function addressed(isConstrained: boolean): Chain {
  const base = isConstrained ? tlv(0x87, hex('7f000000ff000000')) : uriName('example.org')
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [nameConstraints([base])] })
  return [makeLeaf(issuer, ID, { names: [uriName(ID), tlv(0x87, hex('7f000001'))] }), issuer]
}

/** A CA that rolls its own key over is not bound by the names it constrains. */
function selfIssuedOutside(): Chain {
  const constraint = nameConstraints([uriName('example.org')])
  const first = makeCa('Roll', { issuer: ca, extra: [constraint] })
  const second = makeCa('Roll', { issuer: first, extra: [san([uriName('spiffe://a.b')])] })
  return [makeLeaf(second, ID), second, first]
}

/** An RSA key with a modulus of this many bits; nobody has its private half. */
function rsaSpki(bitLength: number): Buffer {
  const modulus = Buffer.alloc(bitLength / 8, 0xff)
  const key = seq(tlv(0x02, Buffer.of(0), modulus), tlv(0x02, hex('010001')))
  return seq(seq(hex('06092a864886f70d010101'), hex('0500')), bits(key))
}

function directoryWithoutSubject(): Chain {
  const constraint = nameConstraints([tlv(0xa4, distinguishedName('x'))])
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [constraint] })
  return [makeLeaf(issuer, ID, { subject: EMPTY_NAME, san: san([uriName(ID)], true) }), issuer]
}

function smallIntermediate(): Chain {
  const intermediate = makeCa('Small', { issuer: ca, keys: smallKey })
  return [makeLeaf(intermediate, ID, { algorithm: ALGORITHMS.rsaSha256 }), intermediate]
}

function flipLastBit({ der, ...rest }: TestCertificate): TestCertificate {
  const copy = Buffer.from(der)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return { ...rest, der: copy }
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
