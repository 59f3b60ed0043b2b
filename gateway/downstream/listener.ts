// Station 1: the data listener. `tls.createServer` owns the port, and only a socket whose SVID our
// own validator accepted is handed to the HTTP reader, an `http.Server` that never listens
// (docs/decisions/0006). Facts of the TLS session are read once, at the handshake: a TLS
// accessor in a close or error handler can crash the process.

import { constants } from 'node:crypto'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
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
import { err, type Result } from '../util/result.ts'
import { Connections, isSilent, type Connection } from './connections.ts'
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
  /** Connections of one identity at a time, as configured now. */
  readonly maxConnectionsPerIdentity: () => number
  readonly clock: Clock
  readonly certificates: () => ServerCertificates
  /** The only judge of a certificate chain: DER, leaf first; empty when the client sent none. */
  readonly authenticate: (chain: readonly Buffer[]) => Result<Peer, Refusal>
  readonly handler: Handler
  /** Records what could not be read as a request, and says how to answer it. */
  readonly onUnread: (peer: Peer, refused: Refusal) => Promise<RawAnswer>
  readonly onHandshake: (result: Result<Peer, Refusal>) => void
  /** A handshake that TLS itself ended, before there was a certificate to judge. */
  readonly onTlsFailure: (error: Error) => void
  /** What `authenticate` threw: a mistake of ours, which must not cost more than that peer. */
  readonly onFault: (error: unknown) => void
  readonly onConnections: (open: number) => void
}

const NO_UPGRADE = refusal('ERR_SG_REQUEST_UNSUPPORTED', 'protocol upgrades are not supported')
const NO_CONNECT = refusal('ERR_SG_REQUEST_METHOD', 'CONNECT is not served')

const TOO_MANY = refusal('ERR_SG_LIMIT', 'too many connections of this identity')
const UNFORESEEN = refusal('ERR_SG_INTERNAL', 'the judgement of the certificate broke off')

/** Requests that wait behind the one under way; no SDK pipelines at all. */
export const MOST_PIPELINED = 16

export class DataListener {
  readonly #options: ListenerOptions
  readonly #tls: TlsServer
  readonly #http: HttpServer
  readonly #connections: Connections
  /** Accepted, and not through the handshake yet; by remote address and port. */
  readonly #handshaking = new Map<string, Socket>()
  #isDraining = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#connections = new Connections(options.clock, options.onConnections)
    this.#http = this.#createHttp()
    this.#tls = this.#createTls()
  }

  /** Resolves with the bound port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#http.close()
        reject(error)
      }
      this.#tls.once('error', fail)
      this.#tls.listen(this.#options.port, this.#options.host, () => {
        this.#tls.removeListener('error', fail)
        this.#tls.on('error', () => undefined)
        resolve((this.#tls.address() as AddressInfo).port)
      })
    })
  }

  /** Connections whose peer fails `holds` are cut at once. */
  cutUnless(holds: (peer: Peer) => boolean): void {
    this.#connections.cutUnless(holds)
  }

  /** New handshakes see the certificates that `certificates()` returns from now on. */
  renewCertificates(): void {
    this.#tls.setSecureContext(this.#secureContextOptions())
  }

  /** Stops accepting, lets what runs end, and cuts what is left after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()))
    for (const socket of this.#handshaking.values()) socket.destroy()
    this.#connections.endAll()
    const deadline = setTimeout(() => this.#connections.cutUnless(() => false), deadlineMs)
    await closed
    clearTimeout(deadline)
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
    server.on('connection', (socket: Socket) => this.#watchHandshake(socket))
    server.on('secureConnection', (socket) => this.#admit(socket))
    server.on('tlsClientError', (error, socket) => {
      this.#options.onTlsFailure(error)
      socket.destroy()
    })
    return server
  }

  /**
   * The whole set, always: `setSecureContext` resets every option that is not passed, and a rotation
   * that left `minVersion` out let TLS 1.2 in.
   */
  #secureContextOptions(): SecureContextOptions {
    const shown = this.#options.certificates().default
    return {
      ...(shown === undefined ? {} : { cert: shown.certPem, key: shown.keyPem }),
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      // A resumed session would outlive the certificate that opened it (docs/decisions/0006). Under
      // TLS 1.3 OpenSSL then sends the number of a session instead, which nothing here keeps.
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
    // 0 means "no limit": any other value makes Node drop the tail in silence
    // (docs/decisions/0007). The size limit bounds it, and request/headers.ts counts.
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

  #watchHandshake(socket: Socket): void {
    const key = addressOf(socket)
    this.#handshaking.set(key, socket)
    socket.once('close', () => {
      if (this.#handshaking.get(key) === socket) this.#handshaking.delete(key)
    })
  }

  #admit(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy())
    this.#handshaking.delete(addressOf(socket))
    const result = this.#judge(socket)
    this.#options.onHandshake(result)
    if (!result.ok || this.#isDraining) {
      socket.destroy()
      return
    }
    this.#connections.add(socket, result.value)
    this.#http.emit('connection', socket)
  }

  #judge(socket: TLSSocket): Result<Peer, Refusal> {
    const { authenticate, maxConnectionsPerIdentity, onFault } = this.#options
    try {
      const result = authenticate(readPeerChain(socket))
      if (!result.ok) return result
      const open = this.#connections.countOf(result.value.spiffeId)
      return open < maxConnectionsPerIdentity() ? result : err(TOO_MANY)
    } catch (error) {
      onFault(error)
      return err(UNFORESEEN)
    }
  }

  /** What the parser refused has no head that could be judged, but it is recorded and told. */
  #refuseUnread(socket: Duplex, refused: Refusal | undefined): void {
    socket.on('error', () => socket.destroy())
    const connection = this.#connections.get(socket)
    if (refused === undefined || connection === undefined || isSilent(socket, connection)) {
      socket.destroy()
      return
    }
    const { current } = connection
    if (current !== undefined) {
      connection.isUnreadable = true
      // The bytes on the wire belong to that exchange's answer: it alone can say so, or be cut.
      if (current.exchange?.breakOff(refused) === false) socket.destroy()
      return
    }
    connection.current = {}
    const cut = setTimeout(() => socket.destroy(), this.#options.limits.lingerMs)
    socket.once('close', () => clearTimeout(cut))
    this.#options
      .onUnread(connection.peer, refused)
      .then((answer) => answerRaw(socket, answer))
      .catch(() => socket.destroy())
  }

  #serve(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const { socket } = request
    const connection = this.#connections.get(socket)
    // On a connection that we have ended no answer could be given, so nothing may take effect.
    const isEnded = connection === undefined || !socket.writable
    if (isEnded || connection.waiting.length >= MOST_PIPELINED) {
      socket.destroy()
      return
    }
    if (connection.current === undefined) {
      this.#start(connection, request, response, awaitsContinue)
      return
    }
    // Were they served side by side, a request behind a refusal that ends the connection would
    // still take effect.
    connection.waiting.push(() => this.#start(connection, request, response, awaitsContinue))
  }

  #start(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    awaitsContinue: boolean,
  ): void {
    const { handler, limits } = this.#options
    const { socket } = request
    const exchange = new NodeExchange(connection.peer, request, response, limits, awaitsContinue)
    connection.current = { exchange, response }
    response.once('close', () => {
      connection.current = undefined
      const next = connection.waiting.shift()
      if (next !== undefined && socket.writable) next()
      else if (connection.isUnreadable) socket.end()
      else if (this.#isDraining && response.shouldKeepAlive) {
        this.#connections.endWhenSettled(socket, connection)
      }
    })
    if (this.#isDraining) response.shouldKeepAlive = false
    handler(exchange)
  }
}

/** Names a connection among those of one listener; TLS keeps no public way to its TCP socket. */
function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`
}
