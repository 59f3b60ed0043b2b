// Origins and addresses as the configuration writes them: which of them are on this machine, which
// are private, and which no upstream may ever have. The egress guard judges again what a name
// resolves to; this is about what an operator wrote.

import { isIP } from 'node:net'
import { judgeAddress, type AddressVerdict } from '../upstream/address-guard.ts'

export interface Origin {
  readonly scheme: 'https' | 'http'
  /** Lower case, an IP literal without brackets; may hold `{region}`. */
  readonly host: string
  readonly port: number
}

/** An origin whose form was already checked. */
export function parseOrigin(text: string): Origin {
  const match = /^(https?):\/\/(\[[^\]]*\]|[^:/]*)(?::(\d+))?/.exec(text)
  const scheme = match?.[1] === 'http' ? 'http' : 'https'
  const port = match?.[3] === undefined ? (scheme === 'https' ? 443 : 80) : Number(match[3])
  return { scheme, host: (match?.[2] ?? '').replace(/^\[|\]$/g, ''), port }
}

export type HostKind = AddressVerdict | 'name'

/** What a host is, as far as its text tells. `localhost` is this machine (RFC 6761 §6.3). */
export function hostKind(host: string): HostKind {
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback'
  if (isIP(host) !== 0) return judgeAddress(host)
  // A name that ends in a number is an IPv4 address in disguise to some resolvers (`127.1`).
  return /(^|\.)(\d+|0x[0-9a-f]*)$/.test(host) ? 'forbidden' : 'name'
}

export function isLoopback(host: string): boolean {
  return hostKind(host) === 'loopback'
}
