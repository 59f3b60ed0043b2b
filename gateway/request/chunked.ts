// The chunked transfer coding of a message in a file (RFC 9112 §7.1), strict: no extensions, no
// trailer, nothing behind the last chunk. On the wire the listener's reader does this.

/** Undefined when it is not exactly that. */
export function decodeChunked(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    const size = end === -1 ? '' : bytes.toString('latin1', at, end)
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) return undefined
    const length = Number.parseInt(size, 16)
    const start = end + 2
    const behind = start + length
    if (bytes.toString('latin1', behind, behind + 2) !== '\r\n') return undefined
    if (length === 0) return behind + 2 === bytes.length ? Buffer.concat(parts) : undefined
    parts.push(bytes.subarray(start, behind))
    at = behind + 2
  }
}
