// Operations that share method, level and markers exclude each other, so recognition never has to
// choose: each requires something that the other does not take.

import t from 'tap'
import {
  S3_SIBLINGS,
  type S3Operation,
} from '../../../../../gateway/facts/aws/s3/operation-index.ts'

function demandsMore(a: S3Operation, b: S3Operation): boolean {
  return (
    a.model.requiredQuery.some((name) => !b.queryNames.has(name)) ||
    a.model.requiredHeaders.some((name) => !b.headerNames.has(name))
  )
}

t.test('any two siblings are told apart by a parameter or header', (t) => {
  for (const [key, { operations }] of S3_SIBLINGS) {
    const allowed = operations.filter(({ rule }) => rule.refused === undefined)
    for (const [index, a] of allowed.entries()) {
      for (const b of allowed.slice(index + 1)) {
        t.ok(demandsMore(a, b) || demandsMore(b, a), `${key}: ${a.model.name}, ${b.model.name}`)
      }
    }
  }
  t.end()
})
