// A sandbox Google Cloud for tests: the same issuer as the AWS one has, two datasets, and two agents
// of which the researcher may read `sales` and the editor may change it, too; no one reads `hr`.

import { randomUUID } from 'node:crypto'
import { createSandboxGoogle } from '../../gateway/demo/sandbox-google.ts'
import type { SandboxGoogle, SandboxGoogleOptions } from '../../gateway/demo/sandbox-google.ts'
import { sendRaw } from './raw-http.ts'
import type { RawAnswer, RawRequest } from './raw-http.ts'
import { createTestIssuer } from './sandbox.ts'
import type { TestIssuer, TokenChanges } from './sandbox.ts'

export const PROJECT = 'acme-data'
export const POOL = 'projects/123456789/locations/global/workloadIdentityPools/agents'
export const PROVIDER = `${POOL}/providers/svidgate`
export const AUDIENCE_PREFIX = '//iam.googleapis.com/'
export const AUDIENCE = `${AUDIENCE_PREFIX}${PROVIDER}`
export const SERVICE_ACCOUNT = 'readers@acme-data.iam.gserviceaccount.com'
export const BIGQUERY_SCOPE = 'https://www.googleapis.com/auth/bigquery'
export const IAM_SCOPE = 'https://www.googleapis.com/auth/iam'

export function agentId(role: string): string {
  return `spiffe://example.org/agent/acme/data-crew/${role}`
}

export function principalOf(role: string): string {
  return `principal://iam.googleapis.com/${POOL}/subject/${agentId(role)}`
}

/** What a binding of a whole role names. */
export function roleSet(role: string): string {
  return `principalSet://iam.googleapis.com/${POOL}/attribute.role/${role}`
}

export const DATASETS: SandboxGoogleOptions['datasets'] = [
  {
    name: 'sales',
    tables: [
      {
        name: 'orders',
        columns: [
          { name: 'id', type: 'INT64' },
          { name: 'customer_id', type: 'INT64' },
          { name: 'amount', type: 'FLOAT64' },
          { name: 'paid', type: 'BOOL' },
          { name: 'placed_on', type: 'DATE' },
          { name: 'note', type: 'STRING' },
        ],
        rows: [
          [1n, 1n, 10, true, '2026-01-05', 'first'],
          [2n, 1n, 20.5, false, '2026-02-10', null],
          [3n, 2n, 5, true, '2026-02-11', 'it\u2019s late'],
          [4n, 3n, 40, true, '2026-03-01', 'x;y'],
        ],
      },
      {
        name: 'customers',
        columns: [
          { name: 'id', type: 'INT64' },
          { name: 'name', type: 'STRING' },
          { name: 'country', type: 'STRING' },
        ],
        rows: [
          [1n, 'Ada', 'DE'],
          [2n, 'Bob', 'FR'],
          [3n, 'Cyd', 'DE'],
          [4n, 'Dee', null],
        ],
      },
    ],
    routines: [
      {
        name: 'with_tax',
        args: [{ name: 'net', type: 'FLOAT64' }],
        returns: 'FLOAT64',
        body: 'net * 1.5',
      },
    ],
  },
  {
    name: 'hr',
    tables: [
      {
        name: 'salaries',
        columns: [
          { name: 'person', type: 'STRING' },
          { name: 'salary', type: 'INT64' },
        ],
        rows: [['Ada', 100n]],
      },
    ],
  },
]

const SALES = `projects/${PROJECT}/datasets/sales`

export const BINDINGS: SandboxGoogleOptions['bindings'] = [
  {
    resource: `projects/${PROJECT}`,
    role: 'roles/bigquery.jobUser',
    members: [
      roleSet('researcher'),
      principalOf('editor'),
      principalOf('other'),
      `serviceAccount:${SERVICE_ACCOUNT}`,
    ],
  },
  {
    resource: SALES,
    role: 'roles/bigquery.dataViewer',
    members: [principalOf('researcher'), principalOf('other'), `serviceAccount:${SERVICE_ACCOUNT}`],
  },
  { resource: SALES, role: 'roles/bigquery.dataEditor', members: [principalOf('editor')] },
  {
    resource: SERVICE_ACCOUNT,
    role: 'roles/iam.workloadIdentityUser',
    members: [principalOf('researcher')],
  },
]

/** The caller closes it. */
export async function startSandboxGoogle(
  changes: Partial<SandboxGoogleOptions> = {},
): Promise<{ google: SandboxGoogle; issuer: TestIssuer }> {
  const now = changes.now ?? Date.now
  const issuer = createTestIssuer(now)
  const google = await createSandboxGoogle({
    now,
    issuerUrl: issuer.url,
    fetchJson: (url) => issuer.fetchJson(url),
    provider: {
      provider: PROVIDER,
      mapping: { 'google.subject': 'assertion.sub', 'attribute.role': 'assertion.svidgate.role' },
      condition: "assertion.sub.startsWith('spiffe://example.org/')",
    },
    bindings: BINDINGS,
    project: PROJECT,
    datasets: DATASETS,
    ...changes,
  })
  return { google, issuer }
}

/** A token of the issuer as the gateway would mint it for Google. */
export function mintFor(issuer: TestIssuer, role: string, changes: TokenChanges = {}): string {
  const claims = {
    sub: agentId(role),
    aud: AUDIENCE,
    jti: randomUUID(),
    svidgate: { tenant: 'acme', agent: 'data-crew', role },
    ...changes.claims,
  }
  return issuer.mint({ ...changes, claims })
}

/** `undefined` leaves a parameter out. */
export type FormChanges = Readonly<Record<string, string | undefined>>

export function exchangeForm(token: string, changes: FormChanges = {}): string {
  const parameters: FormChanges = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    audience: AUDIENCE,
    scope: BIGQUERY_SCOPE,
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: token,
    ...changes,
  }
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return given.join('&')
}

export function post(
  origin: string,
  path: string,
  type: string,
  body: string,
  changes: Partial<RawRequest> = {},
): Promise<RawAnswer> {
  const headers = {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    ...changes.headers,
  }
  return sendRaw(origin, { method: 'POST', path, body, ...changes, headers })
}

/** The access token of an agent. */
export async function accessTokenOf(
  google: SandboxGoogle,
  issuer: TestIssuer,
  role: string,
  changes: FormChanges = {},
): Promise<string> {
  const form = exchangeForm(mintFor(issuer, role), changes)
  const answer = await post(
    google.stsOrigin,
    '/v1/token',
    'application/x-www-form-urlencoded',
    form,
  )
  const { access_token: token } = JSON.parse(answer.body) as { access_token?: string }
  if (token === undefined) throw new Error(answer.body)
  return token
}
