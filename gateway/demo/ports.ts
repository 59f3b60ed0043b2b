// What the demo needs from the rest of svidgate, as types: the composition root passes the real
// things in, so that the demo plays with exactly what `serve` runs.

import type { CliIo } from '../cli/command.ts'

/** A gateway that runs in this process from a configuration text. */
export interface DemoGateway {
  /** `https://127.0.0.1:<port>` of the data listener. */
  readonly dataOrigin: string
  /** `http://127.0.0.1:<port>` of the listener of the issuer's public documents. */
  readonly issuerOrigin: string
  /** Drains and closes the record files. */
  close(): Promise<void>
}

/** `dir` is the configuration's own directory: relative paths in it start there. */
export type StartGateway = (configText: string, dir: string) => Promise<DemoGateway>

export interface KeyPair {
  /** PEM, leaf first. */
  readonly certPem: string
  /** PEM, PKCS#8. */
  readonly keyPem: string
}

export interface DemoTrustDomain {
  /** The trust bundle. */
  readonly caPem: string
  /** `now`: ms since the epoch, where it shall not be the domain's own start. */
  issueSvid(request: { spiffeId: string; ttlSeconds: number; now?: number }): KeyPair
  /** `caPem` is the CA file for SDKs. */
  issueServerCertificate(request: { names: readonly string[] }): KeyPair & { caPem: string }
}

export type CreateTrustDomain = (options: { trustDomain: string; now: number }) => DemoTrustDomain

export interface AuditVerdict {
  readonly ok: boolean
  readonly records: number
  /** One line each. */
  readonly problems: readonly string[]
}

export interface DemoOptions {
  readonly io: CliIo
  /** Leave everything running after the scenario, until SIGINT or SIGTERM. */
  readonly keep: boolean
  /** One JSON document a line instead of text. */
  readonly json: boolean
  readonly now: () => number
  readonly start: StartGateway
  readonly createTrustDomain: CreateTrustDomain
  /** Checks the record files of `auditDir` with the public key in the file `publicKey`. */
  readonly verifyAudit: (auditDir: string, publicKey: string) => Promise<AuditVerdict>
  /** Absolute path of the policy bundle to play with. */
  readonly bundleFile: string
}
