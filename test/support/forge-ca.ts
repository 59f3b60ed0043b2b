// A second maker of certificates that shares nothing with ours: node-forge. It knows RSA keys only
// (docs/decisions/0002), which is what it is good for here: RSA chains and malformed variants of
// them, built as an ASN.1 tree that a test can break anywhere before it is signed.

import forge from 'node-forge'

declare module 'node-forge' {
  namespace pki {
    /** Exported by the library, missing in its types. */
    function getTBSCertificate(certificate: Certificate): asn1.Asn1
  }
}

export interface ForgeName {
  readonly uri?: string
  readonly dns?: string
}

export interface ForgeOptions {
  readonly names?: readonly ForgeName[]
  readonly extensions?: readonly object[]
  /** Changes the signed part before it is signed. */
  readonly tamper?: (tbs: forge.asn1.Asn1) => void
}

export interface ForgeCertificate {
  readonly der: Buffer
  readonly keys: forge.pki.rsa.KeyPair
  readonly subject: forge.pki.CertificateField[]
}

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'

export function forgeKeys(): forge.pki.rsa.KeyPair {
  return forge.pki.rsa.generateKeyPair(2048)
}

export function forgeCertificate(
  organization: string,
  keys: forge.pki.rsa.KeyPair,
  issuer: ForgeCertificate | undefined,
  validity: { readonly notBefore: Date; readonly notAfter: Date },
  options: ForgeOptions,
): ForgeCertificate {
  const subject = [{ name: 'organizationName', value: organization }]
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = keys.publicKey
  certificate.serialNumber = '4711'
  certificate.validity.notBefore = validity.notBefore
  certificate.validity.notAfter = validity.notAfter
  certificate.setSubject(subject)
  certificate.setIssuer(issuer?.subject ?? subject)
  certificate.siginfo.algorithmOid = SHA256_WITH_RSA
  certificate.signatureOid = SHA256_WITH_RSA
  const altNames = (options.names ?? []).map(({ uri, dns }) =>
    uri === undefined ? { type: 2, value: dns } : { type: 6, value: uri },
  )
  certificate.setExtensions([
    ...(options.extensions ?? []),
    ...(altNames.length === 0 ? [] : [{ name: 'subjectAltName', altNames }]),
  ])
  const der = sign(forge.pki.getTBSCertificate(certificate), issuer?.keys ?? keys, options)
  return { der, keys, subject }
}

function sign(tbs: forge.asn1.Asn1, keys: forge.pki.rsa.KeyPair, { tamper }: ForgeOptions): Buffer {
  tamper?.(tbs)
  const { asn1 } = forge
  const md = forge.md.sha256.create()
  md.update(asn1.toDer(tbs).getBytes())
  const signature = keys.privateKey.sign(md)
  const { SEQUENCE, OID, NULL, BITSTRING } = asn1.Type
  const universal = asn1.Class.UNIVERSAL
  const certificate = asn1.create(universal, SEQUENCE, true, [
    tbs,
    asn1.create(universal, SEQUENCE, true, [
      asn1.create(universal, OID, false, asn1.oidToDer(SHA256_WITH_RSA).getBytes()),
      asn1.create(universal, NULL, false, ''),
    ]),
    asn1.create(universal, BITSTRING, false, `\0${signature}`),
  ])
  return Buffer.from(asn1.toDer(certificate).getBytes(), 'latin1')
}
