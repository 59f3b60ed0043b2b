// Reads one definite-length CBOR map of text strings (RFC 8949), strictly: anything else throws.

export function readCborMap(bytes: Buffer): Map<string, string> {
  let offset = 0

  function readHead(majorType: number): number {
    const initial = bytes.readUInt8(offset)
    offset += 1
    if (initial >> 5 !== majorType) throw new Error(`major type ${initial >> 5} at ${offset - 1}`)
    const info = initial & 0x1f
    if (info < 24) return info
    const size = { 24: 1, 25: 2, 26: 4 }[info]
    if (size === undefined) throw new Error(`additional information ${info}`)
    const value = bytes.readUIntBE(offset, size)
    offset += size
    return value
  }

  function readText(): string {
    const length = readHead(3)
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      bytes.subarray(offset, offset + length),
    )
    offset += length
    if (offset > bytes.length) throw new Error('text string runs past the end')
    return text
  }

  const map = new Map<string, string>()
  const count = readHead(5)
  for (let index = 0; index < count; index++) {
    const key = readText()
    map.set(key, readText())
  }
  if (offset !== bytes.length) throw new Error('bytes after the map')
  return map
}
