// Limits of the listener; docs/DEFAULTS.md lists them with their reasons.

export interface ListenerLimits {
  /** Bytes of request line and header section together; Node answers 431 above it. */
  readonly maxHeaderBytes: number
  readonly handshakeTimeoutMs: number
  /** From the first byte of a message to the end of its header section. */
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** Connections in all. */
  readonly maxConnections: number
  /** After a refusal with the client still sending: read and drop for so long, and so much. */
  readonly lingerMs: number
  readonly lingerBytes: number
}

export const LISTENER_LIMITS: ListenerLimits = {
  maxHeaderBytes: 16 * 1024,
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 60_000,
  maxConnections: 10_000,
  lingerMs: 5_000,
  lingerBytes: 256 * 1024 * 1024,
}
