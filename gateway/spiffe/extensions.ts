// The extensions of a certificate that path validation and the X509-SVID profile need (RFC 5280
// §4.2.1), each read strictly. One that is not here is skipped when it is not critical and named in
// `unknownCritical` when it is; one that appears twice is refused, since two readers could each
// take another one.

import { DerError, DerReader, TAG, checkWellFormed, contextTag } from './der.ts'
import { checkInteger, readBitString, readBoolean, readOid } from './der.ts'
import { readSmallInteger, readWhole } from './der.ts'
import { readGeneralName } from './general-name.ts'
import type { GeneralName } from './general-name.ts'

export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength: number | undefined
}

export interface KeyUsage {
  readonly critical: boolean
  readonly digitalSignature: boolean
  readonly keyCertSign: boolean
  readonly crlSign: boolean
}

export interface SubjectAltName {
  readonly critical: boolean
  readonly names: readonly GeneralName[]
}

export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

export interface Extensions {
  readonly basicConstraints?: BasicConstraints
  readonly keyUsage?: KeyUsage
  /** Dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[]
  readonly subjectAltName?: SubjectAltName
  readonly nameConstraints?: NameConstraints
  readonly authorityKeyId?: Buffer
  readonly subjectKeyId?: Buffer
  /** Dotted OIDs of critical extensions that this reader does not know. */
  readonly unknownCritical: readonly string[]
}

type Found = { -readonly [K in keyof Extensions]: Extensions[K] }

/** Reads the content of the `extensions` field: a SEQUENCE OF Extension. */
export function readExtensions(list: DerReader): Extensions {
  const seen = new Set<string>()
  const unknownCritical: string[] = []
  const found: Found = { unknownCritical }
  if (list.atEnd) throw new DerError('an empty list of extensions')
  while (!list.atEnd) {
    const extension = list.sequence('extension')
    const oid = readOid(extension.read(TAG.oid, 'id').content)
    const flag = extension.readOptional(TAG.boolean)
    const critical = flag !== undefined && readBoolean(flag.content)
    if (flag !== undefined && !critical) throw new DerError('a default value (critical) spelt out')
    const value = extension.read(TAG.octetString, 'value').content
    extension.end()
    if (seen.has(oid)) throw new DerError(`the extension ${oid} appears twice`)
    seen.add(oid)
    const read = READERS.get(oid)
    if (read !== undefined) {
      checkWellFormed(value, `extension ${oid}`)
      read(found, value, critical)
    } else if (critical) {
      unknownCritical.push(oid)
    }
  }
  return Object.freeze(found)
}

type Reader = (found: Found, value: Buffer, critical: boolean) => void

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    '2.5.29.14',
    (found, value, critical) => void (found.subjectKeyId = readSubjectKeyId(value, critical)),
  ],
  ['2.5.29.15', (found, value, critical) => void (found.keyUsage = readKeyUsage(value, critical))],
  [
    '2.5.29.17',
    (found, value, critical) => void (found.subjectAltName = readSubjectAltName(value, critical)),
  ],
  ['2.5.29.19', (found, value) => void (found.basicConstraints = readBasicConstraints(value))],
  ['2.5.29.30', (found, value) => void (found.nameConstraints = readNameConstraints(value))],
  [
    '2.5.29.35',
    (found, value, critical) => {
      const keyId = readAuthorityKeyId(value, critical)
      if (keyId !== undefined) found.authorityKeyId = keyId
    },
  ],
  ['2.5.29.37', (found, value) => void (found.extendedKeyUsage = readExtendedKeyUsage(value))],
])

function readBasicConstraints(value: Buffer): BasicConstraints {
  const body = readWhole(value, TAG.sequence, 'BasicConstraints')
  const flag = body.readOptional(TAG.boolean)
  const ca = flag !== undefined && readBoolean(flag.content)
  if (flag !== undefined && !ca) throw new DerError('a default value (cA) spelt out')
  const length = body.readOptional(TAG.integer)
  body.end()
  if (length === undefined) return { ca, pathLength: undefined }
  if (!ca) throw new DerError('a path length constraint in a certificate that is not a CA')
  return { ca, pathLength: readSmallInteger(length.content, 'pathLenConstraint') }
}

/** KeyUsage is a named bit list: bit 0 is the highest bit of the first byte. */
function readKeyUsage(value: Buffer, critical: boolean): KeyUsage {
  const outer = new DerReader(value, 'KeyUsage')
  const { bytes, unusedBits } = readBitString(outer.read(TAG.bitString, 'bits').content)
  outer.end()
  const last = bytes[bytes.length - 1]
  if (last !== undefined && ((last >> unusedBits) & 1) === 0) {
    throw new DerError('a KeyUsage with trailing zero bits')
  }
  if (bytes.length > 2) throw new DerError('a KeyUsage with unknown bits')
  const first = bytes[0] ?? 0
  return {
    critical,
    digitalSignature: (first & 0x80) !== 0,
    keyCertSign: (first & 0x04) !== 0,
    crlSign: (first & 0x02) !== 0,
  }
}

function readExtendedKeyUsage(value: Buffer): readonly string[] {
  const body = readWhole(value, TAG.sequence, 'ExtendedKeyUsage')
  const purposes: string[] = []
  do purposes.push(readOid(body.read(TAG.oid, 'purpose').content))
  while (!body.atEnd)
  return purposes
}

function readSubjectAltName(value: Buffer, critical: boolean): SubjectAltName {
  const body = readWhole(value, TAG.sequence, 'SubjectAltName')
  const names: GeneralName[] = []
  do names.push(readGeneralName(body, 'name'))
  while (!body.atEnd)
  return { critical, names }
}

function readNameConstraints(value: Buffer): NameConstraints {
  const body = readWhole(value, TAG.sequence, 'NameConstraints')
  const permitted = body.readOptional(contextTag(0, true))
  const excluded = body.readOptional(contextTag(1, true))
  body.end()
  if (permitted === undefined && excluded === undefined) {
    throw new DerError('empty NameConstraints')
  }
  return {
    permitted: permitted === undefined ? [] : readSubtrees(permitted.content),
    excluded: excluded === undefined ? [] : readSubtrees(excluded.content),
  }
}

function readSubtrees(content: Buffer): readonly GeneralName[] {
  const list = new DerReader(content, 'NameConstraints')
  const bases: GeneralName[] = []
  do {
    const subtree = list.sequence('subtree')
    bases.push(readGeneralName(subtree, 'constraint'))
    // minimum is 0 and maximum absent in every certificate of RFC 5280, so DER has neither.
    subtree.end()
  } while (!list.atEnd)
  return bases
}

/** The issuer's name and serial number are a pair; neither is needed by us. */
function readAuthorityKeyId(value: Buffer, critical: boolean): Buffer | undefined {
  refuseCritical(critical, 'AuthorityKeyIdentifier')
  const body = readWhole(value, TAG.sequence, 'AuthorityKeyIdentifier')
  const keyId = body.readOptional(contextTag(0, false))
  const issuer = body.readOptional(contextTag(1, true))
  const serial = body.readOptional(contextTag(2, false))
  body.end()
  if ((issuer === undefined) !== (serial === undefined)) {
    throw new DerError('AuthorityKeyIdentifier: an issuer without serial number, or the reverse')
  }
  if (issuer !== undefined) {
    const names = new DerReader(issuer.content, 'AuthorityKeyIdentifier')
    do readGeneralName(names, 'name')
    while (!names.atEnd)
  }
  if (serial !== undefined) checkInteger(serial.content)
  return keyId?.content
}

function readSubjectKeyId(value: Buffer, critical: boolean): Buffer {
  refuseCritical(critical, 'SubjectKeyIdentifier')
  const outer = new DerReader(value, 'SubjectKeyIdentifier')
  const keyId = outer.read(TAG.octetString, 'key id').content
  outer.end()
  return keyId
}

/** RFC 5280 §4.2.1.1, §4.2.1.2: these two are hints. An issuer that wants more of them is odd. */
function refuseCritical(critical: boolean, what: string): void {
  if (critical) throw new DerError(`${what}: critical, which RFC 5280 forbids`)
}
