// What the fuzz tests mutate: certificates that between them have every field and extension that the
// reader knows.

import {
  ALGORITHMS,
  authorityKeyId,
  basicConstraints,
  distinguishedName,
  dnsName,
  ecKey,
  ed25519Key,
  extension,
  makeCa,
  makeLeaf,
  nameConstraints,
  rsaKey,
  subjectKeyId,
  uriName,
} from './ca.ts'
import type { KeyPair, TestCertificate } from './ca.ts'
import { OID, hex, seq, tlv } from './der.ts'

export const FUZZ_ID = 'spiffe://example.org/agent/acme/crew/writer'

export interface FuzzChain {
  readonly root: TestCertificate
  readonly intermediate: TestCertificate
  readonly leaf: TestCertificate
}

/** With RSA signatures, which are quick to verify, or ECDSA, which are quick to make. */
export function fuzzChain(kind: 'rsa' | 'ecdsa' = 'rsa'): FuzzChain {
  const algorithm = kind === 'rsa' ? ALGORITHMS.rsaSha256 : ALGORITHMS.ecdsaSha256
  const caKeys = (): KeyPair => (kind === 'rsa' ? rsaKey() : ecKey())
  const root = makeCa('Root', { keys: caKeys(), algorithm, extra: [subjectKeyId('root')] })
  const intermediate = makeCa('Intermediate', {
    keys: caKeys(),
    algorithm,
    issuer: root,
    basicConstraints: basicConstraints(true, 0),
    extra: [
      subjectKeyId('intermediate'),
      authorityKeyId('root'),
      nameConstraints([uriName('example.org')], [uriName('.example.org'), dnsName('a.b')]),
    ],
  })
  const leaf = makeLeaf(intermediate, FUZZ_ID, {
    algorithm,
    names: [dnsName('crew.acme'), uriName(FUZZ_ID)],
    extra: [subjectKeyId('leaf'), authorityKeyId('intermediate')],
  })
  return { root, intermediate, leaf }
}

export function fuzzCertificates(): readonly Buffer[] {
  const { root, intermediate, leaf } = fuzzChain()
  const odd = makeLeaf(intermediate, FUZZ_ID, {
    algorithm: ALGORITHMS.rsaSha256,
    keys: ed25519Key(),
    subject: seq(
      tlv(
        0x31,
        seq(OID.commonName, tlv(0x0c, Buffer.from('a'))),
        seq(OID.organization, tlv(0x13, Buffer.from('b'))),
      ),
    ),
    names: [
      uriName(FUZZ_ID),
      tlv(0x87, hex('7f000001')),
      tlv(0x88, hex('2a030405')),
      tlv(0xa4, distinguishedName('x')),
      tlv(0xa0, hex('06042a030405'), tlv(0xa0, hex('0c0161'))),
    ],
    extra: [
      extension(
        OID.authorityKeyId,
        false,
        seq(
          tlv(0x80, hex('0102')),
          tlv(0xa1, tlv(0xa4, distinguishedName('x'))),
          tlv(0x82, hex('01')),
        ),
      ),
      extension(OID.unknown, false, hex('0500')),
    ],
  })
  return [leaf, intermediate, root, odd].map(({ der }) => der)
}
