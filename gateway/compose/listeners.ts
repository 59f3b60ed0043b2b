// The four listeners, opened in the order in which they are of use: the issuer's documents (a cloud
// may ask for them at the first exchange), health, admin, and the data listener last.

import { startAdminListener } from '../admin/admin-listener.ts'
import { startHealthListener } from '../admin/health-listener.ts'
import type { HttpServer } from '../admin/http-server.ts'
import { startIssuerListener } from '../admin/issuer-listener.ts'
import type { AuditLog } from '../audit/event.ts'
import type { Config } from '../config/config.ts'
import type { LoadedConfig } from '../config/load.ts'
import { redactConfig } from '../config/redact.ts'
import type { Handler } from '../downstream/exchange.ts'
import type { Refusal } from '../errors.ts'
import { LISTENER_LIMITS } from '../downstream/limits.ts'
import { DataListener } from '../downstream/listener.ts'
import { ServerCertificates } from '../downstream/server-certificates.ts'
import { DOCUMENT_MAX_AGE_SECONDS } from '../issuer/discovery.ts'
import type { RefusalAnswer } from '../respond/refusal-answer.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Clock } from '../util/clock.ts'
import { VERSION } from '../util/version.ts'
import type { BuiltGeneration } from './generation.ts'
import type { Identity } from './identity.ts'
import type { Telemetry } from './telemetry.ts'

export interface ListenerPorts {
  readonly config: () => Config
  readonly loaded: () => LoadedConfig
  readonly clock: Clock
  readonly identity: Identity
  readonly telemetry: Telemetry
  /** Request path → JSON text; empty without an issuer. */
  readonly issuerDocuments: () => ReadonlyMap<string, string>
  readonly generation: () => BuiltGeneration
  readonly records: AuditLog
  readonly handler: Handler
  readonly onUnread: (peer: Peer, refused: Refusal) => Promise<RefusalAnswer>
}

export interface Listeners {
  readonly dataPort: number
  readonly healthPort: number
  /** Undefined without an issuer listener. */
  readonly issuerPort: number | undefined
  /**
   * Reads the certificates of a configuration; throws for one that cannot be shown. What it returns
   * puts them into force for new handshakes.
   */
  prepare(config: Config): () => void
  /** Connections whose peer does not hold any more are cut. */
  cutUnless(holds: (peer: Peer) => boolean): void
  drain(deadlineMs: number): Promise<void>
  close(): Promise<void>
}

export async function openListeners(ports: ListenerPorts): Promise<Listeners> {
  const { listen } = ports.config()
  const opened: HttpServer[] = []
  let isDraining = false
  try {
    const issuer = await openIssuerListener(ports, opened)
    const health = await startHealthListener({
      ...listen.health.address,
      ready: [() => !isDraining, () => ports.records.isWritable],
      metrics: () => ports.telemetry.metrics.exposition(),
      onError: (error) => ports.telemetry.fault('health', error),
    })
    opened.push(health)
    await openAdminListener(ports, opened)
    const data = openDataListener(ports)
    const dataPort = await data.listener.listen()
    return {
      dataPort,
      healthPort: health.port,
      issuerPort: issuer?.port,
      prepare: data.prepare,
      cutUnless: (holds) => data.listener.cutUnless(holds),
      drain: (deadlineMs) => {
        isDraining = true
        return data.listener.drain(deadlineMs)
      },
      close: () => closeAll(opened),
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

async function closeAll(servers: readonly HttpServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.close()))
}

function openDataListener(ports: ListenerPorts) {
  const { config, identity, telemetry, clock } = ports
  const { limits, listen } = config()
  let certificates = certificatesOf(config())
  let open = 0
  const listener = new DataListener({
    ...listen.data.address,
    limits: {
      ...LISTENER_LIMITS,
      maxHeaderBytes: limits.maxHeaderBytes,
      handshakeTimeoutMs: limits.timeouts.handshake,
      headersTimeoutMs: limits.timeouts.headers,
      keepAliveTimeoutMs: limits.timeouts.keepAlive,
    },
    maxConnectionsPerIdentity: () => config().limits.perIdentity.connections,
    clock,
    certificates: () => certificates,
    authenticate: (chain) => identity.authenticate(chain),
    handler: ports.handler,
    onUnread: ports.onUnread,
    onHandshake: (result) => telemetry.handshake(result),
    onTlsFailure: (error) => telemetry.tlsFailed(error),
    onFault: (error) => telemetry.fault('handshake', error),
    onConnections: (now) => {
      for (; open < now; open += 1) telemetry.metrics.connectionOpened()
      for (; open > now; open -= 1) telemetry.metrics.connectionClosed()
    },
  })
  const prepare = (next: Config): (() => void) => {
    const prepared = certificatesOf(next)
    return () => {
      certificates = prepared
      listener.renewCertificates()
    }
  }
  return { listener, prepare }
}

function certificatesOf({ listen }: Config): ServerCertificates {
  return new ServerCertificates(
    listen.data.tls.map(({ names, cert, key }) => ({
      names,
      certPem: cert.text,
      keyPem: key.pem.reveal(),
    })),
  )
}

async function openIssuerListener(
  ports: ListenerPorts,
  opened: HttpServer[],
): Promise<HttpServer | undefined> {
  const address = ports.config().listen.issuer?.address
  const [discovery, jwks] = [...ports.issuerDocuments().keys()]
  if (address === undefined || discovery === undefined || jwks === undefined) return undefined
  const document = (path: string) => ({
    path,
    body: () => ports.issuerDocuments().get(path) ?? '',
  })
  const server = await startIssuerListener({
    ...address,
    discovery: document(discovery),
    jwks: document(jwks),
    maxAgeSeconds: DOCUMENT_MAX_AGE_SECONDS,
    onError: (error) => ports.telemetry.fault('issuer', error),
  })
  opened.push(server)
  return server
}

async function openAdminListener(ports: ListenerPorts, opened: HttpServer[]): Promise<void> {
  const { admin } = ports.config().listen
  if (admin === undefined) return
  const server = await startAdminListener({
    socket: admin.socket,
    status: () => ({
      version: VERSION,
      generation: ports.generation().generation.number,
      bundles: ports.generation().generation.engine.bundles,
      records_writable: ports.records.isWritable,
    }),
    config: () => redactConfig(ports.loaded()),
    onError: (error) => ports.telemetry.fault('admin', error),
  })
  opened.push(server)
}
