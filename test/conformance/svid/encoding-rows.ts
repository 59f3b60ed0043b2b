// Certificates that are genuinely signed and yet refused, because their bytes have another reading
// or none (X.690 §10, §11; RFC 5280 §4.1, §4.2). Each control is the same in its only right form.

import {
  NOW,
  basicConstraints,
  distinguishedName,
  ecKey,
  extendedKeyUsage,
  extension,
  keyUsage,
  makeCertificate,
  makeLeaf,
  san,
  subjectKeyId,
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
const algorithm = hex('300a06082a8648ce3d040302')
const signature = outerContent.subarray(leaf.tbs.length + algorithm.length)
/** The BIT STRING in two segments, as BER allows it. */
const constructedSignature = seq(
  leaf.tbs,
  algorithm,
  tlv(0x23, bits(signature.subarray(3, 9)), bits(signature.subarray(9))),
)
const indefiniteInside = seq(
  leaf.tbs,
  Buffer.concat([hex('3080'), algorithm.subarray(2), hex('0000')]),
  signature,
)
const keyUsageOf = (value: string) =>
  variant({ keyUsage: extension(OID.keyUsage, true, hex(value)) })
const basicConstraintsOf = (value: string) =>
  variant({ basicConstraints: extension(OID.basicConstraints, true, hex(value)) })

const OTHER_NAMES: readonly Buffer[] = [
  tlv(0xa0, hex('06042a030405'), tlv(0xa0, hex('0c0161'))),
  text(0x81, 'me@example.org'),
  text(0x82, 'a.example.org'),
  tlv(0xa4, distinguishedName('x')),
  tlv(0x87, hex('7f000001')),
  tlv(0x87, Buffer.alloc(16, 1)),
  tlv(0x88, hex('2a030405')),
]
const STRINGS: readonly Buffer[] = [
  text(0x0c, 'utf8'),
  text(0x12, '12 34'),
  text(0x13, "Printable '()+,-./:=?*&"),
  text(0x14, 'teletex'),
  text(0x16, 'ia5@x'),
  tlv(0x1e, hex('00620031')),
]
/** 30 59: a SEQUENCE of an AlgorithmIdentifier of 21 bytes and a BIT STRING of 66. */
const leafKey = Buffer.from(ecKey().publicKey.export({ format: 'der', type: 'spki' }))
const unevenKey = seq(leafKey.subarray(2, 23), bits(Buffer.alloc(65), 1))
const inOrder = [seq(OID.commonName, text(0x0c, 'a')), seq(OID.organization, text(0x0c, 'b'))]
const keyIdName = tlv(0xa1, tlv(0xa4, distinguishedName('x')))
/** An extension of the usual leaf once more, with the same bytes. */
const TWICE: readonly (readonly [string, Buffer])[] = [
  ['key-usage', keyUsage(0x80)],
  ['extended-key-usage', extendedKeyUsage(OID.serverAuth, OID.clientAuth)],
  ['basic-constraints', basicConstraints(false)],
]

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
  accept('XV+d/serial-1', 'a serial number of 1', variant({ serial: int(1) })),
  accept('XV+d/serial-high', 'a serial number of ff', variant({ serial: int(0, 0xff) })),
  accept(
    'XV+d/names',
    'names of every kind beside the SPIFFE ID',
    variant({ names: [uriName(ID), ...OTHER_NAMES] }),
  ),
  accept(
    'XV+d/strings',
    'a subject of every kind of string',
    variant({ subject: seq(...STRINGS.map((value) => tlv(0x31, seq(OID.organization, value)))) }),
  ),
  accept(
    'XV+d/multi-valued',
    'two attributes in one part of a name, in the order of DER',
    variant({ subject: seq(tlv(0x31, ...inOrder)) }),
  ),
  accept(
    'XV+d/key-id-of-issuer',
    'an AuthorityKeyIdentifier with name and serial number of the issuer',
    withExtra(extension(OID.authorityKeyId, false, seq(keyIdName, tlv(0x82, hex('01'))))),
  ),
  accept('XV+d/aki-empty', 'an empty AuthorityKeyIdentifier', [
    makeLeaf(ca, ID, { extra: [extension(OID.authorityKeyId, false, seq())] }),
  ]),
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
    ['length-of-five-bytes', remade(Buffer.concat([hex('3085 0000000000'), outerContent]))],
    ['length-ff', remade(Buffer.concat([hex('30ff'), outerContent]))],
    ['length-beyond', remade(Buffer.concat([hex('3084 7fffffff'), outerContent]))],
    ['constructed-signature', remade(constructedSignature)],
    ['indefinite-inside', remade(indefiniteInside)],
    ['outer-algorithm-differs', remade(seq(leaf.tbs, otherAlgorithm, signature))],
    [
      'outer-algorithm-trailing',
      remade(seq(leaf.tbs, hex('300c06082a8648ce3d0403020500'), signature)),
    ],
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
    ['serial-20-and-sign', variant({ serial: tlv(2, hex('00'), Buffer.alloc(20, 0xff)) })],
    ['serial-of-another-type', variant({ serial: hex('0a0101') })],
    ['tbs-trailing', variant({ afterExtensions: hex('a3003000') })],
    ['name-part-empty', variant({ subject: seq(tlv(0x31)) })],
    [
      'name-part-a-sequence',
      variant({ subject: seq(seq(seq(OID.organization, text(0x0c, 'a')))) }),
    ],
    ['name-of-numbers', variant({ subject: seq(int(1)) })],
    ['name-value-missing', variant({ subject: seq(tlv(0x31, seq(OID.organization))) })],
    ['name-value-twice', variant({ subject: attribute(hex('0c01610c0162')) })],
    ['name-value-a-number', variant({ subject: attribute(int(1)) })],
    ['universal-string-cut', otherNameOf('1c0161')],
    ['enumerated-padded', otherNameOf('0a020001')],
    ['name-value-universal', variant({ subject: attribute(tlv(0x1c, hex('00000061'))) })],
    ['name-printable-at', variant({ subject: attribute(text(0x13, 'a@b')) })],
    ['name-numeric-letter', variant({ subject: attribute(text(0x12, '1a')) })],
    ['name-ia5-high', variant({ subject: attribute(text(0x16, 'é')) })],
    ['name-bmp-odd', variant({ subject: attribute(tlv(0x1e, hex('006200'))) })],
    ['name-bmp-surrogate', variant({ subject: attribute(tlv(0x1e, hex('d83d'))) })],
    ['set-order', variant({ subject: seq(tlv(0x31, ...inOrder.toReversed())) })],
    ['issuer-of-numbers', variant({ issuerName: seq(int(1)) })],
    ['key-unused-bits', variant({ spki: unevenKey })],
    ['key-trailing', variant({ spki: seq(leafKey.subarray(2), hex('0500')) })],
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
    ['one-time', variant({ validity: seq(start) })],
    ['generalized-in-1949', validity(text(0x18, '19491231235959Z'), end)],
    ['utc-with-fraction', validity(start, text(0x17, '261123120000.0Z'))],
    ['utc-small-z', validity(start, text(0x17, '261123120000z'))],
    ['utc-with-sign', validity(start, text(0x17, '2611231200+0Z'))],
    ['utc-of-four-year-digits', validity(start, text(0x17, '20261123120000Z'))],
    ['generalized-of-two-year-digits', validity(start, text(0x18, '511123120000Z'))],
    ['generalized-without-zone', validity(start, text(0x18, '20510101000000'))],
    ['utc-constructed', validity(start, tlv(0x37, text(0x17, '261123120000Z')))],
    ['29-february-2027', validity(start, text(0x17, '270229120000Z'))],
    ['day-0', validity(start, text(0x17, '270200120000Z'))],
    ['empty', validity(start, text(0x17, ''))],
    ['three-times', variant({ validity: seq(start, end, end) })],
  ]),
  ...rows('extension', [
    ['second-san', withExtra(san([uriName('spiffe://example.org/admin')]))],
    ['second-san-same', withExtra(san([uriName(ID)]))],
    ['second-unknown', withExtra(unknown('0500'), unknown('0500'))],
    ...TWICE.map(([name, extra]) => [`second-${name}`, withExtra(extra)] as const),
    ['second-key-id', withExtra(subjectKeyId('a'), subjectKeyId('a'))],
    ['key-id-critical', withExtra(extension(OID.subjectKeyId, true, octets(hex('61'))))],
    [
      'authority-key-id-critical',
      withExtra(extension(OID.authorityKeyId, true, seq(tlv(0x80, hex('61'))))),
    ],
    [
      'authority-key-id-name-alone',
      withExtra(extension(OID.authorityKeyId, false, seq(keyIdName))),
    ],
    [
      'authority-key-id-serial-padded',
      withExtra(extension(OID.authorityKeyId, false, seq(keyIdName, tlv(0x82, hex('0001'))))),
    ],
    [
      'authority-key-id-order',
      withExtra(extension(OID.authorityKeyId, false, seq(tlv(0x82, hex('01')), keyIdName))),
    ],
    ['san-address-of-5-bytes', variant({ names: [uriName(ID), tlv(0x87, hex('7f00000100'))] })],
    ['san-oid-cut', variant({ names: [uriName(ID), tlv(0x88, hex('2a83'))] })],
    ['san-other-name-plain', variant({ names: [uriName(ID), tlv(0xa0, hex('0c0161'))] })],
    ['san-directory-of-numbers', variant({ names: [uriName(ID), tlv(0xa4, seq(int(1)))] })],
    ['san-x400', variant({ names: [uriName(ID), tlv(0xa3, seq())] })],
    ['san-delete-character', variant({ names: [uriName(ID), text(0x82, 'a\x7f')] })],
    ['san-email-nul', variant({ names: [uriName(ID), text(0x81, 'a\0@b')] })],
    ['san-a-set', variant({ san: extension(OID.subjectAltName, false, tlv(0x31, uriName(ID))) })],
    [
      'eku-not-oid',
      variant({ extendedKeyUsage: extension(OID.extendedKeyUsage, false, seq(int(1))) }),
    ],
    ['basic-constraints-trailing', basicConstraintsOf('30030101ff0500')],
    ['basic-constraints-order', basicConstraintsOf('30060201000101ff')],
    ['value-a-bit-string', withExtra(seq(OID.unknown, bits(hex('0500'))))],
    ['value-missing', withExtra(seq(OID.unknown))],
    ['id-missing', withExtra(seq(octets(hex('0500'))))],
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

/** A SAN with a name of a type that nobody here knows, of this value. */
function otherNameOf(value: string): readonly TestCertificate[] {
  return variant({ names: [uriName(ID), tlv(0xa0, hex('06042a030405'), tlv(0xa0, hex(value)))] })
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
