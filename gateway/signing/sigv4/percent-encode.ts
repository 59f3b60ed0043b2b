// UriEncode of the AWS SigV4 document: every byte but the RFC 3986 unreserved characters becomes
// `%XX` with upper-case digits. A text here is bytes: one character, one byte (latin1).

const RESERVED = /[^A-Za-z0-9\-._~]/
const RESERVED_BUT_SLASH = /[^A-Za-z0-9\-._~/]/

const SLASH = 0x2f
const LAST_BYTE = 0xff

const ESCAPES: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
)

function isUnreserved(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x2e ||
    code === 0x5f ||
    code === 0x7e
  )
}

/**
 * @param bytes latin1 text
 * @param keepSlash true for paths, false for the parts of a query
 * @throws TypeError for a character that is no byte: the caller forgot to encode its text
 */
export function percentEncode(bytes: string, keepSlash: boolean): string {
  const first = bytes.search(keepSlash ? RESERVED_BUT_SLASH : RESERVED)
  if (first === -1) return bytes
  let encoded = bytes.slice(0, first)
  for (let index = first; index < bytes.length; index += 1) {
    const code = bytes.charCodeAt(index)
    if (code > LAST_BYTE) throw new TypeError('percentEncode takes bytes, not text')
    const stays = isUnreserved(code) || (keepSlash && code === SLASH)
    encoded += stays ? bytes.charAt(index) : ESCAPES[code]
  }
  return encoded
}
