// docs/BIGQUERY.md lists exactly the fields that a query's body may have.

import t from 'tap'
import { JOB_QUERY, QUERY_REQUEST } from '../../../../../gateway/facts/gcp/bigquery/job-fields.ts'
import { readDocument } from '../../../../support/documents.ts'

const LISTS: readonly (readonly [mark: string, fields: Iterable<string>])[] = [
  ['jobs.query', QUERY_REQUEST.keys()],
  ['configuration.query', Object.keys(JOB_QUERY)],
]

for (const [mark, fields] of LISTS) {
  t.test(`the fields of ${mark}`, (t) => {
    const [, text = ''] = readDocument('docs/BIGQUERY.md').split(`<!-- fields: ${mark} -->`)
    const table = text.trimStart().split('\n\n')[0] ?? ''
    const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = '']) => name)
    t.strictSame(listed.sort(), [...fields].sort())
    t.end()
  })
}
