// What docs/CONFIG.md calls hot is hot: after a reload the next request goes by the new value. Host
// names, certificates, trust and connections have tests of their own.

import t, { type Test } from 'tap'
import { exposition } from '../support/health.ts'
import { WIDE } from '../support/load.ts'
import { s3Head } from '../support/refusal-scene.ts'
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/running-gateway.ts'
import { answering, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { StsTap } from '../support/sts-tap.ts'
import { clientOptions, knock, openTls } from '../support/tls-client.ts'

interface Running {
  readonly test: TestGateway
  readonly sts: StsTap
  /** Puts an object as a keeper of this crew; the status, and the code of a refusal. */
  put(agent: string): Promise<string>
  change(from: string | RegExp, to: string): Promise<void>
}

async function start(t: Test, options: TestGatewayOptions = {}): Promise<Running> {
  const sts = new StsTap()
  const test = await startTestGateway({ ...WIDE, stsServer: sts.start, ...options })
  t.teardown(() => test.close())
  return {
    test,
    sts,
    put: async (agent) => {
      const connection = await openTls(clientOptions(test, test.svid('keeper', { agent })))
      const unsigned = 'x-amz-content-sha256: UNSIGNED-PAYLOAD'
      connection.write(`${s3Head('PUT /aws/s3/reports/2026/a', unsigned, 'content-length: 1')}x`)
      const { status, body } = await connection.answer()
      connection.socket.destroy()
      return [status, ...(/ERR_SG_\w+/.exec(body.toString()) ?? [])].join(' ')
    },
    change: async (from, to) => {
      const text = test.configText.replace(from, to)
      t.not(text, test.configText)
      t.same(await test.gateway.reload(await test.load(text)), [])
    },
  }
}

function lifetimeOf(token: string): number {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    iat: number
    exp: number
  }
  return claims.exp - claims.iat
}

t.test('issuer.tokenTtl and credentials: the next exchange', async (t) => {
  const { sts, put, change } = await start(t)
  t.equal(await put('one'), '200')
  await change(/( {2}url: .*oidc.*\n)/, '$1  tokenTtl: 2m\n')
  t.equal(await put('one'), '200', 'its session is kept')
  t.equal(await put('two'), '200')
  await change('duration: 900s', 'duration: 1800s')
  t.equal(await put('one'), '200')
  t.same(
    sts.calls.map(({ parameters }) => [
      lifetimeOf(parameters.get('WebIdentityToken') ?? ''),
      parameters.get('DurationSeconds'),
    ]),
    [
      [300, '900'],
      [120, '900'],
      [300, '1800'],
    ],
  )
})

t.test('bindings and routes: the next request', async (t) => {
  const { put, change } = await start(t)
  t.equal(await put('one'), '200')
  await change(/bindings:\n.*\n/, 'bindings: []\n')
  t.equal(await put('one'), '403 ERR_SG_CREDENTIAL_CONFIG')
  await change('regions: [eu-west-1]', 'regions: [eu-central-1]')
  t.equal(await put('one'), '400', 'signed for the other region, which the cloud is not')
  await change(/ca: \S+ } }\negress/, 'ca: ./bundle.pem } }\negress')
  t.equal(await put('one'), '502 ERR_SG_UPSTREAM_UNREACHABLE', 'roots that do not know it')
})

t.test('egress: the next connection, to the service and to STS', async (t) => {
  const upstream = new ScriptedUpstream(answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const { put, change, sts } = await start(t, {
    s3Server: upstream.start,
    // A name: what stands in the file as an address of this machine would be refused there.
    config: (text) => text.replaceAll('https://127.0.0.1:', 'https://cloud.gw.test:'),
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  t.equal(await put('one'), '200')
  await change('egress: { unsafeAllowLoopback: true }', 'egress: {}')
  t.equal(await put('one'), '502 ERR_SG_UPSTREAM_REFUSED')
  t.match(await put('two'), /^\d+ ERR_SG_CREDENTIAL_/)
  t.same([upstream.connections.length, sts.calls.length], [1, 1])
})

t.test('limits.perIdentity: the next request', async (t) => {
  const now = Date.now()
  const { put, change, test } = await start(t, { clock: { now: () => now } })
  t.equal(await put('one'), '200')
  await change(/$/, 'limits: { perIdentity: { requestsPerSecond: 1 } }\n')
  // The clock stands: the bucket is cut down to one, and nothing comes into it.
  t.equal(await put('one'), '200')
  t.equal(await put('one'), '503 ERR_SG_LIMIT')
  t.equal(await put('two'), '200', 'another identity has its own')
  t.same(await test.gateway.reload(await test.load()), [])
})

t.test('policy.bundles[].name: records and metrics', async (t) => {
  const { put, change, test } = await start(t)
  await change('name: authz,', 'name: renamed,')
  t.equal(await put('one'), '200')
  const { samples } = await exposition(test)
  t.equal(samples.get('svidgate_bundle_loaded_counter{name="renamed"}'), 1)
  const records = await test.stop()
  t.match(
    records.find(({ type }) => type === 'decision'),
    { bundles: { renamed: {} } },
  )
})

t.test('telemetry.log.level: the next line', async (t) => {
  const { change, test } = await start(t)
  await change('log: { level: debug }', 'log: { level: error }')
  const { length } = test.log
  t.equal(await knock(clientOptions(test, undefined)), 'closed')
  t.equal(test.log.length, length, 'a refused peer is worth a warning, not an error')
  t.same(await test.gateway.reload(await test.load()), [])
  t.equal(await knock(clientOptions(test, undefined)), 'closed')
  t.match(test.log.at(-1), 'ERR_SG_SVID_MISSING')
})
