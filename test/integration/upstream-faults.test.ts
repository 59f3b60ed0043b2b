// An upstream that breaks off, talks nonsense or says nothing. Before the answer's head is out, the
// agent is told with our code; after it, the connection breaks: no agent takes a part for the whole.

import t, { type Test } from 'tap'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream, type Script } from '../support/scripted-upstream.ts'
import { unmatched } from '../support/verdicts.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const SIZED = `${OK}content-length: 10\r\n\r\n`
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`

/** Answers so far, then breaks the connection. */
function breaking(how: 'fin' | 'reset', ...pieces: readonly string[]): Script {
  return async (connection) => {
    await answering(...pieces)(connection, 0)
    const { socket } = connection
    if (how === 'fin') socket.end()
    // Behind what was written, or the reset overtakes it.
    else socket.write('', () => socket.destroy())
  }
}

const TIMEOUTS = `limits: { timeouts: { upstreamHeaders: 1s, upstreamIdle: 1s } }\n`

async function gatewayBefore(t: Test): Promise<{ test: TestGateway; upstream: ScriptedUpstream }> {
  const upstream = new ScriptedUpstream(() => undefined)
  const test = await startTestGateway({
    bundle: 'test/fixtures/bundles/wide.tar.gz',
    s3Server: upstream.start,
    config: (text) => text + TIMEOUTS,
  })
  t.teardown(() => test.close())
  return { test, upstream }
}

async function get(test: TestGateway): Promise<RawConnection> {
  const connection = new RawConnection(await test.connect(test.svid('keeper')))
  connection.write(s3Head('GET /aws/s3/reports/2026/k'))
  return connection
}

const BEFORE_HEAD: readonly (readonly [id: string, script: Script, answer: string])[] = [
  ['the end before a head', breaking('fin'), '502 ERR_SG_UPSTREAM_RESET'],
  ['a reset before a head', breaking('reset'), '502 ERR_SG_UPSTREAM_RESET'],
  ['half a head', breaking('fin', `${OK}content-le`), '502 ERR_SG_UPSTREAM_RESET'],
  ['another protocol', breaking('fin', 'SSH-2.0-x\r\n\r\n'), '502 ERR_SG_UPSTREAM_PROTOCOL'],
  ['another version', answering('HTTP/9.9 200 OK\r\n\r\n'), '502 ERR_SG_UPSTREAM_PROTOCOL'],
  ['a line that is no header', answering(`${OK}no header\r\n\r\n`), '502 ERR_SG_UPSTREAM_PROTOCOL'],
  ['a control byte in a value', answering(`${OK}a: \x01\r\n\r\n`), '502 ERR_SG_UPSTREAM_PROTOCOL'],
  ['no length', answering(`${OK}content-length: x\r\n\r\n`), '502 ERR_SG_UPSTREAM_PROTOCOL'],
  [
    'two lengths',
    answering(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
    '502 ERR_SG_UPSTREAM_PROTOCOL',
  ],
  [
    'a length beside chunks',
    answering(`${OK}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
    '502 ERR_SG_UPSTREAM_PROTOCOL',
  ],
  [
    'a head without end',
    answering(`${OK}a: ${'a'.repeat(70_000)}`),
    '502 ERR_SG_UPSTREAM_PROTOCOL',
  ],
  [
    'another protocol, as asked by nobody',
    answering('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    '502 ERR_SG_UPSTREAM_RESET',
  ],
  [
    'informational answers without end',
    answering('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(9)),
    '502 ERR_SG_UPSTREAM_PROTOCOL',
  ],
  ['silence', () => undefined, '504 ERR_SG_UPSTREAM_TIMEOUT'],
]

t.test('before the head: told, in the dialect', async (t) => {
  const { test, upstream } = await gatewayBefore(t)
  for (const [id, script, answer] of BEFORE_HEAD) {
    upstream.script = script
    const client = await get(test)
    const { status, body, isComplete } = await client.answer()
    const code = /<Message>(ERR_SG_[A-Z_]+)/.exec(body.toString())?.[1]
    t.equal(`${status} ${code}`, answer, id)
    t.ok(isComplete, id)
    client.socket.destroy()
  }
  const records = await test.stop()
  t.same(unmatched(records), [])
  const outcomes = records.filter(({ type }) => type === 'outcome')
  t.same(
    outcomes.map(({ status, code, end }) => [status, code, end]),
    BEFORE_HEAD.map(([, , answer]) => [Number(answer.slice(0, 3)), answer.slice(4), 'refused']),
  )
  await upstream.allClosed()
})

const MID_BODY: readonly (readonly [id: string, script: Script, code: string])[] = [
  ['a reset, length known', breaking('reset', SIZED, 'abc'), 'ERR_SG_UPSTREAM_RESET'],
  ['the end, length known', breaking('fin', SIZED, 'abc'), 'ERR_SG_UPSTREAM_RESET'],
  ['a reset between chunks', breaking('reset', CHUNKED, '3\r\nabc\r\n'), 'ERR_SG_UPSTREAM_RESET'],
  ['the end between chunks', breaking('fin', CHUNKED, '3\r\nabc\r\n'), 'ERR_SG_UPSTREAM_RESET'],
  ['the end within a chunk', breaking('fin', CHUNKED, '8\r\nabc'), 'ERR_SG_UPSTREAM_RESET'],
  ['no chunk', answering(CHUNKED, '3\r\nabc\r\n', 'zz\r\n'), 'ERR_SG_UPSTREAM_PROTOCOL'],
  ['silence', answering(SIZED, 'abc'), 'ERR_SG_UPSTREAM_TIMEOUT'],
]

t.test('in the middle of the body: cut, never a clean end', async (t) => {
  const { test, upstream } = await gatewayBefore(t)
  for (const [id, script] of MID_BODY) {
    upstream.script = script
    const client = await get(test)
    const { status, body, isComplete } = await client.answer()
    await client.untilClosed()
    t.match({ status, isComplete }, { status: 200, isComplete: false }, id)
    t.equal(body.toString(), 'abc', id)
  }
  const records = await test.stop()
  t.same(unmatched(records), [])
  t.same(
    records.filter(({ type }) => type === 'outcome').map(({ end, code }) => [end, code]),
    MID_BODY.map(([, , code]) => ['upstream-cut', code]),
  )
  await upstream.allClosed()
})
