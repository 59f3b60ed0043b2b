// Session policy statements of a grant, for `session_policy: generate`: what its actions need on
// its targets, and no more. A session policy only ever narrows what the role has (AWS IAM,
// "Session policies"), so a permission missing here makes a request fail and never lets one pass.
// The permissions are those of the facts: one table says what an operation is and what it needs.

import type { TargetType } from '../facts/facts.ts'
import { type OperationRule, S3_OPERATION_RULES } from '../facts/aws/s3/operation-rules.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Grant, GrantStatement, GrantTarget } from './grant-schema.ts'

const RULES: ReadonlyMap<string, OperationRule> = new Map(Object.entries(S3_OPERATION_RULES))

/** Reading the source of a copy, which is a target of its own (S3 API reference, CopyObject). */
const COPY_SOURCE = 's3:GetObject'

/** The error says what keeps the statements from being generated. */
export function generateStatements(grant: Grant): Result<readonly GrantStatement[], string> {
  if (grant.service !== 'aws_s3') {
    return err(`\`generate\` knows aws_s3 only; write the statements of ${grant.service} as a list`)
  }
  const unknown = grant.actions.find((action) => !isGenerated(RULES.get(bareAction(action))))
  if (unknown !== undefined) {
    return err(`\`generate\` does not know what ${unknown} needs; write the statements as a list`)
  }
  const resourcesByActions = new Map<string, string[]>()
  for (const target of grant.targets) {
    const actions = permissions(grant, target)
    if (actions.length === 0) continue
    const key = actions.join(' ')
    resourcesByActions.set(key, [...(resourcesByActions.get(key) ?? []), resourceOf(target)])
  }
  if (resourcesByActions.size === 0) {
    return err('these actions need nothing on targets of this type and access; correct either')
  }
  return ok(
    [...resourcesByActions].map(([actions, resources]) => ({
      actions: actions.split(' '),
      resources: [...new Set(resources)].sort(),
    })),
  )
}

/** Not what touches the whole account, is refused anyway, or needs permissions of other services. */
function isGenerated(rule: OperationRule | undefined): boolean {
  if (rule === undefined || rule.elsewhere !== undefined) return false
  return targetType(rule) !== undefined && rule.actions.length > 0
}

/** Sorted, without duplicates. */
function permissions(grant: Grant, target: GrantTarget): readonly string[] {
  const needed = grant.actions.flatMap((action) => {
    const rule = RULES.get(bareAction(action))
    if (rule === undefined || targetType(rule) !== target.type) return []
    const isSource = rule.touches === 'copy' && grant.access.includes('read')
    const isMeant = grant.access.some((access) => access === rule.access)
    return [
      ...(isSource ? [COPY_SOURCE] : []),
      ...(isMeant ? rule.actions.map((name) => `s3:${name}`) : []),
    ]
  })
  return [...new Set(needed)].sort()
}

function targetType({ touches }: OperationRule): TargetType | undefined {
  switch (touches) {
    case 'object':
    case 'keys':
    case 'copy':
      return 'object'
    case 'bucket':
    case 'prefix':
      return 'bucket'
    case 'account':
      return undefined
  }
}

function bareAction(action: string): string {
  return action.startsWith('s3.') ? action.slice('s3.'.length) : action
}

function resourceOf({ type, container, path_prefix: prefix }: GrantTarget): string {
  const bucket = `arn:aws:s3:::${container === '*' ? '*' : literal(container)}`
  return type === 'bucket' ? bucket : `${bucket}/${literal(prefix)}*`
}

/** IAM reads `*`, `?` and `${` in a resource as patterns; these are their literal forms. */
function literal(value: string): string {
  return value.replace(/[*?$]/g, (letter) => `\${${letter}}`)
}
