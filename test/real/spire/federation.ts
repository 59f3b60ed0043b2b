// A partner with a SPIRE of its own: its agents are known as soon as, and only as long as, the two
// trust domains are federated, and what their paths say counts only where it is configured.

import t, { type Test } from 'tap'
import { GO_AGENT, startGoAgent, type GoAgent } from '../../support/go-agent.ts'
import { startTestGateway, type TestGateway } from '../../support/running-gateway.ts'
import { handshakes, knock, openTls } from '../../support/tls-client.ts'
import { openSpire, OWN_SVID, rawClient, svidOf, untilTrue, withWorkloadApi } from './scene.ts'

const GATEWAY = 'spiffe://example.org/svidgate'
const PARTNER = 'partner.example'
const RESEARCHER = `spiffe://${PARTNER}/agent/acme/x/researcher`
const LONG = 300

const ours = await openSpire(t)
const theirs = await openSpire(t, PARTNER)
await ours.federateWith(theirs)
await theirs.federateWith(ours)
await ours.register({
  id: GATEWAY,
  path: process.execPath,
  ttlSeconds: LONG,
  federatesWith: [PARTNER],
})
const path = await theirs.programOf('go-agent', GO_AGENT)
await theirs.register({
  id: RESEARCHER,
  path,
  ttlSeconds: LONG,
  federatesWith: [ours.trustDomain],
})

async function open(t: Test, bundle: string): Promise<TestGateway> {
  const test = await startTestGateway({
    config: (text) =>
      withWorkloadApi(text, ours).replace(
        '\nidentity:\n',
        `\nidentity:\n  trustBundles: { ${PARTNER}: { ${bundle} } }\n`,
      ),
    files: { 'partner.json': await theirs.bundle('spiffe') },
  })
  t.teardown(() => test.close())
  await test.untilLog(OWN_SVID)
  return test
}

async function openAgent(t: Test, test: TestGateway): Promise<GoAgent> {
  const agent = await startGoAgent({
    endpoint: theirs.endpoint,
    url: `${test.origin}/aws/s3`,
    server: { id: GATEWAY },
    program: path,
  })
  t.teardown(() => agent.close())
  // SPIRE delivers bundles on a stream of their own, after our SVID or before it.
  await untilTrue(async () => (await agent.send('HEAD', '/reports/2026/x')).status !== 0)
  return agent
}

t.test('a partner that SPIRE delivers: known by name, without tenant and role', async (t) => {
  const test = await open(t, '')
  const agent = await openAgent(t, test)
  t.equal(agent.id, RESEARCHER)
  const answer = await agent.send('PUT', '/reports/2026/x', 'x')
  t.match(answer, { status: 403, body: /ERR_SG_DENIED/ })
  t.notMatch(answer.body, /Role:/, 'their path means nothing here')
  const decision = (await test.records()).find(({ type }) => type === 'decision')
  t.match(decision, { spiffe_id: RESEARCHER })

  const names = `grammar: "agent/{tenant}/{agent}/{role}", tenants: { acme: partner-acme }`
  const problems = await test.gateway.reload(
    await test.load(test.configText.replace(`${PARTNER}: {  }`, `${PARTNER}: { ${names} }`)),
  )
  t.same(problems, [])
  const named = await agent.send('PUT', '/reports/2026/x', 'x')
  t.match(named, { status: 403, body: /ERR_SG_DENIED.*Role: researcher/ }, 'now it does')
})

t.test("the partner's bundle endpoint: another CA of theirs is known within seconds", async (t) => {
  const test = await open(
    t,
    `endpoint: "${theirs.bundleEndpoint}", profile: https_spiffe, ` +
      `endpointSpiffeId: "spiffe://${PARTNER}/spire/server", bundle: ./partner.json`,
  )
  const agent = await openAgent(t, test)
  t.match(await agent.send('PUT', '/reports/2026/x', 'x'), { status: 403 }, 'of the bundle at hand')
  const ca = await theirs.prepareAuthority()
  await test.untilLog(/bundle_endpoint.*updated|updated.*bundle_endpoint/)
  await ca.activate()
  await ca.taintOld()
  await agent.startLoad(1)
  await untilTrue(async () => (await agent.count()).serials.length >= 2)
  const { failures } = await agent.stopLoad()
  for (const failure of failures) t.match(failure, /^403 .*ERR_SG_DENIED/s, 'known, and refused')
  t.equal((await handshakes(test)).get('refused ERR_SG_SVID_CHAIN'), undefined)
})

t.test('a partner that is dropped is cut off at once, with its open connections', async (t) => {
  const test = await open(t, '')
  const svid = await svidOf(await theirs.fetchFiles('files', { id: RESEARCHER, ttlSeconds: LONG }))
  const client = rawClient(test, svid)
  t.equal(await knock(client), 403)
  const connection = await openTls(client)
  await ours.dissociate(theirs)
  await connection.untilClosed()
  t.equal(await knock(client), 'closed')
  t.equal((await handshakes(test)).get('refused ERR_SG_SVID_TRUST_DOMAIN'), 1)
})
