// Agents by go-spiffe, their SVIDs from SPIRE's Workload API, before our listener: both know each other
// by SPIFFE ID alone, SVIDs are renewed every few seconds, and no request notices.

import t, { type Test } from 'tap'
import { GO_AGENT, startGoAgent, type GoAgent } from '../../support/go-agent.ts'
import { agentId, startTestGateway } from '../../support/running-gateway.ts'
import { handshakes, knock } from '../../support/tls-client.ts'
import { openSpire, OWN_SVID, rawClient, svidOf, untilTrue, withWorkloadApi } from './scene.ts'

const GATEWAY = 'spiffe://example.org/svidgate'
const LONG = 300
/** Seconds. SPIRE dates back by 10 s and renews at half of the whole: here 5 s after it is made. */
const SHORT = 20

const spire = await openSpire(t)
// This process: the gateway runs in it.
await spire.register({ id: GATEWAY, path: process.execPath, ttlSeconds: SHORT })
const test = await startTestGateway({ config: (text) => withWorkloadApi(text, spire) })
t.teardown(() => test.close())
await test.untilLog(OWN_SVID)

for (const [name, role, ttlSeconds] of [
  ['go-writer', 'writer', SHORT],
  ['go-researcher', 'researcher', LONG],
] as const) {
  const path = await spire.programOf(name, GO_AGENT)
  await spire.register({ id: agentId(role), path, ttlSeconds })
}

await spire.registerCopy('files', { id: agentId('writer'), ttlSeconds: LONG })

async function open(t: Test, name: string, gateway = GATEWAY): Promise<GoAgent> {
  const agent = await startGoAgent({
    endpoint: spire.endpoint,
    url: `${test.origin}/aws/s3`,
    server: { id: gateway },
    program: spire.pathOf(name),
  })
  t.teardown(() => agent.close())
  return agent
}

t.test("go-spiffe's TLS client and our listener take each other by SPIFFE ID", async (t) => {
  const writer = await open(t, 'go-writer')
  t.equal(writer.id, agentId('writer'))
  t.match(await writer.send('PUT', '/reports/2026/go.csv', 'q3'), { status: 200 })
  t.match(await writer.send('GET', '/reports/2026/go.csv'), {
    status: 403,
    body: /ERR_SG_DENIED.*Role: writer/,
  })
  const researcher = await open(t, 'go-researcher')
  t.match(await researcher.send('PUT', '/reports/2026/x', 'x'), {
    status: 403,
    body: /ERR_SG_DENIED.*Role: researcher/,
  })
  const strict = await open(t, 'go-writer', 'spiffe://example.org/another-gateway')
  t.match(await strict.send('PUT', '/reports/2026/x', 'x'), { status: 0, error: /unexpected ID/ })
})

const ownSvids = (): number => test.log.filter((line) => OWN_SVID.test(line)).length

t.test('under load, no request fails while SVIDs are renewed on both sides', async (t) => {
  const writer = await open(t, 'go-writer')
  const before = ownSvids()
  await writer.startLoad(4)
  await untilTrue(
    async () => (await writer.count()).serials.length >= 4 && ownSvids() - before >= 2,
  )
  const { sent, failed, failures, serials } = await writer.stopLoad()
  t.same(failures, [])
  t.equal(failed, 0, `none of ${sent} over ${serials.length} SVIDs`)
  t.ok(sent > 100, 'a load')
})

t.test(
  'under load, no request fails while the CA is replaced, and its old SVIDs end',
  async (t) => {
    const client = rawClient(test, await svidOf(await spire.fetchCopy('files')))
    t.equal(await knock(client), 403, 'an SVID of the first CA')
    const writer = await open(t, 'go-writer')
    await writer.startLoad(4)
    const ca = await spire.prepareAuthority()
    await untilTrue(async () => authorities(await spire.bundle('pem')) === 2)
    await ca.activate()
    await ca.taintOld()
    const { serials } = await writer.count()
    await untilTrue(async () => (await writer.count()).serials.length >= serials.length + 2)
    t.equal(await knock(client), 403, 'until the first CA is withdrawn')
    await ca.revokeOld()
    await untilTrue(async () => (await knock(client)) === 'closed')
    await untilTrue(async () => (await writer.count()).serials.length >= serials.length + 3)
    const { failed, failures } = await writer.stopLoad()
    t.same(failures, [])
    t.equal(failed, 0)
    t.same(
      [...(await handshakes(test))].filter(([what]) => what.startsWith('refused')),
      [['refused ERR_SG_SVID_CHAIN', 1]],
    )
  },
)

function authorities(pem: string): number {
  return pem.split('BEGIN CERTIFICATE').length - 1
}
