// `sameFacts` names every member by hand. Here every member is changed, found by walking over facts
// that have all of them: the types demand a member that is added later.

import t from 'tap'
import {
  makeFacts,
  sameFacts,
  type Facts,
  type FactsFields,
  type Operation,
  type Target,
} from '../../../gateway/facts/facts.ts'

const target: Required<Target> = {
  type: 'object',
  access: 'read',
  name: 'arn:aws:s3:::b/k',
  container: 'b',
  path: 'k',
  bucket: 'b',
  key: 'k',
  version: 'v',
  prefix: 'p',
  project: 'p',
  dataset: 'd',
  table: 't',
  routine: 'r',
  model: 'm',
  job: 'j',
  own: true,
}
const operation: Required<Operation> = {
  provider: 'aws',
  service: 's3',
  name: 's3.GetObject',
  access: 'read',
  complete: true,
  pending: ['tags'],
  permissions: [{ action: 's3:GetObject', resource: 'arn:aws:s3:::b/k' }],
}
const full: Required<FactsFields> = {
  service: 'aws_s3',
  action: 'GetObject',
  operation,
  targets: [target, { ...target, key: 'second' }],
  account: '123456789012',
  region: 'eu-west-1',
  payloadMode: 'none',
  sql: {
    dialect: 'googlesql',
    kind: 'SELECT',
    statements: 1,
    functions: ['SUM'],
    tableFunctions: ['d.f'],
    unlistedFunctions: ['d.f'],
    features: ['wildcard'],
    dryRun: {
      statementType: 'SELECT',
      tables: [{ project: 'p', dataset: 'd', table: 't' }],
      routines: [{ project: 'p', dataset: 'd', routine: 'r' }],
      estimatedBytes: 1,
      isWhole: true,
    },
  },
}

function factsOf(value: unknown): Facts {
  return makeFacts(value as FactsFields)
}

/** Each copy of `value` that differs in exactly one place: another leaf, a missing one, one more. */
function* changed(value: unknown): Generator {
  if (Array.isArray(value)) {
    if (value.length > 0) yield value.slice(1)
    yield [...(value as unknown[]), value[0]]
    for (const [index, item] of value.entries()) {
      for (const other of changed(item)) yield value.with(index, other)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      for (const other of changed(member)) yield { ...value, [name]: other }
      if (typeof member === 'string') yield { ...value, [name]: undefined }
    }
  } else {
    yield typeof value === 'boolean' ? !value : `${String(value)}?`
  }
}

t.test('equal facts are the same, whatever objects they are made of', async (t) => {
  t.ok(sameFacts(factsOf(full), factsOf(structuredClone(full))))
  const bare = { ...full, account: undefined, targets: [{ type: 'account', name: '*' }] }
  t.ok(sameFacts(factsOf(bare), factsOf(structuredClone(bare))))
})

t.test('a change of any one member makes other facts', async (t) => {
  const all = [...changed(full)]
  t.ok(all.length > 60, `${all.length} changes`)
  for (const other of all) {
    t.notOk(sameFacts(factsOf(full), factsOf(other)), JSON.stringify(other))
    t.notOk(sameFacts(factsOf(other), factsOf(full)))
  }
})
