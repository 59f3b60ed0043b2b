// What lies in the sandbox clouds before the demo, and who may reach it there. Every role may do more
// in them than the policy grants, on purpose: what is refused is refused by svidgate, and a hole in
// it would show as a table that is gone. Operators grant what a role needs and no more.

import type { SandboxRole } from './aws/roles.ts'
import { ACCOUNT, POOL, PROJECT, PROVIDER, TRUST_DOMAIN } from './demo-config.ts'
import type { ProviderSettings } from './google/attributes.ts'
import type { SeedDataset } from './google/bigquery/catalog.ts'
import type { IamBinding } from './google/iam.ts'
import type { SandboxBucket } from './sandbox-aws.ts'

const ROLES = ['writer', 'researcher', 'auditor']

export const DEMO_ROLES: readonly SandboxRole[] = ROLES.map((role) => ({
  arn: `arn:aws:iam::${ACCOUNT}:role/agents-${role}`,
  trust: {
    audience: 'sts.amazonaws.com',
    subjects: [`spiffe://${TRUST_DOMAIN}/agent/acme/*/${role}`],
    maxSessionSeconds: 3600,
  },
  policy: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
        Resource: 'arn:aws:s3:::reports/*',
      },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::reports' },
    ],
  },
}))

export const DEMO_BUCKETS: readonly SandboxBucket[] = [
  {
    name: 'reports',
    owner: ACCOUNT,
    objects: [{ key: '2026/q2.csv', content: 'quarter,total\nq2,41\n' }],
  },
]

export const DEMO_PROVIDER: ProviderSettings = {
  provider: PROVIDER,
  mapping: { 'google.subject': 'assertion.sub', 'attribute.role': 'assertion.svidgate.role' },
  condition: `assertion.sub.startsWith('spiffe://${TRUST_DOMAIN}/')`,
}

export const DEMO_BINDINGS: readonly IamBinding[] = [
  'roles/bigquery.jobUser',
  'roles/bigquery.dataEditor',
].map((role) => ({
  resource: `projects/${PROJECT}`,
  role,
  members: ROLES.map((name) => `principalSet://iam.googleapis.com/${POOL}/attribute.role/${name}`),
}))

export const DEMO_DATASETS: readonly SeedDataset[] = [
  {
    name: 'sales',
    tables: [
      {
        name: 'orders',
        columns: [
          { name: 'id', type: 'INT64' },
          { name: 'customer_id', type: 'INT64' },
          { name: 'total', type: 'FLOAT64' },
          { name: 'placed_on', type: 'DATE' },
        ],
        rows: [
          [1n, 1n, 120.5, '2026-01-05'],
          [2n, 2n, 80, '2026-02-10'],
          [3n, 1n, 42, '2026-02-11'],
          [4n, 3n, 300, '2025-12-30'],
        ],
      },
      {
        name: 'customers',
        columns: [
          { name: 'id', type: 'INT64' },
          { name: 'name', type: 'STRING' },
          { name: 'region', type: 'STRING' },
        ],
        rows: [
          [1n, 'Ada', 'north'],
          [2n, 'Bob', 'south'],
          [3n, 'Cyd', 'north'],
        ],
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
        rows: [['Ada', 100_000n]],
      },
    ],
  },
]
