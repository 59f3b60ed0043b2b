// A small IAM: policies as JSON, evaluated as the IAM User Guide says ("Policy evaluation logic"):
// an explicit Deny wins, then an Allow is needed in the role's policy *and* in the session policy.
// It takes only what it understands: an unknown element, operator or key makes the policy
// malformed, so that no statement is ever weaker or stronger than it reads.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'

/** Keys a Condition may name; a request fills in those that its operation has. */
const CONTEXT_KEYS = new Set(['s3:prefix', 's3:delimiter', 's3:max-keys', 'aws:resourceaccount'])
const STATEMENT_KEYS = new Set(['Sid', 'Effect', 'Action', 'Resource', 'Condition'])
const DOCUMENT_KEYS = new Set(['Version', 'Id', 'Statement'])
const ACTION = /^(?:\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/
const RESOURCE = /^(?:\*|arn:(?:[^:]*:){4}.+)$/s

interface Condition {
  readonly operator: 'StringEquals' | 'StringLike'
  readonly key: string
  readonly values: readonly string[]
}

interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions: readonly Condition[]
}

export interface IamPolicy {
  readonly statements: readonly Statement[]
}

export interface IamRequest {
  readonly action: string
  readonly resource: string
  readonly context: ReadonlyMap<string, string>
}

type IamVerdict = 'allow' | 'explicit-deny' | 'implicit-deny'

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function texts(value: unknown): readonly string[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const strings = list.filter((item) => typeof item === 'string')
  return strings.length === list.length && strings.length > 0 ? strings : undefined
}

function parseConditions(value: unknown): readonly Condition[] | undefined {
  if (value === undefined) return []
  if (!isRecord(value)) return undefined
  const conditions: Condition[] = []
  for (const [operator, keys] of Object.entries(value)) {
    if (operator !== 'StringEquals' && operator !== 'StringLike') return undefined
    if (!isRecord(keys)) return undefined
    for (const [name, wanted] of Object.entries(keys)) {
      const values = texts(wanted)
      const key = name.toLowerCase()
      if (values === undefined || !CONTEXT_KEYS.has(key)) return undefined
      conditions.push({ operator, key, values })
    }
  }
  return conditions
}

function parseStatement(value: unknown): Result<Statement, string> {
  if (!isRecord(value)) return err('a statement is not an object')
  const unknown = Object.keys(value).find((key) => !STATEMENT_KEYS.has(key))
  if (unknown !== undefined) return err(`unsupported statement element ${unknown}`)
  const sid = value['Sid']
  const effect = value['Effect']
  if (sid !== undefined && !(typeof sid === 'string' && /^[A-Za-z0-9]*$/.test(sid))) {
    return err('Sid must be alphanumeric')
  }
  if (effect !== 'Allow' && effect !== 'Deny') return err('Effect must be Allow or Deny')
  const actions = texts(value['Action'])
  if (actions === undefined || !actions.every((item) => ACTION.test(item))) {
    return err('Action must be one or more action patterns')
  }
  const resources = texts(value['Resource'])
  if (resources === undefined || !resources.every((item) => RESOURCE.test(item))) {
    return err('Resource must be one or more ARNs or *')
  }
  const conditions = parseConditions(value['Condition'])
  if (conditions === undefined) return err('unsupported Condition')
  return ok({ effect, actions, resources, conditions })
}

/** Parses an IAM policy document (already decoded JSON); the error says what is malformed. */
export function parseIamPolicy(document: unknown): Result<IamPolicy, string> {
  if (!isRecord(document)) return err('the policy is not an object')
  const unknown = Object.keys(document).find((key) => !DOCUMENT_KEYS.has(key))
  if (unknown !== undefined) return err(`unsupported policy element ${unknown}`)
  if (document['Version'] !== '2012-10-17') return err('Version must be 2012-10-17')
  const list = document['Statement']
  const items: unknown[] = Array.isArray(list) ? list : [list]
  if (items.length === 0) return err('the policy has no statement')
  const statements: Statement[] = []
  for (const item of items) {
    const parsed = parseStatement(item)
    if (!parsed.ok) return parsed
    statements.push(parsed.value)
  }
  return ok({ statements })
}

/** `*` is any run of characters, `?` exactly one. Linear: a hostile pattern cannot backtrack. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p
      resume = t
      p += 1
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p += 1
      t += 1
    } else if (star >= 0) {
      resume += 1
      p = star + 1
      t = resume
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

function conditionHolds(condition: Condition, context: IamRequest['context']): boolean {
  const actual = context.get(condition.key)
  if (actual === undefined) return false
  return condition.values.some((wanted) =>
    condition.operator === 'StringLike' ? matchesWildcard(wanted, actual) : wanted === actual,
  )
}

function applies(statement: Statement, request: IamRequest): boolean {
  const action = request.action.toLowerCase()
  return (
    statement.actions.some((pattern) => matchesWildcard(pattern.toLowerCase(), action)) &&
    statement.resources.some((pattern) => matchesWildcard(pattern, request.resource)) &&
    statement.conditions.every((condition) => conditionHolds(condition, request.context))
  )
}

/** Every policy must allow; one explicit Deny in any of them decides. No policies: denied. */
export function evaluateIam(policies: readonly IamPolicy[], request: IamRequest): IamVerdict {
  const effects = policies.map((policy) =>
    policy.statements.filter((statement) => applies(statement, request)).map((s) => s.effect),
  )
  if (effects.some((list) => list.includes('Deny'))) return 'explicit-deny'
  const allowed = effects.length > 0 && effects.every((list) => list.includes('Allow'))
  return allowed ? 'allow' : 'implicit-deny'
}
