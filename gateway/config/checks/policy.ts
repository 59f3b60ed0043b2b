// Rules about policy bundles and records.

import { normalize } from 'node:path'
import { duplicatesBy } from './duplicates.ts'
import type { Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

export function checkPolicy(parts: ConfigParts): Finding[] {
  const { policy } = parts
  if (policy === undefined) return []
  const findings: Finding[] = []
  if (policy.verification.required && Object.keys(policy.verification.keys).length === 0) {
    findings.push({
      path: ['policy', 'verification', 'keys'],
      message: 'signatures are required, and there is no key to check them with',
      hint: 'Add `keys: { main: file:./keys/bundle.pub.pem }`, or `required: false` for a trial.',
    })
  }
  duplicatesBy(policy.zones, (zone) => zone).forEach(({ index, key }) =>
    findings.push({
      path: ['policy', 'zones', index],
      message: `${key} is listed twice`,
      hint: 'Once is enough.',
    }),
  )
  return findings
}

export function checkAudit({ audit, issuer }: ConfigParts): Finding[] {
  if (audit === undefined) return []
  const findings: Finding[] = duplicatesBy(audit.sinks, (sink) => sink.dir).map(({ index }) => ({
    path: ['audit', 'sinks', index, 'dir'],
    message: 'two sinks write to one directory',
    hint: 'Each chain needs a directory of its own.',
  }))
  const issuerKeys = issuer?.keys?.dir
  if (issuerKeys !== undefined && normalize(audit.key).startsWith(normalize(`${issuerKeys}/`))) {
    findings.push({
      path: ['audit', 'key'],
      message: 'the audit key lies among the issuer’s keys',
      hint: 'Whoever can mint tokens must not be able to sign records: keep the two apart.',
    })
  }
  return findings
}
