// Whose a job is, through the whole gateway, with the BigQuery client of Node: it goes on under its
// own id after jobs.insert, and under BigQuery's after jobs.query.

import { chmod, rename, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
import t from 'tap'
import { PROJECT, RecordingBigQuery } from '../support/recording-bigquery.ts'
import { agentId, startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import type { DevSvid } from '../../gateway/spiffe/dev-ca.ts'

const QUERY = 'SELECT n FROM `acme-data.sales.orders`'
const STAMPED = /^sg1[0-9a-f]{32}_[0-9a-f-]{36}$/

const bigQuery = new RecordingBigQuery()
const gateway = await startTestGateway({ s3Server: bigQuery.start, config: bigQuery.configured })
t.teardown(() => gateway.close())
const researcher = gateway.svid('researcher')
const client = clientOf(gateway, researcher)

/** Its connections are of the first client in a process: one agent has one, here. */
function clientOf({ origin, webCaPem }: TestGateway, { certPem, keyPem }: DevSvid): BigQuery {
  const made = new BigQuery({
    projectId: PROJECT,
    apiEndpoint: `${origin}/gcp/bigquery`,
    authClient: new PassThroughClient(),
  })
  const pool = { ca: webCaPem, cert: certPem, key: keyPem }
  made.interceptors.push({ request: (options) => Object.assign({ uri: '' }, options, { pool }) })
  return made
}

function get(svid: DevSvid, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${gateway.origin}/gcp/bigquery/bigquery/v2/projects/${PROJECT}/${path}`,
      { ca: gateway.webCaPem, cert: svid.certPem, key: svid.keyPem, agent: false },
      (response) => {
        let text = ''
        response.on('data', (piece) => (text += String(piece)))
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}

/** What BigQuery was asked while `work` ran. */
async function askedBy(work: () => Promise<unknown>): Promise<string[]> {
  const before = bigQuery.asked.length
  await work()
  return bigQuery.asked.slice(before)
}

t.test(
  'a job that the client names: stamped at BigQuery, and followed by its own name',
  async (t) => {
    let rows: unknown
    let jobId = ''
    const asked = await askedBy(async () => {
      const [job] = await client.createQueryJob({ query: QUERY })
      jobId = job.id ?? ''
      rows = (await job.getQueryResults())[0]
      await job.getMetadata()
    })
    t.strictSame(rows, [{ n: 42 }])
    const [, followed = ''] = asked[1]?.split('GET queries/') ?? []
    t.match(followed, STAMPED)
    t.ok(followed.endsWith(`_${jobId}`))
    t.strictSame(asked, ['POST jobs', `GET queries/${followed}`, `GET jobs/${followed}`])
  },
)

t.test('the stamped name itself is the agent’s own, and another agent’s not', async (t) => {
  const stamped = [...bigQuery.jobs].find((id) => STAMPED.test(id)) ?? ''
  t.equal((await get(researcher, `queries/${stamped}`)).status, 200)
  const asked = await askedBy(async () => {
    const { status, text } = await get(
      gateway.svid('researcher', { agent: 'b' }),
      `jobs/${stamped}`,
    )
    t.equal(status, 403)
    t.match(text, /ERR_SG_DENIED/)
  })
  t.strictSame(asked, [])
})

t.test('a query whose job BigQuery names is followed by that name', async (t) => {
  const asked = await askedBy(async () => {
    t.strictSame((await client.query(QUERY))[0], [{ n: 42 }])
  })
  t.equal(asked.length, 2)
  t.equal(asked[0], 'POST queries')
  t.match(asked[1], /^GET queries\/job_\d+$/)
})

t.test('a job whose answer was lost is found again', async (t) => {
  bigQuery.losesAnswer = true
  let rows: unknown
  const asked = await askedBy(async () => {
    const [job] = await client.createQueryJob({ query: QUERY })
    rows = (await job.getQueryResults())[0]
  })
  t.strictSame(rows, [{ n: 42 }])
  t.match(asked, ['POST jobs', 'POST jobs', /^GET jobs\/sg1/, /^GET queries\/sg1/])
})

const OTHERS: readonly (readonly [id: string, path: string])[] = [
  ['a job that BigQuery has', 'queries/job_of_somebody_else'],
  ['a job that BigQuery does not have', 'queries/job_of_nobody'],
  ['its state', 'jobs/job_of_somebody_else'],
  ['a tag before it', `queries/sg1${'0'.repeat(32)}_job_of_somebody_else`],
]

for (const [id, path] of OTHERS) {
  t.test(`nothing is asked of BigQuery about another’s job: ${id}`, async (t) => {
    const asked = await askedBy(async () => {
      const { status, text } = await get(researcher, path)
      t.equal(status, 403)
      t.match(text, /ERR_SG_DENIED/)
      t.match(text, /target_not_granted/)
    })
    t.strictSame(asked, [])
  })
}

t.test('another’s job cannot be had by inserting one of its name', async (t) => {
  const asked = await askedBy(async () => {
    const [job] = await client.createQueryJob({ query: QUERY, jobId: 'job_of_somebody_else' })
    await job.getQueryResults()
  })
  t.match(asked, ['POST jobs', /^GET queries\/sg1[0-9a-f]{32}_job_of_somebody_else$/])
})

t.test('job keys change with a reload: what they marked stays the agent’s own', async (t) => {
  const keys = join(gateway.dir, 'state/job-keys')
  t.equal((await stat(join(keys, 'active.key'))).mode & 0o777, 0o600)
  const [before = ''] = [...bigQuery.jobs].filter((id) => STAMPED.test(id))
  await rename(join(keys, 'active.key'), join(keys, 'retired-1.key'))
  await writeFile(join(keys, 'active.key'), 'ab'.repeat(32), { mode: 0o600 })
  t.strictSame(await gateway.gateway.reload(await gateway.load()), [])
  t.equal((await get(researcher, `queries/${before}`)).status, 200, 'by its mark')
  t.equal((await get(researcher, `queries/${before.slice(36)}`)).status, 200, 'and by its name')

  await rm(join(keys, 'retired-1.key'))
  t.strictSame(await gateway.gateway.reload(await gateway.load()), [])
  for (const name of [before, before.slice(36)]) {
    const { status, text } = await get(researcher, `queries/${name}`)
    t.equal(status, 403)
    t.match(text, /ERR_SG_DENIED/)
  }
  const [job] = await client.createQueryJob({ query: QUERY })
  t.strictSame((await job.getQueryResults())[0], [{ n: 42 }])
})

t.test('a job key that others can read stops the reload, and the old ones count on', async (t) => {
  const key = join(gateway.dir, 'state/job-keys/active.key')
  await chmod(key, 0o644)
  const problems = await gateway.gateway.reload(await gateway.load())
  t.match(problems, [{ message: /open to others .mode 644.: chmod 600/, hint: /state\.jobKeys/ }])
  const [job] = await client.createQueryJob({ query: QUERY })
  t.strictSame((await job.getQueryResults())[0], [{ n: 42 }])
  await chmod(key, 0o600)
})

t.test('the records say of every follow-up whether the job was the agent’s own', async (t) => {
  const seen = new Set<string>()
  for (const record of await gateway.records()) {
    const { facts, spiffe_id, result } = record as {
      facts?: { targets: { type: string; own?: boolean }[] }
      spiffe_id?: string
      result?: { allow: boolean }
    }
    const job = facts?.targets.find(({ type }) => type === 'job')
    if (job !== undefined) seen.add(`${spiffe_id} ${job.own} ${result?.allow}`)
  }
  t.strictSame([...seen].toSorted(), [
    `${agentId('researcher', 'b')} false false`,
    `${agentId('researcher')} false false`,
    `${agentId('researcher')} true true`,
  ])
})
