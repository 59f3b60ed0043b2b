// What the leaf itself must be: X509-SVID.md §2–§4 and the ID inside it.

import {
  EMPTY_NAME,
  HOUR,
  NOW,
  basicConstraints,
  dnsName,
  extendedKeyUsage,
  extension,
  keyUsage,
  makeLeaf,
  san,
  uriName,
} from '../../support/ca.ts'
import type { LeafOptions } from '../../support/ca.ts'
import { OID, hex, int, seq, tlv } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { ID, accept, ca, good, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const variant = (options: LeafOptions) => [makeLeaf(ca, ID, options)]
const withUri = (...uris: readonly string[]) => variant({ names: uris.map(uriName) })

/** URI SANs that look like a SPIFFE ID and are none (SPIFFE-ID.md §2). */
const MALFORMED_IDS: readonly [string, string][] = [
  ['scheme in upper case', 'SPIFFE://example.org/a'],
  ['scheme in mixed case', 'Spiffe://example.org/a'],
  ['one slash', 'spiffe:/example.org/a'],
  ['no trust domain', 'spiffe:///a'],
  ['trust domain in upper case', 'spiffe://EXAMPLE.org/a'],
  ['port', 'spiffe://example.org:443/a'],
  ['userinfo', 'spiffe://me@example.org/a'],
  ['query', 'spiffe://example.org/a?x'],
  ['fragment', 'spiffe://example.org/a#f'],
  ['percent encoding', 'spiffe://example.org/%61'],
  ['trailing slash', 'spiffe://example.org/a/'],
  ['root with slash', 'spiffe://example.org/'],
  ['empty segment', 'spiffe://example.org//a'],
  ['dot segment', 'spiffe://example.org/a/./b'],
  ['two dots segment', 'spiffe://example.org/x/../agent/acme/crew/writer'],
  ['space', 'spiffe://example.org/a b'],
  ['scheme without slashes', 'spiffe:example.org/a'],
  ['scheme alone', 'spiffe://'],
  ['only a dot', 'spiffe://example.org/.'],
  ['dot segment last', 'spiffe://example.org/a/.'],
  ['two dots last', 'spiffe://example.org/a/..'],
  ['two slashes last', 'spiffe://example.org/a//'],
  ['userinfo with password', 'spiffe://me:pw@example.org/a'],
  ['empty port', 'spiffe://example.org:/a'],
  ['query in the trust domain', 'spiffe://example.org?x'],
  ['address in brackets', 'spiffe://[::1]/a'],
  ['backslash', 'spiffe://example.org/a\\b'],
  ['2049 bytes', `spiffe://example.org/${'a'.repeat(2049 - 21)}`],
  ['trust domain of 256 bytes', `spiffe://${'a'.repeat(256)}/a`],
]

const WELL_FORMED_IDS: readonly [string, string][] = [
  ['underscore in the trust domain', 'spiffe://a_b.org/x'],
  ['digits as trust domain', 'spiffe://1234/x'],
  ['address as trust domain', 'spiffe://10.0.0.1/x'],
  ['empty labels', 'spiffe://a..b/x'],
  ['leading dot in a segment', 'spiffe://example.org/.p'],
  ['two leading dots', 'spiffe://example.org/..p'],
  ['three dots', 'spiffe://example.org/...'],
  ['mixed case path', 'spiffe://example.org/Agent/ACME'],
  ['trust domain of 255 bytes', `spiffe://${'a'.repeat(255)}/x`],
]

export const profileAccepts: readonly AcceptRow[] = [
  accept('XV-1', 'a plain leaf', [makeLeaf(ca, ID)]),
  accept('XV-3', 'DNS SANs beside the URI SAN', variant({ names: [dnsName('a.b'), uriName(ID)] })),
  accept(
    'XV-4',
    'an empty subject with a critical SAN',
    variant({ subject: EMPTY_NAME, san: san([uriName(ID)], true) }),
  ),
  accept('XV+a/no-eku', 'no ExtendedKeyUsage', variant({ extendedKeyUsage: null })),
  accept(
    'XV+a/more-eku',
    'purposes beside serverAuth and clientAuth',
    variant({
      extendedKeyUsage: extendedKeyUsage(OID.codeSigning, OID.clientAuth, OID.serverAuth),
    }),
  ),
  accept(
    'XV+a/more-usages',
    'keyAgreement and keyEncipherment beside digitalSignature',
    variant({ keyUsage: keyUsage(0xa8) }),
  ),
  accept('XV+a/no-bc', 'no BasicConstraints (cA is false)', variant({ basicConstraints: null })),
  accept(
    'XV+d/dns-injection',
    'a DNS SAN that prints like another URI SAN: the identity is the true URI',
    variant({ names: [dnsName('x, URI:spiffe://example.org/admin'), uriName(ID)] }),
  ),
  accept('ID-2/2048', 'an ID of 2048 bytes', withUri(longId(2048)), { spiffeId: longId(2048) }),
  accept(
    'ID-2/dots',
    'segments of dots and mixed case',
    withUri('spiffe://example.org/.../..p/A_b'),
    {
      spiffeId: 'spiffe://example.org/.../..p/A_b',
    },
  ),
  ...WELL_FORMED_IDS.map(([title, id]) =>
    accept(`ID-2/${title.replaceAll(' ', '-')}`, title, withUri(id), {
      spiffeId: id,
      bundles: trust({ [id.split('/')[2] ?? '']: [ca] }),
    }),
  ),
  accept(
    'XV-6/last-instant',
    'the very second of notAfter',
    good.map((der) => ({ der })),
    {
      at: NOW + HOUR,
    },
  ),
  accept(
    'XV-7/first-instant',
    'the very second of notBefore',
    good.map((der) => ({ der })),
    {
      at: NOW - HOUR,
    },
  ),
]

export const profileRejects: readonly RejectRow[] = [
  reject('TLS-1', 'no certificate', 'TLS-1', []),
  reject(
    'XV-4/not-critical',
    'an empty subject, SAN not critical',
    'XV-4',
    variant({ subject: EMPTY_NAME }),
  ),
  reject(
    'XV-6/leaf',
    'expired a millisecond ago',
    'XV-6',
    good.map((der) => ({ der })),
    {
      at: NOW + HOUR + 1,
      controlAt: NOW + HOUR,
    },
  ),
  reject(
    'XV-7/leaf',
    'valid from the next millisecond',
    'XV-7',
    good.map((der) => ({ der })),
    {
      at: NOW - HOUR - 1,
      controlAt: NOW - HOUR,
    },
  ),
  reject('XV-8', 'cA is true', 'XV-8', variant({ basicConstraints: basicConstraints(true) })),
  reject('XV-9', 'keyCertSign', 'XV-9', variant({ keyUsage: keyUsage(0x84) })),
  reject('XV-10', 'cRLSign', 'XV-10', variant({ keyUsage: keyUsage(0x82) })),
  reject('XV-11/spiffe', 'two SPIFFE IDs', 'XV-11', withUri(ID, 'spiffe://example.org/admin')),
  reject('XV-11/same', 'the same SPIFFE ID twice', 'XV-11', withUri(ID, ID)),
  reject('XV-11/https', 'an https URI beside the SPIFFE ID', 'XV-11', withUri(ID, 'https://a.b/c')),
  reject('XV-12/no-san', 'no SAN extension', 'XV-12', variant({ san: null })),
  reject('XV-12/dns-only', 'a DNS SAN only', 'XV-12', variant({ names: [dnsName('example.org')] })),
  reject(
    'XV-12/dns-holds-id',
    'the SPIFFE ID in a DNS SAN',
    'XV-12',
    variant({ names: [dnsName(ID)] }),
  ),
  reject('XV-13/https', 'an https URI', 'XV-13', withUri('https://example.org/agent')),
  reject('XV-13/prefix', 'a longer scheme', 'XV-13', withUri('spiffes://example.org/agent')),
  reject('XV-14', 'the ID of the trust domain itself', 'XV-14', withUri('spiffe://example.org')),
  reject(
    'XV-14/with-slash',
    'the trust domain with a slash',
    'ID-1',
    withUri('spiffe://example.org/'),
  ),
  reject('XV-13/urn', 'a URN', 'XV-13', withUri('urn:spiffe:example.org')),
  reject('XV-13/no-scheme', 'no scheme', 'XV-13', withUri('//example.org/agent')),
  reject(
    'XV-12/ip-only',
    'an address only',
    'XV-12',
    variant({ names: [tlv(0x87, hex('7f000001'))] }),
  ),
  reject('XV-11/three', 'three URIs', 'XV-11', withUri(ID, 'https://a.b', 'urn:a')),
  reject(
    'XV-11/around',
    'two URIs with a DNS SAN between them',
    'XV-11',
    variant({ names: [uriName(ID), dnsName('a.b'), uriName('spiffe://example.org/admin')] }),
    { control: variant({ names: [dnsName('a.b'), uriName(ID), dnsName('c.d')] }) },
  ),
  reject('XV-8/pathlen', 'cA is true, path length 0', 'XV-8', [
    makeLeaf(ca, ID, { basicConstraints: basicConstraints(true, 0) }),
  ]),
  reject('XV-9/and-10', 'keyCertSign and cRLSign', 'XV-9', variant({ keyUsage: keyUsage(0x86) })),
  reject('XV+a3/agreement', 'keyAgreement only', 'XV+a3', variant({ keyUsage: keyUsage(0x08) }), {
    control: variant({ keyUsage: keyUsage(0x88) }),
  }),
  reject(
    'XV+a3/non-repudiation',
    'contentCommitment only',
    'XV+a3',
    variant({ keyUsage: keyUsage(0x40) }),
    { control: variant({ keyUsage: keyUsage(0xc0) }) },
  ),
  reject(
    'XV+a4/critical',
    'a critical ExtendedKeyUsage of one purpose',
    'XV+a4',
    variant({ extendedKeyUsage: extension(OID.extendedKeyUsage, true, seq(OID.clientAuth)) }),
    {
      control: variant({
        extendedKeyUsage: extension(
          OID.extendedKeyUsage,
          true,
          seq(OID.clientAuth, OID.serverAuth),
        ),
      }),
    },
  ),
  reject('XV+a1', 'no KeyUsage', 'XV+a1', variant({ keyUsage: null })),
  reject('XV+a2', 'KeyUsage not critical', 'XV+a2', variant({ keyUsage: keyUsage(0x80, false) })),
  reject('XV+a3', 'keyEncipherment only', 'XV+a3', variant({ keyUsage: keyUsage(0x20) })),
  reject('XV+a3/none', 'KeyUsage without any bit', 'XV+a3', variant({ keyUsage: keyUsage(0) })),
  reject(
    'XV+a4/server',
    'ExtendedKeyUsage serverAuth only',
    'XV+a4',
    variant({ extendedKeyUsage: extendedKeyUsage(OID.serverAuth) }),
  ),
  reject(
    'XV+a4/client',
    'ExtendedKeyUsage clientAuth only',
    'XV+a4',
    variant({ extendedKeyUsage: extendedKeyUsage(OID.clientAuth) }),
  ),
  reject(
    'XV+a4/any',
    'anyExtendedKeyUsage does not stand for the two',
    'XV+a4',
    variant({ extendedKeyUsage: extendedKeyUsage(OID.anyPurpose) }),
  ),
  reject(
    'XV+b4/leaf',
    'an unknown critical extension',
    'XV+b4',
    variant({ extra: [extension(OID.unknown, true, hex('0500'))] }),
    { control: variant({ extra: [extension(OID.unknown, false, hex('0500'))] }) },
  ),
  reject('XV+d1/serial-zero', 'serial number zero', 'XV+d1', variant({ serial: int(0) })),
  reject(
    'XV+d1/utf8-uri',
    'a URI SAN with bytes beyond ASCII',
    'XV+d1',
    variant({ names: [tlv(0x86, Buffer.from('spiffe://example.org/ü', 'utf8'))] }),
  ),
  reject('XV+d1/nul-uri', 'a URI SAN with a NUL', 'XV+d1', withUri(`${ID}\0.x`)),
  reject('XV+d1/newline-uri', 'a URI SAN with a newline', 'XV+d1', withUri(`${ID}\n`)),
  reject(
    'XV+d1/nul-dns',
    'a DNS SAN with a NUL',
    'XV+d1',
    variant({ names: [dnsName('a\0b'), uriName(ID)] }),
  ),
  ...MALFORMED_IDS.map(([title, text]) =>
    reject(`ID-1/${title.replaceAll(' ', '-')}`, `the ID has: ${title}`, 'ID-1', withUri(text)),
  ),
]

function longId(length: number): string {
  const head = 'spiffe://example.org/'
  return head + 'a'.repeat(length - head.length)
}
