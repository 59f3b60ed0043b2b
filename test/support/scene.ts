// What a gateway needs around it, on real sockets: the sandbox cloud, a development trust domain, the
// files of a configuration. The gateway itself runs in this process (running-gateway.ts) or in one
// of its own (gateway-process.ts).

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getJson } from '../../gateway/demo/get-json.ts'
import { createSandboxAws, type SandboxAws } from '../../gateway/demo/sandbox-aws.ts'
import { DEMO_BINDINGS, DEMO_DATASETS, DEMO_PROVIDER } from '../../gateway/demo/demo-clouds.ts'
import { PROJECT, PROVIDER } from '../../gateway/demo/demo-config.ts'
import { createSandboxGoogle, type SandboxGoogle } from '../../gateway/demo/sandbox-google.ts'
import type { ServerKey } from '../../gateway/demo/sandbox/http-service.ts'
import {
  createDevTrustDomain,
  type DevSvid,
  type DevTrustDomain,
} from '../../gateway/spiffe/dev-ca.ts'
import type { Clock } from '../../gateway/util/clock.ts'
import { repositoryRoot } from './test-data.ts'

export const TRUST_DOMAIN = 'example.org'
export const ACCOUNT = '123456789012'
export const REGION = 'eu-west-1'
const ISSUER_URL = 'https://oidc.example.org'
/** Of the gateway’s own certificate. */
export const SERVER_NAMES = ['localhost', '127.0.0.1', 'gw.test', '*.gw.test', '*.s3.gw.test']
/** The sandbox cloud has one role for each. */
const ROLES = ['writer', 'researcher', 'keeper', 'reader', 'clerk']

/** A cloud service that a test plays itself. */
export interface OwnService {
  readonly origin: string
  close(): Promise<void>
}

export interface SandboxSts {
  readonly origin: string
  readonly ca: string
}

export interface SceneOptions {
  /** Default: the shipped bundles/authz.tar.gz. Relative to the repository's root. */
  readonly bundle?: string
  /** Changes the text of the configuration before it is read. */
  readonly config?: (text: string) => string
  /** Default: https to the sandbox. Replaces the origin of the S3 route. */
  readonly s3Origin?: string
  /** Takes the sandbox S3's place, with a certificate that the route trusts. */
  readonly s3Server?: (tls: ServerKey) => Promise<OwnService>
  /** Replaces the origin of STS. */
  readonly stsOrigin?: string
  /** Stands between the gateway and the sandbox STS. */
  readonly stsServer?: (tls: ServerKey, sandbox: SandboxSts) => Promise<OwnService>
  /** Further files beside the configuration: name → text. */
  readonly files?: Readonly<Record<string, string>>
  /** PEM of further CAs in the trust bundle of our own domain. */
  readonly alsoTrusted?: string
  readonly clock?: Clock
  readonly buckets?: Parameters<typeof createSandboxAws>[0]['buckets']
  readonly roles?: Parameters<typeof createSandboxAws>[0]['roles']
  /** Beside AWS the demo's sandbox Google, with a credential, a binding and a route for it. */
  readonly google?: boolean
}

export interface Scene {
  readonly dir: string
  /** Path of the configuration. */
  readonly path: string
  readonly configText: string
  readonly clock: Clock
  readonly cloud: SandboxAws
  readonly google: SandboxGoogle | undefined
  readonly domain: DevTrustDomain
  /** CA file text for SDKs. */
  readonly webCaPem: string
  /** Where the gateway publishes its issuer's documents, as soon as it does. */
  issuerOrigin: string
  /** An SVID of tenant `acme`; the agent is `data-crew` where none is named. */
  svid(role: string, options?: { ttlSeconds?: number; now?: number; agent?: string }): DevSvid
  close(): Promise<void>
}

const systemClock: Clock = { now: () => Date.now() }

export function agentId(role: string, agent = 'data-crew'): string {
  return `spiffe://${TRUST_DOMAIN}/agent/acme/${agent}/${role}`
}

export async function createScene(options: SceneOptions = {}): Promise<Scene> {
  const clock = options.clock ?? systemClock
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-test-'))
  const domain = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: clock.now() })
  const server = domain.issueServerCertificate({ names: SERVER_NAMES })
  const cloudCertificate = domain.issueServerCertificate({ names: SERVER_NAMES })
  const cloudKeys = { key: cloudCertificate.keyPem, cert: cloudCertificate.certPem }
  const cloud = await createSandboxAws({
    now: clock.now,
    issuerUrl: ISSUER_URL,
    fetchJson: (url) => getJson(scene.issuerOrigin + url.slice(ISSUER_URL.length)),
    region: REGION,
    roles: options.roles ?? ROLES.map(sandboxRole),
    buckets: options.buckets ?? [
      { name: 'reports', owner: ACCOUNT, objects: [{ key: '2026/q2.csv', content: 'q2,41\n' }] },
    ],
    tls: { s3: cloudKeys, sts: cloudKeys },
  })
  const google = options.google === true ? await startGoogle() : undefined
  const ownS3 = await options.s3Server?.(cloudKeys)
  const ownSts = await options.stsServer?.(cloudKeys, {
    origin: cloud.stsOrigin,
    ca: cloudCertificate.caPem,
  })
  await Promise.all(
    Object.entries({
      'bundle.pem': domain.caPem + (options.alsoTrusted ?? ''),
      'cloud-ca.pem': cloudCertificate.caPem,
      'gateway.pem': server.certPem,
      'gateway.key.pem': server.keyPem,
      ...options.files,
    }).map(([name, text]) => writeFile(join(dir, name), text, { mode: 0o600 })),
  )
  const text = configOf(options.bundle, {
    s3: ownS3?.origin ?? options.s3Origin ?? cloud.s3Origin,
    sts: ownSts?.origin ?? options.stsOrigin ?? cloud.stsOrigin,
  })
  const whole = google === undefined ? text : withGoogle(text, google)
  const configText = options.config?.(whole) ?? whole
  const path = join(dir, 'svidgate.yaml')
  await writeFile(path, configText)
  const scene: Scene = {
    dir,
    path,
    configText,
    clock,
    cloud,
    google,
    domain,
    webCaPem: server.caPem,
    issuerOrigin: '',
    svid: (role, { ttlSeconds = 3600, now = clock.now(), agent } = {}) =>
      domain.issueSvid({ spiffeId: agentId(role, agent), ttlSeconds, now }),
    close: async () => {
      await Promise.all([cloud.close(), google?.close(), ownS3?.close(), ownSts?.close()])
      await rm(dir, { recursive: true, force: true })
    },
  }
  return scene

  function startGoogle(): Promise<SandboxGoogle> {
    return createSandboxGoogle({
      now: clock.now,
      issuerUrl: ISSUER_URL,
      fetchJson: (url) => getJson(scene.issuerOrigin + url.slice(ISSUER_URL.length)),
      provider: DEMO_PROVIDER,
      bindings: DEMO_BINDINGS,
      project: PROJECT,
      datasets: DEMO_DATASETS,
      tls: cloudKeys,
    })
  }
}

function withGoogle(text: string, google: SandboxGoogle): string {
  return text
    .replace(
      '\nbindings:\n',
      `
  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: "${google.stsOrigin}"
    tls: { ca: ./cloud-ca.pem }
bindings:
  - { service: gcp_bigquery, subject: "spiffe://${TRUST_DOMAIN}/agent/acme/*/*", credentials: [gcp-data] }
`,
    )
    .replace(
      '\nroutes:\n',
      `
routes:
  - { service: gcp_bigquery, upstream: "${google.bigqueryOrigin}", tls: { ca: ./cloud-ca.pem } }
`,
    )
}

/** Wider than the policy on purpose: what is refused is refused by the gateway. */
function sandboxRole(role: string): Parameters<typeof createSandboxAws>[0]['roles'][number] {
  return {
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
          Action: 's3:*',
          Resource: ['arn:aws:s3:::reports', 'arn:aws:s3:::reports/*'],
        },
      ],
    },
  }
}

function configOf(
  bundleName: string | undefined,
  origins: { readonly s3: string; readonly sts: string },
): string {
  const bundle = join(repositoryRoot(), bundleName ?? 'bundles/authz.tar.gz')
  return `version: 1
trustDomain: ${TRUST_DOMAIN}
listen:
  data:
    address: 127.0.0.1:0
    hostnames: [localhost, 127.0.0.1, gw.test]
    tls: [ { kind: files, names: ${JSON.stringify(SERVER_NAMES)}, cert: ./gateway.pem, key: ./gateway.key.pem } ]
  health: { address: 127.0.0.1:0 }
  issuer: { address: 127.0.0.1:0 }
  admin: { socket: ./admin.sock }
identity:
  source: { kind: files, trustBundle: ./bundle.pem }
issuer:
  url: ${ISSUER_URL}
  keys: { dir: ./state/issuer-keys }
policy:
  bundles: [ { name: authz, source: "file:${bundle}" } ]
  verification: { required: false }
  decision: svidgate/authz/decision
credentials:
  aws-data:
    kind: aws-web-identity
    roleArn: "arn:aws:iam::${ACCOUNT}:role/agents-{role}"
    region: ${REGION}
    duration: 900s
    sessionPolicy: decision
    endpoint: ${JSON.stringify(origins.sts)}
    tls: { ca: ./cloud-ca.pem }
bindings:
  - { service: aws_s3, subject: "spiffe://${TRUST_DOMAIN}/agent/acme/*/*", credentials: [aws-data] }
routes:
  - { service: aws_s3, upstream: ${JSON.stringify(origins.s3)}, regions: [${REGION}], tls: { ca: ./cloud-ca.pem } }
egress: { unsafeAllowLoopback: true }
audit:
  sinks: [ { kind: file, dir: ./state/audit, fsync: group } ]
  key: ./state/audit.pem
telemetry: { log: { level: debug } }
`
}
