// Without a live credential of the decision nothing is sent: no binding, a token endpoint that is
// down, refuses for good, refuses for now, or answers what is no session of ours.

import { PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { closedPort } from '../support/closed-port.ts'
import { playRefusals, sdkRefusal, type Answer, type RefusalRow } from '../support/refusal-scene.ts'
import type { TestGateway } from '../support/running-gateway.ts'
import { StsTap, type StsAnswer, type StsCall } from '../support/sts-tap.ts'

const WIDE = 'test/fixtures/bundles/wide.tar.gz'
const CONFIG = '403 AccessDenied ERR_SG_CREDENTIAL_CONFIG'
const UNAVAILABLE = '503 ServiceUnavailable ERR_SG_CREDENTIAL_UNAVAILABLE'

/** Each agent has a session of its own, so that no row meets the failure of another. */
function put(test: TestGateway, agent = 'data-crew'): Promise<unknown> {
  return test
    .s3(test.svid('keeper', { agent }), { maxAttempts: 1 })
    .send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/k', Body: 'x' }))
}

t.test('no binding for this agent', (t) =>
  playRefusals(
    t,
    {
      bundle: WIDE,
      config: (text) => text.replace('/agent/acme/*/*', '/agent/acme/other-crew/*'),
    },
    [{ id: 'no candidate', send: (test) => sdkRefusal(put(test)), answer: CONFIG }],
  ),
)

t.test('STS is down', async (t) => {
  await playRefusals(t, { bundle: WIDE, stsOrigin: `https://127.0.0.1:${await closedPort()}` }, [
    { id: 'connection refused', send: (test) => sdkRefusal(put(test)), answer: UNAVAILABLE },
  ])
})

function stsError(status: number, code: string, message = 'no'): StsAnswer {
  const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`
  return { status, body }
}

const REFUSED: readonly (readonly [id: string, script: StsAnswer, answer: Answer])[] = [
  ['AccessDenied', stsError(403, 'AccessDenied'), CONFIG],
  ['InvalidIdentityToken', stsError(400, 'InvalidIdentityToken'), CONFIG],
  ['MalformedPolicyDocument', stsError(400, 'MalformedPolicyDocument'), CONFIG],
  ['PackedPolicyTooLarge', stsError(400, 'PackedPolicyTooLarge'), CONFIG],
  ['an unknown error with 400', stsError(400, 'Whatever'), CONFIG],
  [
    'keys not fetched',
    stsError(
      400,
      'InvalidIdentityToken',
      "Couldn't retrieve verification key from your identity provider",
    ),
    UNAVAILABLE,
  ],
  ['IDPCommunicationError', stsError(400, 'IDPCommunicationError'), UNAVAILABLE],
  ['Throttling', stsError(400, 'Throttling'), UNAVAILABLE],
  ['InternalFailure', stsError(500, 'InternalFailure'), UNAVAILABLE],
  ['503 without a document', { status: 503, body: '<html>' }, UNAVAILABLE],
  ['a redirect', { status: 302, body: '' }, CONFIG],
  ['no XML', { status: 200, contentType: 'application/json', body: '{}' }, UNAVAILABLE],
  ['an empty document', { status: 200, body: '' }, UNAVAILABLE],
  ['more than any answer has', { status: 200, body: ' '.repeat(70_000) }, UNAVAILABLE],
]

t.test('STS refuses, or answers oddly', async (t) => {
  const tap = new StsTap()
  const rows = REFUSED.map(([id, , answer], index): RefusalRow => ({
    id,
    send: (test) => sdkRefusal(put(test, `crew-${index}`)),
    answer,
  }))
  await playRefusals(t, { bundle: WIDE, stsServer: tap.start }, rows, (_test, row) => {
    tap.script = () => REFUSED.find(([id]) => id === row.id)?.[1]
  })
  t.equal(tap.calls.length, REFUSED.length, 'one call each: nothing is tried again at once')
})

/** The sandbox's own answer, changed. */
const FORGED: readonly (readonly [id: string, change: (text: string) => string, answer: Answer])[] =
  [
    [
      'of another account',
      (text) => text.replaceAll('123456789012:assumed', '999999999999:assumed'),
      CONFIG,
    ],
    [
      'for another subject',
      (text) => text.replace('data-crew/keeper<', 'data-crew/writer<'),
      CONFIG,
    ],
    [
      'that has expired',
      (text) => text.replace(/<Expiration>\d{4}/, '<Expiration>2001'),
      UNAVAILABLE,
    ],
    [
      'without a session token',
      (text) => text.replace(/<SessionToken>.*<\/SessionToken>/, ''),
      UNAVAILABLE,
    ],
    [
      'with a second secret',
      (text) =>
        text.replace('</Credentials>', '<SecretAccessKey>a</SecretAccessKey></Credentials>'),
      UNAVAILABLE,
    ],
  ]

for (const [id, change, answer] of FORGED) {
  t.test(`a session ${id}`, async (t) => {
    const tap = new StsTap()
    tap.script = async (call: StsCall) => {
      const given = await tap.pass(call)
      return { ...given, body: change(given.body) }
    }
    await playRefusals(t, { bundle: WIDE, stsServer: tap.start }, [
      { id, send: (test) => sdkRefusal(put(test)), answer, stsCalls: 1 },
    ])
  })
}

t.test('the sandbox itself refuses a role that does not trust the agent', (t) =>
  playRefusals(
    t,
    { bundle: WIDE, config: (text) => text.replace('agents-{role}', 'agents-clerk') },
    [
      { id: 'not trusted', send: (test) => sdkRefusal(put(test)), answer: CONFIG, stsCalls: 1 },
      { id: 'remembered', send: (test) => sdkRefusal(put(test)), answer: CONFIG },
    ],
  ),
)
