// `explain` tells how a request would fare, or why one fared as it did, station by station; `audit`
// shows and proves what was recorded. Neither tells a secret, and nothing leaves the machine.

import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { auditLines } from '../support/audit.ts'
import { runCli, type Ended } from '../support/child.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { agentId, startTestGateway } from '../support/running-gateway.ts'
import { createScene } from '../support/scene.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'

const CANARY = 'canary-session-token'
const PUT = s3Head(
  'PUT /aws/s3/reports/2026/a.csv?x-id=PutObject',
  'x-amz-content-sha256: UNSIGNED-PAYLOAD',
  `x-amz-security-token: ${CANARY}`,
  'content-length: 3',
)
const EXPLAINED = (text: string): string =>
  text.replace('policy:\n', 'policy:\n  explain: svidgate/authz/explain\n')

t.test('explain: every station up to the string to sign, or up to the refusal', async (t) => {
  const scene = await createScene({ config: EXPLAINED })
  t.teardown(() => scene.close())
  const requests = {
    put: `${PUT}abc`,
    odd: `${PUT.replace('host: localhost', 'host: gone.test')}abc`,
  }
  for (const [name, bytes] of Object.entries(requests)) writeFileSync(join(scene.dir, name), bytes)
  const explain = (name: string, role: string, ...more: string[]): Promise<Ended> =>
    runCli([
      'explain',
      '-c',
      scene.path,
      '--request',
      join(scene.dir, name),
      '--as',
      agentId(role),
      '--at',
      '2026-11-23T10:00:00Z',
      ...more,
    ])
  const allowed = await explain('put', 'writer', '--json')
  t.equal(allowed.code, 0)
  t.match(JSON.parse(allowed.out), {
    verdict: 'allow',
    facts: { action: 'PutObject', targets: [{ bucket: 'reports', key: '2026/a.csv' }] },
    input: { role: 'writer', timestamp: '2026-11-23T10:00:00.000Z' },
    rules: { targets: [{ covered_by: ['writer_puts_reports'] }] },
    decision: { kind: 'allow', obligations: { sessionPolicy: [{ actions: Array }] } },
    credential: {
      role_arn: 'arn:aws:iam::123456789012:role/agents-writer',
      token_subject: agentId('writer'),
      session_policy: /s3:PutObject/,
    },
    signature: {
      canonicalRequest: /^PUT\n\/reports\/2026\/a\.csv\nx-id=PutObject\n/,
      stringToSign:
        /^AWS4-HMAC-SHA256\n20261123T100000Z\n20261123\/eu-west-1\/s3\/aws4_request\n[0-9a-f]{64}$/,
    },
  })
  const text = await explain('put', 'writer')
  const order = ['facts:', 'input:', 'decision:', 'rules:', 'credential:', 'signature:']
  const places = order.map((name) => text.out.indexOf(`\n${name}`))
  t.same(
    places,
    [...places].sort((a, b) => a - b),
    'in the order of the stations',
  )
  t.ok(places.every((place) => place > 0))

  const denied = await explain('put', 'researcher', '--json')
  t.equal(denied.code, 1)
  t.match(JSON.parse(denied.out), {
    verdict: 'deny',
    refused: { at: 'policy', code: 'ERR_SG_DENIED' },
    rules: { targets: [{ covered_by: [] }] },
    credential: undefined,
    signature: undefined,
  })
  const unknown = await explain('odd', 'writer', '--json')
  t.match(
    { code: unknown.code, ...JSON.parse(unknown.out) },
    {
      code: 1,
      refused: { at: 'facts', code: 'ERR_SG_ROUTE_UNKNOWN' },
      input: undefined,
    },
  )
  const nobody = await explain('put', '../x')
  t.match({ code: nobody.code, err: nobody.err }, { code: 2, err: /^--as: .*\nhint: / })
  for (const { out } of [allowed, text, denied, unknown]) t.notMatch(out, CANARY)
  t.same(scene.cloud.requests, [], 'nothing was sent')
})

t.test('explain: the headers of an obligation, as text and as JSON', async (t) => {
  const odd = (text: string): string => text.replace('svidgate/authz/decision', 'odd/decision')
  const scene = await createScene({ bundle: 'test/fixtures/bundles/odd.tar.gz', config: odd })
  t.teardown(() => scene.close())
  const request = join(scene.dir, 'owned')
  writeFileSync(request, s3Head('PUT /aws/s3/reports/owned', 'content-length: 0'))
  const args = ['explain', '-c', scene.path, '--request', request, '--as', agentId('writer')]
  const owner = { 'x-amz-expected-bucket-owner': '123456789012' }
  const { code, out, err } = await runCli([...args, '--json'])
  t.equal(code, 0, err)
  t.match(JSON.parse(out), { decision: { obligations: { setHeaders: owner } } })
  t.match((await runCli(args)).out, '"x-amz-expected-bucket-owner": "123456789012"')
})

t.test('explain --decision: what was recorded, and what the policy says now', async (t) => {
  const test = await startTestGateway({ config: EXPLAINED })
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(LIST_REPORTS)
  const { headers } = await connection.answer()
  connection.write('G@T / HTTP/1.1\r\n\r\n')
  await connection.untilClosed()
  await test.stop()
  const config = join(test.dir, 'svidgate.yaml')
  const explain = (id: string): Promise<Ended> =>
    runCli(['explain', '-c', config, '--decision', id, '--json'])
  const id = headers.get('x-svidgate-decision-id') ?? ''
  const judged = await explain(id)
  t.equal(judged.code, 0, judged.err)
  t.match(JSON.parse(judged.out), {
    recorded: { allow: false, code: 'ERR_SG_DENIED' },
    facts: { action: 'ListObjectsV2' },
    input: { role: 'writer' },
    same: true,
    now: { kind: 'deny', reasons: ['no_grant'] },
    rules: { targets: [{ covered_by: [] }] },
  })
  const recorded = auditLines(test.dir).find((line) => line.includes(id))
  t.match(JSON.parse(recorded ?? ''), {
    explanation: { refusals: ['no_grant'], targets: [{ covered_by: [] }] },
  })
  const other = config.replace('svidgate.yaml', 'other.yaml')
  const text = readFileSync(config, 'utf8')
  const odd = text
    .replace(/ *explain:.*\n/, '')
    .replace('svidgate/authz/decision', 'odd/decision')
    .replace('bundles/authz.', 'test/fixtures/bundles/odd.')
  writeFileSync(other, odd)
  const changed = await runCli(['explain', '-c', other, '--decision', id])
  t.equal(changed.code, 1, 'another bundle decides otherwise')
  t.match(JSON.parse(changed.out), { recorded: { allow: false }, same: false })
  const unread = /"decision_id":"([^"]+)".*ERR_SG_REQUEST_METHOD/.exec(
    auditLines(test.dir).join('\n'),
  )
  const before = await explain(unread?.[1] ?? '')
  t.match(JSON.parse(before.out), { recorded: { code: 'ERR_SG_REQUEST_METHOD' }, note: /before/ })
  t.match(await explain('00000000-0000-4000-8000-000000000000'), { code: 1, err: /no decision/ })
})

t.test('audit tail and verify: shown on one line each, and proved', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const connection = await openTls(clientOptions(test, test.svid('writer')))
  connection.write(`${PUT}abc${LIST_REPORTS}`)
  await connection.until(() => connection.text.match(/HTTP\/1\.1 \d{3} /g)?.length === 2)
  await test.stop()
  const dir = join(test.dir, 'state/audit')
  const tail = await runCli(['audit', 'tail', '--dir', dir])
  t.equal(tail.code, 0)
  t.match(tail.out, /ALLOW spiffe:\S+\/writer s3\.PutObject arn:aws:s3:::reports\/2026\/a\.csv/)
  t.match(tail.out, /DENY +spiffe:\S+\/writer .*code=ERR_SG_DENIED/)
  const allows = await runCli(['audit', 'tail', '--dir', dir, '--allow', '--json'])
  const lines = allows.out.trim().split('\n')
  t.ok(
    lines.every((line) => auditLines(test.dir).includes(line)),
    'records as they are',
  )
  t.equal(lines.length, 2, 'the decision and its outcome')

  const publicKey = join(test.dir, 'state/audit.pub.pem')
  const verify = (): Promise<Ended> =>
    runCli(['audit', 'verify', '--dir', dir, '--require-closed', '--json', '--key', publicKey])
  const good = await verify()
  t.match({ code: good.code, ...JSON.parse(good.out) }, { code: 0, ok: true })
  const [file = ''] = readdirSync(dir)
  const text = readFileSync(join(dir, file), 'utf8')
  writeFileSync(join(dir, file), text.replace('"allow":false', '"allow":true '))
  const changed = await verify()
  t.match({ code: changed.code, ...JSON.parse(changed.out) }, { code: 1, ok: false })
  writeFileSync(join(dir, file), text)
  appendFileSync(join(dir, file), '{"type":"decision"}\n')
  t.match((await verify()).code, 1, 'something put in')
})
