// Rules about token endpoints: who may be shown which token, by which roots, for how long.

import { awsAuthority } from '../../credential/aws/options.ts'
import { gcpAudience, gcpAuthority } from '../../credential/gcp/options.ts'
import { DEFAULTS } from '../defaults.ts'
import type { Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'
import { tokenEndpointsOf } from '../token-endpoints.ts'
import { durationOf } from '../units.ts'

type TokenCredential = Exclude<NonNullable<ConfigParts['credentials']>[string], { kind: 'none' }>

export function checkTokens(parts: ConfigParts): Finding[] {
  return [...audiences(parts), ...endpointRoots(parts), ...lifetimes(parts), ...tokenNeeds(parts)]
}

/**
 * One audience, one token endpoint: whoever runs one of two endpoints could otherwise present there
 * a token that it got at the other. A cloud's own endpoints, in any region, are one party.
 */
function audiences({ credentials }: ConfigParts): Finding[] {
  const endpoints = new Map<string, { readonly endpoint: string; readonly name: string }>()
  const findings: Finding[] = []
  for (const [name, credential] of Object.entries(credentials ?? {})) {
    if (credential.kind === 'none') continue
    const isGoogle = credential.kind === 'gcp-workload-identity'
    const audience = isGoogle ? gcpAudience(credential) : credential.audience
    const endpoint = partyOf(credential)
    const first = endpoints.get(audience)
    if (first === undefined) endpoints.set(audience, { endpoint, name })
    else if (first.endpoint !== endpoint) {
      findings.push({
        path: ['credentials', name, ...(credential.audience === undefined ? [] : ['audience'])],
        message: `the audience ${audience} goes to two token endpoints (see credentials.${first.name})`,
        hint: 'Give one of them an audience of its own.',
      })
    }
  }
  return findings
}

/** One connection pool serves an endpoint, so two sets of roots for it would depend on the order. */
function endpointRoots({ credentials }: ConfigParts): Finding[] {
  const roots = new Map<string, { readonly name: string; readonly ca: string | undefined }>()
  const findings: Finding[] = []
  for (const [name, credential] of Object.entries(credentials ?? {})) {
    if (credential.kind === 'none') continue
    const ca = credential.tls?.ca
    for (const { origin } of tokenEndpointsOf(credential)) {
      if (origin === undefined) continue
      const first = roots.get(origin)
      if (first === undefined) roots.set(origin, { name, ca })
      else if (first.ca !== ca) {
        findings.push({
          path: ['credentials', name, 'tls'],
          message: `credentials.${first.name} names other roots for ${origin}`,
          hint: 'Give both the same `tls.ca`.',
        })
      }
    }
  }
  return findings
}

function partyOf(credential: TokenCredential): string {
  return credential.kind === 'gcp-workload-identity'
    ? gcpAuthority(credential)
    : awsAuthority(credential)
}

function tokenNeeds(parts: ConfigParts): Finding[] {
  const web = Object.entries(parts.credentials ?? {}).find(
    ([, credential]) => credential.kind !== 'none',
  )
  // A section that is there but wrong has been reported already.
  if (web === undefined || !('issuer' in parts) || parts.issuer !== undefined) return []
  return [
    {
      path: ['credentials', web[0]],
      message: 'a token for the cloud needs an issuer, and there is none',
      hint: 'Add `issuer: { url: …, keys: { dir: … } }`.',
      atKey: true,
    },
  ]
}

/** A lifetime that Google would not be told is one that an operator would believe in. */
function lifetimes({ credentials = {} }: ConfigParts): Finding[] {
  return Object.entries(credentials).flatMap(([name, credential]): Finding[] => {
    if (credential.kind !== 'gcp-workload-identity') return []
    if (credential.serviceAccount !== undefined) return []
    if (credential.lifetime === durationOf(DEFAULTS.impersonationLifetime.value)) return []
    return [
      {
        path: ['credentials', name, 'lifetime'],
        message: '`lifetime` applies to impersonation only',
        hint: 'Remove it, or add `serviceAccount:`. Without one, Google sets the lifetime.',
      },
    ]
  })
}
