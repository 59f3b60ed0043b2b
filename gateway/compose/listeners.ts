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
import type { OwnSvid } from '../spiffe/source.ts'
import type { Clock } from '../util/clock.ts'
import { systemTimers } from '../util/timers.ts'
import { VERSION } from '../util/version.ts'
import type { BuiltGeneration } from './generation.ts'
import { showsSvid, type Identity } from './identity.ts'
import type { Telemetry } from './telemetry.ts'

export interface ListenerPorts {
  readonly config: () => Config
  readonly loaded: () => LoadedConfig
  readonly clock: Clock
  /** Monotonic milliseconds. */
  readonly elapsed: () => number
  readonly random: () => number
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
  /** New handshakes see the SVID that we have now; what is open stays open. */
  renewSvid(): void
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
      ready: [
        () => !isDraining,
        () => ports.records.isWritable,
        () => ports.identity.isReady(ports.config()),
      ],
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
      renewSvid: data.renewSvid,
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
  const { config, identity, telemetry, clock, elapsed, random } = ports
  const { limits, listen } = config()
  const certificatesNow = (of: Config): ServerCertificates =>
    certificatesOf(of, () => identity.ownSvid())
  let certificates = certificatesNow(config())
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
    maxConnectionAge: () => ({
      ageMs: config().limits.maxConnectionAge,
      graceMs: config().limits.connectionAgeGrace,
    }),
    clock,
    elapsed,
    timers: systemTimers,
    random,
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
    const prepared = certificatesNow(next)
    return () => {
      certificates = prepared
      listener.renewCertificates()
    }
  }
  const renewSvid = (): void => {
    if (showsSvid(config())) prepare(config())()
  }
  return { listener, prepare, renewSvid }
}

function certificatesOf(config: Config, ownSvid: () => OwnSvid | undefined): ServerCertificates {
  const files = config.listen.data.tls.flatMap((entry) => {
    if (entry.kind === 'svid') return []
    const { names, cert, key } = entry
    return [{ names, certPem: cert.text, keyPem: key.pem.reveal() }]
  })
  if (!showsSvid(config)) return new ServerCertificates(files)
  const own = ownSvid()
  const svid = own && { certPem: own.certPem, keyPem: own.keyPem.reveal() }
  return new ServerCertificates(files, { svid })
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
