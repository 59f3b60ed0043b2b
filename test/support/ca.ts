// A certificate authority for tests that can make every certificate that a validator must refuse.
// It shares no code with the gateway's reader or with its development CA.

import { constants, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { OID, TRUE, bits, hex, int, octets, seq, tlv, utcTime } from './der.ts'

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface Algorithm {
  /** AlgorithmIdentifier, DER. */
  readonly id: Buffer
  sign(tbs: Buffer, key: KeyObject): Buffer
}

const byHash = (id: string, hash: string): Algorithm => ({
  id: hex(id),
  sign: (tbs, key) => sign(hash, tbs, key),
})

/** RSASSA-PSS-params of RFC 4055 §3.1 in full: hash, mask function over a hash, salt length. */
export function pssAlgorithm(
  hash: 'sha1' | 'sha256' | 'sha384' | 'sha512',
  change = {},
): Algorithm {
  const { maskHash, saltLength } = { maskHash: hash, saltLength: PSS_SALT[hash], ...change }
  const parameters = seq(
    tlv(0xa0, HASH_IDS[hash]),
    tlv(0xa1, seq(hex('06092a864886f70d010108'), HASH_IDS[maskHash])),
    tlv(0xa2, int(saltLength)),
  )
  return {
    id: seq(hex('06092a864886f70d01010a'), parameters),
    sign: (tbs, key) =>
      sign(hash, tbs, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  }
}

const HASH_IDS = {
  sha1: hex('300906052b0e03021a0500'),
  sha256: hex('300d06096086480165030402010500'),
  sha384: hex('300d06096086480165030402020500'),
  sha512: hex('300d06096086480165030402030500'),
}
const PSS_SALT = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }

export const ALGORITHMS = {
  ecdsaSha256: byHash('300a06082a8648ce3d040302', 'sha256'),
  ecdsaSha384: byHash('300a06082a8648ce3d040303', 'sha384'),
  ecdsaSha512: byHash('300a06082a8648ce3d040304', 'sha512'),
  ecdsaSha1: byHash('300906072a8648ce3d0401', 'sha1'),
  rsaSha256: byHash('300d06092a864886f70d01010b0500', 'sha256'),
  rsaSha384: byHash('300d06092a864886f70d01010c0500', 'sha384'),
  rsaSha512: byHash('300d06092a864886f70d01010d0500', 'sha512'),
  rsaSha224: byHash('300d06092a864886f70d01010e0500', 'sha224'),
  rsaSha1: byHash('300d06092a864886f70d0101050500', 'sha1'),
  rsaMd5: byHash('300d06092a864886f70d0101040500', 'md5'),
  ed25519: {
    id: hex('300506032b6570'),
    sign: (tbs: Buffer, key: KeyObject) => sign(null, tbs, key),
  },
} as const satisfies Readonly<Record<string, Algorithm>>

export const ecKey = (namedCurve = 'P-256'): KeyPair => generateKeyPairSync('ec', { namedCurve })
export const rsaKey = (modulusLength = 2048, publicExponent = 65537): KeyPair =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent })
export const ed25519Key = (): KeyPair => generateKeyPairSync('ed25519')

/** 10:00 on a Monday in 2026: the `now` of the certificate tests. */
export const NOW = Date.UTC(2026, 10, 23, 10, 0, 0)
export const HOUR = 3_600_000

export interface Issuer {
  readonly name: Buffer
  readonly keys: KeyPair
}

export interface TestCertificate extends Issuer {
  readonly der: Buffer
  readonly tbs: Buffer
}

/** Every part of a certificate, as DER, each to be replaced by a wrong one. */
export interface Parts {
  readonly subject?: Buffer
  readonly issuer?: Issuer
  readonly issuerName?: Buffer
  readonly keys?: KeyPair
  readonly spki?: Buffer
  /** `null` leaves the field out. */
  readonly version?: Buffer | null
  readonly serial?: Buffer
  readonly notBefore?: number
  readonly notAfter?: number
  readonly validity?: Buffer
  readonly algorithm?: Algorithm
  readonly innerAlgorithm?: Buffer
  readonly afterSpki?: Buffer
  readonly afterExtensions?: Buffer
  /** Extension values, `null` for none. */
  readonly extensions?: readonly (Buffer | null)[] | null
}

let serialCounter = 1

export function makeCertificate(parts: Parts): TestCertificate {
  const keys = parts.keys ?? ecKey()
  const name = parts.subject ?? distinguishedName('nobody')
  const issuer = parts.issuer ?? { name, keys }
  const algorithm = parts.algorithm ?? ALGORITHMS.ecdsaSha256
  serialCounter += 1
  const extensions = (parts.extensions ?? []).filter((one) => one !== null)
  const tbs = seq(
    parts.version === null ? Buffer.of() : (parts.version ?? tlv(0xa0, int(2))),
    parts.serial ?? int(0x40, serialCounter >> 8, serialCounter & 0xff),
    parts.innerAlgorithm ?? algorithm.id,
    parts.issuerName ?? issuer.name,
    parts.validity ??
      seq(utcTime(parts.notBefore ?? NOW - HOUR), utcTime(parts.notAfter ?? NOW + HOUR)),
    name,
    parts.spki ?? keys.publicKey.export({ format: 'der', type: 'spki' }),
    parts.afterSpki ?? Buffer.of(),
    parts.extensions === null ? Buffer.of() : tlv(0xa3, seq(...extensions)),
    parts.afterExtensions ?? Buffer.of(),
  )
  const der = seq(tbs, algorithm.id, bits(algorithm.sign(tbs, issuer.keys.privateKey)))
  return { der, tbs, name, keys }
}

export function distinguishedName(organization: string): Buffer {
  return seq(tlv(0x31, seq(OID.organization, tlv(0x0c, Buffer.from(organization)))))
}

export const EMPTY_NAME = seq()

export function extension(oid: Buffer, critical: boolean, value: Buffer): Buffer {
  return seq(oid, critical ? TRUE : Buffer.of(), octets(value))
}

export const uriName = (text: string): Buffer => tlv(0x86, Buffer.from(text, 'latin1'))
export const dnsName = (text: string): Buffer => tlv(0x82, Buffer.from(text, 'latin1'))

export const san = (names: readonly Buffer[], critical = false): Buffer =>
  extension(OID.subjectAltName, critical, seq(...names))

export const basicConstraints = (ca: boolean, pathLength?: number): Buffer =>
  extension(
    OID.basicConstraints,
    true,
    seq(ca ? TRUE : Buffer.of(), pathLength === undefined ? Buffer.of() : int(pathLength)),
  )

/** One byte of KeyUsage, as DER wants it. digitalSignature 80, keyCertSign 04, cRLSign 02. */
export function keyUsage(byte: number, critical = true): Buffer {
  let unused = 0
  while (unused < 7 && ((byte >> unused) & 1) === 0) unused += 1
  return extension(
    OID.keyUsage,
    critical,
    byte === 0 ? hex('030100') : bits(Buffer.of(byte), unused),
  )
}

export const extendedKeyUsage = (...purposes: readonly Buffer[]): Buffer =>
  extension(OID.extendedKeyUsage, false, seq(...purposes))

export const subjectKeyId = (id: string): Buffer =>
  extension(OID.subjectKeyId, false, octets(Buffer.from(id)))
export const authorityKeyId = (id: string): Buffer =>
  extension(OID.authorityKeyId, false, seq(tlv(0x80, Buffer.from(id))))

export const nameConstraints = (
  permitted: readonly Buffer[],
  excluded: readonly Buffer[] = [],
): Buffer =>
  extension(
    OID.nameConstraints,
    true,
    seq(
      permitted.length === 0 ? Buffer.of() : tlv(0xa0, ...permitted.map((base) => seq(base))),
      excluded.length === 0 ? Buffer.of() : tlv(0xa1, ...excluded.map((base) => seq(base))),
    ),
  )

export interface CaOptions extends Parts {
  readonly basicConstraints?: Buffer | null
  readonly keyUsage?: Buffer | null
  readonly extra?: readonly Buffer[]
}

/** A CA certificate; self-signed unless an issuer is given. */
export function makeCa(name: string, options: CaOptions = {}): TestCertificate {
  return makeCertificate({
    subject: distinguishedName(name),
    notBefore: NOW - 24 * HOUR,
    notAfter: NOW + 24 * HOUR,
    extensions: [
      options.basicConstraints === undefined ? basicConstraints(true) : options.basicConstraints,
      options.keyUsage === undefined ? keyUsage(0x06) : options.keyUsage,
      ...(options.extra ?? []),
    ],
    ...options,
  })
}

export interface LeafOptions extends Parts {
  readonly names?: readonly Buffer[]
  readonly san?: Buffer | null
  readonly basicConstraints?: Buffer | null
  readonly keyUsage?: Buffer | null
  readonly extendedKeyUsage?: Buffer | null
  readonly extra?: readonly Buffer[]
}

/** An X.509-SVID of `id`, right in everything that the options do not change. */
export function makeLeaf(
  issuer: Issuer,
  id: string | undefined,
  options: LeafOptions = {},
): TestCertificate {
  const names = options.names ?? [uriName(id ?? 'spiffe://example.org/unnamed')]
  const or = <T>(given: T | undefined, usual: T): T => (given === undefined ? usual : given)
  return makeCertificate({
    subject: distinguishedName('workload'),
    issuer,
    extensions: [
      or<Buffer | null>(options.keyUsage, keyUsage(0x80)),
      or<Buffer | null>(options.extendedKeyUsage, extendedKeyUsage(OID.serverAuth, OID.clientAuth)),
      or<Buffer | null>(options.basicConstraints, basicConstraints(false)),
      or<Buffer | null>(options.san, san(names)),
      ...(options.extra ?? []),
    ],
    ...options,
  })
}

export function pem(...certificates: readonly { readonly der: Buffer }[]): string {
  return certificates
    .map(({ der }) => {
      const body = (der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')
      return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
    })
    .join('')
}
