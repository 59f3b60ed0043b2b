// Rules about who signs our tokens: one place for the keys, and an algorithm that it has.

import { isAbsolute } from 'node:path'
import type { Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'
import { duplicatesBy } from './duplicates.ts'

type Issuer = NonNullable<ConfigParts['issuer']>

export function checkIssuer(parts: ConfigParts): Finding[] {
  const { issuer } = parts
  if (issuer === undefined) return presented(parts)
  return [
    ...presented(parts),
    ...keyPlace(issuer),
    ...algorithms(issuer),
    ...tokenAlgorithms(parts, issuer),
  ]
}

function presented(parts: ConfigParts): Finding[] {
  return [...presentedKeys(parts), ...presentedAudience(parts)]
}

/** Without a key every agent would be refused, and nobody would know why. */
function presentedKeys({ tokenSource, identity }: ConfigParts): Finding[] {
  if (tokenSource?.kind !== 'presented' || identity?.source.kind !== 'workload-api') return []
  return [
    {
      path: ['tokenSource', 'kind'],
      message: 'a Workload API source has no keys for JWT-SVIDs in this version',
      hint: 'Use `identity.source: { kind: files }` with a SPIFFE bundle in JSON.',
    },
  ]
}

/** A SPIFFE ID of another trust domain is not ours: whoever has it could be shown the same token. */
function presentedAudience({ tokenSource, trustDomain }: ConfigParts): Finding[] {
  if (tokenSource?.kind !== 'presented' || trustDomain === undefined) return []
  if (tokenSource.audience.startsWith(`spiffe://${trustDomain}/`)) return []
  return [
    {
      path: ['tokenSource', 'audience'],
      message: `the audience is no SPIFFE ID of ${trustDomain}`,
      hint: `Give this gateway’s own, such as spiffe://${trustDomain}/svidgate.`,
    },
  ]
}

function keyPlace({ keys, signer }: Issuer): Finding[] {
  const findings: Finding[] = []
  if ((keys === undefined) === (signer === undefined)) {
    findings.push({
      path: ['issuer'],
      message: keys === undefined ? 'nothing signs' : 'both `keys` and `signer` are there',
      hint: 'Give `keys: { dir: … }`, or `signer: { kind: command, … }`, and not both.',
      atKey: true,
    })
  }
  const [program = ''] = signer?.argv ?? []
  if (signer !== undefined && !isAbsolute(program)) {
    findings.push({
      path: ['issuer', 'signer', 'argv', 0],
      message: `${program} is no absolute path`,
      hint: 'A program that is looked for can be put in another’s place.',
    })
  }
  return findings
}

function algorithms({ algorithms: listed }: Issuer): Finding[] {
  return duplicatesBy(listed, (algorithm) => algorithm).map(({ index, key }) => ({
    path: ['issuer', 'algorithms', index],
    message: `${key} is listed twice`,
    hint: 'Once is enough.',
  }))
}

/** The algorithm of an external signer is its key's; that is seen at the start. */
function tokenAlgorithms({ credentials }: ConfigParts, issuer: Issuer): Finding[] {
  if (issuer.keys === undefined) return []
  return Object.entries(credentials ?? {}).flatMap(([name, credential]): Finding[] => {
    if (credential.kind === 'none') return []
    const { tokenAlgorithm } = credential
    if (issuer.algorithms.includes(tokenAlgorithm)) return []
    return [
      {
        path: ['credentials', name, 'tokenAlgorithm'],
        message: `the issuer has no keys for ${tokenAlgorithm}`,
        hint: `Add it: \`issuer: { algorithms: [${[...issuer.algorithms, tokenAlgorithm].join(', ')}] }\`.`,
      },
    ]
  })
}
