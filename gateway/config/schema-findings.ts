// What zod found, told in the words of this configuration: what was expected, what stands there,
// and which key was probably meant.

import type { z } from 'zod'
import { knownKeys, schemaAt, variantsOf, type JsonSchema } from './json-schema.ts'
import { nearest } from './nearest.ts'
import type { ConfigPath, Finding } from './problem.ts'

type Issue = z.core.$ZodIssue

export function findingsOf(
  issues: readonly Issue[],
  document: unknown,
  schema: JsonSchema,
): Finding[] {
  return issues.flatMap((issue) => findingsOfIssue(issue, document, schema))
}

function findingsOfIssue(issue: Issue, document: unknown, root: JsonSchema): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const value = valueAt(document, path)
  if (value === undefined && issue.code !== 'unrecognized_keys') return [missing(path)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, value, document, root))
    case 'invalid_union':
      return [unionFinding(issue, path, value, document, root)]
    case 'invalid_key':
      return [
        { path, message: `the key: ${issue.issues[0]?.message ?? 'not accepted'}`, atKey: true },
      ]
    case 'invalid_value':
      return [wrongValue(path, value, issue.values.map(String))]
    case 'invalid_type':
      // A field's own text says more than the type does.
      return [{ path, message: `${issueText(issue)}, got ${describe(value)}` }]
    case 'too_small':
    case 'too_big':
      return [{ path, message: boundText(issue, value) }]
    default:
      return [{ path, message: `${issue.message}, got ${describe(value)}` }]
  }
}

function issueText(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  if (issue.message.startsWith('expected ')) return issue.message
  return `expected ${TYPE_NAMES.get(issue.expected) ?? issue.expected}`
}

const TYPE_NAMES = new Map<string, string>([
  ['string', 'text'],
  ['boolean', 'true or false'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['array', 'a list'],
  ['object', 'keys and values'],
  ['record', 'keys and values'],
])

function boundText(
  issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
  value: unknown,
): string {
  if (issue.message.startsWith('expected ') || issue.message.startsWith('must ')) {
    return `${issue.message}, got ${describe(value)}`
  }
  const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum
  const word = issue.code === 'too_small' ? 'at least' : 'at most'
  const unit = issue.origin === 'array' ? ' items' : ''
  return `must have ${word} ${String(bound)}${unit}`
}

function missing(path: ConfigPath): Finding {
  return { path, message: `\`${String(path.at(-1) ?? 'document')}\` is missing`, atKey: true }
}

function wrongValue(path: ConfigPath, value: unknown, allowed: readonly string[]): Finding {
  const guess = typeof value === 'string' ? nearest(value, allowed) : undefined
  const message = `expected ${allowed.join(' or ')}, got ${describe(value)}`
  return guess === undefined ? { path, message } : { path, message, hint: didYouMean(guess) }
}

function unknownKey(
  path: ConfigPath,
  key: string,
  value: unknown,
  document: unknown,
  root: JsonSchema,
): Finding {
  const schema = schemaAt(root, document, path)
  const known = schema === undefined ? [] : knownKeys(schema, value)
  const guess = nearest(key, known)
  return {
    path: [...path, key],
    message: `unknown key \`${key}\``,
    hint: guess === undefined ? `Known here: ${known.join(', ')}.` : didYouMean(guess),
    atKey: true,
  }
}

function unionFinding(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: ConfigPath,
  value: unknown,
  document: unknown,
  root: JsonSchema,
): Finding {
  // Every union of this schema is told apart by `kind`; zod reports the path of that key.
  const schema = schemaAt(root, document, path.slice(0, -1))
  const kinds = schema === undefined ? [] : variantsOf(schema).map((variant) => kindOf(variant))
  const allowed = kinds.filter((kind) => kind !== undefined)
  if (allowed.length > 0) return wrongValue(path, value, allowed)
  return { path, message: issue.message }
}

function kindOf(variant: JsonSchema): string | undefined {
  const kind = variant.properties?.['kind']?.const
  return typeof kind === 'string' ? kind : undefined
}

function didYouMean(guess: string): string {
  return `Did you mean \`${guess}\`?`
}

/** Own properties only: a document has no prototype to inherit from. */
export function valueAt(document: unknown, path: ConfigPath): unknown {
  let value = document
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.getOwnPropertyDescriptor(value, part)?.value
  }
  return value
}

const SHOWN = 60

/** What stands there. Never the inside of a key that was pasted in. */
function describe(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'keys and values'
  if (typeof value !== 'string') return String(value)
  if (value.startsWith('-----BEGIN')) return 'the text of a PEM file'
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value)
}
