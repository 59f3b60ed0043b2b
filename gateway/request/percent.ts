// Percent-decoding that has one result or none (RFC 3986 §2.1). Nothing is normalised, and `+`
// stays a plus: no cloud SDK sends it raw, and reading it as a blank would give two meanings.

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** True when every `%` is followed by two hexadecimal digits. */
export function hasValidEscapes(text: string): boolean {
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at + 3)) {
    if (hexDigit(text.charCodeAt(at + 1)) < 0 || hexDigit(text.charCodeAt(at + 2)) < 0) return false
  }
  return true
}

/** Decodes once. Undefined for a malformed escape or for bytes that are not UTF-8. */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code !== 0x25) {
      bytes[length] = code
      length += 1
      continue
    }
    const high = hexDigit(text.charCodeAt(at + 1))
    const low = hexDigit(text.charCodeAt(at + 2))
    if (high < 0 || low < 0) return undefined
    bytes[length] = high * 16 + low
    length += 1
    at += 2
  }
  try {
    return utf8.decode(bytes.subarray(0, length))
  } catch {
    return undefined
  }
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x41 && code <= 0x46) return code - 0x37
  if (code >= 0x61 && code <= 0x66) return code - 0x57
  return -1
}
