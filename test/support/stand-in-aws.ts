// An `aws` for the documentation's commands: nothing is sent. It checks that each command has exactly
// the parameters that the IAM API Reference requires, and that every file it names is there and JSON.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map([
  ['iam create-open-id-connect-provider', ['url', 'client-id-list']],
  ['iam create-role', ['role-name', 'assume-role-policy-document']],
  ['iam put-role-policy', ['role-name', 'policy-name', 'policy-document']],
])

const [service = '', operation = '', ...rest] = process.argv.slice(2)
const required = REQUIRED.get(`${service} ${operation}`)
if (required === undefined) throw new TypeError(`aws ${service} ${operation} is not known here`)
const { values } = parseArgs({
  args: rest,
  options: Object.fromEntries(required.map((name) => [name, { type: 'string' as const }])),
})
for (const name of required) {
  const value = values[name]
  if (value === undefined) throw new TypeError(`--${name} is missing`)
  if (!name.endsWith('-document')) continue
  if (!value.startsWith('file://')) throw new TypeError(`--${name} names no file`)
  JSON.parse(readFileSync(value.slice('file://'.length), 'utf8'))
}
