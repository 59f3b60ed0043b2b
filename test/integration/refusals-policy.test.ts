// Anything but an exact allow is a denial with its own code, and the agent reads it as one
// (docs/POLICY.md): what a policy may answer, one row each.

import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { playRefusals, sdkRefusal, type Answer, type RefusalRow } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'

const Bucket = 'reports'
const POLICY_ERROR = '403 AccessDenied ERR_SG_POLICY_ERROR'
const UNSUPPORTED = '403 AccessDenied ERR_SG_OBLIGATION_UNSUPPORTED'
const DENIED = '403 AccessDenied ERR_SG_DENIED'

const clients = new WeakMap<TestGateway, S3Client>()

function put(test: TestGateway, Key: string): Promise<unknown> {
  const s3 = clients.get(test) ?? test.s3(test.svid('writer'), { maxAttempts: 1 })
  clients.set(test, s3)
  return s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
}

/** The key chooses the answer: test/fixtures/policy/odd-data.json. */
const ODD: readonly (readonly [key: string, answer: Answer])[] = [
  ['throws', POLICY_ERROR],
  ['undefined', POLICY_ERROR],
  ['list', POLICY_ERROR],
  ['null', POLICY_ERROR],
  ['number', POLICY_ERROR],
  ['text', POLICY_ERROR],
  ['empty', POLICY_ERROR],
  ['allow-text', POLICY_ERROR],
  ['allow-list', POLICY_ERROR],
  ['allow-with-needs', POLICY_ERROR],
  ['allow-with-empty-needs', POLICY_ERROR],
  ['unknown-member', POLICY_ERROR],
  ['bad-reason', POLICY_ERROR],
  ['obligations-list', POLICY_ERROR],
  ['empty-session-policy', POLICY_ERROR],
  ['needs', DENIED],
  ['unknown-need', UNSUPPORTED],
  ['unknown-obligation', UNSUPPORTED],
  ['reserved-obligation', UNSUPPORTED],
  ['header-not-settable', UNSUPPORTED],
  ['session-policy-too-long', UNSUPPORTED],
  ['bare-true', '403 AccessDenied ERR_SG_OBLIGATION_MISSING'],
  ['no-session-policy', '403 AccessDenied ERR_SG_OBLIGATION_MISSING'],
  ['bare-false', DENIED],
  ['denied', DENIED],
  ['foreign-credential', '403 AccessDenied ERR_SG_CREDENTIAL_CONFIG'],
  ['unknown-credential', '403 AccessDenied ERR_SG_CREDENTIAL_CONFIG'],
]

/** A credential that exists, and is bound to others only. */
const OTHER = `  aws-other:
    kind: aws-web-identity
    roleArn: "arn:aws:iam::123456789012:role/agents-{role}"
    region: eu-west-1
    audience: other
bindings:
  - { service: aws_s3, subject: "spiffe://example.org/agent/other/*/*", credentials: [aws-other] }
`

const ODD_POLICY = {
  bundle: 'test/fixtures/bundles/odd.tar.gz',
  config: (text: string) =>
    text.replace('svidgate/authz/decision', 'odd/decision').replace('bindings:\n', () => OTHER),
}

t.test('a policy that answers oddly', (t) => {
  const rows = ODD.map(([key, answer]): RefusalRow => ({
    id: key,
    send: (test) => sdkRefusal(put(test, key)),
    answer,
  }))
  return playRefusals(t, ODD_POLICY, rows)
})

t.test('after a policy threw, the next request is judged as if nothing had been', async (t) => {
  const test = await startTestGateway(ODD_POLICY)
  t.teardown(() => test.close())
  for (let round = 0; round < 3; round += 1) {
    await t.rejects(put(test, 'throws'), { message: /ERR_SG_POLICY_ERROR/ })
    await put(test, 'allowed')
  }
  t.equal(test.cloud.requests.filter(({ service }) => service === 's3').length, 3)
})

t.test('the agent reads reasons and alternatives, and nothing of the policy', async (t) => {
  const test = await startTestGateway(ODD_POLICY)
  t.teardown(() => test.close())
  await t.rejects(put(test, 'denied'), { message: /because.*ask the owner/ })
  await t.rejects(put(test, 'unknown-obligation'), {
    message: /^(?!.*watermark).*ERR_SG_OBLIGATION_UNSUPPORTED/,
  })
})

const HEXR = 'bundles/hexr.tar.gz'
const hexr = (mode: string) => (text: string) =>
  text
    .replace('svidgate/authz/decision', 'hexr/authz/allow')
    .replace('sessionPolicy: decision', `sessionPolicy: ${mode}`)

t.test('a boolean policy works where the session policy is derived', async (t) => {
  const test = await startTestGateway({ bundle: HEXR, config: hexr('derive') })
  t.teardown(() => test.close())
  await put(test, 'anywhere')
  const researcher = test.s3(test.svid('researcher'), { maxAttempts: 1 })
  t.ok(await researcher.send(new GetObjectCommand({ Bucket, Key: '2026/q2.csv' })))
  const before = test.cloud.requests.length
  await t.rejects(researcher.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' })), {
    name: 'AccessDenied',
    message: /ERR_SG_DENIED/,
  })
  t.equal(test.cloud.requests.length, before)
})

t.test('a boolean policy narrows nothing, so it is refused where the decision must', (t) =>
  playRefusals(t, { bundle: HEXR, config: hexr('decision') }, [
    {
      id: 'allow without session_policy',
      send: (test) => sdkRefusal(put(test, 'k')),
      answer: '403 AccessDenied ERR_SG_OBLIGATION_MISSING',
    },
  ]),
)
