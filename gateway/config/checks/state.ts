// Rules about what replicas share.

import { normalize } from 'node:path'
import type { Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

/** A directory of keys is copied, backed up and replaced as a whole: each kind has its own. */
export function checkState({ state, issuer, audit }: ConfigParts): Finding[] {
  if (state === undefined) return []
  const { dir } = state.jobKeys
  const findings: Finding[] = []
  const refuse = (message: string): void => {
    findings.push({
      path: ['state', 'jobKeys', 'dir'],
      message,
      hint: 'Give the job keys a directory of their own.',
    })
  }
  if (issuer?.keys !== undefined && isWithin(issuer.keys.dir, dir)) {
    refuse('the job keys lie among the issuer’s keys')
  }
  if (audit !== undefined && isWithin(audit.key, dir)) {
    refuse('the audit key lies among the job keys')
  }
  return findings
}

/** Whether `path` is `directory`, or lies in it. */
function isWithin(path: string, directory: string): boolean {
  return normalize(`${path}/`).startsWith(normalize(`${directory}/`))
}
