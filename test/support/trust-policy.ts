// A role's trust policy, as an operator writes it for AWS, in the form of the sandbox cloud. Exactly
// the one shape that the documentation shows: anything else could be weaker than it reads.

import type { SandboxAwsOptions } from '../../gateway/demo/sandbox-aws.ts'

type Trust = SandboxAwsOptions['roles'][number]['trust']

const PROVIDER = /^arn:aws:iam::\d{12}:oidc-provider\/(.+)$/

/** Throws a TypeError that names what is missing or too much. */
export function trustOf(document: unknown): Trust {
  const { Version, Statement } = fields(document, 'the policy', ['Version', 'Statement'])
  if (Version !== '2012-10-17') throw new TypeError('Version must be 2012-10-17')
  if (!Array.isArray(Statement) || Statement.length !== 1) throw new TypeError('one statement')
  const statement = fields(Statement[0], 'the statement', [
    'Effect',
    'Principal',
    'Action',
    'Condition',
  ])
  if (statement['Effect'] !== 'Allow') throw new TypeError('Effect must be Allow')
  if (statement['Action'] !== 'sts:AssumeRoleWithWebIdentity') throw new TypeError('Action')
  const { Federated } = fields(statement['Principal'], 'Principal', ['Federated'])
  const issuer = PROVIDER.exec(text(Federated, 'Federated'))?.[1]
  if (issuer === undefined) throw new TypeError('Federated names no OIDC provider')
  const condition = fields(statement['Condition'], 'Condition', ['StringEquals', 'StringLike'])
  const equals = fields(condition['StringEquals'], 'StringEquals', [`${issuer}:aud`])
  const like = fields(condition['StringLike'], 'StringLike', [`${issuer}:sub`])
  return {
    audience: text(equals[`${issuer}:aud`], 'aud'),
    subjects: [text(like[`${issuer}:sub`], 'sub')],
    maxSessionSeconds: 3600,
  }
}

function fields(value: unknown, what: string, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${what} is not an object`)
  }
  const found = Object.keys(value)
  const odd = [
    ...names.filter((name) => !found.includes(name)),
    ...found.filter((name) => !names.includes(name)),
  ]
  if (odd.length > 0) throw new TypeError(`${what}: missing or too much: ${odd.join(', ')}`)
  return Object.fromEntries(Object.entries(value))
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new TypeError(`${what} is not a text`)
}
