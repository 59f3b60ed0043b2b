// Every station can say no, and then nothing is sent: one row for each way, with the code in the
// record, in the answer and in the metrics.

import t from 'tap'
import { refusal, type Code } from '../../../gateway/errors.ts'
import type { MessageHead } from '../../../gateway/request/message.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import { head } from '../../support/heads.ts'
import { PipelineScene, NOW, type SceneOptions } from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'
import { awsCredential } from '../../support/shaped.ts'

interface Row {
  readonly id: string
  readonly code: Code
  readonly status: number
  readonly scene?: SceneOptions
  readonly head?: MessageHead
  /** The last step before the refusal is recorded. */
  readonly after: string | undefined
}

const GET = s3Head('GET', '/reports/2026/q2.csv')
const allow = (fields: object) => () => ok({ allow: true, ...fields })

const TABLE: readonly Row[] = [
  {
    id: 'over the limits',
    code: 'ERR_SG_LIMIT',
    status: 429,
    scene: { isWithinLimits: false },
    after: undefined,
  },
  {
    id: 'an SVID that expired on the open connection',
    code: 'ERR_SG_SVID_EXPIRED',
    status: 403,
    scene: { recheck: () => refusal('ERR_SG_SVID_EXPIRED', 'expired') },
    after: 'recheck',
  },
  {
    id: 'an identity that is on the deny list by now',
    code: 'ERR_SG_SVID_DENY_LISTED',
    status: 403,
    scene: { recheck: () => refusal('ERR_SG_SVID_DENY_LISTED', 'denied') },
    after: 'recheck',
  },
  {
    id: 'a message with two lengths',
    code: 'ERR_SG_REQUEST_HEADERS',
    status: 400,
    head: s3Head('PUT', '/reports/a', [
      ['content-length', '1'],
      ['content-length', '2'],
    ]),
    after: 'recheck',
  },
  {
    id: 'a host that is not ours',
    code: 'ERR_SG_ROUTE_UNKNOWN',
    status: 403,
    head: head('GET', '/aws/s3/reports/a', [], 'elsewhere.test'),
    after: 'recheck',
  },
  {
    id: 'an operation with two readings',
    code: 'ERR_SG_OPERATION_AMBIGUOUS',
    status: 403,
    head: s3Head('GET', '/reports/a?acl&tagging'),
    after: 'recheck',
  },
  {
    id: 'a policy that says no',
    code: 'ERR_SG_DENIED',
    status: 403,
    scene: { policy: () => ok({ allow: false, reasons: ['no_grant'] }) },
    after: 'policy',
  },
  {
    id: 'a policy that gives no result',
    code: 'ERR_SG_POLICY_ERROR',
    status: 403,
    scene: { policy: () => err({ kind: 'undefined', detail: 'no result' }) },
    after: 'policy',
  },
  {
    id: 'a policy that throws',
    code: 'ERR_SG_POLICY_ERROR',
    status: 403,
    scene: { policy: () => err({ kind: 'threw', detail: 'aborted' }) },
    after: 'policy',
  },
  {
    id: 'a policy that cannot be evaluated now',
    code: 'ERR_SG_POLICY_UNAVAILABLE',
    status: 503,
    scene: { policy: () => err({ kind: 'unavailable', detail: 'no instance' }) },
    after: 'policy',
  },
  ...(
    [
      ['a policy that answers with a text', 'true'],
      ['a policy that answers with a number', 1],
      ['a policy that answers with a list', [true]],
      ['a policy that allows with a number', { allow: 1 }],
      ['a policy that answers with null', null],
    ] as const
  ).map(([id, answer]): Row => ({
    id,
    code: 'ERR_SG_POLICY_ERROR',
    status: 403,
    scene: { policy: () => ok(answer) },
    after: 'policy',
  })),
  {
    id: 'an allow under a condition that is not known',
    code: 'ERR_SG_OBLIGATION_UNSUPPORTED',
    status: 403,
    scene: { policy: allow({ obligations: { watermark: true } }) },
    after: 'policy',
  },
  {
    id: 'a credential that is not bound',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    status: 403,
    scene: { policy: allow({ credential: 'aws-admin' }) },
    after: 'policy',
  },
  {
    id: 'no credential for this service and identity',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    status: 403,
    scene: { candidates: [] },
    after: 'policy',
  },
  {
    id: 'no session policy where the credential wants one',
    code: 'ERR_SG_OBLIGATION_MISSING',
    status: 403,
    scene: { sessionPolicyMode: 'decision' },
    after: 'policy',
  },
  {
    id: 'a header that policy may not set',
    code: 'ERR_SG_OBLIGATION_UNSUPPORTED',
    status: 403,
    scene: { policy: allow({ obligations: { set_headers: { authorization: 'x' } } }) },
    after: 'policy',
  },
  {
    id: 'STS that is down',
    code: 'ERR_SG_CREDENTIAL_UNAVAILABLE',
    status: 503,
    scene: {
      obtain: () => Promise.resolve(err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'no answer'))),
    },
    after: 'obtain aws-data',
  },
  {
    id: 'a credential that has ended',
    code: 'ERR_SG_CREDENTIAL_UNAVAILABLE',
    status: 503,
    scene: { obtain: () => Promise.resolve(ok(awsCredential({ expiresAt: NOW - 1 }))) },
    after: 'obtain aws-data',
  },
]

for (const { id, code, status, scene: options, head: message = GET, after } of TABLE) {
  t.test(id, async (t) => {
    const scene = new PipelineScene(options)
    const exchange = await scene.run(message)
    const before = scene.steps.indexOf('record decision')
    t.equal(scene.steps[before - 1], after)
    t.strictSame(scene.steps.slice(before), [
      'record decision',
      'recorded decision',
      `answer ${status}`,
      'record outcome',
      'recorded outcome',
    ])
    t.strictSame(scene.sent, [], 'nothing is sent')
    t.match(exchange.text, code)
    t.match(scene.decisions, [{ result: { allow: false, code } }])
    t.match(scene.outcomes, [{ upstream: undefined, status, end: 'refused', code }])
    t.match(scene.summaries, [{ verdict: 'deny', code }])
    t.strictSame(scene.held, { bytes: 0, inFlight: 0, running: 0 })
    t.strictSame(scene.faults, [])
  })
}

t.test(
  'a denial tells reasons and alternatives, and the policy’s own detail to nobody',
  async (t) => {
    const scene = new PipelineScene({
      policy: () =>
        ok({ allow: false, reasons: ['outside_hours'], alternatives: ['reports/public/'] }),
    })
    const { text } = await scene.run(GET)
    t.match(text, /outside_hours/)
    t.match(text, /reports\/public\//)
    t.match(text, /Role: writer/)
    t.match(text, /s3\.GetObject/)
    t.notMatch(text, /svidgate\/authz|r1/)
  },
)

t.test('an identity that was lost learns the code alone', async (t) => {
  const scene = new PipelineScene({ recheck: () => refusal('ERR_SG_SVID_DENY_LISTED', 'line 7') })
  const exchange = await scene.run(GET)
  t.ok(exchange.closes, 'and the connection ends')
  t.notMatch(exchange.text, /writer|line 7/)
})

t.test('a session policy of the decision goes into the credential', async (t) => {
  const statement = { actions: ['s3:GetObject'], resources: ['arn:aws:s3:::reports/2026/*'] }
  const scene = new PipelineScene({
    sessionPolicyMode: 'decision',
    policy: allow({ obligations: { session_policy: [statement] } }),
  })
  await scene.run(GET)
  t.match(scene.obtained, [
    { name: 'aws-data', sessionPolicy: /"s3:GetObject".*reports\/2026\/\*/ },
  ])
  t.match(scene.decisions, [{ result: { obligations: ['session_policy'] } }])
})

t.test(
  'the decision may choose among what is bound; without a choice the first one is used',
  async (t) => {
    const candidates = ['aws-data', 'aws-other']
    const chosen = new PipelineScene({ candidates, policy: allow({ credential: 'aws-other' }) })
    await chosen.run(GET)
    t.match(chosen.obtained, [{ name: 'aws-other' }])
    const first = new PipelineScene({ candidates })
    await first.run(GET)
    t.match(first.obtained, [{ name: 'aws-data' }])
  },
)
