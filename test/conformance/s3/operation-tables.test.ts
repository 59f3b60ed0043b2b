// Our tables against two other readings of the API: botocore's model and a public list of IAM
// actions with their access levels and resource types.

import t from 'tap'
import { catalogue } from '../../../gateway/facts/catalogue.ts'
import { S3_HEADER_EFFECTS } from '../../../gateway/facts/aws/s3/header-effects.ts'
import { S3_OPERATIONS } from '../../../gateway/facts/aws/s3/operation-index.ts'
import { readBotocoreOperations, readIamActions } from '../../support/s3-data.ts'

const botocore = readBotocoreOperations()
const iam = new Map(readIamActions().map((action) => [action.name, action]))

t.test(
  'S3-OPERATIONS: the catalogue is botocore’s 116 operations, deprecated ones by their successor',
  (t) => {
    const entries = catalogue().filter(({ service }) => service === 'aws_s3')
    t.strictSame(
      entries.map(({ action }) => action),
      botocore.map(({ name }) => name),
    )
    t.equal(entries.length, 116)
    for (const { name, deprecated } of botocore) {
      const entry = entries.find(({ action }) => action === name)
      t.equal(entry?.seenAs !== undefined, deprecated, `${name} deprecated`)
    }
    t.end()
  },
)

t.test('S3-OPERATIONS: method, level and subresource are botocore’s too', (t) => {
  const models = new Map(S3_OPERATIONS.map(({ model }) => [model.name, model]))
  for (const { name, method, uri, deprecated } of botocore) {
    if (deprecated) continue
    const model = models.get(name)
    t.equal(model?.method, method, name)
    const [path = '', query = ''] = uri.split('?')
    const levels = new Map([
      ['/', 'service'],
      ['/WriteGetObjectResponse', 'service'],
      ['/{Bucket}', 'bucket'],
      ['/{Bucket}/{Key+}', 'object'],
    ])
    t.equal(model?.level, levels.get(path), `${name} level`)
    const markers = query === '' ? [] : query.split('&').map((part) => part.split('=')[0])
    t.strictSame(Object.keys(model?.markers ?? {}), markers, `${name} markers`)
  }
  t.end()
})

t.test(
  'S3-IAM: every IAM action exists, and acts on the kind of resource that it is listed for',
  (t) => {
    for (const { model, rule } of S3_OPERATIONS) {
      for (const name of [...rule.actions, ...(rule.versioned ?? [])]) {
        const action = iam.get(name)
        t.ok(action, `${model.name}: s3:${name}`)
        const kind = model.level === 'service' || rule.touches === 'keys' ? undefined : model.level
        if (kind !== undefined) t.ok(action?.resources.includes(kind), `${name} on ${kind}`)
      }
    }
    for (const { header, actions } of S3_HEADER_EFFECTS) {
      for (const name of actions.bucket) {
        t.ok(iam.get(name)?.resources.includes('bucket'), `${header}: ${name}`)
      }
      for (const name of actions.object) {
        t.ok(iam.get(name)?.resources.includes('object'), `${header}: ${name}`)
      }
    }
    t.end()
  },
)

t.test('S3-IAM: our access classes are never below IAM’s access levels', (t) => {
  const ORDER = ['list', 'read', 'write', 'permissions', 'credentials']
  for (const { model, rule } of S3_OPERATIONS) {
    for (const name of rule.actions) {
      const level = iam.get(name)?.level ?? ''
      const least = level.includes('Permissions management')
        ? 'permissions'
        : level.includes('Write') || level.includes('Tagging')
          ? 'write'
          : 'list'
      t.ok(
        ORDER.indexOf(rule.access) >= ORDER.indexOf(least),
        `${model.name} (${rule.access}) needs s3:${name} (${level})`,
      )
    }
  }
  t.end()
})
