// Rules about every place that the gateway connects to: https, never a metadata server, this
// machine only by an unsafe switch, and with a dev trust domain nothing but this machine.

import { hostKind, parseOrigin, type Origin } from '../origin.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'
import { tokenEndpointsOf } from '../token-endpoints.ts'

interface Destination {
  readonly path: ConfigPath
  /** Undefined: AWS's own endpoint. */
  readonly origin: Origin | undefined
}

export function checkEgress(parts: ConfigParts): Finding[] {
  const findings: Finding[] = []
  for (const destination of destinationsOf(parts)) {
    findings.push(...checkDestination(destination, parts))
  }
  return [...findings, ...checkAnonymousHosts(parts), ...unsafeSwitches(parts)]
}

function destinationsOf(parts: ConfigParts): Destination[] {
  const { routes = [], credentials = {}, identity } = parts
  const destinations: Destination[] = routes.map((route, index) => ({
    path: ['routes', index, 'upstream'],
    origin: parseOrigin(route.upstream),
  }))
  for (const [name, credential] of Object.entries(credentials)) {
    for (const { origin, field } of tokenEndpointsOf(credential)) {
      destinations.push({
        path: ['credentials', name, ...field],
        origin: origin === undefined ? undefined : parseOrigin(origin),
      })
    }
  }
  for (const [domain, { endpoint }] of Object.entries(identity?.trustBundles ?? {})) {
    if (endpoint === undefined) continue
    const path: ConfigPath = ['identity', 'trustBundles', domain, 'endpoint']
    destinations.push({ path, origin: parseOrigin(endpoint) })
  }
  return destinations
}

function checkDestination({ path, origin }: Destination, parts: ConfigParts): Finding[] {
  const findings: Finding[] = []
  const kind = origin === undefined ? 'name' : hostKind(origin.host)
  const isLocal = kind === 'loopback'
  if (parts.identity?.source.kind === 'dev' && !isLocal) {
    findings.push({
      path,
      message: '`identity.source.kind: dev` is refused beside a real cloud',
      hint:
        origin === undefined
          ? 'Set `endpoint:` to an STS on this machine, or use `kind: files`.'
          : 'Point it at this machine, or use `kind: files`.',
    })
  }
  if (origin === undefined) return findings
  if (origin.port > 65535) {
    findings.push({ path, message: 'the port must be 65535 at most', hint: 'Check the number.' })
  }
  if (kind === 'forbidden') {
    findings.push({
      path,
      message: `${origin.host} is no address that an upstream may have`,
      hint: 'Link-local, metadata, multicast and unspecified addresses are never allowed.',
    })
  }
  // A section that was wrong has been reported; without it these two cannot be judged.
  if (parts.egress === undefined) return findings
  if (kind === 'private' && !parts.egress.allowPrivate) {
    findings.push({
      path,
      message: `${origin.host} is a private address`,
      hint: 'Set egress.allowPrivate: true, if that is meant.',
    })
  }
  if (isLocal && !parts.egress.unsafeAllowLoopback) {
    findings.push({
      path,
      message: `${origin.host} is this machine`,
      hint: 'egress.unsafeAllowLoopback: true allows it, for demo and tests.',
    })
  }
  if (origin.scheme === 'http' && !isLocal) {
    findings.push({
      path,
      message: 'an upstream must be https',
      hint: 'http is for this machine only, with egress.unsafeAllowLoopback.',
    })
  }
  return findings
}

/** `kind: none` is bound to hosts, so that no route can widen where requests go without one. */
function checkAnonymousHosts({ routes, bindings, credentials }: ConfigParts): Finding[] {
  if (routes === undefined || bindings === undefined || credentials === undefined) return []
  const findings: Finding[] = []
  bindings.forEach((binding, index) =>
    binding.credentials.forEach((name, position) => {
      const credential = Object.hasOwn(credentials, name) ? credentials[name] : undefined
      const route = routes.find(({ service }) => service === binding.service)
      if (credential?.kind !== 'none' || route === undefined) return
      const template = parseOrigin(route.upstream).host
      const hosts = template.includes('{region}')
        ? route.regions.map((region) => template.replaceAll('{region}', region))
        : [template]
      const outside = hosts.find((host) => !credential.hosts.includes(host))
      if (outside === undefined) return
      findings.push({
        path: ['bindings', index, 'credentials', position],
        message: `\`${name}\` is not for the host ${outside} of ${binding.service}`,
        hint: `Add it to credentials.${name}.hosts, if that is meant.`,
      })
    }),
  )
  return findings
}

function unsafeSwitches({ egress, policy }: ConfigParts): Finding[] {
  const findings: Finding[] = []
  if (egress?.unsafeAllowLoopback === true) {
    findings.push({
      path: ['egress', 'unsafeAllowLoopback'],
      message: 'upstreams may be on this machine, over http too',
      hint: 'For demo and tests only.',
      severity: 'warning',
    })
  }
  if (policy?.verification.required === false) {
    findings.push({
      path: ['policy', 'verification', 'required'],
      message: 'a bundle without a signature is accepted',
      hint: 'Whoever can write the bundle decides who may do what.',
      severity: 'warning',
    })
  }
  return findings
}
