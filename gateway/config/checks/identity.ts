// Rules about SPIFFE IDs: grammars that can be read in one way, and domains that are kept apart.

import { grammarParts, placeholdersOf } from '../grammar.ts'
import { isLoopback, parseOrigin } from '../origin.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

export function checkIdentity(parts: ConfigParts): Finding[] {
  const { identity } = parts
  const findings: Finding[] = [...checkIssuer(parts)]
  if (identity === undefined) return findings
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
