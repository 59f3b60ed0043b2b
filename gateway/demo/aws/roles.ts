// The roles of the sandbox account, as data: who may assume one (trust) and what it may do (policy).

import { parseIamPolicy } from './iam-policy.ts'
import type { IamPolicy } from './iam-policy.ts'

export interface SandboxRole {
  /** `arn:aws:iam::123456789012:role/agents-writer` */
  readonly arn: string
  readonly trust: {
    readonly audience: string
    /** Patterns with `*` and `?`, as StringLike takes them. */
    readonly subjects: readonly string[]
    readonly maxSessionSeconds: number
  }
  /** An IAM policy document. */
  readonly policy: unknown
}

export interface CompiledRole extends SandboxRole {
  readonly account: string
  readonly name: string
  readonly compiled: IamPolicy
}

/** Throws TypeError for a role that is not well-formed: it is the operator's own mistake. */
export function compileRoles(roles: readonly SandboxRole[]): ReadonlyMap<string, CompiledRole> {
  const byArn = new Map<string, CompiledRole>()
  for (const role of roles) {
    const parts = /^arn:aws:iam::(\d{12}):role\/(?:[\w+=,.@/-]*\/)?([\w+=,.@-]+)$/.exec(role.arn)
    if (parts === null || byArn.has(role.arn)) {
      throw new TypeError(`sandbox role ${role.arn}: the ARN is malformed or appears twice`)
    }
    const policy = parseIamPolicy(role.policy)
    if (!policy.ok) throw new TypeError(`sandbox role ${role.arn}: ${policy.error}`)
    const [, account = '', name = ''] = parts
    byArn.set(role.arn, { ...role, account, name, compiled: policy.value })
  }
  return byArn
}
