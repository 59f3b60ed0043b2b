// Our issuer's tokens as client assertions before Keycloak, which nobody here wrote: what it takes,
// what it refuses, and that a rotation of our keys is no event to it. Runs in a private network, where
// Keycloak fetches our keys from https://oidc.example.org.

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import { startKeycloak, type Keycloak, type KeycloakAnswer } from '../../support/keycloak.ts'
import { agentOf, openOwnIssuer, type OwnIssuer } from '../../support/own-issuer.ts'
import { TOKEN_CASES, tokenOf, type TokenCase } from '../../support/token-cases.ts'

/** RFC 5737: neither loopback nor private, and nobody's. */
const ISSUER = { address: '203.0.113.10', port: 443, name: 'oidc.example.org' }

/** RFC 6749 §5.2: 401 where Keycloak knows no client to blame, 400 for an assertion of a known one. */
const UNKNOWN = { status: 401, body: { error: 'invalid_client' } }
const INVALID = { status: 400, body: { error: 'invalid_client' } }
const TAKEN = { status: 200 }

/** What Keycloak says to each token of the table. */
const ANSWERS: Readonly<Record<string, typeof TAKEN>> = {
  good: TAKEN,
  'aud: another': INVALID,
  'aud: two': INVALID,
  'aud: none': INVALID,
  'iss: another': UNKNOWN,
  'iss: none': UNKNOWN,
  'sub: another agent': UNKNOWN,
  'sub: another trust domain': UNKNOWN,
  'sub: none': UNKNOWN,
  'signature: of another key': UNKNOWN,
  'signature: of other claims': UNKNOWN,
  'signature: none': UNKNOWN,
  'alg: none': UNKNOWN,
  'alg: HS256 with the public key': UNKNOWN,
  'kid: unknown': UNKNOWN,
  'exp: ten minutes ago': INVALID,
  'exp: none': INVALID,
  'nbf: in ten minutes': INVALID,
  'iat: in ten minutes': INVALID,
  // RFC 7523 §3 asks for no iat.
  'iat: none': TAKEN,
  'jti: none': INVALID,
}

const web = createDevTrustDomain({ trustDomain: 'web.example.org', now: Date.now() })
const certificate = web.issueServerCertificate({ names: [ISSUER.name] })
const issuer = await openIssuer(t)
const keycloak = await openKeycloak(t)

t.test('the table of tokens', async (t) => {
  t.same(
    Object.keys(ANSWERS),
    TOKEN_CASES.map(({ id }) => id),
    'every case has its answer',
  )
  for (const row of TOKEN_CASES) {
    const token = tokenOf(row, await issuer.mint(keycloak.audience), await issuer.key())
    t.match(await keycloak.authenticate(token), ANSWERS[row.id], row.id)
  }
})

t.test('whose token it is says which client it proves', async (t) => {
  for (const role of ['writer', 'researcher']) {
    const { status, body } = await keycloak.authenticate(await issuer.mint(keycloak.audience, role))
    t.equal(status, 200, role)
    t.equal(clientOf(body), `agents-${role}`)
  }
  const stranger = await keycloak.authenticate(await issuer.mint(keycloak.audience, 'keeper'))
  t.match(stranger, UNKNOWN, 'an agent for which there is no client')
})

t.test('no token serves twice, and every token of ours is another one', async (t) => {
  const token = await issuer.mint(keycloak.audience)
  t.match(await keycloak.authenticate(token), TAKEN)
  t.match(await keycloak.authenticate(token), INVALID, 'the same token again')
  const another = await issuer.mint(keycloak.audience)
  t.match(await keycloak.authenticate(another), TAKEN, 'the next one, in the same second')
})

/** As it was minted, but for a `jti` that nobody has seen. */
const FRESH: TokenCase = {
  id: 'fresh',
  change: ({ header, claims }) => ({ header, claims: { ...claims, jti: randomUUID() } }),
}

t.test('a rotation is no event, and a key that is gone proves nothing', async (t) => {
  const old = await issuer.key()
  const minted = await issuer.mint(keycloak.audience)
  const late = (): string => tokenOf(FRESH, minted, old)
  const asked = issuer.asked.length
  await issuer.rotate()
  const first = await issuer.mint(keycloak.audience)
  t.match(await keycloak.authenticate(first), TAKEN, 'a token of the key that was next')
  t.match(await keycloak.authenticate(late()), TAKEN, 'one of the key before, still published')
  t.equal(issuer.asked.length, asked, 'it had both keys and asked for nothing')

  await issuer.retire()
  await issuer.rotate()
  t.match(await untilTaken(), TAKEN, 'a key that it has to ask for')
  t.ok(issuer.asked.length > asked, 'it did ask')
  t.match(await keycloak.authenticate(late()), UNKNOWN, 'a fresh token of a key that is gone')
  const forged = tokenOf(FRESH, await issuer.mint(keycloak.audience), old)
  t.match(await keycloak.authenticate(forged), UNKNOWN, 'the old key in the name of the new one')
})

/** Keycloak asks for unknown keys once a second at most. */
async function untilTaken(): Promise<KeycloakAnswer> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const answer = await keycloak.authenticate(await issuer.mint(keycloak.audience))
    if (answer.status === 200 || performance.now() > deadline) return answer
    await delay(200)
  }
}

/** Of the client credentials grant's access token: `azp` (OpenID Connect Core §2). */
function clientOf({ access_token: token }: Readonly<Record<string, unknown>>): unknown {
  const [, body = ''] = String(token).split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  return claims['azp']
}

async function openIssuer(t: Test): Promise<OwnIssuer> {
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-issuer-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const opened = await openOwnIssuer({
    ...ISSUER,
    keys: join(dir, 'keys'),
    tls: { key: certificate.keyPem, cert: certificate.certPem },
  })
  t.teardown(() => opened.close())
  return opened
}

async function openKeycloak(t: Test): Promise<Keycloak> {
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-keycloak-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const clients = { 'agents-writer': agentOf('writer'), 'agents-researcher': agentOf('researcher') }
  const started = await startKeycloak({ dir, issuer: issuer.url, ca: certificate.caPem, clients })
  t.teardown(() => started.stop())
  return started
}
