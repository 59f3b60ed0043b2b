// What federation yields: short-lived, never given to the agent, bound to a provider so that the
// signer refuses any other origin.

import type { CredentialCode, Refusal } from '../errors.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Result } from '../util/result.ts'
import type { Secret } from '../util/secret.ts'

export interface AwsCredential {
  readonly kind: 'aws-web-identity'
  readonly provider: 'aws'
  readonly name: string
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  readonly sessionToken: Secret
  /** ms since the epoch */
  readonly expiresAt: number
  /** RoleSessionName: what CloudTrail shows. */
  readonly session: string
}

/** An OAuth access token of Google's STS or of a service account (RFC 6750 bearer). */
export interface GcpCredential {
  readonly kind: 'gcp-workload-identity'
  readonly provider: 'gcp'
  readonly name: string
  readonly accessToken: Secret
  /** ms since the epoch */
  readonly expiresAt: number
  /** Whom Google's logs show: the token's subject, or the service account. */
  readonly session: string
}

/** Sends nothing, but is bound to named hosts and chosen by policy like any other. */
export interface NoCredential {
  readonly kind: 'none'
  readonly name: string
  /** Authorities as in `UpstreamTarget.authority`; never empty. */
  readonly hosts: readonly string[]
  /** ms since the epoch: the end of the year 9999 */
  readonly expiresAt: number
  readonly session: string
}

export type Credential = AwsCredential | GcpCredential | NoCredential

/** Why there is no credential. */
export interface CredentialRefusal extends Refusal<CredentialCode> {
  /**
   * The cloud's own settings may still be on their way to all its servers: worth asking again soon,
   * though not by the agent. Clouds cannot tell it from a lasting mistake.
   */
  readonly settling?: true
}

export type CredentialAnswer = Result<Credential, CredentialRefusal>

export interface CredentialRequest {
  /** Name in the configuration. */
  readonly name: string
  readonly peer: Peer
  /** Minified inline session policy; undefined: the role alone. */
  readonly sessionPolicy: string | undefined
}

/** The credentials of the configuration, ready to be asked. Cached and single-flight inside. */
export interface CredentialSource {
  /** At once, where the cache has it. */
  obtain(request: CredentialRequest): CredentialAnswer | Promise<CredentialAnswer>
}
