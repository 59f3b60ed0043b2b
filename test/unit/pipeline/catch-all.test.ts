// What nobody foresaw: an exception of any station denies, is told to whoever watches, and leaves
// nothing held, hanging, or looking complete.

import t from 'tap'
import { GatewayError } from '../../../gateway/errors.ts'
import { LookupCache } from '../../../gateway/operations/lookup-cache.ts'
import { createHandler } from '../../../gateway/pipeline/handler.ts'
import { err } from '../../../gateway/util/result.ts'
import { PipelineScene, failure, NOW, type SceneOptions } from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'

const GET = s3Head('GET', '/reports/2026/q2.csv')
const HEADERS = [['content-length', '10']] as const

function fault(): never {
  throw new RangeError('foreseen by nobody: key material')
}

const BEFORE: readonly (readonly [station: string, options: SceneOptions])[] = [
  ['recheck', { recheck: fault }],
  ['policy engine', { policy: fault }],
  ['credential', { obtain: () => Promise.reject(new RangeError('foreseen by nobody')) }],
  ['credential, at once', { obtain: fault }],
]

for (const [station, options] of BEFORE) {
  t.test(`an exception of ${station} denies`, async (t) => {
    const scene = new PipelineScene(options)
    const exchange = await scene.run(GET)
    t.equal(exchange.status, 500)
    t.match(exchange.text, /ERR_SG_INTERNAL/)
    t.notMatch(exchange.text, /foreseen|RangeError/, 'what happened is for us alone')
    t.strictSame(scene.sent, [])
    t.match(scene.decisions, [{ result: { allow: false, code: 'ERR_SG_INTERNAL' } }])
    t.notMatch(JSON.stringify(scene.records), /key material/)
    t.match(scene.outcomes, [{ end: 'refused', status: 500 }])
    t.match(scene.faults, [{ name: 'RangeError' }])
    t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
  })
}

t.test('a thrown error of ours keeps its code', async (t) => {
  const scene = new PipelineScene({
    obtain: () => Promise.reject(new GatewayError('ERR_SG_OVERLOADED', 'full')),
  })
  const exchange = await scene.run(GET)
  t.equal(exchange.status, 503)
  t.match(scene.decisions, [{ result: { code: 'ERR_SG_OVERLOADED' } }])
})

t.test('an exception while sending is an outcome of the one decision', async (t) => {
  const scene = new PipelineScene({ cloud: fault })
  const exchange = await scene.run(GET)
  t.equal(exchange.status, 500)
  t.match(scene.decisions, [{ result: { allow: true } }])
  t.match(scene.outcomes, [{ end: 'refused', code: 'ERR_SG_INTERNAL', status: 500 }])
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
})

t.test('an exception within an answer cuts it: a part never passes for the whole', async (t) => {
  const scene = new PipelineScene({
    cloud: (sink) => {
      sink.onHead(200, HEADERS)
      sink.onData(Buffer.from('half'))
      return fault()
    },
  })
  const exchange = await scene.run(GET)
  t.ok(exchange.isCut)
  t.notOk(exchange.isEnded)
  t.match(scene.outcomes, [{ end: 'cut', code: 'ERR_SG_INTERNAL' }])
  t.equal(scene.decisions.length, 1)
})

t.test(
  'an upstream that fails within its answer cuts it, with the code in the record',
  async (t) => {
    const scene = new PipelineScene({
      cloud: (sink) => {
        sink.onHead(200, HEADERS)
        sink.onData(Buffer.from('half'))
        return Promise.resolve(err(failure('ERR_SG_UPSTREAM_RESET', true)))
      },
    })
    const exchange = await scene.run(GET)
    t.ok(exchange.isCut)
    t.notOk(exchange.isEnded)
    t.match(scene.outcomes, [{ end: 'upstream-cut', code: 'ERR_SG_UPSTREAM_RESET', status: 200 }])
  },
)

t.test('an upstream that fails before its answer is told as a refusal', async (t) => {
  for (const [code, status] of [
    ['ERR_SG_UPSTREAM_REFUSED', 502],
    ['ERR_SG_UPSTREAM_UNREACHABLE', 502],
    ['ERR_SG_UPSTREAM_RESET', 502],
    ['ERR_SG_UPSTREAM_PROTOCOL', 502],
    ['ERR_SG_UPSTREAM_TIMEOUT', 504],
  ] as const) {
    const scene = new PipelineScene({ cloud: () => Promise.resolve(err(failure(code, false))) })
    const exchange = await scene.run(GET)
    t.equal(exchange.status, status, code)
    t.match(exchange.text, code)
    t.match(scene.outcomes, [{ end: 'refused', code, status }], code)
    t.match(scene.summaries, [{ verdict: 'allow', code }], 'it was allowed, and failed behind')
  }
})

t.test('where even the refusal throws, the connection is cut', async (t) => {
  let asked = 0
  const now = (): number => (asked++ === 0 ? NOW : fault())
  const scene = new PipelineScene({ policy: fault, ports: { clock: { now } } })
  const exchange = await scene.run(GET)
  t.ok(exchange.isCut)
  t.equal(exchange.status, undefined)
  t.strictSame(scene.sent, [])
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
})

t.test('where there is not even a request yet, the connection is cut', (t) => {
  const faults: unknown[] = []
  const scene = new PipelineScene()
  const { exchange } = scene.begin(GET)
  const nothing = (): never => fault()
  createHandler({
    generation: nothing,
    audit: { isWritable: true, append: nothing, close: nothing },
    upstream: { send: nothing, ask: nothing, close: nothing },
    clock: { now: () => 0 },
    elapsed: () => 0,
    newId: () => 'id',
    recheck: nothing,
    secondFactor: undefined,
    limits: { enter: nothing, leave: nothing },
    lookups: {
      limits: { enter: nothing, leave: nothing },
      dryRuns: new LookupCache({ clock: { now: nothing }, sizeOf: nothing }),
    },
    budget: { take: nothing, give: nothing },
    inFlight: { enter: nothing, leave: nothing },
    onFinished: nothing,
    onFault: (_id, error) => void faults.push(error),
  })(exchange)
  t.ok(exchange.isCut)
  t.equal(faults.length, 1)
  t.end()
})
