// SPIRE's SVIDs as files, the way of agents that know no Workload API: our validator takes them as
// they are, and the gateway serves whom they name until the SVID ends, which SPIRE renews no more
// when the entry is gone.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { runCli } from '../../support/child.ts'
import { agentId, startTestGateway } from '../../support/running-gateway.ts'
import { clientOptions, handshakes, knock, openTls } from '../../support/tls-client.ts'
import { openSpire, svidOf, untilTrue } from './scene.ts'

const Bucket = 'reports'
const LONG = 300
/** Seconds: long enough to be used, short enough to wait for its end. */
const SHORT = 12

const spire = await openSpire(t)
const gatewayFiles = await spire.fetchFiles('gateway', {
  id: 'spiffe://example.org/svidgate',
  ttlSeconds: LONG,
})
const test = await startTestGateway({
  files: { 'spire.pem': await readFile(gatewayFiles.bundle, 'utf8') },
  config: (text) => text.replace('trustBundle: ./bundle.pem', 'trustBundle: ./spire.pem'),
})
t.teardown(() => test.close())

t.test("SPIRE's own SVIDs pass our validator, as SPIRE makes them", async (t) => {
  const files = await spire.fetchFiles('named', {
    id: agentId('writer'),
    ttlSeconds: LONG,
    dnsNames: ['writer.agents.example.org'],
  })
  const text = await promisify(execFile)('openssl', ['x509', '-in', files.cert, '-noout', '-text'])
  // What our own CAs never write, by OpenSSL's reading.
  t.match(text.stdout, /Key Usage: critical\s+Digital Signature, Key Encipherment, Key Agreement/)
  t.match(text.stdout, /DNS:writer\.agents\.example\.org/)
  const verify = (domain: string): ReturnType<typeof runCli> =>
    runCli(['svid', 'verify', '--chain', files.cert, '--bundle', `${domain}=${files.bundle}`])
  t.match(await verify('example.org'), { code: 0, out: `accepted: ${agentId('writer')}\n` })
  t.match(await verify('partner.example'), { code: 1, out: 'ERR_SG_SVID_TRUST_DOMAIN' })
})

t.test('an agent calls S3 with the SVID that SPIRE gave it', async (t) => {
  const fetch = async (role: string) =>
    svidOf(await spire.fetchFiles(role, { id: agentId(role), ttlSeconds: LONG }))
  const writer = test.s3(await fetch('writer'), { maxAttempts: 1 })
  const put = (Key: string): PutObjectCommand => new PutObjectCommand({ Bucket, Key, Body: 'x' })
  await writer.send(put('2026/q3.csv'))
  const denied = { name: 'AccessDenied', message: /ERR_SG_DENIED/ }
  await t.rejects(writer.send(new GetObjectCommand({ Bucket, Key: '2026/q3.csv' })), denied)
  const researcher = test.s3(await fetch('researcher'), { maxAttempts: 1 })
  await t.rejects(researcher.send(put('2026/x')), { ...denied, message: /Role: researcher/ })
})

t.test('an entry that is deleted: no new SVID, and the last one ends on time', async (t) => {
  const entry = await spire.registerCopy('leaver', { id: agentId('writer'), ttlSeconds: SHORT })
  const svid = await svidOf(await spire.fetchCopy('leaver'))
  const client = clientOptions(test, svid)
  t.equal(await knock(client), 403, 'while it holds, a list is a matter of policy')
  await spire.unregister(entry)
  await untilTrue(async () => !(await spire.serves('leaver')))
  const connection = await openTls(client)
  const opened = performance.now()
  await connection.untilClosed()
  t.ok(performance.now() - opened < SHORT * 1000, 'its connection ends with it')
  t.equal(await knock(client), 'closed', 'and it opens no other one')
  t.equal((await handshakes(test)).get('refused ERR_SG_SVID_EXPIRED'), 1)
})
