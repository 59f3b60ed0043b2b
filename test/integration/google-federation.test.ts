// From the issuer's key directory to an access token of Google: issuer, token check, token exchange,
// impersonation, cache and signer together, over real sockets, against strict token endpoints that
// share no code with them.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { CredentialCache } from '../../gateway/credential/cache.ts'
import type { GcpWorkloadIdentityOptions } from '../../gateway/credential/gcp/options.ts'
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
import { createPostClient } from '../../gateway/upstream/post.ts'
import { FakeGcpSts, type FakeGcpProvider } from '../support/fake-gcp-sts.ts'
import { peer } from '../support/peers.ts'

const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'
const BIGQUERY = 'https://www.googleapis.com/auth/bigquery'
const READER = 'writer@sales-prod.iam.gserviceaccount.com'
const LONG_ID = `spiffe://example.org/agent/acme/data-crew/${'w'.repeat(120)}`

interface Scene {
  readonly sts: FakeGcpSts
  readonly provider: FakeGcpProvider
  readonly issuerServer: Server
  readonly registry: (options?: Partial<GcpWorkloadIdentityOptions>) => CredentialRegistry
  readonly cache: CredentialCache
  /** ms that the endpoints' clock, and that ours, are ahead. */
  readonly ahead: { theirs: number; ours: number }
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
  const ahead = { theirs: 0, ours: 0 }
  const provider: FakeGcpProvider = {
    name: `//iam.googleapis.com/${PROVIDER}`,
    issuer: issuerUrl,
    audiences: [],
    condition: (claims) => (claims['svidgate'] as Record<string, string>)['tenant'] === 'acme',
  }
  const sts = await FakeGcpSts.start({
    providers: [provider],
    serviceAccounts: [{ email: READER, users: [peer().spiffeId] }],
    now: () => Date.now() + ahead.theirs,
  })
  const client = createPostClient({
    connect: () => ({
      egress: { allowPrivate: false, unsafeAllowLoopback: true },
      ca: undefined,
      connectTimeoutMs: 5_000,
    }),
  })
  t.teardown(async () => {
    await client.close()
    await sts.close()
    if (issuerServer.listening) await closeServer(issuerServer)
  })
  const clock = { now: () => Date.now() + ahead.ours }
  const source = createIssuerSource({
    issuerUrl,
    keys,
    tokenTtlSeconds: 300,
    randomId: randomUUID,
    clock,
  })
  const jwtSvid = checkedSource(source, { issuerUrl, keys, clock })
  const cache = new CredentialCache({ clock, random: () => 0 })
  const registry = (options: Partial<GcpWorkloadIdentityOptions> = {}): CredentialRegistry =>
    createCredentialRegistry(
      [
        {
          kind: 'gcp-workload-identity',
          name: 'gcp-data',
          provider: PROVIDER,
          scopes: [BIGQUERY],
          endpoint: sts.origin,
          impersonationEndpoint: sts.origin,
          ...options,
        },
      ],
      { trustDomain: 'example.org', jwtSvid, post: client.post, clock, cache },
    )
  return { sts, provider, issuerServer, registry, cache, ahead }
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

const AGENT = { name: 'gcp-data', peer: peer(), sessionPolicy: undefined }

async function tokenOf(credentials: CredentialRegistry, request = AGENT): Promise<string> {
  const answer = await credentials.obtain(request)
  if (!answer.ok) throw new Error(answer.error.detail)
  if (answer.value.kind !== 'gcp-workload-identity') throw new TypeError(answer.value.kind)
  t.notMatch(inspect([answer, credentials], { depth: 12, showHidden: true }), /ya29|eyJ/)
  return answer.value.accessToken.reveal()
}

t.test('direct access: the token is the agent’s own, one call for many requests', async (t) => {
  const { sts, registry } = await scene(t)
  const credentials = registry()
  const tokens = await Promise.all(Array.from({ length: 50 }, () => tokenOf(credentials)))
  t.equal(new Set(tokens).size, 1)
  t.equal(sts.calls.length, 1)
  t.match(sts.introspect(tokens[0] ?? ''), {
    subject: peer().spiffeId,
    scopes: [BIGQUERY],
    serviceAccount: undefined,
  })
  t.match(sts.calls[0]?.claims, {
    aud: `//iam.googleapis.com/${PROVIDER}`,
    svidgate: { tenant: 'acme', agent: 'data-crew', role: 'writer' },
  })
})

t.test('impersonation: the service account’s token, by one that can do nothing else', async (t) => {
  const { sts, registry } = await scene(t)
  const token = await tokenOf(
    registry({ serviceAccount: '{role}@sales-prod.iam.gserviceaccount.com', lifetimeSeconds: 600 }),
  )
  t.match(sts.introspect(token), { serviceAccount: READER, scopes: [BIGQUERY] })
  t.match(sts.calls, [
    { call: 'token', scopes: ['https://www.googleapis.com/auth/iam'] },
    { call: 'generateAccessToken', lifetime: '600s' },
  ])
})

t.test('two agents are two principals; a long SPIFFE ID is its digest', async (t) => {
  const { sts, registry } = await scene(t)
  const credentials = registry()
  const other = peer({ spiffeId: peer().spiffeId.replace('data-crew', 'other'), agent: 'other' })
  const long = peer({ spiffeId: LONG_ID })
  const tokens = [
    await tokenOf(credentials),
    await tokenOf(credentials, { ...AGENT, peer: other }),
    await tokenOf(credentials, { ...AGENT, peer: long }),
  ]
  const subjects = tokens.map((token) => sts.introspect(token)?.subject)
  t.strictSame(subjects.slice(0, 2), [peer().spiffeId, other.spiffeId])
  t.match(subjects[2], /^spiffe-sha256:[\w-]{43}$/)
  t.match(sts.calls[2]?.claims['svidgate'], { spiffe_id: LONG_ID })
})

const REFUSED: readonly {
  readonly id: string
  readonly options?: Partial<GcpWorkloadIdentityOptions>
  readonly agent?: ReturnType<typeof peer>
  readonly code: string
  readonly rule: string
}[] = [
  {
    id: 'a provider that is not there',
    options: { provider: PROVIDER.replace('svidgate', 'another') },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'GCP-invalid_target',
  },
  {
    id: 'claims that the attribute condition rejects',
    agent: peer({ tenant: 'other' }),
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'GCP-unauthorized_client',
  },
  {
    id: 'an audience that the provider does not allow',
    options: { audience: 'agents' },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'GCP-invalid_grant',
  },
  {
    id: 'a scope that does not exist',
    options: { scopes: ['bigquery'] },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'GCP-invalid_scope',
  },
  {
    id: 'a service account that is not there',
    options: { serviceAccount: 'nobody@sales-prod.iam.gserviceaccount.com' },
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'GCP-NOT_FOUND',
  },
  {
    id: 'a service account that the agent may not use',
    options: { serviceAccount: READER },
    agent: peer({ spiffeId: peer().spiffeId.replace('data-crew', 'other') }),
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'GCP-PERMISSION_DENIED',
  },
]

for (const { id, options, agent, code, rule } of REFUSED) {
  t.test(`refused: ${id}`, async (t) => {
    const { registry } = await scene(t)
    const answer = await registry(options).obtain({ ...AGENT, peer: agent ?? peer() })
    t.match(answer, { ok: false, error: { code, rule } })
    t.notMatch(JSON.stringify(answer), /ya29|eyJ/)
  })
}

t.test('an issuer that Google cannot reach is a passing state', async (t) => {
  const { registry, issuerServer } = await scene(t)
  await closeServer(issuerServer)
  const answer = await registry().obtain(AGENT)
  t.match(answer, {
    ok: false,
    error: { code: 'ERR_SG_CREDENTIAL_UNAVAILABLE', rule: 'GCP-invalid_grant' },
  })
})

t.test('clocks that differ too much are told as such', async (t) => {
  const { registry, ahead } = await scene(t)
  ahead.theirs = 400_000
  const answer = await registry().obtain(AGENT)
  t.match(answer, { ok: false, error: { code: 'ERR_SG_CREDENTIAL_UNAVAILABLE' } })
  t.match(answer.ok ? '' : answer.error.detail, /clocks differ/)
})

t.test('a set-up that is still on its way works soon after it has arrived', async (t) => {
  const { registry, provider, sts, ahead } = await scene(t)
  const credentials = registry()
  const { name } = provider
  provider.name = 'not there yet'
  t.notOk((await credentials.obtain(AGENT)).ok)
  provider.name = name
  t.notOk((await credentials.obtain(AGENT)).ok, 'not asked again at once')
  ahead.ours = ahead.theirs = 2_100
  t.ok((await credentials.obtain(AGENT)).ok)
  t.equal(sts.calls.length, 1)
})

t.test('the fake is as strict as it says', async (t) => {
  const { sts } = await scene(t)
  const ask = async (form: Record<string, string>, headers = {}): Promise<unknown> => {
    const answer = await fetch(`${sts.origin}/v1/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(form),
    })
    return ((await answer.json()) as { error?: unknown }).error
  }
  const right = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: `//iam.googleapis.com/${PROVIDER}`,
    scope: BIGQUERY,
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: 'a.b.c',
  }
  const options = JSON.stringify({ userProject: '1' })
  t.equal(await ask(right), 'invalid_grant')
  t.equal(await ask({ ...right, options }), 'invalid_grant', 'as Node encodes options')
  t.equal(await ask({ ...right, options: encodeURIComponent(options) }), 'invalid_grant', 'Python')
  t.equal(await ask({ ...right, options: '{"x":1}' }), 'invalid_request')
  t.equal(await ask({ ...right, more: 'x' }), 'invalid_request')
  t.equal(await ask({ ...right, scope: '' }), 'invalid_request')
  t.equal(await ask({ ...right, audience: PROVIDER }), 'invalid_request')
  t.equal(await ask(right, { authorization: 'Bearer x' }), 'invalid_client')
})
