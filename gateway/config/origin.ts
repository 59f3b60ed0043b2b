// Origins and addresses as the configuration writes them: which of them are on this machine, which
// are private, and which no upstream may ever have. The egress guard judges again what a name
// resolves to; this is about what an operator wrote.

import { BlockList, isIP } from 'node:net'

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

function blockList(ranges: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix, family] of ranges) list.addSubnet(network, prefix, family)
  return list
}

const LOOPBACK = blockList([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
])

/** RFC 1918, RFC 6598, RFC 4193. */
const PRIVATE = blockList([
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
])

/** Link-local (metadata servers live there), “this network”, multicast, reserved; AWS's IPv6 metadata. */
const NEVER = blockList([
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
  ['fd00:ec2::254', 128, 'ipv6'],
])

export type HostKind = 'name' | 'public' | 'loopback' | 'private' | 'never'

/** What a host is, as far as its text tells. `localhost` is this machine (RFC 6761 §6.3). */
export function hostKind(host: string): HostKind {
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback'
  const version = isIP(host)
  // A name that ends in a number is an IPv4 address in disguise to some resolvers (`127.1`).
  if (version === 0) return /(^|\.)(\d+|0x[0-9a-f]*)$/.test(host) ? 'never' : 'name'
  const family = version === 4 ? 'ipv4' : 'ipv6'
  if (NEVER.check(host, family)) return 'never'
  if (LOOPBACK.check(host, family)) return 'loopback'
  return PRIVATE.check(host, family) ? 'private' : 'public'
}

export function isLoopback(host: string): boolean {
  return hostKind(host) === 'loopback'
}
