// Dials for undici: every address passes the guard, on the very answer that is dialled.

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { mayDial, type EgressOptions } from './address-guard.ts'

export type Lookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface ConnectOptions {
  readonly egress: EgressOptions
  /** PEM; undefined: the certificate authorities that Node ships. */
  readonly ca: string | undefined
  readonly connectTimeoutMs: number
  readonly lookup?: Lookup
  /**
   * Judges the server in place of its certificate's authorities and name; undefined is yes, a text
   * says why not. No byte of a request is sent before.
   */
  readonly judge?: (socket: TLSSocket) => string | undefined
}

/** The server is not the one that was asked for; only `judge` causes it. */
export class ServerRefused extends Error {
  readonly code = 'SVIDGATE_SERVER_REFUSED'

  constructor(why: string) {
    super(why)
    this.name = 'ServerRefused'
  }
}

/** The address that a name gave, or that stood in the route itself, must not be dialled. */
export class EgressRefused extends Error {
  readonly code = 'SVIDGATE_EGRESS_REFUSED'

  constructor(host: string) {
    super(`every address of ${host} is refused by the egress guard`)
    this.name = 'EgressRefused'
  }
}

export function guardedConnect(options: ConnectOptions): buildConnector.connector {
  const resolve = options.lookup ?? dnsLookup
  const connector = buildConnector({
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    rejectUnauthorized: options.judge === undefined,
    // A session resumed for another identity would carry that identity's connection state.
    maxCachedSessions: 0,
    timeout: options.connectTimeoutMs,
    lookup: guardedLookup(resolve, options.egress),
  })
  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '')
    // A literal is dialled without a lookup, so it is judged here.
    if (isIP(host) !== 0 && !mayDial(host, options.egress)) {
      callback(new EgressRefused(host), null)
      return
    }
    connector(target, options.judge === undefined ? callback : judged(options.judge, callback))
  }
}

function judged(
  judge: (socket: TLSSocket) => string | undefined,
  callback: buildConnector.Callback,
): buildConnector.Callback {
  return (...[error, socket]) => {
    if (error !== null) {
      callback(error, null)
      return
    }
    const problem = socket instanceof TLSSocket ? judge(socket) : 'it speaks no TLS'
    if (problem === undefined) {
      callback(null, socket)
      return
    }
    socket.destroy()
    callback(new ServerRefused(problem), null)
  }
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

function guardedLookup(resolve: Lookup, egress: EgressOptions) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      const allowed = addresses.filter(({ address }) => mayDial(address, egress))
      const first = allowed[0]
      if (first === undefined) callback(new EgressRefused(hostname), [])
      else if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}
