// Where a job says that it runs: only where the operator's route serves it, wherever the request says it.

import t from 'tap'
import { bigQueryFacts, bqPost, type Asking } from '../../../../support/bigquery-facts.ts'

const LISTED: Asking = { route: { regions: ['eu', 'us-east4'] } }
const REGIONAL: Asking = {
  route: {
    upstream: 'https://bigquery.{region}.rep.googleapis.com',
    regions: ['europe-west3', 'us-east4'],
    defaultRegion: 'europe-west3',
  },
}

const JOBS: Readonly<Record<string, (location: string) => ReturnType<typeof bqPost>>> = {
  'jobs.query': (location) =>
    bqPost('/projects/acme-data/queries', { query: 'SELECT 1', location }),
  'jobs.insert': (location) =>
    bqPost('/projects/acme-data/jobs', {
      jobReference: { location },
      configuration: { query: { query: 'SELECT 1' } },
    }),
}

const ROWS: readonly (readonly [id: string, asking: Asking, location: string, region?: string])[] =
  [
    ['any, where none is listed', {}, 'asia-east1', 'asia-east1'],
    ['one that is listed', LISTED, 'EU', 'EU'],
    ['one that is listed, in upper case', LISTED, 'US-EAST4', 'us-east4'],
    ['one that is not listed', LISTED, 'asia-east1'],
    ['one that is none', {}, 'evil.test/'],
    ['that of the host', REGIONAL, 'europe-west3', 'europe-west3'],
    ['one that is listed, but is not that of the host', REGIONAL, 'us-east4'],
  ]

for (const [method, job] of Object.entries(JOBS)) {
  for (const [id, asking, location, region] of ROWS) {
    t.test(`${method}: ${id}`, (t) => {
      const { message, body } = job(location)
      const facts = bigQueryFacts(message, body, asking)
      if (region !== undefined) t.match(facts, { ok: true, value: { region } })
      else {
        const error = { code: 'ERR_SG_REGION_REFUSED', rule: 'BQ-LOCATION' }
        t.match(facts, { ok: false, error })
      }
      t.end()
    })
  }
}
