// Record before effect: a decision that cannot be recorded takes none, and every request ends with
// exactly one decision and one outcome.

import t from 'tap'
import { PipelineScene } from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'
import type { PolicyFailure } from '../../../gateway/policy/engine.ts'
import { err, ok, type Result } from '../../../gateway/util/result.ts'

const GET = s3Head('GET', '/reports/2026/q2.csv')

function full(): never {
  throw new Error('ENOSPC')
}

t.test('an allow that cannot be recorded is refused, and nothing is sent', async (t) => {
  const scene = new PipelineScene({
    beforeRecord: (event) => {
      if (event.type === 'decision' && event.result.allow) full()
    },
  })
  const exchange = await scene.run(GET)
  t.equal(exchange.status, 503)
  t.match(exchange.text, /ERR_SG_AUDIT_UNAVAILABLE/)
  t.strictSame(scene.sent, [])
  t.match(scene.decisions, [{ result: { allow: false, code: 'ERR_SG_AUDIT_UNAVAILABLE' } }])
  t.match(scene.outcomes, [{ end: 'refused', code: 'ERR_SG_AUDIT_UNAVAILABLE' }])
})

t.test('a denial that cannot be recorded says so', async (t) => {
  const scene = new PipelineScene({ policy: () => ok(false), beforeRecord: full })
  const exchange = await scene.run(GET)
  t.equal(exchange.status, 503)
  t.match(exchange.text, /ERR_SG_AUDIT_UNAVAILABLE/)
  t.strictSame(scene.records, [])
  t.ok(scene.faults.length > 0, 'and whoever watches is told')
  t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
})

t.test(
  'an outcome that cannot be recorded is told, and changes nothing for the agent',
  async (t) => {
    const scene = new PipelineScene({
      beforeRecord: ({ type }) => {
        if (type === 'outcome') full()
      },
    })
    const exchange = await scene.run(GET)
    t.equal(exchange.status, 200)
    t.ok(exchange.isEnded)
    t.match(scene.faults, [{ message: 'ENOSPC' }])
  },
)

t.test('a query string, a long path and a long method stay out of the records', async (t) => {
  const scene = new PipelineScene()
  await scene.run({
    ...s3Head('GET', `/reports/${'a'.repeat(4000)}?X-Amz-Signature=secret`),
    method: 'M'.repeat(100),
  })
  const [decision] = scene.decisions
  t.equal(decision?.request.path.length, 2048)
  t.equal(decision?.request.method.length, 32)
  t.notMatch(JSON.stringify(scene.records), /secret/)
})

t.test('no record holds a credential', async (t) => {
  const scene = new PipelineScene()
  await scene.run(
    s3Head('GET', '/reports/2026/q2.csv', [['x-amz-security-token', 'token-of-the-client']]),
  )
  const text = JSON.stringify(scene.records)
  t.notMatch(text, /ASIAIOSFODNN7EXAMPLE|wJalrXUtnFEMI|AQoDYXdzEPT|token-of-the-client/)
})

t.test('a policy that threw is counted, so that a broken one is seen', async (t) => {
  const scene = new PipelineScene({
    policy: () => ({ ok: false, error: { kind: 'threw', detail: 'aborted' } }),
  })
  await scene.run(GET)
  t.match(scene.summaries, [{ policyThrew: true, code: 'ERR_SG_POLICY_ERROR' }])
})

t.test('a denial is recorded with the words of the policy, an allow without', async (t) => {
  const explaining = (answer: Result<unknown, PolicyFailure>, allow = false) => {
    const scene = new PipelineScene({
      policy: () => ok({ allow, reasons: ['r'] }),
      explain: () => answer,
    })
    return scene.run(GET).then(() => scene)
  }
  const denied = await explaining(ok({ refusals: ['no_grant'], at: ['z', 'a'] }))
  t.match(denied.decisions, [{ explanation: '{"at":["z","a"],"refusals":["no_grant"]}' }])
  t.match(denied.decisions, [{ result: { reasons: ['r'] } }])
  t.same((await explaining(ok({}), true)).decisions[0]?.explanation, undefined)

  let deep: unknown = 'deep'
  for (let level = 0; level < 200; level += 1) deep = [deep]
  const failures: [id: string, answer: Result<unknown, PolicyFailure>][] = [
    ['throws', err({ kind: 'threw', detail: 'x' })],
    ['is undefined', err({ kind: 'undefined', detail: 'x' })],
    ['is nested too deep', ok(deep)],
    ['is too long', ok('a'.repeat(20_000))],
  ]
  for (const [id, answer] of failures) {
    const scene = await explaining(answer)
    t.match(scene.decisions, [{ explanation: undefined, result: { code: 'ERR_SG_DENIED' } }], id)
    t.same(scene.faults, [], id)
  }
})
