// Follow-ups on a job: whose it is says the ownership that is given, and nobody's is not own.

import t from 'tap'
import type { JobOwnership } from '../../../../../gateway/facts/job-ownership.ts'
import { bigQueryFacts, bqHead } from '../../../../support/bigquery-facts.ts'

const jobs: JobOwnership = {
  resolve: (project, jobId) =>
    project === 'acme-data' && jobId === 'mine'
      ? { jobId: 'tag_mine', own: true }
      : { jobId, own: false },
  stamp: (_project, jobId) => `tag_${jobId}`,
}
const followUps: [id: string, method: string, path: (job: string) => string][] = [
  ['jobs.get', 'GET', (job) => `/jobs/${job}`],
  ['jobs.getQueryResults', 'GET', (job) => `/queries/${job}`],
  ['jobs.cancel', 'POST', (job) => `/jobs/${job}/cancel`],
  ['jobs.delete', 'DELETE', (job) => `/jobs/${job}/delete`],
]

for (const [action, method, path] of followUps) {
  t.test(action, (t) => {
    const ask = (project: string, job: string, known?: JobOwnership) => {
      const lines = method === 'POST' ? ([['content-length', '0']] as const) : []
      const message = bqHead(method, `/projects/${project}${path(job)}`, lines)
      const facts = bigQueryFacts(message, undefined, known === undefined ? {} : { jobs: known })
      if (!facts.ok) throw new Error(facts.error.detail)
      t.equal(facts.value.action, action)
      return facts.value.targets
    }
    t.match(
      ask('acme-data', 'mine', jobs),
      [{ type: 'job', own: true, job: 'tag_mine', name: 'projects/acme-data/jobs/tag_mine' }],
      'an own job, by the id that BigQuery knows',
    )
    t.match(ask('acme-data', 'theirs', jobs), [{ job: 'theirs', own: false }], 'another agent’s')
    t.match(ask('other', 'mine', jobs), [{ job: 'mine', own: false }], 'in another project')
    t.match(ask('acme-data', 'mine'), [{ job: 'mine', own: false }], 'nobody in particular asks')
    t.end()
  })
}
