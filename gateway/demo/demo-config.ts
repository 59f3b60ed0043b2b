// The demo's `svidgate.yaml` (docs/CONFIG.md): what an operator would write, with loopback
// addresses.

export const TRUST_DOMAIN = 'example.org'
export const REGION = 'eu-west-1'
export const ISSUER_URL = 'https://oidc.example.org'
export const ACCOUNT = '123456789012'
export const PROJECT = 'acme-data'
export const POOL = 'projects/123456789012/locations/global/workloadIdentityPools/agents'
export const PROVIDER = `${POOL}/providers/svidgate`

interface DemoPlaces {
  readonly bundleFile: string
  readonly stsOrigin: string
  readonly s3Origin: string
  readonly googleStsOrigin: string
  readonly bigqueryOrigin: string
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
  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: ${quoted(places.googleStsOrigin)}
    tls: { ca: ./cloud-ca.pem }
bindings:
  - { service: aws_s3, subject: "spiffe://${TRUST_DOMAIN}/agent/acme/*/*", credentials: [aws-data] }
  - { service: gcp_bigquery, subject: "spiffe://${TRUST_DOMAIN}/agent/acme/*/*", credentials: [gcp-data] }
routes:
  - { service: aws_s3, upstream: ${quoted(places.s3Origin)}, regions: [${REGION}], tls: { ca: ./cloud-ca.pem } }
  - { service: gcp_bigquery, upstream: ${quoted(places.bigqueryOrigin)}, tls: { ca: ./cloud-ca.pem } }
egress: { unsafeAllowLoopback: true }
audit:
  sinks:
    - { kind: file, dir: ./state/audit, fsync: group }
  key: ./audit.pem
telemetry: { log: { level: silent } }
`
}
