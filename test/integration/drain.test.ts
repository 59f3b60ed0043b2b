// The end of a gateway, and a beginning that fails: nothing waits for who says nothing, the records
// close behind the last outcome, and what was opened is closed.

import { once } from 'node:events'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import t from 'tap'
import { FaultyAuditFs } from '../support/faulty-audit-fs.ts'
import { ask } from '../support/http-client.ts'
import { Upload, WIDE } from '../support/load.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { clientOptions, knock, openTls } from '../support/tls-client.ts'
import { unmatched } from '../support/verdicts.ts'

function readyz({ gateway }: TestGateway): Promise<number> {
  const port = gateway.listeners.healthPort
  return ask({ port }, { path: '/readyz' }).then(({ status }) => status)
}

t.test('who is in the middle of a handshake is not waited for', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const silent = connect(test.port, '127.0.0.1')
  const idle = await openTls(clientOptions(test, test.svid('writer')))
  const closed = once(silent, 'close')
  const started = performance.now()
  await test.stop()
  await closed
  await idle.untilClosed()
  t.ok(performance.now() - started < 5000, 'not as long as a handshake or a drain may take')
})

t.test(
  'a request that is cut at the deadline still has its outcome in closed records',
  async (t) => {
    const test = await startTestGateway({
      ...WIDE,
      config: (text) => `${text}limits: { timeouts: { drain: 200ms } }\n`,
    })
    t.teardown(() => test.close())
    const upload = new Upload(clientOptions(test, test.svid('keeper')), '2026/never')
    await upload.underWay()
    const records = await test.stop()
    t.same(unmatched(records), [])
    t.match(records.at(-2), { type: 'outcome', end: 'client-gone' })
    t.match(records.at(-1), { type: 'close' })
    t.not(await upload.result(), 'complete')
  },
)

t.test('draining once is enough, and nothing is reloaded behind it', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const loaded = await test.load()
  const draining = test.gateway.drain()
  t.match(await test.gateway.reload(loaded), [{ message: /shutting down/ }])
  await Promise.all([draining, test.gateway.drain()])
  t.equal(await knock(clientOptions(test, test.svid('writer'))), 'failed')
})

t.test('a disk that takes no record: not ready, until it takes them again', async (t) => {
  const auditFs = new FaultyAuditFs()
  const test = await startTestGateway({ auditFs })
  t.teardown(() => test.close())
  t.equal(await readyz(test), 200)
  auditFs.freeBytes = 0
  auditFs.failCreate = true
  t.equal(await knock(clientOptions(test, test.svid('writer'))), 503)
  t.equal(await readyz(test), 503)
  auditFs.freeBytes = Number.POSITIVE_INFINITY
  auditFs.failCreate = false
  await test.untilLog(/records are written again/)
  t.equal(await readyz(test), 200)
  t.equal(await knock(clientOptions(test, test.svid('writer'))), 403)
})

const UNSTARTABLE: [id: string, change: (text: string) => string, message: RegExp][] = [
  ['a deny list that is not there', (text) => denyList(text), /deny\.txt/],
  ['a bundle that is none', (text) => text.replace(/file:[^"]*authz/, 'file:./gateway'), /./],
  ['an admin socket that cannot be', (text) => text.replace('admin.sock', 'gateway.pem'), /socket/],
  [
    'an audit directory that is a file',
    (text) => text.replace('state/audit,', 'gateway.pem,'),
    /audit/,
  ],
]

function denyList(text: string): string {
  return text.replace('identity:\n', 'identity:\n  denyList: ./deny.txt\n')
}

for (const [id, config, message] of UNSTARTABLE) {
  // Whatever stayed open would keep this process alive, and the runner would say so.
  t.test(`what cannot start says why and leaves nothing open: ${id}`, async (t) => {
    await t.rejects(startTestGateway({ config }), { message })
  })
}
