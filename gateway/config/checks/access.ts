// Rules about credentials and bindings: everything named exists, and no credential reaches whom it
// was not meant for.

import { canMatch, placeholdersOf, subjectPattern } from '../grammar.ts'
import { nearest } from '../nearest.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'
import { checkTokens } from './tokens.ts'

type Credential = NonNullable<ConfigParts['credentials']>[string]
type TokenCredential = Exclude<Credential, { kind: 'none' }>
type Binding = NonNullable<ConfigParts['bindings']>[number]

export function checkAccess(parts: ConfigParts): Finding[] {
  return [
    ...checkBindings(parts),
    ...checkSubjects(parts),
    ...unusedCredentials(parts),
    ...foreignClouds(parts),
    ...checkTokens(parts),
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
  if (credential.kind === 'none') return []
  const filled =
    credential.kind === 'aws-web-identity' ? credential.roleArn : credential.serviceAccount
  const parts = placeholdersOf(filled ?? '')
  return credential.subject === 'role' ? [...parts, 'tenant', 'role'] : parts
}

const CLOUDS: Readonly<Record<TokenCredential['kind'], string>> = {
  'aws-web-identity': 'aws',
  'gcp-workload-identity': 'gcp',
}

/** A credential of one cloud proves nothing at another, and must not be shown there. */
function foreignClouds({ bindings = [], credentials = {} }: ConfigParts): Finding[] {
  const findings: Finding[] = []
  bindings.forEach(({ service, credentials: names }, index) =>
    names.forEach((name, position) => {
      const credential = Object.hasOwn(credentials, name) ? credentials[name] : undefined
      if (credential === undefined || credential.kind === 'none') return
      const cloud = CLOUDS[credential.kind]
      if (service.startsWith(`${cloud}_`)) return
      findings.push({
        path: ['bindings', index, 'credentials', position],
        message: `\`${name}\` is a credential of ${cloud}, and ${service} is not`,
        hint: 'Bind one of the same cloud.',
      })
    }),
  )
  return findings
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
