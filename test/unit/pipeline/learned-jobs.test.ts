// What answers teach of jobs: only what the cloud said, only of the calls that begin one, and before
// the agent can know it.

import t from 'tap'
import { makeFacts } from '../../../gateway/facts/facts.ts'
import { forward } from '../../../gateway/pipeline/forward.ts'
import { beginJourney, type Journey } from '../../../gateway/pipeline/journey.ts'
import type { AgentJobs, Generation } from '../../../gateway/pipeline/ports.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { makeRoute } from '../../../gateway/routing/route.ts'
import { makeSignedRequest, type SignedRequest } from '../../../gateway/signing/signed-request.ts'
import type { ResponseSink, Upstream } from '../../../gateway/upstream/port.ts'
import { ok } from '../../../gateway/util/result.ts'
import { FakeExchange } from '../../support/fake-exchange.ts'
import { head } from '../../support/heads.ts'
import { jobLedger } from '../../support/jobs.ts'
import { peer } from '../../support/peers.ts'

const UPSTREAM = {
  name: 'gcp_bigquery',
  origin: 'https://bigquery.googleapis.com',
  authority: 'bigquery.googleapis.com',
}
const ROUTE = makeRoute({
  provider: 'gcp',
  service: 'gcp_bigquery',
  serviceId: 'bigquery',
  dialect: 'google',
  signingName: undefined,
  path: '/bigquery/v2/projects/p/queries',
  bucket: undefined,
  region: undefined,
  upstream: UPSTREAM,
})
const JSON_TYPE: HeaderLine = ['Content-Type', 'application/json; charset=UTF-8']

interface SceneOptions {
  readonly action?: string
  readonly sent?: string
  readonly service?: string
}

/** One request of BigQuery, judged and signed, and the agent that sent it. */
function scene({ action = 'jobs.query', sent, service = 'gcp_bigquery' }: SceneOptions = {}) {
  const ledger = jobLedger()
  const exchange = new FakeExchange({
    peer: peer(),
    head: head('POST', '/gcp/bigquery/bigquery/v2/projects/p/queries'),
    step: () => undefined,
  })
  const journey: Journey = beginJourney({
    id: 'id',
    exchange,
    // All that forwarding asks of a generation.
    generation: { jobs: ledger } as unknown as Generation,
    now: 0,
    startedAt: 0,
  })
  journey.route = service === ROUTE.service ? ROUTE : makeRoute({ ...ROUTE, service })
  journey.facts = makeFacts({
    service,
    action,
    operation: {
      provider: 'gcp',
      service: 'bigquery',
      name: `bigquery.${action}`,
      access: 'read',
      complete: true,
      pending: [],
      permissions: [],
    },
    targets: [{ type: 'query', access: 'read', name: 'projects/p', container: 'p', path: '' }],
    account: 'p',
    region: undefined,
    payloadMode: 'buffered',
  })
  const signed = makeSignedRequest({
    upstream: UPSTREAM,
    method: 'POST',
    target: '/bigquery/v2/projects/p/queries',
    headers: [],
    framing: { kind: 'none' },
    body: sent === undefined ? undefined : Buffer.from(sent),
    identity: exchange.peer.spiffeId,
  })
  const { jobs } = journey
  if (jobs === undefined) throw new TypeError('no jobs')
  const stranger = ledger.of({ ...exchange.peer, spiffeId: `${exchange.peer.spiffeId}2` })
  return { exchange, journey, signed, jobs, stranger }
}

function answering(
  status: number,
  headers: readonly HeaderLine[],
  ...pieces: readonly string[]
): Upstream {
  return playing((sink) => {
    sink.onHead(status, headers)
    for (const piece of pieces) sink.onData(Buffer.from(piece))
  }, status)
}

function playing(play: (sink: ResponseSink) => void, status = 200): Upstream {
  return {
    send: (_request: SignedRequest, _body, sink) => {
      play(sink)
      sink.onEnd()
      return Promise.resolve(ok({ status, requestId: undefined, bytesIn: 0, bytesOut: 0 }))
    },
    ask: () => Promise.reject(new Error('nothing is looked up')),
    close: () => Promise.resolve(),
  }
}

const BEGUN = '{"jobReference":{"projectId":"p","jobId":"job_Zx81","location":"EU"},"rows":[]}'

function isOwn(jobs: AgentJobs, jobId: string, project = 'p'): boolean {
  return jobs.resolve(project, jobId).own
}

t.test('the job of an own query is own, and nobody else’s', async (t) => {
  const { journey, signed, jobs, stranger, exchange } = scene()
  await forward(journey, signed, answering(200, [JSON_TYPE], BEGUN))
  t.ok(isOwn(jobs, 'job_Zx81'))
  t.notOk(isOwn(stranger, 'job_Zx81'))
  t.equal(exchange.text, BEGUN, 'the answer is the cloud’s')
})

t.test('it is own before the byte that completes its name reaches the agent', async (t) => {
  const { journey, signed, jobs, exchange } = scene()
  const seen: (readonly [text: string, own: boolean])[] = []
  const write = exchange.write.bind(exchange)
  exchange.write = (chunk) => {
    seen.push([chunk.toString(), isOwn(jobs, 'job_Zx81')])
    return write(chunk)
  }
  const pieces = ['{"jobReference":{"jobId":"job_', 'Zx81"', '}', ',"rows":[]}']
  await forward(journey, signed, answering(200, [JSON_TYPE], ...pieces))
  t.strictSame(
    seen,
    pieces.map((piece, at) => [piece, at >= 2]),
    'every piece at once, and own with the one that ends the reference',
  )
})

t.test('after jobs.insert the agent’s own name stands for the stamped job', async (t) => {
  const stamped = scene().jobs.stamp('p', 'mine')
  const { journey, signed, jobs, stranger } = scene({
    action: 'jobs.insert',
    sent: `{"jobReference":{"projectId":"p","jobId":"${stamped}"},"configuration":{}}`,
  })
  const answer = `{"kind":"bigquery#job","jobReference":{"projectId":"p","jobId":"${stamped}"}}`
  await forward(journey, signed, answering(200, [JSON_TYPE], answer))
  t.strictSame(jobs.resolve('p', 'mine'), { jobId: stamped, own: true })
  t.notOk(isOwn(stranger, 'mine'))
  t.notOk(isOwn(stranger, stamped))
})

t.test('an answer about another job than the one that was inserted teaches nothing', async (t) => {
  const stamped = scene().jobs.stamp('p', 'mine')
  const sent = `{"jobReference":{"projectId":"p","jobId":"${stamped}"},"configuration":{}}`
  const { journey, signed, jobs } = scene({ action: 'jobs.insert', sent })
  await forward(journey, signed, answering(200, [JSON_TYPE], BEGUN))
  t.notOk(isOwn(jobs, 'job_Zx81'))
  t.notOk(isOwn(jobs, 'mine'))
})

t.test('a query’s answer cannot give an agent the marked job of another', async (t) => {
  const { journey, signed, jobs, stranger } = scene()
  const theirs = stranger.stamp('p', 'theirs')
  await forward(journey, signed, answering(200, [JSON_TYPE], BEGUN.replace('job_Zx81', theirs)))
  t.notOk(isOwn(jobs, theirs))
  t.ok(isOwn(stranger, theirs))
})

t.test('a job that exists already: by its tag, and never what the request claims', async (t) => {
  const conflict = answering(409, [JSON_TYPE], '{"error":{"code":409,"message":"Already Exists"}}')
  const stamped = scene().jobs.stamp('p', 'mine')
  const retried = scene({
    action: 'jobs.insert',
    sent: `{"configuration":{},"jobReference":{"jobId":"${stamped}"}}`,
  })
  await forward(retried.journey, retried.signed, conflict)
  t.strictSame(retried.jobs.resolve('p', 'mine'), { jobId: stamped, own: true })

  for (const claimed of ['job_Zx81', retried.stranger.stamp('p', 'theirs')]) {
    const sent = `{"jobReference":{"projectId":"p","jobId":"${claimed}"}}`
    const claiming = scene({ action: 'jobs.insert', sent })
    await forward(claiming.journey, claiming.signed, conflict)
    t.notOk(isOwn(claiming.jobs, claimed), claimed)
    t.notOk(isOwn(claiming.jobs, 'theirs'))
  }
})

const NOTHING_LEARNED: readonly (readonly [
  id: string,
  upstream: Upstream,
  options?: SceneOptions,
])[] = [
  ['a refusal', answering(404, [JSON_TYPE], BEGUN)],
  ['a refusal that is seen whole first', answering(403, [JSON_TYPE], BEGUN)],
  ['an answer that is not 200', answering(201, [JSON_TYPE], BEGUN)],
  ['a conflict’s own text', answering(409, [JSON_TYPE], BEGUN), { action: 'jobs.insert' }],
  ['an answer that is not JSON', answering(200, [['content-type', 'text/plain']], BEGUN)],
  ['an answer of no type', answering(200, [], BEGUN)],
  ['a type that begins alike', answering(200, [['content-type', 'application/jsonp']], BEGUN)],
  ['a compressed answer', answering(200, [JSON_TYPE, ['Content-Encoding', 'gzip']], BEGUN)],
  ['another operation', answering(200, [JSON_TYPE], BEGUN), { action: 'jobs.get' }],
  ['another’s result', answering(200, [JSON_TYPE], BEGUN), { action: 'jobs.getQueryResults' }],
  ['a list', answering(200, [JSON_TYPE], BEGUN), { action: 'jobs.list' }],
  ['another service', answering(200, [JSON_TYPE], BEGUN), { service: 'gcp_storage' }],
  ['another project’s job', answering(200, [JSON_TYPE], BEGUN.replace('"p"', '"q"'))],
  ['half a reference', answering(200, [JSON_TYPE], BEGUN.slice(0, 50))],
  [
    'a query without a job',
    answering(200, [JSON_TYPE], '{"queryId":"job_Zx81","jobComplete":true,"rows":[]}'),
  ],
]

for (const [id, upstream, options] of NOTHING_LEARNED) {
  t.test(`nothing is learned from ${id}`, async (t) => {
    const { journey, signed, jobs, exchange } = scene(options)
    await forward(journey, signed, upstream)
    t.notOk(isOwn(jobs, 'job_Zx81'))
    t.notOk(isOwn(jobs, 'job_Zx81', 'q'))
    t.not(exchange.text, '', 'and the answer passes')
  })
}

t.test('an answer that says of itself that it is not compressed is read', async (t) => {
  const { journey, signed, jobs } = scene()
  const headers: HeaderLine[] = [JSON_TYPE, ['content-encoding', 'identity']]
  await forward(journey, signed, answering(200, headers, BEGUN))
  t.ok(isOwn(jobs, 'job_Zx81'))
})
