// Which certificate an agent sees: chosen by SNI among the operator's files, or our own SVID. A name
// changes the certificate and nothing else; the rules for client certificates stay those of the
// listener.

import { createSecureContext, type SecureContext } from 'node:tls'

export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

export interface ServerCertificate extends KeyPair {
  /** DNS names, `*.` allowed as the whole first label. */
  readonly names: readonly string[]
}

/** Our own SVID, shown wherever no name decides. */
export interface SvidCertificate {
  /** Undefined: there is none (yet, or any more), and nothing else is shown in its place. */
  readonly svid: KeyPair | undefined
}

interface Entry {
  readonly names: readonly string[]
  readonly context: SecureContext
}

export class ServerCertificates {
  readonly #entries: readonly Entry[]
  readonly #default: SecureContext | undefined
  /** What a client without SNI sees; undefined: its handshake fails. */
  readonly default: KeyPair | undefined

  /** @param own where the SVID is one of the certificates. */
  constructor(certificates: readonly ServerCertificate[], own?: SvidCertificate) {
    this.#entries = certificates.map(({ names, ...pair }) => ({
      names: names.map((name) => name.toLowerCase()),
      context: contextOf(pair),
    }))
    if (own === undefined && certificates.length === 0) {
      throw new TypeError('the listener needs at least one certificate')
    }
    this.default = own === undefined ? certificates[0] : own.svid
    this.#default = own === undefined ? this.#entries[0]?.context : own.svid && contextOf(own.svid)
  }

  /** Exact names win over wildcards; without a match the default is shown. */
  choose(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase()
    const exact = this.#entries.find((entry) => entry.names.includes(name))
    if (exact !== undefined) return exact.context
    const dot = name.indexOf('.')
    const wildcard = dot === -1 ? undefined : `*${name.slice(dot)}`
    const found =
      wildcard === undefined
        ? undefined
        : this.#entries.find((entry) => entry.names.includes(wildcard))
    return found?.context ?? this.#default
  }
}

function contextOf({ certPem, keyPem }: KeyPair): SecureContext {
  return createSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.3' })
}
