// The client's body on its way up: whole or an error, at the pace of the slower side.

import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { RequestBody } from '../../../gateway/upstream/request-body.ts'

const IDLE_MS = 10_000

t.test('every byte comes through, in order, and is counted', async (t) => {
  const source = new PassThrough()
  const body = new RequestBody(source, IDLE_MS)
  const whole = buffer(body)
  source.write('abc')
  await new Promise(setImmediate)
  source.end('def')
  t.equal((await whole).toString(), 'abcdef')
  t.equal(body.bytes, 6)
})

t.test('an empty body ends', async (t) => {
  const source = new PassThrough()
  const whole = buffer(new RequestBody(source, IDLE_MS))
  source.end()
  t.equal((await whole).length, 0)
})

t.test('what the upstream does not take is not asked of the client', async (t) => {
  const chunk = Buffer.alloc(64 * 1024)
  const source = new PassThrough({ highWaterMark: chunk.length })
  const body = new RequestBody(source, IDLE_MS)
  let written = 0
  while (source.write(chunk)) {
    written += 1
    await new Promise(setImmediate)
    if (written > 64) break
  }
  t.ok(written < 8, `${written} chunks, then no more`)
  t.ok(source.isPaused())
  const drained = once(source, 'drain')
  body.resume()
  await drained
  t.pass('and it goes on when the upstream takes it')
  body.destroy()
})

t.test('a client that stops sending ends it with an error', async (t) => {
  const source = new PassThrough()
  const body = new RequestBody(source, 50)
  source.write('abc')
  await t.rejects(buffer(body), { code: 'SVIDGATE_BODY_STALLED' })
  t.notOk(source.destroyed, 'the client’s own connection still has to carry the answer')
})

t.test('the pace of the upstream is no fault of the client', async (t) => {
  const source = new PassThrough({ highWaterMark: 1024 })
  const body = new RequestBody(source, 30)
  // More than both buffers: the rest waits for the upstream, longer than a client may.
  source.end(Buffer.alloc(256 * 1024))
  // Two more that stall, one after the other: by then the first has waited for longer too.
  for (let waited = 0; waited < 2; waited += 1) {
    await t.rejects(buffer(new RequestBody(new PassThrough(), 30)), { name: 'BodyStalled' })
  }
  t.notOk(body.destroyed)
  t.equal((await buffer(body)).length, 256 * 1024)
})

t.test('a client that leaves before the end never looks like the end', async (t) => {
  const source = new PassThrough()
  const body = new RequestBody(source, IDLE_MS)
  source.write('abc')
  const whole = buffer(body)
  await new Promise(setImmediate)
  source.destroy()
  await t.rejects(whole, { message: /left before its body ended/ })
})

t.test('an error of the client’s stream is an error here', async (t) => {
  const source = new PassThrough()
  const whole = buffer(new RequestBody(source, IDLE_MS))
  source.destroy(new Error('malformed chunk'))
  await t.rejects(whole, { message: 'malformed chunk' })
})

t.test(
  'ended early by the upstream, it lets go of the client’s stream and leaves it whole',
  async (t) => {
    const source = new PassThrough()
    const body = new RequestBody(source, IDLE_MS)
    source.write('abc')
    body.destroy()
    await once(body, 'close')
    t.notOk(source.destroyed)
    t.equal(source.listenerCount('data'), 0)
    source.write('def')
    source.resume()
    t.equal(body.bytes, 3, 'what still comes is not counted as sent')
  },
)
