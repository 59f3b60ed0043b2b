// One step of the scenario, as data: who tries what with the vendor's own SDK, and what must come of
// it.

import type { AwsSdk, SdkClient } from './aws-sdk.ts'
import type { BigQueryCall } from './google-sdk.ts'

export const AGENT_NAMES = [
  'writer',
  'researcher',
  'auditor',
  'writer with an expired SVID',
  'writer of a foreign CA',
  'writer without a certificate',
] as const
export type AgentName = (typeof AGENT_NAMES)[number]

export type Expectation =
  /** Allowed: these operations, in this order, were decided and reached the cloud. */
  | {
      readonly kind: 'allowed'
      readonly operations: readonly string[]
      /** Dry runs that the policy asked for before it allowed. Default 0. */
      readonly lookups?: number
    }
  /** Refused over HTTP, with one of these codes where the answer carries one. */
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly codes: readonly string[]
      /** Dry runs without which it could not be refused. Default 0: the cloud hears nothing. */
      readonly lookups?: number
    }
  /** The connection ended without any HTTP. */
  | { readonly kind: 'closed' }

/** An agent with its SDK. */
export interface Player {
  readonly sdk: AwsSdk
  readonly client: SdkClient
}

interface StepBase {
  readonly id: string
  readonly agent: AgentName
  /** `s3.PutObject` */
  readonly operation: string
  readonly resource: string
  readonly expected: Expectation
}

export interface SdkStep extends StepBase {
  /** Rejects with the SDK's own error. */
  readonly play: (player: Player) => Promise<void>
}

export interface BigQueryStep extends StepBase {
  readonly call: BigQueryCall
}

export interface RawStep extends StepBase {
  /** Bytes of one request, written as they are over the agent's mTLS connection. */
  readonly raw: string
}

export type Step = SdkStep | BigQueryStep | RawStep

export function denied(lookups = 0): Expectation {
  return { kind: 'refused', status: 403, codes: ['ERR_SG_DENIED'], lookups }
}
