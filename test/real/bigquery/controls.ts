// What the BigQuery scenario would be worth if its servers were lenient: the stand-in of Google refuses
// what the real one refuses, and the same program without the gateway loses its table.

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import { playBigQuery } from '../../support/google/bigquery-program.ts'
import { readJob } from '../../support/google/job-body.ts'
import { StrictSts } from '../../support/google/strict-sts.ts'
import { startMtlsEntry } from '../../support/mtls-entry.ts'
import { ISSUER, LOCATION, openBigQueryScene, PROJECT, PROVIDER, TABLES } from './scene.ts'

/** Steps of the program that only read. */
const READING = [
  'query',
  'query_and_wait',
  'parameters',
  'WITH',
  'dry run',
  'get_table',
  'list_rows',
  'list_tables',
]

const SCOPE = 'https://www.googleapis.com/auth/bigquery'

t.test('without the gateway the program does what it likes', async (t) => {
  const { google, ca, tables } = await openBigQueryScene(t, () => Promise.resolve({ keys: [] }))
  t.same(await tables(), TABLES)
  const now = Date.now()
  const domain = createDevTrustDomain({ trustDomain: 'example.org', now })
  const server = domain.issueServerCertificate({ names: ['localhost'] })
  const entry = await startMtlsEntry({
    tls: { key: server.keyPem, cert: server.certPem, clientCa: domain.caPem },
    prefix: '/gcp/bigquery',
    upstream: { origin: google.bigqueryOrigin, ca, bearer: google.sts.give('anyone', [SCOPE]) },
  })
  t.teardown(() => entry.close())
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-bigquery-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const spiffeId = 'spiffe://example.org/agent/acme/data-crew/researcher'
  const svid = domain.issueSvid({ spiffeId, ttlSeconds: 600, now })
  const identity = { ca: join(dir, 'ca.pem'), cert: join(dir, 'c.pem'), key: join(dir, 'k.pem') }
  await writeFile(identity.ca, server.caPem)
  await writeFile(identity.cert, svid.certPem)
  await writeFile(identity.key, svid.keyPem, { mode: 0o600 })

  const endpoint = `${entry.origin}/gcp/bigquery`
  const play = (names: readonly string[]): ReturnType<typeof playBigQuery> =>
    playBigQuery({ endpoint, project: PROJECT, location: LOCATION, identity, dir, steps: names })

  const reading = await play(READING)
  for (const name of READING) {
    const step = reading.get(name)
    t.equal(step?.ok, true, `${name}: ${step?.message ?? ''}`)
  }
  const dryRun = { bytes: 16, tables: [`${PROJECT}.sales.orders`] }
  t.same(reading.get('dry run')?.result, dryRun, 'two rows of 8 bytes, of the one table')
  t.same(await tables(), TABLES, 'reading leaves everything')

  const deleting = await play(['DELETE', 'foreign dataset', 'destination table'])
  t.match(deleting.get('foreign dataset')?.result, [['eve', 30]], 'read, as a credential alone may')
  t.equal(deleting.get('destination table')?.status, 400, 'the stand-in takes no destination')
  t.equal((await tables())[`${PROJECT}.sales.orders`], 0, 'DELETE has emptied the table')

  t.equal((await play(['script'])).get('script')?.ok, true)
  t.notOk(`${PROJECT}.sales.orders` in (await tables()), 'the script has dropped it')
})

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const NOW = Date.UTC(2026, 10, 25)
const CLAIMS = {
  iss: ISSUER,
  aud: PROVIDER,
  sub: 'spiffe://example.org/agent/acme/a/b',
  iat: NOW / 1000,
  exp: NOW / 1000 + 300,
}

const TOKENS: readonly (readonly [
  id: string,
  claims: object,
  error: RegExp | undefined,
  by?: KeyObject,
])[] = [
  ['as it should be', {}, undefined],
  ['of another key', {}, /signature/, stranger.privateKey],
  ['of another issuer', { iss: 'https://else.example.org' }, /issuer/],
  ['for another audience', { aud: 'sts.amazonaws.com' }, /audience/],
  ['for two audiences', { aud: [PROVIDER, 'x'] }, /audience/],
  ['expired', { exp: NOW / 1000 }, /stale/],
  ['of tomorrow', { iat: NOW / 1000 + 1 }, /stale/],
  ['of the day before yesterday', { iat: NOW / 1000 - 90_000 }, /stale/],
  ['without an end', { exp: undefined }, /needed/],
  ['without a subject', { sub: undefined }, /127 bytes/],
  ['with a subject too long', { sub: 's'.repeat(128) }, /127 bytes/],
]

t.test('the token service takes our tokens only', async (t) => {
  const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }
  for (const [id, claims, error, key = keys.privateKey] of TOKENS) {
    const sts = new StrictSts({
      issuer: ISSUER,
      provider: PROVIDER,
      jwks: () => Promise.resolve({ keys: [jwk] }),
      now: () => NOW,
    })
    const form = formWith(tokenOf({ ...CLAIMS, ...claims }, key))
    const { status, body } = await sts.exchange(
      'application/x-www-form-urlencoded',
      form.toString(),
    )
    t.equal(status, error === undefined ? 200 : 400, id)
    const given = String(Reflect.get(Object(body), 'access_token'))
    if (error === undefined) t.equal(sts.grantOf(given)?.subject, CLAIMS.sub)
    else t.match(body, { error: 'invalid_grant', error_description: error }, id)
    t.equal(sts.grantOf('ya29.guessed'), undefined)
  }
})

t.test('and forms as they are documented only', async (t) => {
  const sts = new StrictSts({
    issuer: ISSUER,
    provider: PROVIDER,
    jwks: () => Promise.resolve({ keys: [] }),
    now: () => NOW,
  })
  const changes: readonly ((form: URLSearchParams) => void)[] = [
    (form) => form.delete('scope'),
    (form) => form.append('scope', SCOPE),
    (form) => form.set('audience', 'https://else.example.org'),
    (form) => form.set('grant_type', 'client_credentials'),
    (form) => form.set('options', '{}'),
  ]
  for (const change of changes) {
    const form = formWith('a.b.c')
    change(form)
    const { status, body } = await sts.exchange(
      'application/x-www-form-urlencoded',
      form.toString(),
    )
    t.match({ status, body }, { status: 400, body: { error: /^invalid_(?:request|target)$/ } })
  }
})

const query = { query: 'SELECT 1', useLegacySql: false }
const BODIES: readonly (readonly [id: string, body: string, taken: boolean])[] = [
  ['a query', JSON.stringify({ configuration: { query } }), true],
  [
    'without the dialect',
    JSON.stringify({ configuration: { query: { query: 'SELECT 1' } } }),
    false,
  ],
  [
    'the older dialect',
    JSON.stringify({ configuration: { query: { ...query, useLegacySql: true } } }),
    false,
  ],
  [
    'a destination',
    JSON.stringify({ configuration: { query: { ...query, destinationTable: {} } } }),
    false,
  ],
  [
    'external tables',
    JSON.stringify({ configuration: { query: { ...query, tableDefinitions: {} } } }),
    false,
  ],
  ['two jobs', JSON.stringify({ configuration: { query, copy: {} } }), false],
  ['a load', JSON.stringify({ configuration: { load: {} } }), false],
  [
    'a name twice',
    '{"configuration":{"query":{"query":"SELECT 1","query":"DROP TABLE t","useLegacySql":false}}}',
    false,
  ],
]

t.test('BigQuery takes the listed fields of a job only', async (t) => {
  for (const [id, body, taken] of BODIES) {
    t.equal(typeof readJob('jobs.insert', body) === 'object', taken, id)
  }
})

function tokenOf(claims: object, key: KeyObject): string {
  const signed = [{ alg: 'RS256', kid: 'k1' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
}

function formWith(token: string): URLSearchParams {
  return new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: PROVIDER,
    scope: SCOPE,
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: token,
  })
}
