// The reader is held against a second one: OpenSSL, as Node's `X509Certificate` shows it.

import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import t from 'tap'
import type { Test } from 'tap'
import {
  fingerprint,
  parseCertificate,
  splitCertificates,
} from '../../../gateway/spiffe/x509-svid.ts'
import type { Certificate } from '../../../gateway/spiffe/x509-svid.ts'
import { dnsName, makeCa, makeLeaf, rsaKey, uriName } from '../../support/ca.ts'

const ID = 'spiffe://example.org/agent/a'
const ca = makeCa('CA')

function sameAsOpenSsl(t: Test, ours: Certificate, der: Buffer): void {
  const theirs = new X509Certificate(der)
  // OpenSSL prints a serial below 16 as one digit.
  t.equal(ours.serial.toUpperCase(), theirs.serialNumber.padStart(2, '0'))
  t.equal(ours.notBefore, Date.parse(theirs.validFrom))
  t.equal(ours.notAfter, Date.parse(theirs.validTo))
  t.equal(ours.extensions.basicConstraints?.ca ?? false, theirs.ca)
  t.equal(fingerprint(ours), theirs.fingerprint256.replaceAll(':', '').toLowerCase())
  t.ok(ours.spki.equals(theirs.publicKey.export({ format: 'der', type: 'spki' })))
  t.strictSame(ours.extensions.extendedKeyUsage, theirs.keyUsage)
}

t.test('a leaf and a CA are read as OpenSSL reads them', async (t) => {
  const ders = [
    ca.der,
    makeLeaf(ca, ID).der,
    makeLeaf(ca, ID, { keys: rsaKey() }).der,
    makeLeaf(ca, ID, { names: [dnsName('a.b'), uriName(ID), dnsName('c.d')] }).der,
  ]
  for (const der of ders) {
    const certificate = parseCertificate(der)
    t.ok(certificate.ok)
    if (certificate.ok) sameAsOpenSsl(t, certificate.value, der)
  }
})

// Three roots of the web are not DER as RFC 5280 wants it; OpenSSL lets them pass.
const NOT_STRICT = new Map([
  ['Certum Trusted Network CA 2', /GeneralizedTime before 2050/],
  ['Trustwave Global ECC P256 Certification Authority', /trailing zero bits/],
  ['Trustwave Global ECC P384 Certification Authority', /trailing zero bits/],
])

t.test('the roots that Node ships are read as OpenSSL reads them', async (t) => {
  t.ok(rootCertificates.length > 100)
  for (const pem of rootCertificates) {
    const theirs = new X509Certificate(pem)
    const name = /^CN=(.*)$/m.exec(theirs.subject)?.[1] ?? ''
    const certificate = parseCertificate(theirs.raw)
    if (certificate.ok) {
      sameAsOpenSsl(t, certificate.value, theirs.raw)
    } else {
      t.match(certificate.error.detail, NOT_STRICT.get(name) ?? /^$/, name)
    }
  }
})

t.test('all kinds of SANs are kept as bytes, in order', async (t) => {
  const names = [
    dnsName('x, URI:spiffe://example.org/admin'),
    uriName(ID),
    Buffer.from('8704 7f000001'.replace(' ', ''), 'hex'),
    Buffer.from('8803 2a0304'.replace(' ', ''), 'hex'),
  ]
  const certificate = parseCertificate(makeLeaf(ca, ID, { names }).der)
  t.ok(certificate.ok)
  if (!certificate.ok) return
  t.strictSame(
    certificate.value.extensions.subjectAltName?.names.map(({ kind, bytes }) => [
      kind,
      bytes.toString('latin1'),
    ]),
    [
      ['dns', 'x, URI:spiffe://example.org/admin'],
      ['uri', ID],
      ['ip', '\x7f\0\0\x01'],
      ['registered-id', '\x2a\x03\x04'],
    ],
  )
})

t.test('the bytes are copied: changing them later changes nothing', async (t) => {
  const der = Buffer.from(makeLeaf(ca, ID).der)
  const certificate = parseCertificate(der)
  t.ok(certificate.ok)
  if (!certificate.ok) return
  const before = fingerprint(certificate.value)
  der.fill(0)
  t.equal(fingerprint(certificate.value), before)
})

t.test(
  'no prefix and no single changed byte of a certificate makes the reader throw',
  async (t) => {
    const { der } = makeLeaf(ca, ID)
    for (let i = 0; i < der.length; i += 1) {
      t.notOk(parseCertificate(der.subarray(0, i)).ok)
      for (const value of [0x00, 0x7f, 0x80, 0xff]) {
        const changed = Buffer.from(der)
        changed.writeUInt8(value, i)
        t.type(parseCertificate(changed).ok, 'boolean')
      }
    }
  },
)

t.test('concatenated certificates are split, and a rest is refused', async (t) => {
  const leaf = makeLeaf(ca, ID)
  const split = splitCertificates(Buffer.concat([leaf.der, ca.der]))
  t.ok(split.ok)
  if (split.ok) t.strictSame([...split.value], [leaf.der, ca.der])
  t.notOk(splitCertificates(Buffer.concat([leaf.der, ca.der.subarray(0, 9)])).ok)
  t.notOk(splitCertificates(Buffer.of()).ok)
})
