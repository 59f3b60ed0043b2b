// One session for each agent and each narrowing, asked for once, renewed before it ends, and never
// able to do more than its decision says: the cloud itself is shown to enforce it.

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { sdkRefusal } from '../support/refusal-scene.ts'
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/running-gateway.ts'
import { StsTap } from '../support/sts-tap.ts'

const Bucket = 'reports'
const Key = '2026/q2.csv'

class MovingClock {
  ahead = 0
  readonly now = (): number => Date.now() + this.ahead
}

interface Scene {
  readonly test: TestGateway
  readonly sts: StsTap
  readonly clock: MovingClock
}

async function scene(t: Test, options: TestGatewayOptions = {}): Promise<Scene> {
  const sts = new StsTap()
  const clock = new MovingClock()
  const test = await startTestGateway({
    bundle: 'test/fixtures/bundles/wide.tar.gz',
    stsServer: sts.start,
    clock,
    ...options,
  })
  t.teardown(() => test.close())
  return { test, sts, clock }
}

const client = (test: TestGateway, role: string, agent?: string) =>
  test.s3(test.svid(role, agent === undefined ? {} : { agent }), { maxAttempts: 1 })

const get = (test: TestGateway, role: string, agent?: string) =>
  client(test, role, agent).send(new GetObjectCommand({ Bucket, Key }))

t.test('many requests at once ask for one session', async (t) => {
  const { test, sts } = await scene(t)
  const s3 = client(test, 'keeper')
  // As many as one identity may have connections.
  const keys = Array.from({ length: 16 }, (_, index) => `2026/${index}`)
  await Promise.all(
    keys.map((name) => s3.send(new PutObjectCommand({ Bucket, Key: name, Body: 'x' }))),
  )
  t.equal(test.cloud.requests.filter(({ operation }) => operation === 's3.PutObject').length, 16)
  t.equal(sts.calls.length, 1)
})

t.test(
  'the session is the agent’s own, narrowed as the decision says, to the letter',
  async (t) => {
    const { test, sts } = await scene(t)
    await get(test, 'reader')
    const [call] = sts.calls
    t.same(JSON.parse(call?.parameters.get('Policy') ?? ''), {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::reports/2026/*'] },
      ],
    })
    t.equal(call?.parameters.get('RoleArn'), 'arn:aws:iam::123456789012:role/agents-reader')
    t.equal(call?.parameters.get('DurationSeconds'), '900')
    const [, claims = ''] = (call?.parameters.get('WebIdentityToken') ?? '').split('.')
    t.match(JSON.parse(Buffer.from(claims, 'base64url').toString()), {
      sub: 'spiffe://example.org/agent/acme/data-crew/reader',
      aud: 'sts.amazonaws.com',
    })
    const session = call?.parameters.get('RoleSessionName')
    t.match(test.cloud.requests.at(-1)?.principal, `assumed-role/agents-reader/${session}`)
  },
)

t.test('the cloud refuses what the policy allows and the session does not', async (t) => {
  const { test } = await scene(t)
  await t.rejects(get(test, 'clerk'), {
    name: 'AccessDenied',
    message: /s3:GetObject.*no policy that applies to the session allows it/,
  })
  t.match(test.cloud.requests.at(-1), { operation: 's3.GetObject', status: 403 })
})

t.test('another narrowing, or another agent, is another session; a reload keeps all', async (t) => {
  const { test, sts } = await scene(t)
  const list = () => client(test, 'keeper').send(new ListObjectsV2Command({ Bucket }))
  const ask = async () => {
    await get(test, 'keeper')
    await list()
    await get(test, 'keeper', 'other-crew')
  }
  await ask()
  t.equal(sts.calls.length, 3)
  t.equal(new Set(sts.calls.map(({ parameters }) => parameters.get('Policy'))).size, 2)
  t.equal(new Set(sts.calls.map(({ parameters }) => parameters.get('RoleSessionName'))).size, 2)
  await ask()
  t.same(await test.gateway.reload(await test.load()), [])
  await ask()
  t.equal(sts.calls.length, 3)
})

t.test('derived: one session for a whole container', async (t) => {
  const { test, sts } = await scene(t, {
    bundle: 'bundles/hexr.tar.gz',
    config: (text) =>
      text
        .replace('svidgate/authz/decision', 'hexr/authz/allow')
        .replace('sessionPolicy: decision', 'sessionPolicy: derive'),
  })
  const s3 = client(test, 'writer')
  for (const name of ['a', 'b/c', '2026/d']) {
    await s3.send(new PutObjectCommand({ Bucket, Key: name, Body: 'x' }))
  }
  t.same(
    sts.calls.map(({ parameters }) => JSON.parse(parameters.get('Policy') ?? '').Statement),
    [[{ Effect: 'Allow', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::reports/*'] }]],
  )
})

t.test('renewed beside the traffic before it ends, and kept while STS is down', async (t) => {
  const { test, sts, clock } = await scene(t)
  const principals = () =>
    new Set(sts.calls.map(({ answer }) => /<AccessKeyId>([^<]*)/.exec(answer?.body ?? '')?.[1]))
      .size
  await get(test, 'reader')
  clock.ahead = 400_000
  await get(test, 'reader')
  t.equal(sts.calls.length, 1, 'in the first half of its life nothing is done')
  const renewed = new Promise<void>((resolve) => {
    sts.script = async (call) => {
      const given = await sts.pass(call)
      resolve()
      return given
    }
  })
  clock.ahead = 601_000
  await get(test, 'reader')
  await renewed
  clock.ahead = 880_000
  await get(test, 'reader')
  t.equal(sts.calls.length, 2, 'the first would have ended by now')
  t.equal(principals(), 2)
  const tried = new Promise<void>((resolve) => {
    sts.script = () => {
      resolve()
      return { status: 500, body: '' }
    }
  })
  clock.ahead = 601_000 + 850_000
  await get(test, 'reader')
  await tried
  clock.ahead = 601_000 + 880_000
  console.error(
    sts.calls.map((c) => [c.answer?.status, /<Expiration>[^<]*/.exec(c.answer?.body ?? '')?.[0]]),
    new Date(clock.now()).toISOString(),
  )
  const { answer } = await sdkRefusal(get(test, 'reader'))
  t.equal(answer, '503 ServiceUnavailable ERR_SG_CREDENTIAL_UNAVAILABLE')
  sts.script = undefined
  clock.ahead += 3_000
  await get(test, 'reader')
})
