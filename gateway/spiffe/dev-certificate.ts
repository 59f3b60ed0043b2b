// Builds one certificate with an EC P-256 key (RFC 5280 §4.1, RFC 5480): the signed part by our DER
// writer, the signature by node:crypto. For development trust domains only; a real one is SPIRE's
// or the operator's PKI.

import { createHash, createPublicKey, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { bitString, boolean, encode, explicit, implicit, integer } from './der-writer.ts'
import { namedBits, octetString, oid, sequence, set, time, utf8String } from './der-writer.ts'
import { contextTag } from './der.ts'

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const OID_ORGANIZATION = oid('2.5.4.10')
const OID_COMMON_NAME = oid('2.5.4.3')

const KEY_USAGE_BITS = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const
const PURPOSES = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const

export interface Subject {
  readonly organization: string
  readonly commonName: string
}

export interface CertificateTemplate {
  readonly subject: Subject
  /** ms since the epoch, cut to whole seconds. */
  readonly notBefore: number
  readonly notAfter: number
  readonly publicKey: KeyObject
  readonly ca: boolean
  readonly keyUsage: readonly (keyof typeof KEY_USAGE_BITS)[]
  readonly extendedKeyUsage?: readonly (keyof typeof PURPOSES)[]
  readonly names: readonly SubjectName[]
}

export type SubjectName =
  | { readonly kind: 'uri'; readonly text: string }
  /** A DNS name, or an IP address in its text form. */
  | { readonly kind: 'host'; readonly text: string }

export interface Issuer {
  /** Its distinguished name, DER, as its own certificate has it. */
  readonly name: Buffer
  readonly privateKey: KeyObject
}

/** DER of the certificate. */
export function buildCertificate(template: CertificateTemplate, issuer: Issuer): Buffer {
  const tbs = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(randomSerial()),
    ECDSA_SHA256,
    issuer.name,
    sequence(time(template.notBefore), time(template.notAfter)),
    distinguishedName(template.subject),
    spkiOf(template.publicKey),
    explicit(3, sequence(...extensions(template, issuer))),
  )
  const signature = sign('sha256', tbs, issuer.privateKey)
  return sequence(tbs, ECDSA_SHA256, bitString(signature))
}

export function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' })
}

/** 127 random bits; the top one is zero (positive), the next is set (never zero, fixed length). */
function randomSerial(): Buffer {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0)
  return bytes
}

export function distinguishedName({ organization, commonName }: Subject): Buffer {
  const attribute = (type: Buffer, value: string) => set(sequence(type, utf8String(value)))
  return sequence(
    attribute(OID_ORGANIZATION, organization),
    attribute(OID_COMMON_NAME, commonName.slice(0, 64)),
  )
}

function extensions(template: CertificateTemplate, issuer: Issuer): readonly Buffer[] {
  const { keyUsage, extendedKeyUsage, names, publicKey, ca } = template
  const bits = keyUsage.map((usage) => KEY_USAGE_BITS[usage])
  const issuerKey = createPublicKey(issuer.privateKey)
  return [
    extension('2.5.29.15', true, namedBits(bits)),
    ...(extendedKeyUsage === undefined
      ? []
      : [
          extension('2.5.29.37', false, sequence(...extendedKeyUsage.map((p) => oid(PURPOSES[p])))),
        ]),
    extension('2.5.29.19', true, ca ? sequence(boolean(true)) : sequence()),
    extension('2.5.29.14', false, octetString(keyId(publicKey))),
    extension('2.5.29.35', false, sequence(implicit(0, keyId(issuerKey)))),
    ...(names.length === 0
      ? []
      : [extension('2.5.29.17', false, sequence(...names.map(generalName)))]),
  ]
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** RFC 7093 §2 method 1: the leftmost 160 bits of SHA-256 over the key. */
function keyId(publicKey: KeyObject): Buffer {
  // A P-256 SubjectPublicKeyInfo ends with the 65 bytes of the uncompressed point.
  const point = spkiOf(publicKey).subarray(-65)
  return createHash('sha256').update(point).digest().subarray(0, 20)
}

function generalName(name: SubjectName): Buffer {
  const bytes = Buffer.from(name.text, 'latin1')
  if (name.kind === 'uri') return implicit(6, bytes)
  return isIP(name.text) === 0
    ? implicit(2, bytes)
    : encode(contextTag(7, false), ipBytes(name.text))
}

function ipBytes(text: string): Buffer {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number))
  const [head = '', tail] = text.split('::')
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  const bytes = Buffer.alloc(16)
  for (const [i, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(group, i * 2)
  }
  return bytes
}
