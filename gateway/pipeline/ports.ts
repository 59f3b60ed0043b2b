// What the flow needs from the stations with effects, and from nobody's vendor. `server.ts` fills
// these in.

import type { AuditLog, LookupMark } from '../audit/event.ts'
import type { CredentialAnswer, CredentialRequest } from '../credential/credential.ts'
import type { Code, CredentialCode, Refusal } from '../errors.ts'
import type { JobOwnership } from '../facts/job-ownership.ts'
import type { DryRunAnswer } from '../facts/lookups.ts'
import type { LookupCache } from '../operations/lookup-cache.ts'
import type { DecisionReader } from '../policy/decision-reader.ts'
import type { PolicyEngine } from '../policy/engine.ts'
import type { InputReads } from '../policy/input-reads.ts'
import type { Zones } from '../policy/input-time.ts'
import type { RequestLimits } from '../request/limits.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { SessionPolicyMode } from '../shape/aws/session-policy.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Upstream } from '../upstream/port.ts'
import type { JobListener } from '../upstream/rewrite/answer-reader.ts'
import type { Clock } from '../util/clock.ts'
import type { Result } from '../util/result.ts'
import type { SecondFactorPorts } from './second-factor.ts'

export interface Credentials {
  /** Names of all credentials bound to (service, subject), in file order. */
  candidates(service: string, spiffeId: string): readonly string[]
  /** How a credential is narrowed; undefined for a name that is not configured. */
  sessionPolicyMode(name: string): SessionPolicyMode | undefined
  /** What `obtain` would ask of whom, without secrets; nothing is sent. */
  describe(
    request: CredentialRequest,
  ): Result<Readonly<Record<string, string>>, Refusal<CredentialCode>>
  /**
   * Every input of what `obtain` would ask, as one text: two requests of the same are served by the
   * same credential.
   */
  cacheKey(request: CredentialRequest): Result<string, Refusal<CredentialCode>>
  /** At once, where the cache has it. */
  obtain(request: CredentialRequest): CredentialAnswer | Promise<CredentialAnswer>
  /** Forgets what is cached under a name: the cloud refused it. */
  purge(name: string): void
}

/** One agent's jobs: what is its own, and what the cloud says of it. */
export interface AgentJobs extends JobOwnership, JobListener {}

/** One immutable set of {configuration, policy bundle}: a request is judged by exactly one. */
export interface Generation {
  readonly number: number
  readonly routing: RoutingTable
  readonly engine: PolicyEngine
  /** The decision entrypoint, e.g. `svidgate/authz/decision`. */
  readonly entrypoint: string
  /** What denials are explained by, in their records. */
  readonly explainEntrypoint: string | undefined
  readonly decisions: DecisionReader
  readonly zones: Zones
  /** What the policy can refer to; undefined: anything. */
  readonly reads: InputReads | undefined
  readonly credentials: Credentials
  /** Whose jobs are whose; undefined: no service has any, and none is anyone's. */
  readonly jobs: { of(peer: Peer): AgentJobs } | undefined
  readonly requestLimits: RequestLimits
}

/** What metrics learn of one finished request. */
export interface RequestSummary {
  readonly service: string | undefined
  readonly verdict: 'allow' | 'deny'
  readonly code: Code | undefined
  readonly upstreamStatus: number | undefined
  /** ms */
  readonly gatewayTime: number
  /** ms; undefined when nothing was sent */
  readonly upstreamTime: number | undefined
  /** ms */
  readonly policyTime: number | undefined
  /** The policy aborted: its instance was thrown away. */
  readonly policyThrew: boolean
  readonly lookups: readonly LookupMark[]
}

/** What look-ups share (docs/POLICY.md). */
export interface Lookups {
  /** Apart from the limits of requests: a look-up costs the cloud's quota before an allow. */
  readonly limits: { enter(identity: string): boolean; leave(identity: string): void }
  readonly dryRuns: LookupCache<DryRunAnswer, Refusal>
}

export interface PipelinePorts {
  readonly generation: () => Generation
  readonly audit: AuditLog
  readonly upstream: Upstream
  readonly clock: Clock
  /** Monotonic milliseconds with fractions, for durations only. */
  readonly elapsed: () => number
  readonly newId: () => string
  /** Re-judges a peer for every request: expiry, deny list, trust bundles (promise 3). */
  readonly recheck: (peer: Peer) => Refusal | undefined
  /** What each request must carry beside its connection's certificate; undefined: nothing. */
  readonly secondFactor: SecondFactorPorts | undefined
  readonly limits: { enter(identity: string): boolean; leave(identity: string): void }
  readonly lookups: Lookups
  readonly budget: InspectionBudget
  /** Told of every request from its first step to its last record. */
  readonly inFlight: { enter(): void; leave(): void }
  readonly onFinished: (summary: RequestSummary) => void
  readonly onFault: (decisionId: string, error: unknown) => void
}

/** The one global budget for bodies that are held because facts depend on them. */
export interface InspectionBudget {
  take(bytes: number): boolean
  give(bytes: number): void
}
