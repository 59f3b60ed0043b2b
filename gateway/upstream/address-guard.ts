// Which addresses may be dialled, judged on the *resolved* address at the moment of dialling, so
// that neither a name that points inside nor one that changes its answer (DNS rebinding) gets
// through. Link-local and metadata addresses are never dialled, whatever the operator sets.

import { BlockList, isIP } from 'node:net'

export interface EgressOptions {
  /** RFC 1918, RFC 6598 and unique local addresses. */
  readonly allowPrivate: boolean
  /** Loopback, for the demo and for tests. */
  readonly unsafeAllowLoopback: boolean
}

export type AddressVerdict = 'public' | 'private' | 'loopback' | 'forbidden'

const LOOPBACK = listOf([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
])
const PRIVATE = listOf([
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
])
// IANA special-purpose registries: what is neither public nor a place an operator could mean.
const FORBIDDEN = listOf([
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
])
// AWS's IPv6 metadata address lies inside the unique local range.
const METADATA_V6 = listOf([['fd00:ec2::', 32, 'ipv6']])

function listOf(subnets: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix, family] of subnets) list.addSubnet(net, prefix, family)
  return list
}

/** `address` is a literal as `dns.lookup` returns it; anything else is forbidden. */
export function judgeAddress(address: string): AddressVerdict {
  const version = isIP(address)
  if (version === 0 || address.includes('%')) return 'forbidden'
  const mapped = version === 6 ? mappedIpv4(address) : undefined
  if (mapped !== undefined) return judgeAddress(mapped)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  if (METADATA_V6.check(address, family) || FORBIDDEN.check(address, family)) return 'forbidden'
  if (LOOPBACK.check(address, family)) return 'loopback'
  return PRIVATE.check(address, family) ? 'private' : 'public'
}

export function mayDial(address: string, options: EgressOptions): boolean {
  switch (judgeAddress(address)) {
    case 'public':
      return true
    case 'private':
      return options.allowPrivate
    case 'loopback':
      return options.unsafeAllowLoopback
    case 'forbidden':
      return false
  }
}

/** `::ffff:a.b.c.d` in any spelling reaches the IPv4 address that it holds. */
function mappedIpv4(address: string): string | undefined {
  const tail = /^(?:::|(?:0{1,4}:){5})ffff:(.+)$/i.exec(address)?.[1]
  if (tail === undefined) return undefined
  if (isIP(tail) === 4) return tail
  const groups = tail.split(':').map((group) => Number.parseInt(group, 16))
  const [high, low] = groups
  if (groups.length !== 2 || high === undefined || low === undefined) return '0.0.0.0'
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
