// Certificates of the shapes that SPIRE issues: what it writes beyond the profile must not be in
// their way (spire doc/spire_server.md; pkg/server/credtemplate/builder.go).

import { createHash } from 'node:crypto'
import {
  ALGORITHMS,
  EMPTY_NAME,
  HOUR,
  NOW,
  basicConstraints,
  dnsName,
  ecKey,
  extendedKeyUsage,
  extension,
  keyUsage,
  makeCertificate,
  rsaKey,
  san,
  uriName,
} from '../../support/ca.ts'
import type { Issuer, KeyPair, Parts, TestCertificate } from '../../support/ca.ts'
import { OID, octets, seq, tlv } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { ID, accept } from './row.ts'
import type { AcceptRow } from './row.ts'

/** digitalSignature, keyEncipherment, keyAgreement. */
const SPIRE_USAGE = keyUsage(0xa8)
const printable = (text: string): Buffer => tlv(0x13, Buffer.from(text))
const attribute = (type: Buffer, text: string): Buffer => tlv(0x31, seq(type, printable(text)))
const spireName = (organization: string, ...rest: readonly Buffer[]): Buffer =>
  seq(attribute(OID.country, 'US'), attribute(OID.organization, organization), ...rest)

function keyId({ publicKey }: KeyPair): Buffer {
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return createHash('sha1').update(spki).digest()
}

function identifiers(own: KeyPair, issuer: KeyPair): readonly Buffer[] {
  return [
    extension(OID.subjectKeyId, false, octets(keyId(own))),
    extension(OID.authorityKeyId, false, seq(tlv(0x80, keyId(issuer)))),
  ]
}

/** 128 random bits, the highest of them clear. */
const serial = (): Buffer => tlv(0x02, Buffer.concat([Buffer.of(0x5a), Buffer.alloc(15, 0xc3)]))

function authority(keys: KeyPair, parts: Parts, issuer: KeyPair = keys): TestCertificate {
  return makeCertificate({
    subject: spireName('SPIFFE'),
    keys,
    serial: serial(),
    notBefore: NOW - 10_000,
    notAfter: NOW + 24 * HOUR,
    extensions: [
      keyUsage(0x06),
      basicConstraints(true),
      ...identifiers(keys, issuer),
      san([uriName('spiffe://example.org')]),
    ],
    ...parts,
  })
}

function svid(issuer: Issuer, parts: Parts = {}, names = [uriName(ID)]): TestCertificate {
  const keys = parts.keys ?? ecKey()
  return makeCertificate({
    subject: spireName(
      'SPIRE',
      attribute(OID.uniqueIdentifier, 'ab5ad8e6ca7f1ac8c4bbd1a0a6e3bd29'),
    ),
    issuer,
    keys,
    serial: serial(),
    notBefore: NOW - 10_000,
    notAfter: NOW + HOUR,
    extensions: [
      SPIRE_USAGE,
      extendedKeyUsage(OID.serverAuth, OID.clientAuth),
      basicConstraints(false),
      ...identifiers(keys, issuer.keys),
      san(names),
    ],
    ...parts,
  })
}

const selfSigned = authority(ecKey(), {})
/** The CA that SPIRE prepares at half life: the same name, another key. */
const prepared = authority(ecKey(), {})
const rotating = trust({ 'example.org': [selfSigned, prepared] })

const rsaKeys = rsaKey()
const rsaAuthority = authority(rsaKeys, { algorithm: ALGORITHMS.rsaSha256 })

const upstreamKeys = ecKey('P-384')
const upstream = authority(upstreamKeys, {
  subject: seq(attribute(OID.organization, 'Corporate Root')),
  algorithm: ALGORITHMS.ecdsaSha384,
  extensions: [keyUsage(0x06), basicConstraints(true)],
})
const intermediateKeys = ecKey()
const intermediate = authority(
  intermediateKeys,
  { issuer: upstream, algorithm: ALGORITHMS.ecdsaSha384 },
  upstreamKeys,
)
const nestedKeys = ecKey()
const nested = authority(nestedKeys, { issuer: intermediate }, intermediateKeys)
const upstreamTrust = trust({ 'example.org': [upstream] })

export const spireAccepts: readonly AcceptRow[] = [
  accept('XV-1/spire', 'an SVID as SPIRE issues it', [svid(selfSigned)], { bundles: rotating }),
  accept('XV-1/spire-prepared', 'an SVID of the CA that comes next', [svid(prepared)], {
    bundles: rotating,
  }),
  accept(
    'XV-1/spire-rsa',
    'rsa-2048 keys and CA',
    [svid(rsaAuthority, { keys: rsaKeys, algorithm: ALGORITHMS.rsaSha256 })],
    { bundles: trust({ 'example.org': [rsaAuthority] }) },
  ),
  accept(
    'XV-3/spire',
    'DNS names of the entry',
    [svid(selfSigned, {}, [uriName(ID), dnsName('crew.acme'), dnsName('crew.acme.svc')])],
    { bundles: rotating },
  ),
  accept('XV-4/spire', 'an empty subject, as a CredentialComposer may leave it', [emptySubject()], {
    bundles: rotating,
  }),
  accept(
    'XV-2/spire-upstream',
    'an UpstreamAuthority: its root is the bundle',
    [svid(intermediate), intermediate],
    { bundles: upstreamTrust },
  ),
  accept(
    'XV-2/spire-nested',
    'nested SPIRE: two CAs of one name above each other',
    [svid(nested), nested, intermediate],
    { bundles: upstreamTrust },
  ),
]

function emptySubject(): TestCertificate {
  const keys = ecKey()
  return svid(selfSigned, {
    keys,
    subject: EMPTY_NAME,
    extensions: [
      SPIRE_USAGE,
      extendedKeyUsage(OID.serverAuth, OID.clientAuth),
      basicConstraints(false),
      ...identifiers(keys, selfSigned.keys),
      san([uriName(ID)], true),
    ],
  })
}
