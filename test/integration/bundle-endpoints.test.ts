// A partner whose bundle is fetched: the whole gateway and https servers of this machine.

import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { DevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import { bundleJson } from '../support/bundle-json.ts'
import { exposition } from '../support/health.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { clientOptions, knock, openTls } from '../support/tls-client.ts'
import { otherDomain } from '../support/workload-scene.ts'

const PARTNER = 'spiffe://partner.org/agent/acme/x/researcher'
const ENDPOINT_ID = 'spiffe://partner.org/bundle-endpoint'

interface Endpoint {
  readonly url: string
  body: string
  readonly requests: readonly string[]
}

async function serve(
  t: Test,
  pair: { readonly certPem: string; readonly keyPem: string },
  body: string,
): Promise<Endpoint> {
  const requests: string[] = []
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, (request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    response.writeHead(200, { 'content-type': 'application/json' }).end(endpoint.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const endpoint: Endpoint = { url: `https://localhost:${port}/bundle`, body, requests }
  return endpoint
}

async function start(
  t: Test,
  partner: string,
  files: Readonly<Record<string, string>>,
): Promise<TestGateway> {
  const test = await startTestGateway({
    files,
    config: (text) =>
      text.replace('identity:\n', `identity:\n  trustBundles: { partner.org: { ${partner} } }\n`),
  })
  t.teardown(() => test.close())
  return test
}

const visitorOf = (partner: DevTrustDomain) =>
  partner.issueSvid({ spiffeId: PARTNER, ttlSeconds: 600 })

t.test('https_web: a partner is let in by what its endpoint serves, and out again', async (t) => {
  const partner = otherDomain('partner.org')
  const web = partner.issueServerCertificate({ names: ['localhost'] })
  const endpoint = await serve(t, web, bundleJson([partner.caPem], { spiffe_sequence: 1 }))
  const settings = `endpoint: "${endpoint.url}", profile: https_web, tls: { ca: ./partner-web.pem }`
  const test = await start(t, settings, { 'partner-web.pem': web.caPem })
  await test.untilLog(/bundle_endpoint","result":"updated/)
  t.same(endpoint.requests, ['GET /bundle'])
  const visitor = visitorOf(partner)
  const connection = await openTls(clientOptions(test, visitor))
  t.equal(await knock(clientOptions(test, visitor)), 403, 'known, and allowed nothing')
  t.equal(await knock(clientOptions(test, visitorOf(otherDomain('partner.org')))), 'closed')
  t.equal(await knock(clientOptions(test, test.svid('researcher'))), 403, 'our own as before')
  const { samples } = await exposition(test)
  const gauge =
    'svidgate_bundle_endpoint_last_success_timestamp_seconds{trust_domain="partner.org"}'
  t.ok((samples.get(gauge) ?? 0) > Date.now() / 1000 - 60)

  t.same(await test.gateway.reload(await test.load(test.configText)), [], 'nothing new')
  t.equal(endpoint.requests.length, 1, 'a partner whose settings stay keeps what it knows')
  const without = test.configText.replace(/ {2}trustBundles: .*\n/, '')
  t.same(await test.gateway.reload(await test.load(without)), [])
  await connection.untilClosed()
  t.equal(await knock(clientOptions(test, visitor)), 'closed')

  const decisions = (await test.stop()).filter(({ type }) => type === 'decision')
  const [visit] = decisions.filter((record) => JSON.stringify(record).includes(PARTNER))
  const input = Object(Object(visit)['input'])
  t.equal(input.spiffe_id, PARTNER)
  for (const name of ['tenant', 'agent', 'role']) t.notOk(input[name], `no ${name}`)
})

t.test('a partner’s names come from its own grammar and tenant map alone', async (t) => {
  const partner = otherDomain('partner.org')
  const web = partner.issueServerCertificate({ names: ['localhost'] })
  const endpoint = await serve(t, web, bundleJson([partner.caPem]))
  const settings =
    `endpoint: "${endpoint.url}", profile: https_web, tls: { ca: ./partner-web.pem }, ` +
    'grammar: "agent/{tenant}/{agent}/{role}", tenants: { acme: partner-acme }'
  const test = await start(t, settings, { 'partner-web.pem': web.caPem })
  await test.untilLog(/bundle_endpoint","result":"updated/)
  t.equal(await knock(clientOptions(test, visitorOf(partner))), 403)
  const [visit] = (await test.stop()).filter(({ type }) => type === 'decision')
  t.match(visit, { input: { tenant: 'partner-acme', agent: 'x', role: 'researcher' } })
})

t.test(
  'https_spiffe: the endpoint shows the SVID that was agreed, and the bundle moves on',
  async (t) => {
    const [partner, next] = [otherDomain('partner.org'), otherDomain('partner.org')]
    const svid = partner.issueSvid({ spiffeId: ENDPOINT_ID, ttlSeconds: 600 })
    const endpoint = await serve(t, svid, bundleJson([partner.caPem, next.caPem]))
    const settings =
      `endpoint: "${endpoint.url}", profile: https_spiffe, endpointSpiffeId: "${ENDPOINT_ID}", ` +
      'bundle: ./partner.pem'
    const test = await start(t, settings, { 'partner.pem': partner.caPem })
    await test.untilLog(/bundle_endpoint","result":"updated/)
    t.equal(await knock(clientOptions(test, visitorOf(next))), 403)
  },
)

const IMPOSTORS: readonly (readonly [id: string, of: string, spiffeId: string, log: RegExp])[] = [
  [
    'another ID of the domain',
    'partner',
    'spiffe://partner.org/other',
    /it is spiffe:\/\/partner.org\/other/,
  ],
  ['the right ID from another authority', 'other', ENDPOINT_ID, /ERR_SG_SVID/],
]

for (const [id, of, spiffeId, log] of IMPOSTORS) {
  t.test(`https_spiffe: refused, and not asked: ${id}`, async (t) => {
    const [partner, other] = [otherDomain('partner.org'), otherDomain('partner.org')]
    const svid = (of === 'other' ? other : partner).issueSvid({ spiffeId, ttlSeconds: 600 })
    const endpoint = await serve(t, svid, bundleJson([other.caPem]))
    const settings =
      `endpoint: "${endpoint.url}", profile: https_spiffe, endpointSpiffeId: "${ENDPOINT_ID}", ` +
      'bundle: ./partner.pem'
    const test = await start(t, settings, { 'partner.pem': partner.caPem })
    t.match(await test.untilLog(/bundle_endpoint","result":"unreachable/), log)
    t.same(endpoint.requests, [])
    t.equal(await knock(clientOptions(test, visitorOf(other))), 'closed')
    t.equal(await knock(clientOptions(test, visitorOf(partner))), 403, 'the first bundle stays')
  })
}
