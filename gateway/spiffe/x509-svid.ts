// An X.509 v3 certificate as strict DER says it (RFC 5280 §4.1). Node's `X509Certificate` is not
// enough to judge an SVID: it hides KeyUsage, prints SANs ambiguously and accepts BER. Nothing here
// decides whether the certificate may be trusted.

import { createHash } from 'node:crypto'
import type { Refusal, SvidCode } from '../errors.ts'
import { ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { DerError, DerReader, TAG, checkWellFormed, contextTag } from './der.ts'
import { firstValueLength, readBitString, readOid, readWhole } from './der.ts'
import { readTime } from './der-time.ts'
import { readExtensions } from './extensions.ts'
import type { Extensions } from './extensions.ts'
import { checkName } from './name.ts'
import { refuse } from './rules.ts'

/** Real SVIDs have 0.5–2 KiB. */
export const MAX_CERTIFICATE_BYTES = 16 * 1024
/** RFC 5280 §4.1.2.2: at most 20 octets. */
const MAX_SERIAL_OCTETS = 20

export interface Certificate {
  readonly der: Buffer
  /** The signed part, tag and length included. */
  readonly tbs: Buffer
  /** Lower-case hexadecimal of whole bytes, without a leading zero byte; `00` for zero. */
  readonly serial: string
  /** The whole AlgorithmIdentifier. */
  readonly signatureAlgorithm: Buffer
  readonly signature: Buffer
  /** Names are compared as bytes, as issuers copy them. */
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly isSubjectEmpty: boolean
  /** ms since the epoch; both ends belong to the validity. */
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer
  readonly extensions: Extensions
}

/** Reads one certificate. The bytes are copied: nobody can change them under the judgement. */
export function parseCertificate(bytes: Buffer): Result<Certificate, Refusal<SvidCode>> {
  if (bytes.length > MAX_CERTIFICATE_BYTES) {
    return refuse(
      'XV+c1',
      `a certificate of ${bytes.length} bytes; at most ${MAX_CERTIFICATE_BYTES}`,
    )
  }
  try {
    return ok(readCertificate(Buffer.from(bytes)))
  } catch (error) {
    if (error instanceof DerError) return refuse('XV+d1', error.message)
    throw error
  }
}

/** Splits certificates that follow each other without anything between (Workload API form). */
export function splitCertificates(
  bytes: Buffer,
): Result<readonly [Buffer, ...Buffer[]], Refusal<SvidCode>> {
  try {
    let at = firstValueLength(bytes)
    const parts: [Buffer, ...Buffer[]] = [bytes.subarray(0, at)]
    while (at < bytes.length) {
      const length = firstValueLength(bytes.subarray(at))
      parts.push(bytes.subarray(at, at + length))
      at += length
    }
    return ok(parts)
  } catch (error) {
    if (error instanceof DerError) return refuse('XV+d1', error.message)
    throw error
  }
}

/** SHA-256 of a certificate's DER, lower-case hexadecimal. */
export function fingerprint(certificate: Certificate): string {
  return createHash('sha256').update(certificate.der).digest('hex')
}

function readCertificate(der: Buffer): Certificate {
  checkWellFormed(der, 'certificate')
  const outer = readWhole(der, TAG.sequence, 'certificate')
  const tbs = outer.read(TAG.sequence, 'tbsCertificate')
  const signatureAlgorithm = readAlgorithm(outer, 'signatureAlgorithm')
  const signature = wholeBytes(outer.read(TAG.bitString, 'signature').content)
  outer.end()

  const body = new DerReader(tbs.content, 'tbsCertificate')
  readVersion(body)
  const serial = readSerial(body.read(TAG.integer, 'serialNumber').content)
  // Two algorithm fields, only one of them signed: they must agree (RFC 5280 §4.1.1.2).
  if (!body.read(TAG.sequence, 'signature').raw.equals(signatureAlgorithm)) {
    throw new DerError('certificate: its two signature algorithms differ')
  }
  const issuer = body.read(TAG.sequence, 'issuer')
  checkName(issuer.content, 'issuer')
  const validity = body.sequence('validity')
  const notBefore = readTime(validity.next())
  const notAfter = readTime(validity.next())
  validity.end()
  const subject = body.read(TAG.sequence, 'subject')
  checkName(subject.content, 'subject')
  const spki = readSpki(body)
  const extensions = readExtensionField(body)
  body.end()
  return Object.freeze({
    der,
    tbs: tbs.raw,
    serial,
    signatureAlgorithm,
    signature,
    issuer: issuer.raw,
    subject: subject.raw,
    isSubjectEmpty: subject.content.length === 0,
    notBefore,
    notAfter,
    spki,
    extensions,
  })
}

/** Extensions, and with them the whole SVID profile, exist in version 3 only. */
function readVersion(body: DerReader): void {
  const field = body.readOptional(contextTag(0, true))
  if (field === undefined) throw new DerError('certificate: version 1; an SVID has version 3')
  const version = new DerReader(field.content, 'version')
  const { content } = version.read(TAG.integer, 'number')
  version.end()
  if (content.length !== 1 || content[0] !== 2) {
    throw new DerError('certificate: not of version 3')
  }
}

function readSerial(content: Buffer): string {
  if ((content[0] ?? 0) >= 0x80) throw new DerError('certificate: a negative serial number')
  if (content.length > MAX_SERIAL_OCTETS) {
    throw new DerError(`certificate: a serial number of more than ${MAX_SERIAL_OCTETS} bytes`)
  }
  const text = content.toString('hex')
  return text.length > 2 && text.startsWith('00') ? text.slice(2) : text
}

/** An AlgorithmIdentifier: an OID and at most one value of parameters. */
function readAlgorithm(reader: DerReader, what: string): Buffer {
  const value = reader.read(TAG.sequence, what)
  const parts = new DerReader(value.content, what)
  readOid(parts.read(TAG.oid, 'id').content)
  if (!parts.atEnd) parts.next()
  parts.end()
  return value.raw
}

/** The key itself is read by node:crypto, once its certificate is known to be genuine. */
function readSpki(body: DerReader): Buffer {
  const value = body.read(TAG.sequence, 'subjectPublicKeyInfo')
  const parts = new DerReader(value.content, 'subjectPublicKeyInfo')
  readAlgorithm(parts, 'key algorithm')
  wholeBytes(parts.read(TAG.bitString, 'key').content)
  parts.end()
  return value.raw
}

/** Unique identifiers ([1], [2]) are not issued by anyone who follows RFC 5280: refused. */
function readExtensionField(body: DerReader): Extensions {
  const field = body.readOptional(contextTag(3, true))
  if (field === undefined) return { unknownCritical: [] }
  return readExtensions(readWhole(field.content, TAG.sequence, 'extensions'))
}

function wholeBytes(content: Buffer): Buffer {
  const { bytes, unusedBits } = readBitString(content)
  if (unusedBits !== 0) throw new DerError('certificate: a BIT STRING that is not whole bytes')
  return bytes
}
