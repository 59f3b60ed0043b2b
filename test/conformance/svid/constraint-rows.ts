// Name constraints: RFC 5280 §4.2.1.10.

import {
  EMPTY_NAME,
  distinguishedName,
  dnsName,
  makeCa,
  makeLeaf,
  nameConstraints,
  san,
  uriName,
} from '../../support/ca.ts'
import { OID, hex, seq, tlv } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { rootRow, through } from './chains.ts'
import type { Chain } from './chains.ts'
import { ID, accept, ca, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const constrained = (permitted: readonly Buffer[], excluded: readonly Buffer[] = []) =>
  through({ extra: [nameConstraints(permitted, excluded)] })

export const constraintAccepts: readonly AcceptRow[] = [
  accept(
    'XV+b5/address-free',
    'a trust domain that reads like an address, without constraints',
    [makeLeaf(ca, 'spiffe://10.0.0.1/agent')],
    { bundles: trust({ '10.0.0.1': [ca] }), spiffeId: 'spiffe://10.0.0.1/agent' },
  ),
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
]

export const constraintRejects: readonly RejectRow[] = [
  reject(
    'XV+b5/excluded-above',
    'a domain below one that is excluded',
    'XV+b5',
    ...underConstraints('a.example.org', [], [uriName('example.org')]),
  ),
  reject(
    'XV+b5/address',
    'a trust domain that reads like an address, under a constraint',
    'XV+b5',
    ...underConstraints('10.0.0.1', [uriName('10.0.0.1')]),
  ),
  reject(
    'XV+b5/trailing-dot',
    'another spelling of the excluded domain',
    'XV+b5',
    ...underConstraints('example.org.', [], [uriName('example.org')]),
  ),
  reject(
    'XV+b5/empty-label',
    'a trust domain with an empty label, under a constraint',
    'XV+b5',
    ...underConstraints('a..b', [], [uriName('c.d')]),
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
]

/** An SVID of `domain` below a constrained intermediate; the control's is constrained to nothing. */
function underConstraints(
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

function directoryWithoutSubject(): Chain {
  const constraint = nameConstraints([tlv(0xa4, distinguishedName('x'))])
  const issuer = makeCa('Intermediate', { issuer: ca, extra: [constraint] })
  return [makeLeaf(issuer, ID, { subject: EMPTY_NAME, san: san([uriName(ID)], true) }), issuer]
}
