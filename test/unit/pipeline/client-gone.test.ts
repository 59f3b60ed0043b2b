// A client that leaves, or whose body breaks off: what was only decided takes no effect, what runs
// is ended, and the record says what became of it.

import { PassThrough } from 'node:stream'
import t from 'tap'
import { refusal } from '../../../gateway/errors.ts'
import { ok } from '../../../gateway/util/result.ts'
import { PipelineScene } from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'
import { awsCredential } from '../../support/shaped.ts'

const GET = s3Head('GET', '/reports/2026/q2.csv')
const DELETE_OBJECTS = s3Head('POST', '/reports?delete', [['content-length', '100']])
const BROKEN = refusal('ERR_SG_REQUEST_FRAMING', 'the chunks are malformed')

interface Gate {
  readonly passed: Promise<void>
  open(): void
}

function gate(): Gate {
  let open = (): void => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open }
}

t.test('who leaves while the credential is obtained is not acted for', async (t) => {
  const [asked, answered] = [gate(), gate()]
  const scene = new PipelineScene({
    obtain: async () => {
      asked.open()
      await answered.passed
      return ok(awsCredential())
    },
  })
  const { exchange, done } = scene.begin(GET)
  await asked.passed
  exchange.leave()
  answered.open()
  await done
  t.strictSame(scene.sent, [])
  t.match(scene.decisions, [{ result: { allow: true } }])
  t.match(scene.outcomes, [{ end: 'client-gone', upstream: undefined }])
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
})

t.test('who leaves within the answer ends the cloud’s part too', async (t) => {
  const begun = gate()
  const scene = new PipelineScene({
    cloud: (sink) => {
      sink.onHead(200, [])
      begun.open()
      return new Promise(() => undefined)
    },
  })
  const { exchange, done } = scene.begin(GET)
  await begun.passed
  exchange.leave()
  await done
  t.ok(scene.steps.includes('abort'))
  t.match(scene.outcomes, [{ end: 'client-gone', status: 200 }])
  t.notOk(exchange.isEnded)
})

t.test('a body that breaks off before the decision is refused with its reason', async (t) => {
  const scene = new PipelineScene()
  const body = new PassThrough()
  const { exchange, done } = scene.begin(DELETE_OBJECTS, { body })
  body.write('<Delete>')
  await new Promise(setImmediate)
  exchange.breakOff(BROKEN)
  await done
  t.equal(exchange.status, 400)
  t.match(exchange.text, /ERR_SG_REQUEST_FRAMING/)
  t.strictSame(scene.sent, [])
  t.match(scene.decisions, [{ result: { allow: false, code: 'ERR_SG_REQUEST_FRAMING' } }])
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 }, 'its budget is given back')
})

t.test(
  'a body that breaks off while its record is written is told, and nothing is sent',
  async (t) => {
    const [asked, written] = [gate(), gate()]
    const scene = new PipelineScene({
      beforeRecord: ({ type }) => {
        asked.open()
        return type === 'decision' ? written.passed : undefined
      },
    })
    const { exchange, done } = scene.begin(
      s3Head('PUT', '/reports/a', [
        ['content-length', '5'],
        ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
      ]),
      { body: new PassThrough() },
    )
    await asked.passed
    exchange.breakOff(BROKEN)
    written.open()
    await done
    t.strictSame(scene.sent, [])
    t.equal(exchange.status, 400)
    t.match(scene.outcomes, [{ end: 'refused', code: 'ERR_SG_REQUEST_FRAMING' }])
  },
)

t.test('a body that breaks off on its way up is told, and the cloud’s part is ended', async (t) => {
  const begun = gate()
  const scene = new PipelineScene({
    cloud: () => {
      begun.open()
      return new Promise(() => undefined)
    },
  })
  const { exchange, done } = scene.begin(
    s3Head('PUT', '/reports/a', [
      ['content-length', '5'],
      ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ]),
    { body: new PassThrough() },
  )
  await begun.passed
  exchange.breakOff(BROKEN)
  await done
  t.ok(scene.steps.includes('abort'))
  t.equal(exchange.status, 400)
  t.match(scene.outcomes, [{ end: 'refused', code: 'ERR_SG_REQUEST_FRAMING' }])
})

t.test('bodies are held within one budget for all, and each within its own limit', async (t) => {
  const scene = new PipelineScene({ inspectBytes: 150 })
  const first = scene.begin(DELETE_OBJECTS, { body: new PassThrough() })
  await new Promise(setImmediate)
  t.equal(scene.held.bytes, 100)
  const second = await scene.run(DELETE_OBJECTS, { body: new PassThrough() })
  t.equal(second.status, 503)
  t.match(second.text, /ERR_SG_OVERLOADED|SlowDown/)
  first.exchange.leave()
  await first.done
  await new Promise(setImmediate)
  t.equal(scene.held.bytes, 0)

  const large = new PipelineScene()
  const exchange = await large.run(
    s3Head('POST', '/reports?delete', [['content-length', String(64 * 1024 * 1024)]]),
    { body: new PassThrough() },
  )
  t.match(exchange.text, /ERR_SG_REQUEST_TOO_LARGE/)
  t.notOk(large.steps.includes('continue'), 'it is not even asked for')
})

t.test('a body that grows beyond what may be held is refused where it does', async (t) => {
  const scene = new PipelineScene()
  const body = new PassThrough()
  const { exchange, done } = scene.begin(
    s3Head('POST', '/reports?delete', [['transfer-encoding', 'chunked']]),
    { body },
  )
  body.end(Buffer.alloc(32 * 1024 * 1024))
  await done
  t.match(exchange.text, /ERR_SG_REQUEST_TOO_LARGE/)
  t.strictSame(scene.sent, [])
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
})
