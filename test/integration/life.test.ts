// The process from its first line to its last: it says when it is ready, answers monitors, and ends
// on a signal without losing a request that it has accepted.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readAuditPublicKey } from '../../gateway/audit/audit-key.ts'
import { verifyAuditDirectory } from '../../gateway/audit/verify.ts'
import { auditLines } from '../support/audit.ts'
import { parseExposition } from '../support/exposition.ts'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { ask } from '../support/http-client.ts'
import { Download, Loop, Upload, WIDE } from '../support/load.ts'
import { clientOptions, knock, openTls } from '../support/tls-client.ts'
import { unmatched } from '../support/verdicts.ts'

async function health({ healthPort }: GatewayProcess, path: string): Promise<number> {
  return (await ask({ port: healthPort }, { path })).status
}

t.test('monitors see that it is alive, ready and counting; the owner sees more', async (t) => {
  const gateway = await startGatewayProcess(t)
  t.equal(await health(gateway, '/healthz'), 200)
  t.equal(await health(gateway, '/readyz'), 200)
  t.equal(await knock(clientOptions(gateway, gateway.scene.svid('writer'))), 403)
  const { body } = await ask({ port: gateway.healthPort }, { path: '/metrics' })
  const requests = 'svidgate_requests_total{service="aws_s3",verdict="deny",code="ERR_SG_DENIED"}'
  t.equal(parseExposition(body).samples.get(requests), 1)

  const socketPath = join(gateway.scene.dir, 'admin.sock')
  t.equal(statSync(socketPath).mode & 0o777, 0o600)
  const admin = (path: string): Promise<{ status: number; body: string }> =>
    ask({ socketPath }, { path, headers: { host: 'localhost' } })
  const status = await admin('/v1/status')
  t.match(JSON.parse(status.body), {
    generation: 1,
    records_writable: true,
    bundles: { authz: {} },
  })
  const config = await admin('/v1/config')
  t.equal(config.status, 200)
  t.match(config.body, 'example.org')
  t.notMatch(config.body, /PRIVATE KEY/)
})

t.test('SIGTERM under load: every request under way ends well, and the records too', async (t) => {
  const gateway = await startGatewayProcess(t, WIDE)
  const options = clientOptions(gateway, gateway.scene.svid('keeper'))
  const slow = [
    ...Array.from({ length: 4 }, (_, index) => new Upload(options, `2026/up-${index}`)),
    ...Array.from({ length: 4 }, () => new Download(options, '2026/big.bin')),
  ]
  const loops = [new Loop(options), new Loop(options)]
  await Promise.all([...slow, ...loops].map((client) => client.underWay()))
  gateway.kill('SIGTERM')
  await gateway.untilLog(/^draining$/)
  t.equal(await health(gateway, '/readyz'), 503, 'no new work')
  t.equal(await health(gateway, '/healthz'), 200, 'but alive')
  for (const client of slow) client.goOn()
  const results = await Promise.all([...slow, ...loops].map((client) => client.result()))
  t.same(
    results,
    results.map(() => 'complete'),
  )
  t.same(await gateway.ended, { code: 0, signal: null })

  const dir = join(gateway.scene.dir, 'state/audit')
  const key = await readAuditPublicKey(join(gateway.scene.dir, 'state/audit.pub.pem'))
  const report = await verifyAuditDirectory(dir, [key])
  t.match(report, { ok: true, uncovered: [], files: [{ closed: true }] })
  const records = auditLines(gateway.scene.dir).map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  )
  t.same(unmatched(records), [])
  t.notOk(
    records.some(({ type, end }) => type === 'outcome' && end !== 'complete' && end !== 'refused'),
  )
})

t.test('a second signal ends it at once', async (t) => {
  const gateway = await startGatewayProcess(t, WIDE)
  const upload = new Upload(clientOptions(gateway, gateway.scene.svid('keeper')), '2026/held')
  await upload.underWay()
  gateway.kill('SIGTERM')
  await gateway.untilLog(/^draining$/)
  gateway.kill('SIGTERM')
  t.same(await gateway.ended, { code: 1, signal: null })
  t.not(await upload.result(), 'complete')
})

t.test('SIGINT ends an idle gateway, an open connection notwithstanding', async (t) => {
  const gateway = await startGatewayProcess(t)
  const idle = await openTls(clientOptions(gateway, gateway.scene.svid('writer')))
  gateway.kill('SIGINT')
  t.same(await gateway.ended, { code: 0, signal: null })
  await idle.untilClosed()
})
