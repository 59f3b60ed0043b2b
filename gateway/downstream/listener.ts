// Station 1: the data listener. `tls.createServer` owns the port, and only a socket whose SVID our
// own validator accepted is handed to the HTTP reader, an `http.Server` that never listens
// (architecture decision 2). Facts of the TLS session are read once, at the handshake: a TLS
// accessor in a close or error handler can crash the process (trust.md §1.4).

import { constants } from 'node:crypto'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls'
import { refusal, type Refusal } from '../errors.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Clock } from '../util/clock.ts'
import type { Result } from '../util/result.ts'
import type { Handler } from './exchange.ts'
import type { ListenerLimits } from './limits.ts'
import { NodeExchange } from './node-exchange.ts'
import { readPeerChain } from './peer-chain.ts'
import { parserRefusal } from './parser-error.ts'
import { answerRaw, type RawAnswer } from './raw-answer.ts'
import type { ServerCertificates } from './server-certificates.ts'

export interface ListenerOptions {
  readonly host: string
  readonly port: number
  readonly limits: ListenerLimits
  readonly clock: Clock
  readonly certificates: () => ServerCertificates
  /** The only judge of a certificate chain: DER, leaf first; empty when the client sent none. */
  readonly authenticate: (chain: readonly Buffer[]) => Result<Peer, Refusal>
  readonly handler: Handler
  /** Records what could not be read as a request, and says how to answer it. */
  readonly onUnread: (peer: Peer, refused: Refusal) => Promise<RawAnswer>
  readonly onHandshake: (result: Result<Peer, Refusal>) => void
  readonly onConnections: (open: number) => void
}

const NO_UPGRADE = refusal('ERR_SG_REQUEST_UNSUPPORTED', 'protocol upgrades are not supported')
const NO_CONNECT = refusal('ERR_SG_REQUEST_METHOD', 'CONNECT is not served')

interface Connection {
  readonly peer: Peer
  active: number
}

/** setTimeout takes 31 bits of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class DataListener {
  readonly #options: ListenerOptions
  readonly #tls: TlsServer
  readonly #http: HttpServer
  readonly #connections = new Map<Duplex, Connection>()
  readonly #perIdentity = new Map<string, number>()
  #isDraining = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#http = this.#createHttp()
    this.#tls = this.#createTls()
  }

  /** Resolves with the bound port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#tls.once('error', reject)
      this.#tls.listen(this.#options.port, this.#options.host, () => {
        this.#tls.removeListener('error', reject)
        this.#tls.on('error', () => undefined)
        resolve((this.#tls.address() as AddressInfo).port)
      })
    })
  }

  /** Connections whose peer fails `holds` are cut at once. */
  cutUnless(holds: (peer: Peer) => boolean): void {
    for (const [socket, { peer }] of this.#connections) if (!holds(peer)) socket.destroy()
  }

  /** New handshakes see the certificates that `certificates()` returns from now on. */
  renewCertificates(): void {
    this.#tls.setSecureContext(this.#secureContextOptions())
  }

  /** Stops accepting, lets what runs end, and cuts what is left after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()))
    for (const [socket, connection] of this.#connections) {
      if (connection.active === 0) socket.end()
    }
    const timer = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy()
    }, deadlineMs)
    await closed
    clearTimeout(timer)
    this.#http.close()
  }

  #createTls(): TlsServer {
    const { limits, certificates } = this.#options
    const server = createTlsServer({
      ...this.#secureContextOptions(),
      SNICallback: (name, done) => done(null, certificates().choose(name)),
      ALPNProtocols: ['http/1.1'],
      // Without `ca` no pooled store decides and no hints are sent; our validator is the only judge.
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeTimeoutMs,
      noDelay: true,
    })
    server.maxConnections = limits.maxConnections
    server.on('secureConnection', (socket) => this.#admit(socket))
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    return server
  }

  /**
   * The whole set, always: `setSecureContext` resets every option that is not passed, and a rotation
   * that left `minVersion` out let TLS 1.2 in (spiffe.md §9.7).
   */
  #secureContextOptions(): SecureContextOptions {
    const { certPem, keyPem } = this.#options.certificates().default
    return {
      cert: certPem,
      key: keyPem,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      // A resumed session would outlive the certificate that opened it (spiffe.md §9.4).
      secureOptions: constants.SSL_OP_NO_TICKET,
    }
  }

  #createHttp(): HttpServer {
    const { limits } = this.#options
    const server = createHttpServer({
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1000,
      insecureHTTPParser: false,
      // Host is judged by request/accept.ts, which says more than "400".
      requireHostHeader: false,
    })
    // 0 means "no limit": any other value makes Node drop the tail in silence (trust.md §1.5). The
    // size limit bounds it, and request/headers.ts counts.
    server.maxHeadersCount = 0
    server.on('request', (request, response) => this.#serve(request, response, false))
    server.on('checkContinue', (request, response) => this.#serve(request, response, true))
    server.on('checkExpectation', (request, response) => this.#serve(request, response, false))
    server.on('upgrade', (_request, socket) => this.#refuseUnread(socket, NO_UPGRADE))
    server.on('connect', (_request, socket) => this.#refuseUnread(socket, NO_CONNECT))
    server.on('clientError', (error, socket) => this.#refuseUnread(socket, parserRefusal(error)))
    // The check of slow headers starts with this event, which only a listening server emits.
    server.emit('listening')
    return server
  }

  #admit(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy())
    const { authenticate, onHandshake, limits } = this.#options
    const result = authenticate(readPeerChain(socket))
    onHandshake(result)
    if (!result.ok || this.#isDraining) {
      socket.destroy()
      return
    }
    const peer = result.value
    const open = this.#perIdentity.get(peer.spiffeId) ?? 0
    if (open >= limits.maxConnectionsPerIdentity) {
      socket.destroy()
      return
    }
    this.#perIdentity.set(peer.spiffeId, open + 1)
    this.#connections.set(socket, { peer, active: 0 })
    this.#options.onConnections(this.#connections.size)
    const expiry = setTimeout(() => socket.destroy(), this.#lifetime(peer))
    socket.once('close', () => {
      clearTimeout(expiry)
      this.#connections.delete(socket)
      const left = (this.#perIdentity.get(peer.spiffeId) ?? 1) - 1
      if (left <= 0) this.#perIdentity.delete(peer.spiffeId)
      else this.#perIdentity.set(peer.spiffeId, left)
      this.#options.onConnections(this.#connections.size)
    })
    this.#http.emit('connection', socket)
  }

  /** A connection never outlives the SVID that opened it. */
  #lifetime(peer: Peer): number {
    return Math.min(Math.max(peer.expiresAt - this.#options.clock.now(), 0), LONGEST_TIMER_MS)
  }

  /** What the parser refused has no head that could be judged, but it is recorded and told. */
  #refuseUnread(socket: Duplex, refused: Refusal | undefined): void {
    socket.on('error', () => socket.destroy())
    const connection = this.#connections.get(socket)
    // In the middle of an exchange the bytes on the wire belong to its answer: it can only be cut.
    if (refused === undefined || connection === undefined || connection.active > 0) {
      socket.destroy()
      return
    }
    connection.active += 1
    this.#options
      .onUnread(connection.peer, refused)
      .then((answer) => answerRaw(socket, answer))
      .catch(() => socket.destroy())
  }

  #serve(
    request: ConstructorParameters<typeof NodeExchange>[1],
    response: ConstructorParameters<typeof NodeExchange>[2],
    awaitsContinue: boolean,
  ): void {
    const socket = request.socket
    const connection = this.#connections.get(socket)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    connection.active += 1
    response.once('close', () => {
      connection.active -= 1
      if (this.#isDraining && connection.active === 0) socket.end()
    })
    if (this.#isDraining) response.shouldKeepAlive = false
    this.#options.handler(
      new NodeExchange(connection.peer, request, response, this.#options.limits, awaitsContinue),
    )
  }
}
