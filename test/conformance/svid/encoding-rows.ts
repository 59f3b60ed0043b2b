// Certificates that are genuinely signed and yet refused, because their bytes have another reading
// or none (X.690 §10, §11; RFC 5280 §4.1, §4.2). Each control is the same in its only right form.

import {
  NOW,
  distinguishedName,
  extension,
  makeCertificate,
  makeLeaf,
  san,
  uriName,
} from '../../support/ca.ts'
import type { LeafOptions, TestCertificate } from '../../support/ca.ts'
import {
  OID,
  bits,
  generalizedTime,
  hex,
  int,
  octets,
  seq,
  tlv,
  utcTime,
} from '../../support/der.ts'
import { ID, accept, ca, leaf, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const variant = (options: LeafOptions) => [makeLeaf(ca, ID, options)]
const remade = (der: Buffer): readonly TestCertificate[] => [{ ...leaf, der }]
const withExtra = (...extra: readonly Buffer[]) => variant({ extra })
const validity = (notBefore: Buffer, notAfter: Buffer) =>
  variant({ validity: seq(notBefore, notAfter) })
const text = (tag: number, content: string) => tlv(tag, Buffer.from(content, 'latin1'))

const start = utcTime(NOW - 1000)
const end = utcTime(NOW + 3_600_000)
const FAR = Date.UTC(2050, 0, 1)

/** The outer SEQUENCE has a two-byte length; each of these writes the same content otherwise. */
const outerContent = leaf.der.subarray(4)
const longLength = Buffer.concat([
  hex('3083'),
  Buffer.of(0, outerContent.length >> 8, outerContent.length & 0xff),
  outerContent,
])
const indefinite = Buffer.concat([hex('3080'), outerContent, hex('0000')])
const otherAlgorithm = hex('300a06082a8648ce3d040303')
const keyUsageOf = (value: string) =>
  variant({ keyUsage: extension(OID.keyUsage, true, hex(value)) })
const basicConstraintsOf = (value: string) =>
  variant({ basicConstraints: extension(OID.basicConstraints, true, hex(value)) })

export const encodingAccepts: readonly AcceptRow[] = [
  accept(
    'XV+d/2050',
    'a notAfter of 2050 as GeneralizedTime',
    validity(start, generalizedTime(FAR)),
  ),
  accept(
    'XV+d/for-ever',
    'no well-defined end (RFC 5280 §4.1.2.5)',
    validity(start, text(0x18, '99991231235959Z')),
  ),
  accept(
    'XV+d/serial-20',
    'a serial number of 20 bytes',
    variant({ serial: tlv(2, Buffer.alloc(20, 0x7f)) }),
  ),
]

export const encodingRejects: readonly RejectRow[] = [
  ...rows('form', [
    ['truncated', remade(leaf.der.subarray(0, -1))],
    ['trailing-byte', remade(Buffer.concat([leaf.der, hex('00')]))],
    ['empty', remade(Buffer.of())],
    ['not-der', remade(Buffer.from('-----BEGIN CERTIFICATE-----'))],
    ['indefinite-length', remade(indefinite)],
    ['padded-length', remade(longLength)],
    ['set-instead-of-sequence', remade(Buffer.concat([hex('31'), leaf.der.subarray(1)]))],
    [
      'text-before-signature',
      remade(seq(leaf.tbs, hex('0c0161'), outerContent.subarray(leaf.tbs.length))),
    ],
    [
      'signature-not-whole-bytes',
      remade(seq(leaf.tbs, hex('300a06082a8648ce3d040302'), bits(Buffer.alloc(71), 1))),
    ],
  ]),
  ...rows('field', [
    ['version-1', variant({ version: null, extensions: null })],
    ['version-1-with-extensions', variant({ version: null })],
    ['version-2', variant({ version: tlv(0xa0, int(1)) })],
    ['version-4', variant({ version: tlv(0xa0, int(3)) })],
    ['serial-negative', variant({ serial: int(0x80) })],
    ['serial-21-bytes', variant({ serial: tlv(2, Buffer.alloc(21, 0x7f)) })],
    ['serial-padded', variant({ serial: int(0, 1) })],
    ['serial-empty', variant({ serial: tlv(2) })],
    ['algorithms-differ', variant({ innerAlgorithm: otherAlgorithm })],
    ['unique-id', variant({ afterSpki: tlv(0x81, hex('0001')) })],
    ['after-extensions', variant({ afterExtensions: hex('0500') })],
    [
      'constructed-string',
      variant({ subject: seq(tlv(0x31, seq(OID.organization, tlv(0x2c, text(0x0c, 'a'))))) }),
    ],
    ['not-utf8', variant({ subject: attribute(tlv(0x0c, hex('ff'))) })],
    [
      'oid-padded',
      variant({ subject: seq(tlv(0x31, seq(hex('0604 5504800a'), text(0x0c, 'a')))) }),
    ],
    ['oid-cut', variant({ subject: seq(tlv(0x31, seq(hex('0603 5504 8a'), text(0x0c, 'a')))) })],
    ['tag-of-two-bytes', variant({ subject: seq(hex('9f0100')) })],
    ['sequence-primitive', variant({ subject: seq(hex('1000')) })],
    ['end-of-contents', variant({ subject: seq(hex('0000')) })],
    ['boolean-01', variant({ subject: attribute(hex('010101')) })],
    ['oid-of-65-bytes', variant({ subject: attribute(tlv(0x06, Buffer.alloc(65, 1))) })],
    ['nested-too-deep', variant({ subject: nested(20) })],
    ['null-with-content', variant({ subject: attribute(hex('050100')) })],
  ]),
  ...rows('time', [
    ['generalized-before-2050', validity(start, generalizedTime(NOW + 3_600_000))],
    ['utc-without-seconds', validity(start, text(0x17, '2611231200Z'))],
    ['utc-with-offset', validity(start, text(0x17, '261123120000+0000'))],
    ['utc-without-zone', validity(start, text(0x17, '261123120000'))],
    ['generalized-with-fraction', validity(start, text(0x18, '20500101000000.5Z'))],
    ['month-13', validity(start, text(0x17, '271323120000Z'))],
    ['30-february', validity(start, text(0x17, '270230120000Z'))],
    ['hour-24', validity(start, text(0x17, '261123240000Z'))],
    ['second-60', validity(start, text(0x17, '261123235960Z'))],
    ['letters', validity(start, text(0x17, '26112312000aZ'))],
    ['printable-string', validity(start, text(0x13, '20510101000000Z'))],
    ['three-times', variant({ validity: seq(start, end, end) })],
  ]),
  ...rows('extension', [
    ['second-san', withExtra(san([uriName('spiffe://example.org/admin')]))],
    ['second-san-same', withExtra(san([uriName(ID)]))],
    ['second-unknown', withExtra(unknown('0500'), unknown('0500'))],
    ['empty-list', variant({ extensions: [] })],
    ['critical-false-spelt-out', withExtra(seq(OID.unknown, hex('010100'), octets(hex('0500'))))],
    ['critical-01', withExtra(seq(OID.unknown, hex('010101'), octets(hex('0500'))))],
    ['part-after-value', withExtra(seq(OID.unknown, octets(hex('0500')), hex('0500')))],
    ['san-empty', variant({ san: san([]) })],
    ['san-unknown-kind', variant({ names: [uriName(ID), tlv(0x89, hex('00'))] })],
    ['san-constructed-uri', variant({ names: [uriName(ID), tlv(0xa6, text(0x16, ID))] })],
    ['san-empty-uri', variant({ names: [uriName('')] })],
    [
      'san-trailing',
      variant({
        san: extension(OID.subjectAltName, false, Buffer.concat([seq(uriName(ID)), hex('00')])),
      }),
    ],
    ['eku-empty', variant({ extendedKeyUsage: extension(OID.extendedKeyUsage, false, seq()) })],
    ['key-usage-unused-bits-set', keyUsageOf('030207ff')],
    ['key-usage-trailing-zeros', keyUsageOf('03020080')],
    ['key-usage-two-bytes-of-zeros', keyUsageOf('0303008000')],
    ['key-usage-three-bytes', keyUsageOf('030400800001')],
    ['key-usage-8-unused', keyUsageOf('03020880')],
    ['key-usage-empty', keyUsageOf('0300')],
    ['key-usage-null', keyUsageOf('0500')],
    ['basic-constraints-false-spelt-out', basicConstraintsOf('3003010100')],
    ['basic-constraints-01', basicConstraintsOf('3003010101')],
    ['path-length-without-ca', basicConstraintsOf('3003020100')],
    ['path-length-negative', basicConstraintsOf('30060101ff0201ff')],
    ['path-length-huge', basicConstraintsOf('300c0101ff020701000000000000')],
    ['name-constraints-empty', withExtra(extension(OID.nameConstraints, true, seq()))],
    [
      'name-constraints-minimum',
      withExtra(
        extension(OID.nameConstraints, true, seq(tlv(0xa0, seq(uriName('a.b'), hex('800101'))))),
      ),
    ],
    ['key-id-trailing', withExtra(extension(OID.subjectKeyId, false, hex('0401610500')))],
  ]),
  reject(
    'XV+d1/intermediate',
    'a malformed certificate that no path needs',
    'XV+d1',
    [leaf, { ...leaf, der: leaf.der.subarray(0, 40) }],
    {
      control: [
        leaf,
        makeCertificate({ subject: distinguishedName('x'), extensions: [unknown('0500')] }),
      ],
    },
  ),
]

function rows(
  group: string,
  cases: readonly (readonly [string, readonly TestCertificate[]])[],
): readonly RejectRow[] {
  return cases.map(([name, chain]) =>
    reject(`XV+d1/${group}-${name}`, `${group}: ${name.replaceAll('-', ' ')}`, 'XV+d1', chain),
  )
}

/** A subject with this value. */
function attribute(value: Buffer): Buffer {
  return seq(tlv(0x31, seq(OID.organization, value)))
}

function unknown(value: string): Buffer {
  return extension(OID.unknown, false, hex(value))
}

function nested(depth: number): Buffer {
  let value = seq()
  for (let i = 0; i < depth; i += 1) value = seq(value)
  return value
}
