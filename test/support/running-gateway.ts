// The whole gateway in this process, with real sockets on both sides: the sandbox cloud, a
// development trust domain, the shipped policy. What a test wants otherwise, it says.

import { EventEmitter, once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { AuditFs } from '../../gateway/audit/audit-fs.ts'
import { nodeFiles } from '../../gateway/config/files/node-files.ts'
import { loadConfig, type LoadedConfig } from '../../gateway/config/load.ts'
import type { SandboxAws } from '../../gateway/demo/sandbox-aws.ts'
import type { SandboxGoogle } from '../../gateway/demo/sandbox-google.ts'
import { Gateway } from '../../gateway/server.ts'
import type { DevSvid, DevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import { createLogger } from '../../gateway/telemetry/logger.ts'
import type { Lookup } from '../../gateway/upstream/guarded-connect.ts'
import { createScene, REGION, type SceneOptions } from './scene.ts'

export { agentId, SERVER_NAMES, TRUST_DOMAIN } from './scene.ts'
export type { OwnService, SandboxSts } from './scene.ts'

export interface TestGatewayOptions extends SceneOptions {
  /** What requests took, as the gateway measures it. */
  readonly requestMs?: () => number
  readonly auditFs?: AuditFs
  /** The gateway's resolver; default: the system's. */
  readonly lookup?: Lookup
}

export interface TestGateway {
  readonly gateway: Gateway
  readonly dir: string
  readonly port: number
  /** `https://localhost:<port>` */
  readonly origin: string
  readonly cloud: SandboxAws
  /** Where the options ask for one. */
  readonly google: SandboxGoogle | undefined
  readonly domain: DevTrustDomain
  /** CA file text for SDKs. */
  readonly webCaPem: string
  /** Every line of the gateway's own log so far. */
  readonly log: readonly string[]
  /** The first line of the log that matches, as soon as there is one. */
  untilLog(pattern: RegExp): Promise<string>
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

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const scene = await createScene(options)
  const { dir, path, cloud, google, domain, clock, configText, webCaPem } = scene
  const load = async (changed = configText): Promise<LoadedConfig> => {
    await writeFile(path, changed)
    const loaded = await loadConfig(path, { env: {}, files: nodeFiles })
    if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '))
    return loaded.value
  }
  const log: string[] = []
  const lines = new EventEmitter()
  const untilLog = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = log.find((line) => pattern.test(line))
      if (found !== undefined) return found
      await once(lines, 'line')
    }
  }
  const start = async (): Promise<Gateway> =>
    Gateway.start(await load(), {
      clock,
      monotonicMs: () => performance.now(),
      ...(options.requestMs === undefined ? {} : { requestMs: options.requestMs }),
      random: Math.random,
      ...(options.auditFs === undefined ? {} : { auditFs: options.auditFs }),
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
      logger: () =>
        createLogger({
          level: 'debug',
          clock,
          destination: {
            write: (line) => {
              log.push(line)
              lines.emit('line')
            },
          },
        }),
    })
  const gateway = await start().catch(async (error: unknown) => {
    await scene.close()
    throw error
  })
  const { dataPort, issuerPort } = gateway.listeners
  scene.issuerOrigin = `http://127.0.0.1:${issuerPort ?? 0}`
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
    google,
    domain,
    webCaPem,
    log,
    untilLog,
    configText,
    load,
    svid: scene.svid,
    s3: (svid, settings = {}) => {
      const agent = new Agent({
        cert: svid.certPem,
        key: svid.keyPem,
        ca: webCaPem,
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
          ca: webCaPem,
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
      await scene.close()
    },
  }
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
