// A running gateway reads its configuration again on SIGHUP: a right one takes effect at once and
// whole, a wrong one changes nothing and is told with its place. The deny list needs no signal.

import { once } from 'node:events'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { auditLines } from '../support/audit.ts'
import { startCli } from '../support/child.ts'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import { Upload, WIDE } from '../support/load.ts'
import { agentId, createScene } from '../support/scene.ts'
import { clientOptions, knock, LIST_REPORTS, openTls } from '../support/tls-client.ts'

async function hangUp(
  gateway: GatewayProcess,
  text: string,
): Promise<Readonly<Record<string, unknown>>> {
  const from = gateway.log.length
  await writeFile(gateway.scene.path, text)
  gateway.kill('SIGHUP')
  return gateway.untilLog(/^(?:not )?reloaded/, from)
}

/** The status of a listing that names this host. */
async function listing(gateway: GatewayProcess, host: string): Promise<string> {
  const options = clientOptions(gateway, gateway.scene.svid('keeper'))
  const connection = await openTls(options)
  connection.write(LIST_REPORTS.replace('host: localhost', `host: ${host}`))
  const { status, body } = await connection.answer()
  connection.socket.destroy()
  return `${status} ${/ERR_SG_\w+/.exec(body.toString())?.[0] ?? ''}`
}

t.test('a right file is in force at once; what runs ends as it began', async (t) => {
  const gateway = await startGatewayProcess(t, WIDE)
  const text = gateway.scene.configText
  const upload = new Upload(clientOptions(gateway, gateway.scene.svid('keeper')), '2026/long')
  await upload.underWay()
  t.equal(await listing(gateway, 'second.test'), '403 ERR_SG_ROUTE_UNKNOWN')
  t.equal(await listing(gateway, 'localhost'), '200 ')

  // Another base host, and the shipped policy, which grants the keeper nothing.
  const next = text
    .replace('hostnames: [localhost,', 'hostnames: [second.test, localhost,')
    .replace('test/fixtures/bundles/wide.tar.gz', 'bundles/authz.tar.gz')
  t.match(await hangUp(gateway, next), { msg: 'reloaded' })
  t.equal(await listing(gateway, 'second.test'), '403 ERR_SG_DENIED')
  upload.goOn()
  t.equal(await upload.result(), 'complete', 'under the generation that allowed it')

  t.match(await hangUp(gateway, text), { msg: 'reloaded' })
  t.equal(await listing(gateway, 'localhost'), '200 ')
  t.equal(await listing(gateway, 'second.test'), '403 ERR_SG_ROUTE_UNKNOWN')
  gateway.kill('SIGTERM')
  await gateway.ended
  const generations = auditLines(gateway.scene.dir)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type === 'decision')
    .map(({ generation }) => generation)
  t.same(generations, [1, 1, 1, 2, 3, 3])
})

t.test('SIGHUP to one that is starting reloads it as soon as it is ready', async (t) => {
  const scene = await createScene()
  const child = startCli(['serve', '-c', scene.path])
  const ended = once(child, 'close')
  t.teardown(() => scene.close())
  if (child.stdout === null) throw new TypeError('a pipe was asked for')
  const events: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg } = JSON.parse(line) as { msg: string }
    events.push(msg)
    // The first thing that it says; the listeners come later.
    if (events.length === 1) child.kill('SIGHUP')
    if (msg === 'reloaded') child.kill('SIGTERM')
  }
  t.same(await ended, [0, null])
  t.match(events, ['a policy bundle is active', /.*/, /.*/])
  t.ok(events.indexOf('svidgate is ready') < events.indexOf('reloaded'), events.join())
})

t.test('a wrong file changes nothing, and the log says where it is wrong', async (t) => {
  const gateway = await startGatewayProcess(t, WIDE)
  const text = gateway.scene.configText
  const rows: { id: string; text: string; line: object }[] = [
    {
      id: 'an unknown key',
      text: text.replace('trustDomain:', 'egres: {}\ntrustDomain:'),
      line: { at: `${gateway.scene.path}:2:1`, hint: /egress/ },
    },
    {
      id: 'no YAML',
      text: `${text}  }`,
      line: { at: new RegExp(`^${gateway.scene.path}:\\d+:\\d+$`) },
    },
    {
      id: 'a field that takes a restart',
      text: text.replace('data:\n    address: 127.0.0.1:0', 'data:\n    address: 127.0.0.1:1'),
      line: { message: /^listen\.data\.address changes only with a restart/, hint: /restart/ },
    },
    {
      id: 'a bundle that is not there',
      text: text.replace('wide.tar.gz', 'absent.tar.gz'),
      line: { message: /absent\.tar\.gz/ },
    },
    {
      id: 'a bundle without the entrypoint',
      text: text.replace('svidgate/authz/decision', 'svidgate/authz/other'),
      line: { message: /svidgate\/authz\/other/ },
    },
  ]
  for (const { id, text: wrong, line } of rows) {
    t.match(await hangUp(gateway, wrong), { level: 'error', msg: /^not reloaded/, ...line }, id)
    t.equal(await listing(gateway, 'localhost'), '200 ', `${id}: the last good one stays`)
  }
  t.match(await hangUp(gateway, text), { msg: 'reloaded' }, 'and a right one is taken again')
})

t.test('the deny list counts as soon as its file says so', async (t) => {
  const gateway = await startGatewayProcess(t, {
    config: (text) => text.replace('identity:\n', 'identity:\n  denyList: ./deny.txt\n'),
    files: { 'deny.txt': '' },
  })
  const { scene } = gateway
  const path = join(scene.dir, 'deny.txt')
  const writer = clientOptions(gateway, scene.svid('writer'))
  const change = async (how: () => Promise<void>): Promise<object> => {
    const from = gateway.log.length
    await how()
    return gateway.untilLog(/^(?:not )?reloaded/, from)
  }
  const open = await openTls(writer)
  t.match(await change(() => writeFile(path, `${agentId('writer')}\n`)), { msg: 'reloaded' })
  await open.untilClosed()
  t.equal(await knock(writer), 'closed')

  await writeFile(`${path}.new`, '# nobody\n')
  t.match(await change(() => rename(`${path}.new`, path)), { msg: 'reloaded' }, 'by another file')
  t.equal(await knock(writer), 403)

  await writeFile(`${path}.new`, `${agentId('writer')}\n`)
  t.match(await change(() => rename(`${path}.new`, path)), { msg: 'reloaded' }, 'and once more')
  t.equal(await knock(writer), 'closed')

  const wrong = await change(() => writeFile(path, 'nonsense\n'))
  t.match(wrong, { msg: /^not reloaded/, message: /deny\.txt:1: / })
  t.equal(await knock(writer), 'closed', 'the last good list stays')

  await writeFile(scene.path, 'version: 2\n')
  t.match(await change(() => writeFile(path, '')), { msg: 'reloaded' }, 'however wrong the rest is')
  t.equal(await knock(writer), 403)
})
