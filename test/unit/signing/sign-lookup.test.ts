// A look-up is signed with the decided credential and no other, for its provider and its host.

import t from 'tap'
import type { Credential, GcpCredential } from '../../../gateway/credential/credential.ts'
import { makeLookup, type LookupFields } from '../../../gateway/shape/lookup.ts'
import { signLookup } from '../../../gateway/signing/sign-lookup.ts'
import { isSignedLookup } from '../../../gateway/signing/signed-lookup.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { awsCredential } from '../../support/shaped.ts'

const NOW = Date.UTC(2026, 10, 23, 18)

const GCP: GcpCredential = {
  kind: 'gcp-workload-identity',
  provider: 'gcp',
  name: 'gcp-data',
  accessToken: new Secret('ya29.token'),
  expiresAt: NOW + 1,
  session: 'principal://…/researcher',
}

const NONE: Credential = {
  kind: 'none',
  name: 'gcp-data',
  hosts: ['bigquery.googleapis.com'],
  expiresAt: Date.UTC(9999, 0),
  session: 'none',
}

function lookup(fields: Partial<LookupFields> = {}) {
  return makeLookup({
    method: 'POST',
    path: '/bigquery/v2/projects/acme-data/jobs',
    headers: [['content-type', 'application/json']],
    body: Buffer.from('{}'),
    need: 'sql.dry_run',
    upstream: {
      name: 'gcp_bigquery',
      origin: 'https://bigquery.googleapis.com',
      authority: 'bigquery.googleapis.com',
    },
    provider: 'gcp',
    credential: 'gcp-data',
    identity: 'spiffe://example.org/agent/acme/data-crew/researcher',
    ...fields,
  })
}

t.test('host, the form’s own headers, and the token', (t) => {
  const signed = signLookup(lookup(), GCP, NOW)
  if (!signed.ok) throw new Error(signed.error.detail)
  t.ok(isSignedLookup(signed.value))
  t.notOk(isSignedLookup({ ...signed.value }), 'a copy is none')
  t.same(signed.value.headers, [
    ['host', 'bigquery.googleapis.com'],
    ['content-type', 'application/json'],
    ['authorization', 'Bearer ya29.token'],
  ])
  t.equal(signed.value.target, '/bigquery/v2/projects/acme-data/jobs')
  t.equal(signed.value.identity, 'spiffe://example.org/agent/acme/data-crew/researcher')
  t.end()
})

t.test('a credential that sends nothing goes to its hosts alone', (t) => {
  t.match(signLookup(lookup(), NONE, NOW), {
    ok: true,
    value: {
      headers: [
        ['host', 'bigquery.googleapis.com'],
        ['content-type', 'application/json'],
      ],
    },
  })
  t.match(signLookup(lookup(), { ...NONE, hosts: ['other.example'] }, NOW), {
    ok: false,
    error: { code: 'ERR_SG_CREDENTIAL_CONFIG', rule: 'SIGN-5' },
  })
  t.end()
})

const REFUSED: readonly (readonly [
  id: string,
  fields: Partial<LookupFields>,
  credential: Credential,
  rule: string,
])[] = [
  ['another credential', { credential: 'gcp-other' }, GCP, 'SIGN-1'],
  ['one that has expired', {}, { ...GCP, expiresAt: NOW }, 'SIGN-3'],
  ['one of another provider', { provider: 'aws' }, GCP, 'SIGN-2'],
  ['one of AWS', {}, awsCredential({ name: 'gcp-data' }), 'SIGN-2'],
  ['a token that ends its line', {}, { ...GCP, accessToken: new Secret('a\r\nb') }, 'SIGN-12'],
  ['a path that ends early', { path: '/bigquery/v2/projects/p?x/jobs' }, GCP, 'SIGN-6'],
  ['a header that proves something', { headers: [['authorization', 'Bearer x']] }, GCP, 'SIGN-10'],
  ['a header that ends its line', { headers: [['x-a', 'a\r\nb: c']] }, GCP, 'SIGN-11'],
]

t.test('everything else is refused', (t) => {
  for (const [id, fields, credential, rule] of REFUSED) {
    t.match(signLookup(lookup(fields), credential, NOW), { ok: false, error: { rule } }, id)
  }
  t.end()
})
