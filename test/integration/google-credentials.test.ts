// From the text of a configuration to an access token, in both forms: the running gateway's issuer is
// what Google's token endpoints check, over TLS that the configuration's own roots prove.

import t, { type Test } from 'tap'
import { openClouds } from '../../gateway/compose/clouds.ts'
import { buildGeneration } from '../../gateway/compose/generation.ts'
import { openIssuer } from '../../gateway/compose/issuer.ts'
import { CredentialCache } from '../../gateway/credential/cache.ts'
import type { Credential } from '../../gateway/credential/credential.ts'
import { getJson } from '../../gateway/demo/get-json.ts'
import type { Credentials } from '../../gateway/pipeline/ports.ts'
import { FakeGcpSts } from '../support/fake-gcp-sts.ts'
import { peer } from '../support/peers.ts'
import { agentId, startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { answering, ScriptedUpstream } from '../support/scripted-upstream.ts'

const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'
const ISSUER = 'https://oidc.example.org'
const BIGQUERY = 'https://www.googleapis.com/auth/bigquery'
const ACCOUNT = 'agents-writer@sales-prod.iam.gserviceaccount.com'

interface Scene {
  readonly test: TestGateway
  readonly sts: FakeGcpSts
  readonly iam: FakeGcpSts
  readonly credentials: Credentials
}

/** @param tls how both endpoints are to be proven */
async function scene(t: Test, tls = ', tls: { ca: ./cloud-ca.pem }'): Promise<Scene> {
  const cloud = new ScriptedUpstream(answering('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  const servers: FakeGcpSts[] = []
  let issuerOrigin = ''
  const test = await startTestGateway({
    s3Server: async (keys) => {
      const options = {
        providers: [
          {
            name: `//iam.googleapis.com/${PROVIDER}`,
            issuer: ISSUER,
            audiences: [],
            condition: (claims: Record<string, unknown>) =>
              (claims['svidgate'] as Record<string, string>)['tenant'] === 'acme',
          },
        ],
        serviceAccounts: [{ email: ACCOUNT, users: [agentId('writer')] }],
        now: Date.now,
        fetchJson: (url: string) => getJson(issuerOrigin + url.slice(ISSUER.length)),
        tls: keys,
      }
      const sts = await FakeGcpSts.start(options)
      // Another server with the same memory of tokens: each endpoint has an origin of its own.
      servers.push(sts, await sts.beside())
      return cloud.start(keys)
    },
    config: (text) => {
      const [sts, iam] = servers
      const google = `kind: gcp-workload-identity, provider: ${PROVIDER}, scopes: [${BIGQUERY}], endpoint: "${sts?.origin}", impersonationEndpoint: "${iam?.origin}"${tls}`
      return text
        .replace(
          '\nbindings:\n',
          `
  direct: { ${google} }
  account: { ${google}, serviceAccount: "agents-{role}@sales-prod.iam.gserviceaccount.com", lifetime: 10m }
bindings:
  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [direct, account] }
`,
        )
        .replace(
          '\nroutes:\n',
          '\nroutes:\n  - { service: gcp_bigquery, upstream: "https://bigquery.googleapis.com" }\n',
        )
    },
  })
  issuerOrigin = `http://127.0.0.1:${test.gateway.listeners.issuerPort ?? 0}`
  const clock = { now: () => Date.now() }
  const { config } = test.gateway
  const clouds = openClouds(() => config)
  const issuer = await openIssuer(() => config, {
    clock,
    onProblem: (error) => {
      throw error
    },
  })
  t.teardown(() => issuer.close())
  const built = await buildGeneration(config, 1, {
    clock,
    jwtSvid: issuer.source,
    post: clouds.tokens.post,
    cache: new CredentialCache({ clock, random: () => 0 }),
    jobStore: undefined,
  })
  t.teardown(async () => {
    await clouds.close()
    await test.close()
    await Promise.all(servers.map((server) => server.close()))
  })
  const [sts, iam] = servers
  if (!built.ok || sts === undefined || iam === undefined) throw new Error('not built')
  return { test, sts, iam, credentials: built.value.generation.credentials }
}

const WRITER = peer({ spiffeId: agentId('writer') })

async function obtained(credentials: Credentials, name: string): Promise<Credential> {
  const answer = await credentials.obtain({ name, peer: WRITER, sessionPolicy: undefined })
  if (!answer.ok) throw new Error(answer.error.detail)
  return answer.value
}

t.test('both forms of one configuration', async (t) => {
  const { sts, iam, credentials } = await scene(t)
  t.strictSame(credentials.candidates('gcp_bigquery', agentId('writer')), ['direct', 'account'])
  t.equal(credentials.sessionPolicyMode('direct'), 'none')
  const direct = await obtained(credentials, 'direct')
  const account = await obtained(credentials, 'account')
  if (direct.kind !== 'gcp-workload-identity' || account.kind !== 'gcp-workload-identity') {
    throw new TypeError('of another kind')
  }
  t.match(sts.introspect(direct.accessToken.reveal()), {
    subject: agentId('writer'),
    scopes: [BIGQUERY],
    serviceAccount: undefined,
  })
  t.match(sts.introspect(account.accessToken.reveal()), {
    scopes: [BIGQUERY],
    serviceAccount: ACCOUNT,
  })
  t.equal(direct.session, agentId('writer'))
  t.equal(account.session, ACCOUNT)
  t.ok(account.expiresAt <= Date.now() + 600_000, 'ten minutes at most')
  t.strictSame(
    [...sts.calls, ...iam.calls].map(({ call }) => call),
    ['token', 'token', 'generateAccessToken'],
  )
})

t.test('endpoints that the configured roots do not prove get no token', async (t) => {
  const { sts, iam, credentials } = await scene(t, '')
  for (const name of ['direct', 'account']) {
    const answer = await credentials.obtain({ name, peer: WRITER, sessionPolicy: undefined })
    t.match(answer, {
      ok: false,
      error: { code: 'ERR_SG_CREDENTIAL_UNAVAILABLE', rule: 'GCP-outbound' },
    })
  }
  t.equal(sts.calls.length + iam.calls.length, 0)
})
