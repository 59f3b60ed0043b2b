// Sets the stage: a directory of its own, a trust domain, certificates, the sandbox clouds and
// the gateway, all in this process; and takes it down again, whatever happened.

import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentAccess } from './agent-access.ts'
import {
  DEMO_BINDINGS,
  DEMO_BUCKETS,
  DEMO_DATASETS,
  DEMO_PROVIDER,
  DEMO_ROLES,
} from './demo-clouds.ts'
import { demoConfig, ISSUER_URL, PROJECT, REGION, TRUST_DOMAIN } from './demo-config.ts'
import { getJson } from './get-json.ts'
import { GoogleAgents } from './google-agents.ts'
import type { DemoGateway, DemoOptions, DemoTrustDomain, KeyPair } from './ports.ts'
import { createSandboxAws } from './sandbox-aws.ts'
import type { SandboxAws } from './sandbox-aws.ts'
import { createSandboxGoogle } from './sandbox-google.ts'
import type { SandboxGoogle } from './sandbox-google.ts'
import { RequestLog } from './sandbox/request-log.ts'
import type { AgentName } from './step.ts'

const SVID_TTL_SECONDS = 3600
const KEPT_SVID_TTL_SECONDS = 12 * 3600
const SERVER_NAMES = ['localhost', '127.0.0.1']

export interface Stage {
  readonly dir: string
  readonly auditDir: string
  /** File with the public half of the audit key. */
  readonly auditPublicKey: string
  readonly aws: SandboxAws
  readonly google: SandboxGoogle
  /** What reached either cloud, in the order in which it came. */
  readonly log: RequestLog
  readonly googleAgents: GoogleAgents
  readonly gateway: DemoGateway
  /** `https://localhost:<port>` */
  readonly baseOrigin: string
  readonly agents: ReadonlyMap<AgentName, AgentAccess>
  /** Closes the gateway alone, so that its records are complete. Idempotent. */
  closeGateway(): Promise<void>
}

export function spiffeId(role: string): string {
  return `spiffe://${TRUST_DOMAIN}/agent/acme/data-crew/${role}`
}

function agentKeys(
  domain: DemoTrustDomain,
  foreign: DemoTrustDomain,
  now: number,
  ttlSeconds: number,
): ReadonlyMap<AgentName, KeyPair | undefined> {
  const issue = (from: DemoTrustDomain, role: string, at = now): KeyPair =>
    from.issueSvid({ spiffeId: spiffeId(role), ttlSeconds, now: at })
  return new Map<AgentName, KeyPair | undefined>([
    ['writer', issue(domain, 'writer')],
    ['researcher', issue(domain, 'researcher')],
    ['auditor', issue(domain, 'auditor')],
    ['writer with an expired SVID', issue(domain, 'writer', now - 2 * ttlSeconds * 1000)],
    ['writer of a foreign CA', issue(foreign, 'writer')],
    ['writer without a certificate', undefined],
  ])
}

/** Stands in for DNS and the operator's TLS: the issuer's name leads to the gateway's listener. */
function fetchFrom(issuerOrigin: () => string): (url: string) => Promise<unknown> {
  return async (url) => {
    if (!url.startsWith(`${ISSUER_URL}/`)) throw new Error(`${url} is not the issuer's`)
    return getJson(issuerOrigin() + url.slice(ISSUER_URL.length))
  }
}

interface WrittenKeys {
  readonly webCaPem: string
  readonly cloud: { readonly key: string; readonly cert: string }
}

async function writeKeys(
  dir: string,
  domain: DemoTrustDomain,
  agents: ReadonlyMap<AgentName, KeyPair | undefined>,
): Promise<WrittenKeys> {
  const gateway = domain.issueServerCertificate({ names: SERVER_NAMES })
  const cloud = domain.issueServerCertificate({ names: SERVER_NAMES })
  const audit = generateKeyPairSync('ed25519')
  const writer = agents.get('writer')
  const researcher = agents.get('researcher')
  const files: readonly (readonly [name: string, content: string | undefined])[] = [
    ['bundle.pem', domain.caPem],
    ['web-ca.pem', gateway.caPem],
    ['cloud-ca.pem', cloud.caPem],
    ['gateway.pem', gateway.certPem],
    ['gateway.key.pem', gateway.keyPem],
    ['audit.pem', audit.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['audit.pub.pem', audit.publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['writer.pem', writer?.certPem],
    ['writer.key.pem', writer?.keyPem],
    ['researcher.pem', researcher?.certPem],
    ['researcher.key.pem', researcher?.keyPem],
  ]
  for (const [name, content = ''] of files) {
    await writeFile(join(dir, name), content, { mode: 0o600 })
  }
  return { webCaPem: gateway.caPem, cloud: { key: cloud.keyPem, cert: cloud.certPem } }
}

/** Runs `play` on the stage and clears it away afterwards. */
export async function withStage<T>(
  options: DemoOptions,
  play: (stage: Stage) => Promise<T>,
): Promise<T> {
  const cleanUps: (() => Promise<void>)[] = []
  try {
    const dir = await mkdtemp(join(tmpdir(), 'svidgate-demo-'))
    cleanUps.push(() => rm(dir, { recursive: true, force: true }))
    return await play(await build(options, dir, cleanUps))
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
}

async function build(
  options: DemoOptions,
  dir: string,
  cleanUps: (() => Promise<void>)[],
): Promise<Stage> {
  const now = options.now()
  const ttlSeconds = options.keep ? KEPT_SVID_TTL_SECONDS : SVID_TTL_SECONDS
  const domain = options.createTrustDomain({ trustDomain: TRUST_DOMAIN, now })
  const foreign = options.createTrustDomain({ trustDomain: TRUST_DOMAIN, now })
  const keys = agentKeys(domain, foreign, now, ttlSeconds)
  const written = await writeKeys(dir, domain, keys)

  let issuerOrigin = ''
  const log = new RequestLog()
  const { now: clock } = options
  const fetchJson = fetchFrom(() => issuerOrigin)
  const trusted = { now: clock, issuerUrl: ISSUER_URL, fetchJson, log }
  const aws = await createSandboxAws({
    ...trusted,
    roles: DEMO_ROLES,
    buckets: DEMO_BUCKETS,
    region: REGION,
    tls: { s3: written.cloud, sts: written.cloud },
  })
  cleanUps.push(() => aws.close())
  const google = await createSandboxGoogle({
    ...trusted,
    provider: DEMO_PROVIDER,
    bindings: DEMO_BINDINGS,
    project: PROJECT,
    datasets: DEMO_DATASETS,
    tls: written.cloud,
  })
  cleanUps.push(() => google.close())
  const { stsOrigin, s3Origin } = aws
  const { bigqueryOrigin, stsOrigin: googleStsOrigin } = google
  const { bundleFile } = options
  const places = { bundleFile, stsOrigin, s3Origin, googleStsOrigin, bigqueryOrigin }
  const config = demoConfig(places)
  await writeFile(join(dir, 'svidgate.yaml'), config, { mode: 0o600 })
  const gateway = await options.start(config, dir)
  issuerOrigin = gateway.issuerOrigin
  let closing: Promise<void> | undefined
  const closeGateway = (): Promise<void> => (closing ??= gateway.close())
  cleanUps.push(closeGateway)

  const port = /:(\d+)$/.exec(gateway.dataOrigin)?.[1]
  if (port === undefined) throw new TypeError(`no port in ${gateway.dataOrigin}`)
  const baseOrigin = `https://localhost:${port}`
  const agents = new Map<AgentName, AgentAccess>()
  for (const [name, svid] of keys) agents.set(name, { baseOrigin, caPem: written.webCaPem, svid })
  const googleAgents = new GoogleAgents(PROJECT)
  cleanUps.push(() => googleAgents.close())
  return {
    dir,
    auditDir: join(dir, 'state', 'audit'),
    auditPublicKey: join(dir, 'audit.pub.pem'),
    aws,
    google,
    log,
    googleAgents,
    gateway,
    baseOrigin,
    agents,
    closeGateway,
  }
}
