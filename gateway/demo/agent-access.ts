// How an agent reaches the gateway: where it is, whom to trust for it, and the agent's own SVID. It
// has nothing else: no cloud credential.

export interface AgentAccess {
  /** `https://localhost:8443` */
  readonly baseOrigin: string
  readonly caPem: string
  /** Undefined: an agent without a certificate. */
  readonly svid: { readonly certPem: string; readonly keyPem: string } | undefined
}

/** What an SDK's error object says. */
export interface SdkError {
  readonly name: string
  readonly message: string
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined
  readonly requestId: string | undefined
  /** The system's or TLS's code where the connection failed: `ECONNRESET`. */
  readonly code: string | undefined
  /** `accessDenied`: Google's `errors[0].reason`. */
  readonly reason: string | undefined
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}
