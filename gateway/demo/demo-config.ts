// The demo's `svidgate.yaml` (docs/CONFIG.md): what an operator would write, with loopback
// addresses.

import type { SandboxBucket } from './sandbox-aws.ts'
import type { SandboxRole } from './aws/roles.ts'

export const TRUST_DOMAIN = 'example.org'
export const REGION = 'eu-west-1'
export const ISSUER_URL = 'https://oidc.example.org'
export const ACCOUNT = '123456789012'
const AUDIENCE = 'sts.amazonaws.com'

interface DemoPlaces {
  readonly bundleFile: string
  readonly stsOrigin: string
  readonly s3Origin: string
}

/** YAML takes JSON strings as its own. */
function quoted(value: string): string {
  return JSON.stringify(value)
}

export function demoConfig(places: DemoPlaces): string {
  return `version: 1
trustDomain: ${TRUST_DOMAIN}
listen:
  data:
    address: 127.0.0.1:0
    hostnames: [localhost, 127.0.0.1]
    tls:
      - { kind: files, names: [localhost, 127.0.0.1], cert: ./gateway.pem, key: ./gateway.key.pem }
  health: { address: 127.0.0.1:0 }
  issuer: { address: 127.0.0.1:0 }
identity:
  source: { kind: files, trustBundle: ./bundle.pem }
  grammar: "agent/{tenant}/{agent}/{role}"
issuer:
  url: ${ISSUER_URL}
  keys: { dir: ./state/issuer-keys }
policy:
  bundles:
    - { name: authz, source: ${quoted(`file:${places.bundleFile}`)} }
  verification: { required: false }
  decision: svidgate/authz/decision
credentials:
  aws-data:
    kind: aws-web-identity
    roleArn: "arn:aws:iam::${ACCOUNT}:role/agents-{role}"
    region: ${REGION}
    duration: 900s
    sessionPolicy: decision
    endpoint: ${quoted(places.stsOrigin)}
    tls: { ca: ./cloud-ca.pem }
bindings:
  - { service: aws_s3, subject: "spiffe://${TRUST_DOMAIN}/agent/acme/*/*", credentials: [aws-data] }
routes:
  - { service: aws_s3, upstream: ${quoted(places.s3Origin)}, regions: [${REGION}], tls: { ca: ./cloud-ca.pem } }
egress: { unsafeAllowLoopback: true }
audit:
  sinks:
    - { kind: file, dir: ./state/audit, fsync: group }
  key: ./audit.pem
telemetry: { log: { level: silent } }
`
}

/**
 * The cloud account. Every role may do more than the policy grants, on purpose: what is refused is
 * refused by svidgate, and what is allowed is narrowed by the session policy.
 */
export const DEMO_ROLES: readonly SandboxRole[] = ['writer', 'researcher', 'auditor'].map(
  (role) => ({
    arn: `arn:aws:iam::${ACCOUNT}:role/agents-${role}`,
    trust: {
      audience: AUDIENCE,
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
  }),
)

export const DEMO_BUCKETS: readonly SandboxBucket[] = [
  {
    name: 'reports',
    owner: ACCOUNT,
    objects: [{ key: '2026/q2.csv', content: 'quarter,total\nq2,41\n' }],
  },
]
