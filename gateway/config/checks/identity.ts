// Rules about SPIFFE IDs: grammars that can be read in one way, and domains that are kept apart.

import { parseSpiffeId } from '../../spiffe/id.ts'
import { ENDPOINT_VARIABLE, parseWorkloadEndpoint } from '../../spiffe/workload-api/endpoint.ts'
import { grammarParts, placeholdersOf } from '../grammar.ts'
import { isLoopback, parseOrigin } from '../origin.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { Environment } from '../references.ts'
import type { ConfigParts } from '../schema.ts'

export function checkIdentity(parts: ConfigParts, env: Environment): Finding[] {
  const { identity } = parts
  const findings: Finding[] = [...checkIssuer(parts)]
  if (identity === undefined) return findings
  findings.push(...checkWorkloadSocket(identity.source, env))
  if (identity.source.kind === 'dev' && Object.keys(identity.trustBundles).length > 0) {
    findings.push({
      path: ['identity', 'trustBundles'],
      message: 'a dev trust domain is federated with no other',
      hint: 'Remove `trustBundles:`, or use `kind: files`.',
      atKey: true,
    })
  }
  findings.push(...checkGrammar(identity.grammar, ['identity', 'grammar']))
  for (const [domain, bundle] of Object.entries(identity.trustBundles)) {
    const path: ConfigPath = ['identity', 'trustBundles', domain]
    if (domain === parts.trustDomain) {
      findings.push({
        path,
        message: `${domain} is our own trust domain`,
        hint: 'Its bundle comes from `identity.source`.',
        atKey: true,
      })
    }
    findings.push(...checkBundleOrigin(bundle, identity.source.kind, path))
    if (bundle.grammar === undefined) {
      if (Object.keys(bundle.tenants).length > 0) {
        findings.push({
          path: [...path, 'tenants'],
          message: 'a tenant map without a grammar maps nothing',
          hint: 'Add `grammar:` with {tenant}, or remove `tenants:`.',
        })
      }
      continue
    }
    findings.push(...checkGrammar(bundle.grammar, [...path, 'grammar']))
    const usesTenant = placeholdersOf(bundle.grammar).includes('tenant')
    if (usesTenant && Object.keys(bundle.tenants).length === 0) {
      findings.push({
        path: [...path, 'grammar'],
        message: 'a foreign {tenant} has no meaning here without a tenant map',
        hint: 'Add `tenants: { theirs: ours }`.',
      })
    }
  }
  return findings
}

/** Without `socket:`, the environment says where the Workload API is. */
function checkWorkloadSocket(source: Identity['source'], env: Environment): Finding[] {
  if (source.kind !== 'workload-api' || source.socket !== undefined) return []
  const path: ConfigPath = ['identity', 'source', 'socket']
  const named = env[ENDPOINT_VARIABLE]
  if (named === undefined || named === '') {
    return [
      {
        path,
        message: `neither \`socket:\` nor ${ENDPOINT_VARIABLE} says where the Workload API is`,
        hint: 'Add `socket: unix:///run/spire/agent-sockets/api.sock`, as your agent has it.',
      },
    ]
  }
  const target = parseWorkloadEndpoint(named)
  if (target.ok) return []
  return [{ path, message: `${ENDPOINT_VARIABLE}: ${target.error}`, hint: 'Mend the environment.' }]
}

type Identity = NonNullable<ConfigParts['identity']>

/** One place to take a partner's bundle from, and all that a bundle endpoint needs. */
function checkBundleOrigin(
  bundle: Identity['trustBundles'][string],
  source: Identity['source']['kind'],
  path: ConfigPath,
): Finding[] {
  const findings: Finding[] = []
  const wrong = (field: string, message: string, hint: string): void =>
    void findings.push({ path: [...path, field], message, hint })
  const { file, endpoint, profile, endpointSpiffeId } = bundle
  if (endpoint === undefined) {
    for (const field of ['profile', 'endpointSpiffeId', 'bundle', 'tls'] as const) {
      if (bundle[field] === undefined) continue
      wrong(field, `\`${field}\` belongs to an \`endpoint\``, 'Add `endpoint:`, or remove it.')
    }
    if (file === undefined && source !== 'workload-api') {
      const message = 'nothing says where the bundle comes from'
      findings.push({ path, message, hint: 'Add `file:`, or `endpoint:` and `profile:`.' })
    }
    return findings
  }
  if (file !== undefined) {
    wrong(
      'file',
      'a bundle has one origin',
      'Keep `endpoint:` (a first one is `bundle:`) or `file:`.',
    )
  }
  if (profile === undefined) {
    const hint = 'Add `profile: https_web` or `profile: https_spiffe`, as the partner tells you.'
    wrong('endpoint', 'an endpoint needs its profile', hint)
  }
  if (profile === 'https_web' && endpointSpiffeId !== undefined) {
    const hint = 'Remove it, or use `profile: https_spiffe`.'
    wrong('endpointSpiffeId', '`https_web` looks at no SPIFFE ID', hint)
  }
  if (profile === 'https_spiffe') {
    if (endpointSpiffeId === undefined) {
      const hint = 'Add `endpointSpiffeId:`, as the partner tells you.'
      wrong('profile', '`https_spiffe` needs the SPIFFE ID of the endpoint', hint)
    } else if (!parseSpiffeId(endpointSpiffeId).ok) {
      wrong('endpointSpiffeId', 'this is no SPIFFE ID', 'SPIFFE-ID §2.')
    } else if (bundle.bundle === undefined && endpointSpiffeId.startsWith(`spiffe://${path[2]}/`)) {
      const hint = 'Add `bundle:` with the file that the partner gave you.'
      wrong('profile', '`https_spiffe` needs a first bundle to judge the endpoint by', hint)
    }
    if (bundle.tls !== undefined) {
      wrong('tls', '`https_spiffe` looks at SVIDs only', 'Remove it, or use `profile: https_web`.')
    }
  }
  return findings
}

function checkGrammar(grammar: string, path: ConfigPath): Finding[] {
  const findings: Finding[] = []
  const names = placeholdersOf(grammar)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    findings.push({ path, message: `{${twice}} stands twice`, hint: 'Use each placeholder once.' })
  }
  // Half a name is none: spiffe/grammar.ts takes all three or nothing.
  const missing = ['tenant', 'agent', 'role'].filter((name) => !names.includes(name))
  if (missing.length > 0 && twice === undefined) {
    findings.push({
      path,
      message: `the grammar has no ${missing.map((name) => `{${name}}`).join(', ')}`,
      hint: 'An agent has all three names, such as agent/{tenant}/{agent}/{role}.',
    })
  }
  const dots = grammarParts(grammar).some(
    (part) => part.kind === 'literal' && /^\.{1,2}$/.test(part.text),
  )
  if (dots) {
    findings.push({
      path,
      message: '`.` and `..` are no segments of a SPIFFE ID',
      hint: 'SPIFFE-ID §2.2.',
    })
  }
  return findings
}

/** AWS takes an https issuer without a port; http is for this machine only. */
function checkIssuer(parts: ConfigParts): Finding[] {
  if (parts.issuer === undefined) return []
  const { scheme, host } = parseOrigin(parts.issuer.url)
  if (scheme === 'https' || isLoopback(host)) return []
  return [
    {
      path: ['issuer', 'url'],
      message: 'an issuer must be https',
      hint: 'Every cloud fetches its keys from there and must know that they are yours.',
    },
  ]
}
