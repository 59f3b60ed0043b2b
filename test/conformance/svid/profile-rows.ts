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
import { OID, hex, int, tlv } from '../../support/der.ts'
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
  ['2049 bytes', `spiffe://example.org/${'a'.repeat(2049 - 21)}`],
  ['trust domain of 256 bytes', `spiffe://${'a'.repeat(256)}/a`],
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
