// What happens around a look-up that is under way: reload, shutdown.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { queryRequest } from '../support/bigquery.ts'
import { touching, type BigQueryAnswer, type FakeBigQuery } from '../support/fake-bigquery.ts'
import { lookupGateway, SELECT } from '../support/lookup-gateway.ts'
import { unmatched } from '../support/verdicts.ts'

/** Holds the answer of the next dry run. */
function holdDryRun(cloud: FakeBigQuery): { readonly asked: Promise<void>; release(): void } {
  let release = (): void => undefined
  const held = new Promise<BigQueryAnswer>((resolve) => {
    release = () => resolve(touching())
  })
  const asked = new Promise<void>((resolve) => {
    cloud.dryRuns = () => {
      resolve()
      return held
    }
  })
  return { asked, release }
}

t.test('a reload during a look-up: the request ends as it began', async (t) => {
  const { test, cloud, send } = await lookupGateway(t)
  const { asked, release } = holdDryRun(cloud)
  const waiting = send('researcher', queryRequest(SELECT))
  await asked
  const text = await readFile(join(test.dir, 'svidgate.yaml'), 'utf8')
  const unbound = text.replace(/ *- \{ service: gcp_bigquery, subject.*\n/, '')
  t.same(await test.gateway.reload(await test.load(unbound)), [])
  release()
  t.equal((await waiting).status, 200)
  const next = await send('researcher', queryRequest(SELECT))
  t.equal(next.status, 403)
  t.match(next.body.toString(), /ERR_SG_CREDENTIAL_CONFIG/, 'by the new configuration')
  const records = await test.stop()
  const generations = records
    .filter(({ type }) => type === 'lookup' || type === 'decision')
    .map(({ type, generation }) => [type, generation])
  const [first] = generations
  t.strictSame(generations.slice(0, 2), [
    ['lookup', first?.[1]],
    ['decision', first?.[1]],
  ])
  t.not(generations[2]?.[1], first?.[1])
  t.same(unmatched(records), [])
})

t.test('a shutdown lets a look-up and its request end', async (t) => {
  const { test, cloud, send } = await lookupGateway(t)
  const { asked, release } = holdDryRun(cloud)
  const waiting = send('researcher', queryRequest(SELECT))
  await asked
  const stopped = test.stop()
  release()
  t.equal((await waiting).status, 200)
  const records = await stopped
  t.same(unmatched(records), [])
  t.match(
    records.map(({ type }) => type).filter((type) => type !== 'open' && type !== 'close'),
    ['lookup', 'decision', 'outcome'],
  )
})
