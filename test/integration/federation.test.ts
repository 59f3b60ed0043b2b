// From the issuer's key directory to a session: issuer, token check, STS call, cache and signer
// together, against a strict token endpoint that shares no code with them.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { CredentialCache } from '../../gateway/credential/cache.ts'
import type { AwsWebIdentityOptions } from '../../gateway/credential/aws/options.ts'
import {
  createCredentialRegistry,
  type CredentialRegistry,
} from '../../gateway/credential/registry.ts'
import { checkedSource } from '../../gateway/issuer/checked-source.ts'
import { issuerDocuments } from '../../gateway/issuer/discovery.ts'
import { createIssuerSource } from '../../gateway/issuer/issuer-source.ts'
import { issuerKeysOf } from '../../gateway/issuer/key-ring.ts'
import { fixedKeySource } from '../../gateway/issuer/key-source.ts'
import { openIssuerKeys } from '../../gateway/issuer/keys.ts'
import { sign } from '../../gateway/signing/sign.ts'
import { FakeSts } from '../support/fake-sts.ts'
import { httpPost } from '../support/http-post.ts'
import { peer } from '../support/peers.ts'
import { shapedRequest } from '../support/shaped.ts'

const POLICY =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::reports/2026/*"]}]}'
const ROLE = 'arn:aws:iam::123456789012:role/agents-writer'

interface Scene {
  sts: FakeSts
  issuerServer: Server
  registry: (options?: Partial<AwsWebIdentityOptions>) => CredentialRegistry
  cache: CredentialCache
  /** ms that the endpoint's clock is ahead of ours. */
  ahead: { ms: number }
}

async function scene(t: Test): Promise<Scene> {
  const set = await openIssuerKeys(join(t.testdir(), 'issuer-keys'))
  const keys = fixedKeySource(issuerKeysOf(new Map([['RS256', set]])))
  let documents: ReadonlyMap<string, string> = new Map()
  const issuerServer = createServer((request, response) => {
    const text = documents.get(request.url ?? '')
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(text)
  })
  issuerServer.listen(0, '127.0.0.1')
  await once(issuerServer, 'listening')
  const issuerUrl = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`
  documents = issuerDocuments(issuerUrl, keys.current())
  const ahead = { ms: 0 }
  const sts = await FakeSts.start({
    issuer: issuerUrl,
    audiences: ['sts.amazonaws.com'],
    roles: [{ arn: ROLE, subjects: [peer().spiffeId], maxDuration: 3600 }],
    now: () => Date.now() + ahead.ms,
  })
  t.teardown(async () => {
    await sts.close()
    if (issuerServer.listening) await closeServer(issuerServer)
  })
  const clock = { now: () => Date.now() }
  const source = createIssuerSource({
    issuerUrl,
    keys,
    tokenTtlSeconds: 300,
    randomId: randomUUID,
    clock,
  })
  const jwtSvid = checkedSource(source, { issuerUrl, keys, clock })
  const cache = new CredentialCache({ clock, random: Math.random })
  const registry = (options: Partial<AwsWebIdentityOptions> = {}): CredentialRegistry =>
    createCredentialRegistry(
      [
        {
          kind: 'aws-web-identity',
          name: 'aws-data',
          roleArn: 'arn:aws:iam::123456789012:role/agents-{role}',
          region: 'eu-west-1',
          endpoint: sts.origin,
          sessionPolicy: 'decision',
          ...options,
        },
      ],
      { trustDomain: 'example.org', jwtSvid, post: httpPost, clock, cache },
    )
  return { sts, issuerServer, registry, cache, ahead }
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

const WRITER = { name: 'aws-data', peer: peer(), sessionPolicy: POLICY }

t.test('an agent gets a session that signs, in one call for many requests', async (t) => {
  const { sts, registry } = await scene(t)
  const credentials = registry()
  const answers = await Promise.all(
    Array.from({ length: 100 }, async () => credentials.obtain(WRITER)),
  )
  t.ok(answers.every((answer) => answer.ok))
  t.equal(sts.calls.length, 1)
  const [call] = sts.calls
  t.equal(call?.claims['sub'], peer().spiffeId)
  t.strictSame(call?.claims['svidgate'], { tenant: 'acme', agent: 'data-crew', role: 'writer' })
  t.equal(call?.parameters.get('Policy'), POLICY)
  t.equal(call?.parameters.get('RoleArn'), ROLE)
  const [answer] = answers
  if (answer === undefined || !answer.ok) return
  t.equal(call?.parameters.get('RoleSessionName'), answer.value.session)
  const signed = sign(shapedRequest({}), answer.value, Date.now(), {
    region: 'eu-west-1',
    service: 's3',
  })
  t.ok(signed.ok)
  if (answer.value.kind !== 'aws-web-identity') return
  const printed = inspect([answers[0], credentials], { depth: 12, showHidden: true })
  t.notOk(printed.includes(answer.value.secretAccessKey.reveal()))
  t.notOk(printed.includes(answer.value.sessionToken.reveal()))
  t.notMatch(printed, /eyJ/)
})

t.test('each session policy is its own session; a reload keeps them', async (t) => {
  const { sts, registry, cache } = await scene(t)
  const narrower = POLICY.replace('2026/*', '2026/q1.csv')
  await registry().obtain(WRITER)
  await registry().obtain({ ...WRITER, sessionPolicy: narrower })
  t.equal(sts.calls.length, 2)
  t.ok((await registry().obtain(WRITER)).ok)
  t.equal(sts.calls.length, 2, 'a new registry, the same cache')
  await registry({ durationSeconds: 1800 }).obtain(WRITER)
  t.equal(sts.calls.length, 3, 'changed options are another credential')
  cache.purge('aws-data')
  await registry().obtain(WRITER)
  t.equal(sts.calls.length, 4)
})

const REFUSED: {
  id: string
  options?: Partial<AwsWebIdentityOptions>
  request?: Partial<typeof WRITER>
  code: string
  rule: string
}[] = [
  {
    id: 'a subject that the role does not trust',
    request: { peer: peer({ spiffeId: 'spiffe://example.org/agent/other/data-crew/writer' }) },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'STS-AccessDenied',
  },
  {
    id: 'the role subject where the SPIFFE ID is trusted',
    options: { subject: 'role' },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'STS-AccessDenied',
  },
  {
    id: 'a role that does not exist',
    request: { peer: peer({ role: 'reader' }) },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'STS-AccessDenied',
  },
  {
    id: 'an audience that is not registered',
    options: { audience: 'other' },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'STS-InvalidIdentityToken',
  },
  {
    id: 'a longer session than the role allows',
    options: { durationSeconds: 7200 },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'STS-ValidationError',
  },
  {
    id: 'a policy that is no policy',
    request: { sessionPolicy: '{}' },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'STS-MalformedPolicyDocument',
  },
]

for (const row of REFUSED) {
  t.test(`refused: ${row.id}`, async (t) => {
    const { registry } = await scene(t)
    const answer = await registry(row.options).obtain({ ...WRITER, ...row.request })
    t.equal(answer.ok ? '' : answer.error.code, row.code)
    t.equal(answer.ok ? '' : answer.error.rule, row.rule)
  })
}

t.test('clocks that differ by more than the token lives: unavailable, said so', async (t) => {
  const { registry, ahead } = await scene(t)
  ahead.ms = 600_000
  const answer = await registry().obtain(WRITER)
  t.equal(answer.ok ? '' : answer.error.code, 'ERR_SG_CREDENTIAL_UNAVAILABLE')
  t.match(answer.ok ? '' : answer.error.detail, /clocks differ/)
})

t.test('an issuer that the cloud cannot reach is a passing state', async (t) => {
  const { registry, issuerServer } = await scene(t)
  await closeServer(issuerServer)
  const answer = await registry().obtain(WRITER)
  t.equal(answer.ok ? '' : answer.error.code, 'ERR_SG_CREDENTIAL_UNAVAILABLE')
  t.equal(answer.ok ? '' : answer.error.rule, 'STS-InvalidIdentityToken')
})

t.test('a token endpoint that is down is a passing state', async (t) => {
  const { sts, registry } = await scene(t)
  const credentials = registry({ endpoint: 'http://127.0.0.1:1' })
  const answer = await credentials.obtain(WRITER)
  t.equal(answer.ok ? '' : answer.error.code, 'ERR_SG_CREDENTIAL_UNAVAILABLE')
  t.equal(answer.ok ? '' : answer.error.rule, 'STS-outbound')
  t.equal(sts.calls.length, 0)
})

t.test('the fake refuses a signed call, as STS does', async (t) => {
  const { sts } = await scene(t)
  const body = Buffer.from('Action=AssumeRoleWithWebIdentity')
  const limits = { deadlineMs: 1000, maxBytes: 65_536 }
  for (const header of ['authorization', 'x-amz-security-token']) {
    const answer = await httpPost(sts.origin, '/', [[header, 'x']], body, limits)
    t.equal(answer.ok ? answer.value.status : 0, 403, header)
  }
})
