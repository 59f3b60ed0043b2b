// Distinguished names (RFC 5280 §4.1.2.4). They are compared as bytes and never understood here, but
// they must be names: what another reader of the same certificate would stumble over is refused.

import { DerError, DerReader, TAG } from './der.ts'

/** X.680 §41.4, and `*` and `&`, which many certificates have in it. */
const PRINTABLE = new Set(
  Buffer.from(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?*&",
    'latin1',
  ),
)

/** Throws unless `content` is that of an RDNSequence; an empty one is a name too. */
export function checkName(content: Buffer, what: string): void {
  const name = new DerReader(content, what)
  while (!name.atEnd) {
    const parts = new DerReader(name.read(TAG.set, 'part').content, what)
    // Not empty: a name without attributes must not pass for one that says something.
    do {
      const attribute = parts.sequence('attribute')
      attribute.read(TAG.oid, 'type')
      const value = attribute.next()
      attribute.end()
      if (!isString(value.tag, value.content)) {
        throw new DerError(`${what}: a value that is no string (tag 0x${value.tag.toString(16)})`)
      }
    } while (!parts.atEnd)
  }
}

/** The reader of well-formed DER has looked at UTF-8 and at whole characters already. */
function isString(tag: number, content: Buffer): boolean {
  switch (tag) {
    case TAG.utf8String:
    case TAG.teletexString:
      return true
    case TAG.printableString:
      return content.every((byte) => PRINTABLE.has(byte))
    case TAG.numericString:
      return content.every((byte) => byte === 0x20 || (byte >= 0x30 && byte <= 0x39))
    case TAG.ia5String:
      return content.every((byte) => byte < 0x80)
    case TAG.bmpString:
      return isBmpString(content)
    default:
      return false
  }
}

/** Two bytes a character, none of them half of a pair or reserved for ever. */
function isBmpString(content: Buffer): boolean {
  for (let i = 0; i < content.length; i += 2) {
    const c = content.readUInt16BE(i)
    if ((c >= 0xd800 && c <= 0xdfff) || (c >= 0xfdd0 && c <= 0xfdef) || c >= 0xfffe) return false
  }
  return true
}
