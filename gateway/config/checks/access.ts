// Rules about credentials and bindings: everything named exists, and no credential reaches whom it
// was not meant for.

import { canMatch, placeholdersOf, subjectPattern } from '../grammar.ts'
import { parseOrigin } from '../origin.ts'
import { nearest } from '../nearest.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

type Credential = NonNullable<ConfigParts['credentials']>[string]
type Binding = NonNullable<ConfigParts['bindings']>[number]

export function checkAccess(parts: ConfigParts): Finding[] {
  return [
    ...checkBindings(parts),
    ...checkSubjects(parts),
    ...unusedCredentials(parts),
    ...audiences(parts),
    ...endpointRoots(parts),
    ...tokenNeeds(parts),
  ]
}

function checkBindings({ bindings, credentials }: ConfigParts): Finding[] {
  if (bindings === undefined || credentials === undefined) return []
  const findings: Finding[] = []
  bindings.forEach((binding, index) =>
    binding.credentials.forEach((name, position) => {
      const path: ConfigPath = ['bindings', index, 'credentials', position]
      if (!Object.hasOwn(credentials, name)) {
        const guess = nearest(name, Object.keys(credentials))
        findings.push({
          path,
          message: `there is no credential \`${name}\``,
          hint: guess === undefined ? 'Add it to `credentials`.' : `Did you mean \`${guess}\`?`,
        })
      }
      if (binding.credentials.indexOf(name) !== position) {
        findings.push({ path, message: `\`${name}\` is listed twice`, hint: 'Once is enough.' })
      }
    }),
  )
  return findings
}

/** A pattern that nothing can match is a typing mistake, which would show as a denial only. */
function checkSubjects(parts: ConfigParts): Finding[] {
  const { bindings, identity, trustDomain } = parts
  if (bindings === undefined || identity === undefined || trustDomain === undefined) return []
  const findings: Finding[] = []
  bindings.forEach((binding, index) => {
    const path: ConfigPath = ['bindings', index, 'subject']
    const subject = subjectPattern(binding.subject)
    const isOwn = subject.trustDomain === trustDomain
    const foreign = Object.hasOwn(identity.trustBundles, subject.trustDomain)
      ? identity.trustBundles[subject.trustDomain]
      : undefined
    if (!isOwn && foreign === undefined) {
      findings.push({
        path,
        message: `the trust domain ${subject.trustDomain} is not known here`,
        hint: `Ours is ${trustDomain}; others stand in identity.trustBundles.`,
      })
      return
    }
    const grammar = isOwn ? identity.grammar : foreign?.grammar
    if (grammar !== undefined && !canMatch(grammar, subject.segments)) {
      findings.push({
        path,
        message: `no SPIFFE ID of the grammar ${grammar} matches this`,
        hint: '`*` stands for exactly one segment.',
      })
    }
    findings.push(...checkEntitled(parts, binding, index, isOwn, grammar))
  })
  return findings
}

const AWS_SUBJECT_MAX = 255

/** What each credential of a binding says about the agents that the binding names. */
function checkEntitled(
  parts: ConfigParts,
  binding: Binding,
  index: number,
  isOwn: boolean,
  grammar: string | undefined,
): Finding[] {
  const { credentials = {} } = parts
  const { trustDomain } = subjectPattern(binding.subject)
  const findings: Finding[] = []
  binding.credentials.forEach((name, position) => {
    const credential = Object.hasOwn(credentials, name) ? credentials[name] : undefined
    if (credential === undefined) return
    const path: ConfigPath = ['bindings', index, 'credentials', position]
    if (!isOwn && !credential.trustDomains.includes(trustDomain)) {
      findings.push({
        path,
        message: `\`${name}\` does not list the foreign trust domain ${trustDomain}`,
        hint: `Add it to credentials.${name}.trustDomains, if its agents may act in your cloud.`,
      })
    }
    const filled = neededParts(credential)
    const known = grammar === undefined ? [] : placeholdersOf(grammar)
    const unknown = filled.find((part) => !known.includes(part))
    if (unknown !== undefined) {
      findings.push({
        path,
        message: `\`${name}\` needs the {${unknown}} of agents that have none`,
        hint: `The grammar of ${trustDomain} gives ${known.join(', ') || 'no parts'}.`,
      })
    }
    if (isSpiffeSubject(credential) && binding.subject.length > AWS_SUBJECT_MAX) {
      findings.push({
        path: ['bindings', index, 'subject'],
        message: 'STS takes subjects of 255 characters at most, and this SPIFFE ID is longer',
        hint: `Set credentials.${name}.subject: role.`,
      })
    }
  })
  return findings
}

function isSpiffeSubject(credential: Credential): boolean {
  return credential.kind === 'aws-web-identity' && credential.subject === 'spiffe-id'
}

function neededParts(credential: Credential): string[] {
  if (credential.kind !== 'aws-web-identity') return []
  const parts = placeholdersOf(credential.roleArn)
  return credential.subject === 'role' ? [...parts, 'tenant', 'role'] : parts
}

function unusedCredentials({ credentials, bindings }: ConfigParts): Finding[] {
  if (credentials === undefined || bindings === undefined) return []
  const used = new Set(bindings.flatMap((binding) => binding.credentials))
  return Object.keys(credentials)
    .filter((name) => !used.has(name))
    .map((name) => ({
      path: ['credentials', name],
      message: `no binding uses the credential \`${name}\``,
      hint: 'Bind it, or remove it.',
      severity: 'warning',
      atKey: true,
    }))
}

/**
 * One audience, one token endpoint: whoever runs one of two endpoints could otherwise present there
 * a token that it got at the other. AWS's own STS endpoints, in any region, are one party.
 */
function audiences({ credentials }: ConfigParts): Finding[] {
  const endpoints = new Map<string, { readonly endpoint: string; readonly name: string }>()
  const findings: Finding[] = []
  for (const [name, credential] of Object.entries(credentials ?? {})) {
    if (credential.kind !== 'aws-web-identity') continue
    const endpoint = partyOf(credential.endpoint)
    const first = endpoints.get(credential.audience)
    if (first === undefined) endpoints.set(credential.audience, { endpoint, name })
    else if (first.endpoint !== endpoint) {
      findings.push({
        path: ['credentials', name, 'audience'],
        message: `the audience ${credential.audience} goes to two token endpoints (see credentials.${first.name})`,
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
    if (credential.kind === 'none' || credential.endpoint === undefined) continue
    const first = roots.get(credential.endpoint)
    const ca = credential.tls?.ca
    if (first === undefined) roots.set(credential.endpoint, { name, ca })
    else if (first.ca !== ca) {
      findings.push({
        path: ['credentials', name, 'tls'],
        message: `credentials.${first.name} names other roots for ${credential.endpoint}`,
        hint: 'Give both the same `tls.ca`.',
      })
    }
  }
  return findings
}

function partyOf(endpoint: string | undefined): string {
  if (endpoint === undefined) return 'aws'
  const isAws = /\.amazonaws\.com(\.cn)?$/.test(parseOrigin(endpoint).host)
  return isAws ? 'aws' : endpoint
}

function tokenNeeds(parts: ConfigParts): Finding[] {
  const web = Object.entries(parts.credentials ?? {}).find(
    ([, credential]) => credential.kind === 'aws-web-identity',
  )
  // A section that is there but wrong has been reported already.
  if (web === undefined || !('issuer' in parts) || parts.issuer !== undefined) return []
  return [
    {
      path: ['credentials', web[0]],
      message: 'a token for STS needs an issuer, and there is none',
      hint: 'Add `issuer: { url: …, keys: { dir: … } }`.',
      atKey: true,
    },
  ]
}
