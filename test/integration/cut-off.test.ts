// An identity that stops to hold while its connections are busy: downloads and uploads are cut as
// idle connections are, at once; those of everyone else go on to their end.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import { startGatewayProcess } from '../support/gateway-process.ts'
import {
  agentId,
  SERVER_NAMES,
  startTestGateway,
  TRUST_DOMAIN,
} from '../support/running-gateway.ts'
import { Loop } from '../support/load.ts'
import { clientOptions, knock } from '../support/tls-client.ts'
import { allCut, SlowCloud, statusesOf } from '../support/transfers.ts'
import { unmatched } from '../support/verdicts.ts'

const withDenyList = (text: string): string =>
  text.replace('identity:\n', 'identity:\n  denyList: ./deny.txt\n')

t.test('a line in the deny list of a running process cuts within a second', async (t) => {
  const cloud = new SlowCloud()
  const { scene, ...gateway } = await startGatewayProcess(t, {
    ...cloud.options,
    files: { 'deny.txt': '# nobody yet\n' },
    config: withDenyList,
  })
  const options = clientOptions(gateway, scene.svid('keeper'))
  const others = clientOptions(gateway, scene.svid('keeper', { agent: 'night-crew' }))
  const [denied, kept] = [await cloud.transfers(options), await cloud.transfers(others)]
  const before = performance.now()
  await writeFile(join(scene.dir, 'deny.txt'), `${agentId('keeper')}\n`)
  t.ok(await allCut(denied), 'and none of them whole')
  t.ok(performance.now() - before <= 1000, `after ${Math.round(performance.now() - before)} ms`)
  cloud.letGo()
  t.same(await statusesOf(kept), [200, 200], 'another agent of the same role')
  t.equal(await knock(options), 'closed')
})

t.test('a deny list does not wait for a reload that is under way', async (t) => {
  const test = await startTestGateway({ files: { 'deny.txt': '' }, config: withDenyList })
  t.teardown(() => test.close())
  const loaded = await test.load()
  await writeFile(join(test.dir, 'deny.txt'), `${agentId('writer')}\n`)
  const done: string[] = []
  await Promise.all([
    test.gateway.reload(loaded).then(() => done.push('everything')),
    test.gateway.reloadDenyList().then(() => done.push('the deny list')),
  ])
  t.same(done, ['the deny list', 'everything'])
  t.equal(await knock(clientOptions(test, test.svid('writer'))), 'closed')
  t.equal(await knock(clientOptions(test, test.svid('researcher'))), 403)
})

t.test('a deny list counts while the gateway drains, too', async (t) => {
  const cloud = new SlowCloud()
  const test = await startTestGateway({
    ...cloud.options,
    files: { 'deny.txt': '' },
    config: withDenyList,
  })
  t.teardown(() => test.close())
  const others = clientOptions(test, test.svid('keeper', { agent: 'night-crew' }))
  const [denied, kept] = [
    await cloud.transfers(clientOptions(test, test.svid('keeper'))),
    await cloud.transfers(others),
  ]
  const draining = test.gateway.drain()
  await writeFile(join(test.dir, 'deny.txt'), `${agentId('keeper')}\n`)
  t.same(await test.gateway.reloadDenyList(), [])
  t.ok(await allCut(denied))
  cloud.letGo()
  t.match((await kept.download.answer()).status, 200)
  kept.upload.socket.destroy()
  await draining
  t.same(unmatched(await test.records()), [])
})

t.test('a trust bundle that is taken away cuts what it vouched for', async (t) => {
  const cloud = new SlowCloud()
  const test = await startTestGateway(cloud.options)
  t.teardown(() => test.close())
  const options = clientOptions(test, test.svid('keeper'))
  const transfers = await cloud.transfers(options)
  const next = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: Date.now() })
  await writeFile(join(test.dir, 'bundle.pem'), next.caPem)
  t.same(await test.gateway.reload(await test.load()), [])
  t.ok(await allCut(transfers))
  t.equal(await knock(options), 'closed')
  const records = await test.stop()
  t.same(
    records.flatMap(({ type, end }) => (type === 'outcome' && end !== 'refused' ? [end] : [])),
    ['client-gone', 'client-gone'],
    'and the records say so',
  )
})

t.test('a reload that changes nobody’s identity cuts nobody', async (t) => {
  const cloud = new SlowCloud()
  const test = await startTestGateway({
    ...cloud.options,
    files: { 'deny.txt': `${agentId('keeper', 'night-crew')}\n` },
  })
  t.teardown(() => test.close())
  const transfers = await cloud.transfers(clientOptions(test, test.svid('keeper')))
  const server = test.domain.issueServerCertificate({ names: SERVER_NAMES })
  await writeFile(join(test.dir, 'gateway.pem'), server.certPem)
  await writeFile(join(test.dir, 'gateway.key.pem'), server.keyPem, { mode: 0o600 })
  t.same(await test.gateway.reload(await test.load(withDenyList(test.configText))), [])
  cloud.letGo()
  t.same(await statusesOf(transfers), [200, 200])
})

t.test('an SVID that ends cuts what is under way with it', async (t) => {
  let ahead = 0
  const cloud = new SlowCloud()
  const test = await startTestGateway({
    ...cloud.options,
    clock: { now: () => Date.now() + ahead },
  })
  t.teardown(() => test.close())
  const short = await cloud.transfers(clientOptions(test, test.svid('keeper', { ttlSeconds: 600 })))
  const long = await cloud.transfers(
    clientOptions(test, test.svid('keeper', { ttlSeconds: 3600, agent: 'night-crew' })),
  )
  ahead = 601_000
  t.ok(await allCut(short), 'as on a machine that slept')
  cloud.letGo()
  t.same(await statusesOf(long), [200, 200])
})

t.test(
  'connections that reach their age end between two requests, or after the grace',
  async (t) => {
    const limits =
      (grace: string) =>
      (text: string): string =>
        text.replace(/^limits: .*$/m, '') +
        `limits: { maxConnectionAge: 1s, connectionAgeGrace: ${grace} }\n`
    const start = async (grace: string) => {
      const cloud = new SlowCloud()
      const test = await startTestGateway({ ...cloud.options, config: limits(grace) })
      t.teardown(() => test.close())
      const denied = clientOptions(test, test.svid('nobody'))
      return { cloud, options: clientOptions(test, test.svid('keeper')), denied }
    }
    const { cloud, options, denied } = await start('1h')
    const transfers = await cloud.transfers(options)
    const loop = new Loop(denied)
    t.equal(await loop.result(), 'complete', 'told in an answer, which is whole')
    cloud.letGo()
    t.same(await statusesOf(transfers), [200, 200], 'what is under way ends well')

    const strict = await start('0s')
    t.ok(await allCut(await strict.cloud.transfers(strict.options)), 'or is cut')
  },
)
