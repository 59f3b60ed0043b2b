// Our issuer's tokens before the API server of Kubernetes (structured authentication), which nobody
// here wrote: the same table as for the other relying parties. Needs etcd in the PATH. Runs in a
// private network, where the API server reads our documents from https://oidc.example.org.

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import { agentOf, openOwnIssuer } from '../support/own-issuer.ts'
import { isListening, startServerProcess } from '../support/server-process.ts'
import { TOKEN_CASES, tokenOf } from '../support/token-cases.ts'
import { toolPath } from '../support/tools.ts'

const ISSUER = { address: '203.0.113.10', port: 443, name: 'oidc.example.org' }
const HOST = '127.0.0.1'
const ETCD = `http://${HOST}:12379`
const PORT = 16_443
const AUDIENCE = 'kube-test'
const START_MS = 90_000

/** Its rule admits every agent of acme, and one audience of several is enough; the rest is 401. */
const TAKEN: ReadonlySet<string> = new Set([
  'good',
  'aud: two',
  'sub: another agent',
  'iat: in ten minutes',
  'iat: none',
  'jti: none',
])

const dir = await mkdtemp(join(tmpdir(), 'svidgate-kube-'))
t.teardown(() => rm(dir, { recursive: true, force: true }))
const web = createDevTrustDomain({ trustDomain: 'web.example.org', now: Date.now() })
const { keyPem, certPem, caPem } = web.issueServerCertificate({ names: [ISSUER.name] })
const issuer = await openOwnIssuer({
  ...ISSUER,
  keys: join(dir, 'keys'),
  tls: { key: keyPem, cert: certPem },
})
t.teardown(() => issuer.close())

const authentication = {
  apiVersion: 'apiserver.config.k8s.io/v1beta1',
  kind: 'AuthenticationConfiguration',
  jwt: [
    {
      issuer: { url: issuer.url, audiences: [AUDIENCE], certificateAuthority: caPem },
      claimMappings: { username: { claim: 'sub', prefix: '' } },
      claimValidationRules: [
        {
          expression: "claims.sub.startsWith('spiffe://example.org/agent/acme/')",
          message: 'an agent of acme',
        },
      ],
    },
  ],
}
const path = (name: string): string => join(dir, name)
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
await writeFile(path('accounts.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
await writeFile(path('authentication.json'), JSON.stringify(authentication))

const etcd = await startServerProcess({
  command: [
    'etcd',
    `--data-dir=${path('etcd')}`,
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    `--listen-peer-urls=http://${HOST}:12380`,
  ],
  cwd: dir,
  env: { HOME: dir },
  isReady: () => isListening(HOST, 12_379),
  deadlineMs: START_MS,
})
t.teardown(() => etcd.stop())
const server = await startServerProcess({
  command: [
    toolPath('kube-apiserver', 'kube-apiserver'),
    `--etcd-servers=${ETCD}`,
    `--bind-address=${HOST}`,
    `--secure-port=${PORT}`,
    `--advertise-address=${HOST}`,
    `--cert-dir=${path('certificates')}`,
    `--service-account-key-file=${path('accounts.pem')}`,
    `--service-account-signing-key-file=${path('accounts.pem')}`,
    `--service-account-issuer=https://${HOST}:${PORT}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--authentication-config=${path('authentication.json')}`,
  ],
  cwd: dir,
  env: { HOME: dir },
  isReady: async () =>
    (await isListening(HOST, PORT)) &&
    (await whoAmI(await issuer.mint(AUDIENCE)).catch(() => ({ status: 0 }))).status === 201,
  deadlineMs: START_MS,
})
t.teardown(() => server.stop())

t.test('an agent is known by its SPIFFE ID', async (t) => {
  const { status, body } = await whoAmI(await issuer.mint(AUDIENCE))
  t.equal(status, 201)
  t.match(JSON.parse(body), { status: { userInfo: { username: agentOf('writer') } } })
})

t.test('the table of tokens', async (t) => {
  for (const row of TOKEN_CASES) {
    const token = tokenOf(row, await issuer.mint(AUDIENCE), await issuer.key())
    t.equal((await whoAmI(token)).status, TAKEN.has(row.id) ? 201 : 401, row.id)
  }
})

/** SelfSubjectReview: who the API server takes the bearer for. */
async function whoAmI(token: string): Promise<{ status: number; body: string }> {
  const outgoing = request({
    host: HOST,
    port: PORT,
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    agent: false,
    // It makes its own certificate at each start, and nobody else is in this network.
    rejectUnauthorized: false,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  })
  outgoing.end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}')
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  let body = ''
  for await (const piece of answer.setEncoding('utf8')) body += String(piece)
  return { status: answer.statusCode ?? 0, body }
}
