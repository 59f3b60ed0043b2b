// The order of the stations: nothing leaves before everything that must hold has been asked, and
// recorded.

import { PassThrough } from 'node:stream'
import t from 'tap'
import { answering, PipelineScene, NOW } from '../../support/pipeline-scene.ts'
import { s3Head, s3Post } from '../../support/s3-facts.ts'
import { awsCredential } from '../../support/shaped.ts'
import { ok } from '../../../gateway/util/result.ts'

const GET = s3Head('GET', '/reports/2026/q2.csv')

t.test('recheck, policy, credential, record, send, answer, outcome', async (t) => {
  const scene = new PipelineScene({ cloud: answering(200, [['etag', '"1"']], 'q2,41\n') })
  const exchange = await scene.run(GET)
  t.strictSame(scene.steps, [
    'recheck',
    'policy',
    'obtain aws-data',
    'record decision',
    'recorded decision',
    'continue',
    'send',
    'head 200',
    'end',
    'record outcome',
    'recorded outcome',
  ])
  t.equal(exchange.text, 'q2,41\n')
  t.strictSame(exchange.headers, [['etag', '"1"']])
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
  t.strictSame(scene.faults, [])
})

t.test('what is sent is what was judged, signed with the credential of the decision', async (t) => {
  const scene = new PipelineScene()
  await scene.run(
    s3Head('GET', '/reports/2026/q2.csv', [
      [
        'Authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00',
      ],
      ['x-amz-security-token', 'of-the-client'],
    ]),
  )
  const [sent] = scene.sent
  t.equal(sent?.method, 'GET')
  t.equal(sent?.target, '/reports/2026/q2.csv')
  t.equal(sent?.upstream.origin, 'https://s3.eu-west-1.amazonaws.com')
  t.equal(sent?.identity, 'spiffe://example.org/agent/acme/data-crew/writer')
  const headers = new Map(sent?.headers)
  t.match(
    headers.get('authorization'),
    /Credential=ASIAIOSFODNN7EXAMPLE\/20261123\/eu-west-1\/s3\//,
  )
  t.equal(headers.get('x-amz-security-token'), awsCredential().sessionToken.reveal())
  t.equal(headers.get('x-amz-date'), '20261123T180000Z')
})

t.test('nothing is sent while the record is on its way', async (t) => {
  let written = (): void => undefined
  const isWritten = new Promise<void>((resolve) => {
    written = resolve
  })
  let asked = (): void => undefined
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const scene = new PipelineScene({
    beforeRecord: ({ type }) => {
      if (type !== 'decision') return undefined
      asked()
      return isWritten
    },
  })
  const { done } = scene.begin(GET)
  await isAsked
  await new Promise(setImmediate)
  t.equal(scene.steps.at(-1), 'record decision')
  t.strictSame(scene.sent, [])
  written()
  await done
  t.equal(scene.sent.length, 1)
})

t.test('a client that waits for 100 Continue is told to send after the decision', async (t) => {
  const head = s3Head('PUT', '/reports/2026/q3.csv', [
    ['content-length', '5'],
    ['expect', '100-continue'],
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ])
  const allowed = new PipelineScene()
  await allowed.run(head, { body: Buffer.from('q3,42') })
  t.ok(allowed.steps.indexOf('recorded decision') < allowed.steps.indexOf('continue'))
  const denied = new PipelineScene({ policy: () => ok(false) })
  const exchange = await denied.run(head, { body: new PassThrough() })
  t.notOk(denied.steps.includes('continue'))
  t.equal(exchange.status, 403)
  t.ok(exchange.closes, 'what it may still send belongs to no request')
})

t.test('policy and record see one instant, one input and one generation', async (t) => {
  const seen: unknown[] = []
  const scene = new PipelineScene({
    policy: (input) => {
      seen.push(input)
      return ok({ allow: true, reasons: ['b', 'a', 'b'] })
    },
  })
  await scene.run(GET)
  const [decision] = scene.decisions
  t.strictSame(JSON.parse(decision?.input ?? ''), seen[0])
  t.match(seen[0], {
    spiffe_id: 'spiffe://example.org/agent/acme/data-crew/writer',
    role: 'writer',
    service: 'aws_s3',
    action: 'GetObject',
    now: { date: '2026-11-23', hour: 18 },
    candidates: ['aws-data'],
  })
  t.match(decision, {
    decision_id: '00000000-0000-4000-8000-000000000001',
    path: 'svidgate/authz/decision',
    result: { allow: true, reasons: ['a', 'b'] },
    bundles: { authz: { revision: 'r1' } },
    timestamp: new Date(NOW).toISOString(),
    generation: 7,
    request: { method: 'GET', path: '/aws/s3/reports/2026/q2.csv' },
    credential: { name: 'aws-data', session: 'writer-0123456789abcdef' },
  })
  t.match(scene.outcomes, [
    {
      decision_id: '00000000-0000-4000-8000-000000000001',
      upstream: { host: 's3.eu-west-1.amazonaws.com', status: 200, request_id: 'R1' },
      status: 200,
      end: 'complete',
    },
  ])
  t.match(scene.summaries, [{ service: 'aws_s3', verdict: 'allow', code: undefined }])
})

t.test('a body that facts depend on is read, judged and sent as the same bytes', async (t) => {
  const { message, body } = s3Post(
    '/reports?delete',
    '<Delete><Object><Key>2026/q1.csv</Key></Object><Object><Key>2026/q2.csv</Key></Object></Delete>',
    [['content-md5', 'yuGh+MaoYQBDJNVM4hilsA==']],
  )
  const targets: unknown[] = []
  const scene = new PipelineScene({
    policy: (input) => {
      if (typeof input === 'object' && input !== null && 'targets' in input) {
        targets.push(input.targets)
      }
      return ok(true)
    },
  })
  const exchange = await scene.run(message, { body })
  t.equal(exchange.status, 200, exchange.text)
  t.match(targets, [[{ key: '2026/q1.csv' }, { key: '2026/q2.csv' }]])
  t.ok(scene.sent[0]?.body?.equals(body))
  t.equal(scene.steps.indexOf('continue'), 1, 'this one has to be read before it can be judged')
  t.equal(scene.held.bytes, 0)
})
