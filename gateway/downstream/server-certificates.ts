// Which certificate an agent sees: chosen by SNI among the operator's files. A name changes the
// certificate and nothing else; the rules for client certificates stay those of the listener.

import { createSecureContext, type SecureContext } from 'node:tls'

export interface ServerCertificate {
  /** DNS names, `*.` allowed as the whole first label. */
  readonly names: readonly string[]
  readonly certPem: string
  readonly keyPem: string
}

interface Entry {
  readonly names: readonly string[]
  readonly context: SecureContext
}

export class ServerCertificates {
  readonly #entries: readonly Entry[]
  readonly #first: SecureContext
  /** What a client without SNI sees. */
  readonly default: ServerCertificate

  constructor(certificates: readonly ServerCertificate[]) {
    this.#entries = certificates.map(({ names, certPem, keyPem }) => ({
      names: names.map((name) => name.toLowerCase()),
      context: createSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.3' }),
    }))
    const [first, certificate] = [this.#entries[0], certificates[0]]
    if (first === undefined || certificate === undefined) {
      throw new TypeError('the listener needs at least one certificate')
    }
    this.#first = first.context
    this.default = certificate
  }

  /** Exact names win over wildcards; without a match the first certificate is shown. */
  choose(serverName: string): SecureContext {
    const name = serverName.toLowerCase()
    const exact = this.#entries.find((entry) => entry.names.includes(name))
    if (exact !== undefined) return exact.context
    const dot = name.indexOf('.')
    const wildcard = dot === -1 ? undefined : `*${name.slice(dot)}`
    const found =
      wildcard === undefined
        ? undefined
        : this.#entries.find((entry) => entry.names.includes(wildcard))
    return found?.context ?? this.#first
  }
}
