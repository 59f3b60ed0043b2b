// The whole gateway with its identity from the Workload API: it becomes ready by it, loses what it
// takes away at once, and drops nothing when it renews.

import { GetObjectCommand } from '@aws-sdk/client-s3'
import { status } from '@grpc/grpc-js'
import t from 'tap'
import { exposition } from '../support/health.ts'
import { clientOptions, knock, LIST_REPORTS, openTls } from '../support/tls-client.ts'
import type { RawConnection } from '../support/raw-connection.ts'
import { bytesOf } from '../support/s3-body.ts'
import { leafOf, otherDomain, shownLeaf, startWorkloadScene } from '../support/workload-scene.ts'

/** One more request on a connection that stays; rejects where there is no whole answer. */
async function judged(connection: RawConnection): Promise<string> {
  const before = connection.text.length
  connection.write(LIST_REPORTS)
  await connection.until(() => connection.text.slice(before).includes('</Error>'))
  return connection.text.slice(before)
}

t.test('not ready before there are bundle and SVID; then both are in use', async (t) => {
  const scene = await startWorkloadScene(t)
  const { test } = scene
  const agent = test.svid('researcher')
  await scene.untilReady(503)
  t.equal(await shownLeaf(test), undefined, 'nothing is shown in its place')
  t.equal(await knock(clientOptions(test, agent)), 'closed', 'and nobody is trusted')
  scene.deliverBundles({ 'example.org': [test.domain.caPem] })
  await test.untilLog(/x509_bundles","result":"updated/)
  await scene.untilReady(503)
  const svid = scene.deliverSvid()
  await scene.untilReady(200)
  t.equal(await shownLeaf(test), leafOf(svid))
  t.equal(await shownLeaf(test, 'unknown.example'), leafOf(svid))
  t.not(await shownLeaf(test, 'localhost'), leafOf(svid), 'a name that has a certificate')
  t.equal(await knock(clientOptions(test, agent)), 403)
  const { samples } = await exposition(test)
  t.equal(samples.get('svidgate_trust_bundles'), 1)
  t.ok((samples.get('svidgate_own_svid_expiry_timestamp_seconds') ?? 0) > Date.now() / 1000)
  const events = 'svidgate_identity_source_events_total{part="x509_svid",result="updated"}'
  t.equal(samples.get(events), 1)
})

t.test('TLS-4: rotations of SVID and authorities under load: no request fails', async (t) => {
  const scene = await startWorkloadScene(t, { bundle: 'test/fixtures/bundles/wide.tar.gz' })
  const { test } = scene
  scene.deliverBundles({ 'example.org': [test.domain.caPem] })
  scene.deliverSvid()
  await scene.untilReady(200)
  const s3 = test.s3(test.svid('keeper'), { maxAttempts: 1 })
  const kept = await openTls(clientOptions(test, test.svid('researcher', { agent: 'night-crew' })))
  const state = { isOver: false, requests: 0 }
  const load = async (): Promise<void> => {
    while (!state.isOver) {
      const { Body } = await s3.send(
        new GetObjectCommand({ Bucket: 'reports', Key: '2026/q2.csv' }),
      )
      t.equal((await bytesOf(Body)).toString(), 'q2,41\n')
      state.requests += 1
    }
  }
  const judge = async (): Promise<void> => {
    while (!state.isOver) {
      await judged(kept)
      state.requests += 1
    }
  }
  const running = [load(), load(), judge()]
  const revisions = [test.domain, otherDomain(), otherDomain()]
  for (let round = 0; round < 6; round += 1) {
    const extra = revisions.slice(0, 1 + (round % revisions.length))
    scene.deliverBundles({ 'example.org': extra.map(({ caPem }) => caPem) })
    const svid = scene.deliverSvid(extra.at(-1))
    const enough = state.requests + 6
    while ((await shownLeaf(test)) !== leafOf(svid) || state.requests < enough) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  state.isOver = true
  await Promise.all(running)
  t.ok(state.requests >= 36, `${state.requests} requests`)
  t.notOk(kept.isClosed, 'what was open stayed open')
  kept.socket.destroy()
})

t.test('XF-3: what a message drops is cut off at once, and nothing else', async (t) => {
  const scene = await startWorkloadScene(t)
  const { test } = scene
  const partner = otherDomain('partner.org')
  const visitor = partner.issueSvid({
    spiffeId: 'spiffe://partner.org/agent/acme/x/researcher',
    ttlSeconds: 600,
  })
  scene.deliverBundles({ 'example.org': [test.domain.caPem], 'partner.org': [partner.caPem] })
  scene.deliverSvid()
  await scene.untilReady(200)
  const own = await openTls(clientOptions(test, test.svid('researcher')))
  const theirs = await openTls(clientOptions(test, visitor))
  t.match(await judged(own), /ERR_SG_DENIED/)
  t.match(await judged(theirs), /ERR_SG_/)
  scene.deliverBundles({ 'example.org': [test.domain.caPem] })
  await theirs.untilClosed()
  t.equal(await knock(clientOptions(test, visitor)), 'closed')
  t.match(await judged(own), /ERR_SG_DENIED/)

  const next = otherDomain()
  scene.deliverBundles({ 'example.org': [next.caPem] })
  await own.untilClosed()
  t.equal(await knock(clientOptions(test, test.svid('researcher'))), 'closed')

  const decisions = (await test.stop()).filter(({ type }) => type === 'decision')
  const [visit] = decisions.filter((record) => JSON.stringify(record).includes('partner.org'))
  t.match(visit, { input: { spiffe_id: 'spiffe://partner.org/agent/acme/x/researcher' } })
  const input = Object(Object(visit)['input'])
  for (const name of ['tenant', 'agent', 'role']) t.notOk(input[name], `no ${name}`)
})

t.test('WA-4: without an SVID of ours we are not ready and show none', async (t) => {
  const scene = await startWorkloadScene(t)
  const { test, api } = scene
  scene.deliverBundles({ 'example.org': [test.domain.caPem] })
  scene.deliverSvid()
  await scene.untilReady(200)
  api.answer('FetchX509SVID', status.PERMISSION_DENIED)
  await scene.untilReady(503)
  t.equal(await shownLeaf(test), undefined)
  t.equal(await knock(clientOptions(test, test.svid('researcher'))), 403, 'agents are still judged')
  scene.deliverSvid()
  await scene.untilReady(200)
})

t.test('an agent that is gone leaves the last good state', async (t) => {
  const scene = await startWorkloadScene(t)
  const { test, api } = scene
  scene.deliverBundles({ 'example.org': [test.domain.caPem] })
  const svid = scene.deliverSvid()
  await scene.untilReady(200)
  api.stop()
  await test.untilLog(/x509_bundles","result":"unreachable/)
  await test.untilLog(/x509_svid","result":"unreachable/)
  t.equal(await shownLeaf(test), leafOf(svid))
  t.equal(await knock(clientOptions(test, test.svid('researcher'))), 403)
  await scene.untilReady(200)
})
