// GeneralName (RFC 5280 §4.2.1.6), as SANs, name constraints and key identifiers hold it: kept as
// the bytes that were presented. Text forms of these names are ambiguous (a comma, a NUL, a newline
// in a DNS name), so nobody may ask for one.

import { DerError, DerReader, TAG, contextTag, readOid } from './der.ts'
import { checkName } from './name.ts'

export type GeneralNameKind =
  'other' | 'email' | 'dns' | 'directory' | 'uri' | 'ip' | 'registered-id'

export interface GeneralName {
  readonly kind: GeneralNameKind
  /** Content octets, undecoded: an IA5String for email, dns and uri. */
  readonly bytes: Buffer
}

/** A constraint may have an empty base, which stands for every name, and has a mask to an address. */
export type NamePlace = 'name' | 'constraint'

/** Names of X.400 and EDI, [3] and [5], are in no certificate of our time. */
const KINDS: ReadonlyMap<number, GeneralNameKind> = new Map([
  [contextTag(0, true), 'other'],
  [contextTag(1, false), 'email'],
  [contextTag(2, false), 'dns'],
  [contextTag(4, true), 'directory'],
  [contextTag(6, false), 'uri'],
  [contextTag(7, false), 'ip'],
  [contextTag(8, false), 'registered-id'],
])

const ADDRESS_BYTES: Readonly<Record<NamePlace, readonly number[]>> = {
  name: [4, 16],
  constraint: [8, 32],
}

/** Throws `DerError`. */
export function readGeneralName(reader: DerReader, place: NamePlace): GeneralName {
  const { tag, content } = reader.next()
  const kind = KINDS.get(tag)
  if (kind === undefined) throw new DerError(`a general name of unknown kind (tag ${tag})`)
  CHECKS[kind](content, kind, place)
  return { kind, bytes: content }
}

type Check = (content: Buffer, kind: GeneralNameKind, place: NamePlace) => void

const CHECKS: Readonly<Record<GeneralNameKind, Check>> = {
  email: checkText,
  dns: checkText,
  uri: checkText,
  other: (content) => {
    const parts = new DerReader(content, 'other name')
    parts.read(TAG.oid, 'type')
    const value = new DerReader(parts.read(contextTag(0, true), 'value').content, 'other name')
    value.next()
    value.end()
    parts.end()
  },
  directory: (content) => {
    const outer = new DerReader(content, 'directory name')
    checkName(outer.read(TAG.sequence, 'name').content, 'directory name')
    outer.end()
  },
  ip: (content, _kind, place) => {
    if (!ADDRESS_BYTES[place].includes(content.length)) {
      throw new DerError(`an address of ${content.length} bytes`)
    }
  },
  'registered-id': (content) => void readOid(content),
}

function checkText(content: Buffer, kind: GeneralNameKind, place: NamePlace): void {
  // A NUL or a newline in a name has fooled readers that print or compare it as C text.
  if (content.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw new DerError(`a ${kind} name with a byte that is not printable ASCII`)
  }
  if (place === 'name' && content.length === 0) throw new DerError(`an empty ${kind} name`)
}
