// An agent that leaves: what runs for it upstream ends at once, what has not begun never does, and
// the records say that it left.

import t, { type Test } from 'tap'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream, type Script } from '../support/scripted-upstream.ts'
import { StsTap } from '../support/sts-tap.ts'
import { unmatched, type AuditRecord } from '../support/verdicts.ts'

interface Scene {
  readonly test: TestGateway
  readonly upstream: ScriptedUpstream
  readonly sts: StsTap
  readonly client: RawConnection
}

async function scene(t: Test, script: Script): Promise<Scene> {
  const upstream = new ScriptedUpstream(script)
  const sts = new StsTap()
  const test = await startTestGateway({
    bundle: 'test/fixtures/bundles/wide.tar.gz',
    s3Server: upstream.start,
    stsServer: sts.start,
  })
  t.teardown(() => test.close())
  const client = new RawConnection(await test.connect(test.svid('keeper')))
  return { test, upstream, sts, client }
}

/** The one outcome, after everything has come to rest. */
async function outcomeOf(t: Test, test: TestGateway): Promise<AuditRecord | undefined> {
  const records = await test.stop()
  t.same(unmatched(records), [])
  return records.find(({ type }) => type === 'outcome')
}

const GET = s3Head('GET /aws/s3/reports/2026/k')

t.test('in the middle of a download', async (t) => {
  const { test, upstream, client } = await scene(
    t,
    answering('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n', 'begin'),
  )
  client.write(GET)
  await client.untilText('begin')
  client.socket.destroy()
  await upstream.connections[0]?.untilClosed()
  t.match(await outcomeOf(t, test), { end: 'client-gone', status: 200, upstream: { bytes_in: 5 } })
})

t.test('while a long answer waits for it to read', async (t) => {
  const { test, upstream, client } = await scene(t, async (connection) => {
    await connection.untilText('\r\n\r\n')
    connection.write('HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n')
    // More than all buffers on the way hold.
    connection.write(Buffer.alloc(64 * 1024 * 1024))
  })
  client.write(GET)
  await client.until(() => client.length > 100_000)
  client.socket.pause()
  client.socket.destroy()
  await upstream.connections[0]?.untilClosed()
  t.match(await outcomeOf(t, test), { end: 'client-gone', status: 200 })
})

t.test('in the middle of an upload', async (t) => {
  const { test, upstream, client } = await scene(t, () => undefined)
  const head = s3Head('PUT /aws/s3/reports/2026/k', 'content-length: 1000000')
  client.write(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(100_000)]))
  await arrived(upstream, 100_000)
  client.socket.destroy()
  await upstream.connections[0]?.untilClosed()
  t.ok(upstream.bytes < 1_000_000, 'the upstream cannot take it for whole')
  t.match(await outcomeOf(t, test), { end: 'client-gone', upstream: { bytes_out: 100_000 } })
})

t.test('by ending its side in the middle of an upload', async (t) => {
  const { test, upstream, client } = await scene(t, () => undefined)
  client.write(s3Head('PUT /aws/s3/reports/2026/k', 'content-length: 10') + 'abc')
  await arrived(upstream, 3)
  client.socket.end()
  await upstream.connections[0]?.untilClosed()
  t.match(await outcomeOf(t, test), { end: 'client-gone' })
})

t.test('in the middle of a chunked upload: no last chunk is made up', async (t) => {
  const { test, upstream, client } = await scene(t, () => undefined)
  client.write(s3Head('PUT /aws/s3/reports/2026/k', 'transfer-encoding: chunked') + '3\r\nabc\r\n')
  await arrived(upstream, 3)
  await upstream.connections[0]?.untilText('abc')
  client.socket.destroy()
  await upstream.connections[0]?.untilClosed()
  t.notMatch(upstream.connections[0]?.text, /\r\n0\r\n/)
  t.match(await outcomeOf(t, test), { end: 'client-gone' })
})

for (const request of [GET, s3Head('PUT /aws/s3/reports/2026/k', 'content-length: 5') + 'x']) {
  const method = request.slice(0, 3)
  t.test(`before its ${method} was sent: it never is`, async (t) => {
    const { test, upstream, sts, client } = await scene(t, () => undefined)
    let letGo: () => void = () => undefined
    const asked = new Promise<void>((resolve) => {
      sts.script = async () => {
        resolve()
        await new Promise<void>((go) => (letGo = go))
        return undefined
      }
    })
    client.write(request)
    await asked
    client.socket.destroy()
    await client.untilClosed()
    letGo()
    t.match(await outcomeOf(t, test), { end: 'client-gone', upstream: undefined })
    t.equal(upstream.connections.length, 0)
  })
}

/** Waits until the upstream has that many bytes of one request. */
async function arrived(upstream: ScriptedUpstream, bytes: number): Promise<void> {
  const connection = await upstream.connected()
  await connection.until(() => upstream.bytes > bytes)
}
