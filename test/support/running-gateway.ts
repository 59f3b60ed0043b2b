// The whole gateway in this process, with real sockets on both sides: the sandbox cloud, a
// development trust domain, the shipped policy. What a test wants otherwise, it says.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { AuditFs } from '../../gateway/audit/audit-fs.ts'
import { nodeFiles } from '../../gateway/config/files/node-files.ts'
import { loadConfig, type LoadedConfig } from '../../gateway/config/load.ts'
import { getJson } from '../../gateway/demo/get-json.ts'
import {
  createSandboxAws,
  type SandboxAws,
  type ServerKey,
} from '../../gateway/demo/sandbox-aws.ts'
import { Gateway } from '../../gateway/server.ts'
import {
  createDevTrustDomain,
  type DevSvid,
  type DevTrustDomain,
} from '../../gateway/spiffe/dev-ca.ts'
import { createLogger } from '../../gateway/telemetry/logger.ts'
import type { Clock } from '../../gateway/util/clock.ts'
import { repositoryRoot } from './test-data.ts'

export const TRUST_DOMAIN = 'example.org'
export const ACCOUNT = '123456789012'
export const REGION = 'eu-west-1'
const ISSUER_URL = 'https://oidc.example.org'
const NAMES = ['localhost', '127.0.0.1', 'gw.test', '*.gw.test', '*.s3.gw.test']
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

export interface TestGatewayOptions {
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
  readonly clock?: Clock
  readonly monotonicMs?: () => number
  readonly auditFs?: AuditFs
  readonly buckets?: Parameters<typeof createSandboxAws>[0]['buckets']
}

export interface TestGateway {
  readonly gateway: Gateway
  readonly dir: string
  readonly port: number
  /** `https://localhost:<port>` */
  readonly origin: string
  readonly cloud: SandboxAws
  readonly domain: DevTrustDomain
  /** CA file text for SDKs. */
  readonly webCaPem: string
  /** Every line of the gateway's own log so far. */
  readonly log: readonly string[]
  /** An SVID of tenant `acme`; the agent is `data-crew` where none is named. */
  svid(role: string, options?: { ttlSeconds?: number; now?: number; agent?: string }): DevSvid
  s3(svid: DevSvid, settings?: S3ClientConfig): S3Client
  /** A TLS connection to the data listener, for raw requests. */
  connect(svid: DevSvid | undefined): Promise<TLSSocket>
  /** All records written so far, in order. */
  records(): Promise<Record<string, unknown>[]>
  /** Reads the configuration again, from a changed text if one is given. */
  load(text?: string): Promise<LoadedConfig>
  readonly configText: string
  /** Lets what runs end and stops the gateway; gives all records, outcomes included. */
  stop(): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const systemClock: Clock = { now: () => Date.now() }

export function agentId(role: string, agent = 'data-crew'): string {
  return `spiffe://${TRUST_DOMAIN}/agent/acme/${agent}/${role}`
}

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const clock = options.clock ?? systemClock
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-test-'))
  const domain = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: clock.now() })
  const server = domain.issueServerCertificate({ names: NAMES })
  const cloudCertificate = domain.issueServerCertificate({ names: NAMES })
  const cloudKeys = { key: cloudCertificate.keyPem, cert: cloudCertificate.certPem }
  let issuerOrigin = ''
  const cloud = await createSandboxAws({
    now: clock.now,
    issuerUrl: ISSUER_URL,
    fetchJson: (url) => getJson(issuerOrigin + url.slice(ISSUER_URL.length)),
    region: REGION,
    roles: ROLES.map(sandboxRole),
    buckets: options.buckets ?? [
      { name: 'reports', owner: ACCOUNT, objects: [{ key: '2026/q2.csv', content: 'q2,41\n' }] },
    ],
    tls: { s3: cloudKeys, sts: cloudKeys },
  })
  const ownS3 = await options.s3Server?.(cloudKeys)
  const ownSts = await options.stsServer?.(cloudKeys, {
    origin: cloud.stsOrigin,
    ca: cloudCertificate.caPem,
  })
  await Promise.all(
    Object.entries({
      'bundle.pem': domain.caPem,
      'cloud-ca.pem': cloudCertificate.caPem,
      'gateway.pem': server.certPem,
      'gateway.key.pem': server.keyPem,
    }).map(([name, text]) => writeFile(join(dir, name), text, { mode: 0o600 })),
  )
  const text = configOf(options.bundle, {
    s3: ownS3?.origin ?? options.s3Origin ?? cloud.s3Origin,
    sts: ownSts?.origin ?? options.stsOrigin ?? cloud.stsOrigin,
  })
  const configText = options.config?.(text) ?? text
  const path = join(dir, 'svidgate.yaml')
  const load = async (changed = configText): Promise<LoadedConfig> => {
    await writeFile(path, changed)
    const loaded = await loadConfig(path, { env: {}, files: nodeFiles })
    if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '))
    return loaded.value
  }
  const log: string[] = []
  const gateway = await Gateway.start(await load(), {
    clock,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    random: Math.random,
    ...(options.auditFs === undefined ? {} : { auditFs: options.auditFs }),
    logger: () =>
      createLogger({
        level: 'debug',
        clock,
        destination: { write: (line) => void log.push(line) },
      }),
  })
  const { dataPort, issuerPort } = gateway.listeners
  issuerOrigin = `http://127.0.0.1:${issuerPort ?? 0}`
  const clients: { destroy(): void }[] = []
  const records = (): Promise<Record<string, unknown>[]> => readRecords(join(dir, 'state/audit'))
  let draining: Promise<void> | undefined
  const drain = (): Promise<void> => {
    for (const client of clients) client.destroy()
    draining ??= gateway.drain()
    return draining
  }
  return {
    gateway,
    dir,
    port: dataPort,
    origin: `https://localhost:${dataPort}`,
    cloud,
    domain,
    webCaPem: server.caPem,
    log,
    configText,
    load,
    svid: (role, { ttlSeconds = 3600, now = clock.now(), agent } = {}) =>
      domain.issueSvid({ spiffeId: agentId(role, agent), ttlSeconds, now }),
    s3: (svid, settings = {}) => {
      const agent = new Agent({
        cert: svid.certPem,
        key: svid.keyPem,
        ca: server.caPem,
        // Whatever name the SDK makes of the endpoint is this machine.
        lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      })
      const client = new S3Client({
        endpoint: `https://localhost:${dataPort}/aws/s3`,
        region: REGION,
        forcePathStyle: true,
        credentials: { accessKeyId: 'AKIDPLACEHOLDER', secretAccessKey: 'placeholder' },
        requestHandler: new NodeHttpHandler({ httpsAgent: agent }),
        ...settings,
      })
      clients.push(client, agent)
      return client
    },
    connect: (svid) =>
      new Promise((resolve, reject) => {
        const socket = connect({
          port: dataPort,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: server.caPem,
          ...(svid === undefined ? {} : { cert: svid.certPem, key: svid.keyPem }),
        })
        socket.once('error', reject)
        socket.once('secureConnect', () => {
          socket.removeListener('error', reject)
          resolve(socket)
        })
      }),
    records,
    stop: async () => {
      await drain()
      return records()
    },
    close: async () => {
      await drain()
      await Promise.all([cloud.close(), ownS3?.close(), ownSts?.close()])
      await rm(dir, { recursive: true, force: true })
    },
  }
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
    tls: [ { kind: files, names: ${JSON.stringify(NAMES)}, cert: ./gateway.pem, key: ./gateway.key.pem } ]
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

async function readRecords(dir: string): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = []
  for (const name of (await readdir(dir)).sort()) {
    const text = await readFile(join(dir, name), 'utf8')
    for (const line of text.split('\n')) {
      if (line !== '') records.push(JSON.parse(line) as Record<string, unknown>)
    }
  }
  return records
}
