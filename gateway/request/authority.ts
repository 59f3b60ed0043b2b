// The Host header (RFC 9110 §7.2): one host of LDH labels or an IP literal, and perhaps a port.

export interface Authority {
  /** Lower case, no port, no brackets removed. */
  readonly host: string
  readonly port: number | undefined
}

const AUTHORITY =
  /^((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?$/

export function parseAuthority(text: string): Authority | undefined {
  if (text.length > 260) return undefined
  const match = AUTHORITY.exec(text.toLowerCase())
  const host = match?.[1]
  if (match === null || host === undefined || host.length > 253) return undefined
  if (match[2] === undefined) return { host, port: undefined }
  const port = Number(match[2])
  return port >= 1 && port <= 65535 ? { host, port } : undefined
}
