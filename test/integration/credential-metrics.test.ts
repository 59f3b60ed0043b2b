// /metrics tells how credentials were come by: how often STS was asked, and what it said.

import t from 'tap'
import { exposition } from '../support/health.ts'
import { WIDE } from '../support/load.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway } from '../support/running-gateway.ts'
import { StsTap } from '../support/sts-tap.ts'
import { clientOptions, openTls } from '../support/tls-client.ts'

t.test('exchanges are counted by what came of them', async (t) => {
  const sts = new StsTap()
  const test = await startTestGateway({ ...WIDE, stsServer: sts.start })
  t.teardown(() => test.close())
  const put = async (agent: string): Promise<string> => {
    const connection = await openTls(clientOptions(test, test.svid('keeper', { agent })))
    const unsigned = 'x-amz-content-sha256: UNSIGNED-PAYLOAD'
    connection.write(`${s3Head('PUT /aws/s3/reports/2026/a', unsigned, 'content-length: 1')}x`)
    const { status, body } = await connection.answer()
    connection.socket.destroy()
    return [status, ...(/ERR_SG_\w+/.exec(body.toString()) ?? [])].join(' ')
  }
  const count = async (result: string): Promise<number | undefined> => {
    const labels = `{credential="aws-data",result="${result}"}`
    return (await exposition(test)).samples.get(`svidgate_credential_exchanges_total${labels}`)
  }
  t.equal(await put('one'), '200')
  t.equal(await put('one'), '200')
  t.equal(await count('obtained'), 1)
  t.equal(await count('cached'), 1)
  sts.script = () => ({ status: 503, body: 'busy' })
  t.equal(await put('two'), '503 ERR_SG_CREDENTIAL_UNAVAILABLE')
  t.equal(await count('unavailable'), 1)
  const error = '<Error><Code>AccessDenied</Code><Message>no</Message></Error>'
  sts.script = () => ({ status: 403, body: `<ErrorResponse>${error}</ErrorResponse>` })
  t.equal(await put('three'), '403 ERR_SG_CREDENTIAL_CONFIG')
  t.equal(await put('three'), '403 ERR_SG_CREDENTIAL_CONFIG', 'remembered')
  t.equal(await count('refused'), 2)
})
