// An identity is valid only while its SVID, its chain and its trust bundle are: connections that are
// open already lose it like new ones do, and nobody else loses anything.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import type { RawConnection } from '../support/raw-connection.ts'
import {
  agentId,
  startTestGateway,
  TRUST_DOMAIN,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/running-gateway.ts'
import {
  clientOptions,
  handshakes,
  knock,
  LIST_REPORTS,
  openTls,
  type ClientKey,
} from '../support/tls-client.ts'

async function start(t: Test, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const test = await startTestGateway(options)
  t.teardown(() => test.close())
  return test
}

/** A kept-alive connection on which one request was judged. */
async function opened(test: TestGateway, key: ClientKey): Promise<RawConnection> {
  const connection = await openTls(clientOptions(test, key))
  await judged(connection)
  return connection
}

/** Sends one more request and gives the answer's text, or rejects when there is none. */
async function judged(connection: RawConnection): Promise<string> {
  const before = connection.text
  connection.write(LIST_REPORTS)
  await connection.until(() => connection.text.slice(before.length).includes('</Error>'))
  return connection.text.slice(before.length)
}

t.test('an SVID that expires on an open connection: the next request is refused', async (t) => {
  let ahead = 0
  const test = await start(t, { clock: { now: () => Date.now() + ahead } })
  const connection = await opened(test, test.svid('researcher', { ttlSeconds: 600 }))
  t.match(await judged(connection), /ERR_SG_DENIED/, 'kept alive')
  ahead = 601_000
  const answer = await judged(connection)
  t.match(answer, /^HTTP\/1.1 403 /)
  t.match(answer, /ERR_SG_SVID_EXPIRED/)
  t.notMatch(answer, /researcher/, 'the code alone')
  await connection.untilClosed()
})

t.test('an idle connection ends with its SVID', async (t) => {
  // A clock that stands still: however slow the machine, the handshake is over in time, and from it
  // on the connection has just so long.
  const LEFT_MS = 200
  const expiry = Math.floor(Date.now() / 1000) * 1000
  let now = expiry - LEFT_MS
  const test = await start(t, { clock: { now: () => now } })
  const svid = test.svid('researcher', { ttlSeconds: 600, now: expiry - 600_000 })
  const before = performance.now()
  const connection = await openTls(clientOptions(test, svid))
  await connection.untilClosed()
  t.ok(performance.now() - before >= LEFT_MS - 2, 'not before')
  now = expiry
  t.equal(await knock(clientOptions(test, svid)), 'closed')
  t.equal((await handshakes(test)).get('refused ERR_SG_SVID_EXPIRED'), 1)
})

t.test('an entry of the deny list cuts what is open and refuses what comes', async (t) => {
  const test = await start(t)
  const path = join(test.dir, 'deny.txt')
  await writeFile(path, '# nobody yet\n')
  const text = test.configText.replace('identity:\n', 'identity:\n  denyList: ./deny.txt\n')
  t.same(await test.gateway.reload(await test.load(text)), [])
  const writer = test.svid('writer')
  const other = test.svid('writer', { agent: 'night-crew' })
  const researcher = test.svid('researcher')
  const connections = await Promise.all([writer, other, researcher].map((key) => opened(test, key)))
  const { serialNumber } = new X509Certificate(other.certPem)
  await writeFile(path, `${agentId('writer')}\n${serialNumber}\n`)
  t.same(await test.gateway.reloadDenyList(), [])
  await connections[0]?.untilClosed()
  await connections[1]?.untilClosed()
  for (const key of [writer, other]) {
    t.equal(await knock(clientOptions(test, key)), 'closed')
  }
  t.equal((await handshakes(test)).get('refused ERR_SG_SVID_DENY_LISTED'), 2)
  const kept = connections[2]
  if (kept !== undefined) t.match(await judged(kept), /ERR_SG_DENIED/, 'others stay')

  await writeFile(path, 'spiffe://example.org/agent/acme\nno serial\n')
  t.match(await test.gateway.reloadDenyList(), [{ message: /deny.txt:2: / }])
  t.equal(await knock(clientOptions(test, writer)), 'closed', 'the last good list stays')
})

t.test('a trust bundle that is replaced cuts what it vouched for', async (t) => {
  const test = await start(t)
  const old = test.svid('researcher')
  const connection = await opened(test, old)
  const next = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: Date.now() })
  await writeFile(join(test.dir, 'next.pem'), next.caPem)
  const text = test.configText.replace('./bundle.pem', './next.pem')
  t.same(await test.gateway.reload(await test.load(text)), [], 'another path is hot')
  await connection.untilClosed()
  t.equal(await knock(clientOptions(test, old)), 'closed')
  const renewed = next.issueSvid({ spiffeId: agentId('researcher'), ttlSeconds: 600 })
  t.equal(await knock(clientOptions(test, renewed)), 403)

  await writeFile(join(test.dir, 'next.pem'), 'no certificate')
  t.match(await test.gateway.reload(await test.load(text)), [{ message: /next.pem/ }])
  t.equal(await knock(clientOptions(test, renewed)), 403, 'the last good bundle stays')
})

t.test(
  'names that mean something else now end the connection; the same names keep it',
  async (t) => {
    const test = await start(t)
    const connection = await opened(test, test.svid('researcher'))
    const grammar = (form: string): string =>
      test.configText.replace('identity:\n', `identity:\n  grammar: "${form}"\n`)
    t.same(await test.gateway.reload(await test.load(grammar('agent/{tenant}/{agent}/{role}'))), [])
    t.match(await judged(connection), /ERR_SG_DENIED/)
    t.same(await test.gateway.reload(await test.load(grammar('agent/{agent}/{tenant}/{role}'))), [])
    await connection.untilClosed()
    t.equal(await knock(clientOptions(test, test.svid('researcher'))), 403)
    const [last] = (await test.stop()).filter(({ type }) => type === 'decision').slice(-1)
    t.match(last, { input: { tenant: 'data-crew', agent: 'acme' } })
  },
)

t.test('a partner is let in and out again by a reload', async (t) => {
  const test = await start(t)
  const partner = createDevTrustDomain({ trustDomain: 'partner.org', now: Date.now() })
  const spiffeId = 'spiffe://partner.org/crew/theirs/x/reader'
  const svid = partner.issueSvid({ spiffeId, ttlSeconds: 600 })
  t.equal(await knock(clientOptions(test, svid)), 'closed')
  await writeFile(join(test.dir, 'partner.pem'), partner.caPem)
  const text = test.configText.replace(
    'identity:\n',
    'identity:\n  trustBundles: { partner.org: { file: ./partner.pem, ' +
      'grammar: "crew/{tenant}/{agent}/{role}", tenants: { theirs: partner-theirs } } }\n',
  )
  t.same(await test.gateway.reload(await test.load(text)), [])
  const connection = await opened(test, svid)
  t.same(await test.gateway.reload(await test.load()), [])
  await connection.untilClosed()
  t.equal(await knock(clientOptions(test, svid)), 'closed')
})
