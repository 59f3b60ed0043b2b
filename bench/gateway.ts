// (b): the whole gateway as `serve` runs it: SVID, facts, policy, session policy, STS, SigV4, look-ups
// (kept for a minute), records with group commit. Both clouds' STS answer from this process, once in
// fifteen minutes and more; S3 and BigQuery are the same origin as for (a).

import { createServer } from 'node:http'
import { writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { nodeFiles } from '../gateway/config/files/node-files.ts'
import { loadConfig } from '../gateway/config/load.ts'
import { Gateway } from '../gateway/server.ts'
import { createLogger } from '../gateway/telemetry/logger.ts'
import { systemClock } from '../gateway/util/clock.ts'
import { announce } from './measured.ts'
import { OBJECT_PATH, query, QUERY_PATH, REGION, SDK_HEADERS } from './sdk-request.ts'
import { readSetup, type BenchSetup } from './setup.ts'

const ROLE = 'arn:aws:iam::123456789012:role/agents-writer'
const BUNDLE = join(import.meta.dirname, '../../bench/policy/bundle.tar.gz')

const PROVIDER = 'projects/1/locations/global/workloadIdentityPools/bench/providers/svidgate'
const GOOGLE_TOKEN = JSON.stringify({
  access_token: `ya29.d.${'T'.repeat(900)}`,
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  token_type: 'Bearer',
  expires_in: 3599,
})

const setup = readSetup()
const sts = await startSts()
const path = join(setup.directory, 'svidgate.yaml')
await writeFile(path, configOf(setup, sts.origin))
const loaded = await loadConfig(path, { env: {}, files: nodeFiles })
if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '))
const gateway = await Gateway.start(loaded.value, {
  clock: systemClock,
  monotonicMs: () => performance.now(),
  random: Math.random,
  logger: () => createLogger({ level: 'warn', clock: systemClock }),
})

announce(
  {
    port: gateway.listeners.dataPort,
    path: `/aws/s3${OBJECT_PATH}`,
    headers: SDK_HEADERS,
    query: query(`/gcp/bigquery${QUERY_PATH}`),
  },
  () => {
    void gateway.drain()
    sts.close()
  },
)

interface Sts {
  readonly origin: string
  close(): void
}

/** Gives every caller the same session: what is measured is the gateway, not the cloud. */
async function startSts(): Promise<Sts> {
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => {
      const isGoogle = request.url === '/v1/token'
      response.setHeader('content-type', isGoogle ? 'application/json' : 'text/xml')
      response.end(isGoogle ? GOOGLE_TOKEN : sessionXml())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() }
}

function sessionXml(): string {
  const expiration = new Date(Date.now() + 900_000).toISOString()
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIABENCHBENCHBENCH0</AccessKeyId><SecretAccessKey>${'s'.repeat(40)}</SecretAccessKey><SessionToken>${'T'.repeat(900)}</SessionToken><Expiration>${expiration}</Expiration></Credentials><AssumedRoleUser><Arn>${ROLE.replace(':iam::', ':sts::').replace(':role/', ':assumed-role/')}/bench</Arn><AssumedRoleId>AROABENCHBENCHBENCH0:bench</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>bench</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>`
}

function configOf(
  { origin, trustDomain, trustBundle, server, serverCa }: BenchSetup,
  stsOrigin: string,
): string {
  return `version: 1
trustDomain: ${trustDomain}
listen:
  data:
    address: 127.0.0.1:0
    hostnames: [localhost, 127.0.0.1]
    tls: [ { kind: files, names: [localhost], cert: ${server.cert}, key: ${server.key} } ]
  health: { address: 127.0.0.1:0 }
identity:
  source: { kind: files, trustBundle: ${trustBundle} }
issuer:
  url: https://oidc.bench.example
  keys: { dir: ./bench-state/issuer-keys }
policy:
  bundles: [ { name: bench, source: "file:${BUNDLE}" } ]
  verification: { required: false }
credentials:
  aws-data:
    kind: aws-web-identity
    roleArn: ${ROLE}
    region: ${REGION}
    sessionPolicy: decision
    endpoint: ${stsOrigin}
  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: ${stsOrigin}
    impersonationEndpoint: ${stsOrigin}
bindings:
  - { service: aws_s3, subject: "spiffe://${trustDomain}/agent/acme/*/*", credentials: [aws-data] }
  - { service: gcp_bigquery, subject: "spiffe://${trustDomain}/agent/acme/*/*", credentials: [gcp-data] }
routes:
  - { service: aws_s3, upstream: "${origin}", regions: [${REGION}], tls: { ca: ${serverCa} } }
  - { service: gcp_bigquery, upstream: "${origin}", tls: { ca: ${serverCa} } }
egress: { unsafeAllowLoopback: true }
audit:
  sinks: [ { kind: file, dir: ./bench-state/audit, fsync: group } ]
  key: ./bench-state/audit.pem
limits:
  perIdentity: { requestsPerSecond: 100000, concurrent: 1000, connections: 10000 }
  maxConnectionAge: 24h
  timeouts: { keepAlive: 1h }
`
}
