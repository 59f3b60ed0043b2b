// Rules about listeners and the names they answer to.

import { isLoopback } from '../origin.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

export function checkListen(parts: ConfigParts): Finding[] {
  const { listen } = parts
  if (listen === undefined) return []
  return [
    ...sameAddress(listen),
    ...hostNames(listen.data.hostnames),
    ...certificateNames(listen.data),
    ...ownSvid(parts),
    ...devListeners(parts),
  ]
}

type Listen = NonNullable<ConfigParts['listen']>

function addressesOf(listen: Listen) {
  const addresses: { path: ConfigPath; host: string; port: number }[] = [
    { path: ['listen', 'data', 'address'], ...listen.data.address },
    { path: ['listen', 'health', 'address'], ...listen.health.address },
  ]
  if (listen.issuer !== undefined) {
    addresses.push({ path: ['listen', 'issuer', 'address'], ...listen.issuer.address })
  }
  return addresses
}

/** Two listeners on one port: the second would fail at start, after the first was open. */
function sameAddress(listen: Listen): Finding[] {
  const seen = new Map<string, string>()
  const findings: Finding[] = []
  for (const { path, host, port } of addressesOf(listen)) {
    const key = `${host === 'localhost' ? '127.0.0.1' : host} ${port}`
    const other = seen.get(key)
    if (port !== 0 && other !== undefined) {
      findings.push({
        path,
        message: `the same address as ${other}`,
        hint: 'Give each listener its own port.',
      })
    }
    seen.set(key, path.join('.'))
  }
  return findings
}

/**
 * A base host below another one has two readings: `s3.gw.example.org` is the S3 service host of
 * `gw.example.org`, and `logs.gw.example.org` is its bucket `logs`.
 */
function hostNames(hostnames: readonly string[]): Finding[] {
  const findings: Finding[] = []
  hostnames.forEach((name, index) => {
    const path: ConfigPath = ['listen', 'data', 'hostnames', index]
    if (hostnames.indexOf(name) !== index) {
      findings.push({ path, message: `${name} is listed twice`, hint: 'Remove one of the two.' })
    }
    const parent = hostnames.find((other) => name.endsWith(`.${other}`))
    if (parent !== undefined) {
      findings.push({
        path,
        message: `${name} lies below the base host ${parent}, where services and buckets have their names`,
        hint: `Choose a name beside ${parent}.`,
      })
    }
  })
  return findings
}

function certificateNames(data: Listen['data']): Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string>()
  data.tls.forEach((entry, entryIndex) => {
    if (entry.kind === 'svid') return
    entry.names.forEach((name, index) => {
      const path: ConfigPath = ['listen', 'data', 'tls', entryIndex, 'names', index]
      if (seen.has(name)) {
        findings.push({
          path,
          message: `${name} has two certificates`,
          hint: 'Name it in one entry only.',
        })
      }
      seen.add(name)
    })
  })
  // Whoever shows an SVID means clients that look at SPIFFE IDs, not at names.
  if (data.tls.some(({ kind }) => kind === 'svid')) return findings
  data.hostnames.forEach((host, index) => {
    const wildcard = `*.${host.slice(host.indexOf('.') + 1)}`
    if (seen.has(host) || seen.has(wildcard)) return
    findings.push({
      path: ['listen', 'data', 'hostnames', index],
      message: `no entry of listen.data.tls names ${host}`,
      hint: 'Clients will see the first certificate; add the name to the one that covers it.',
      severity: 'warning',
    })
  })
  return findings
}

/** One SVID, and a source that has one. */
function ownSvid({ listen, identity }: ConfigParts): Finding[] {
  const entries = listen?.data.tls ?? []
  const at = entries.flatMap(({ kind }, index) => (kind === 'svid' ? [index] : []))
  const [first, second] = at
  const findings: Finding[] = []
  if (second !== undefined) {
    findings.push({
      path: ['listen', 'data', 'tls', second],
      message: 'our own SVID is listed twice',
      hint: 'Remove one of the two.',
    })
  }
  const source = identity?.source
  if (first !== undefined && source?.kind === 'files' && source.svid === undefined) {
    findings.push({
      path: ['listen', 'data', 'tls', first, 'kind'],
      message: 'there is no SVID of our own to show',
      hint: 'Add `svid: { cert: …, key: … }` to identity.source, or use `kind: files` here.',
    })
  }
  return findings
}

/** A throw-away trust domain proves nothing about anybody, so nobody else may reach it. */
function devListeners(parts: ConfigParts): Finding[] {
  if (parts.identity?.source.kind !== 'dev' || parts.listen === undefined) return []
  return addressesOf(parts.listen)
    .filter(({ host }) => !isLoopback(host))
    .map(({ path }) => ({
      path,
      message: '`identity.source.kind: dev` is refused beside a listener that others can reach',
      hint: 'Listen on 127.0.0.1, or use `kind: files`.',
    }))
}
