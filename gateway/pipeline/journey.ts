// What is known of one request so far: the stations' values as they are made, for the record that
// is written whatever happens, and for the answer of a refusal.

import { canonicalRecordJson } from '../audit/canonical.ts'
import type { CredentialMark, DecisionEvent, LookupMark } from '../audit/event.ts'
import type { Credential } from '../credential/credential.ts'
import type { Exchange } from '../downstream/exchange.ts'
import type { Refusal } from '../errors.ts'
import { factsDocument, type Facts } from '../facts/facts.ts'
import type { Decision } from '../policy/decision-types.ts'
import type { PolicyInput } from '../policy/policy-input.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import type { NeedsDecision } from '../shape/needs-decision.ts'
import { isoText } from '../util/rfc3339.ts'
import type { Verdict } from './authorize.ts'
import { explainDenial } from './explain-denial.ts'
import type { AgentJobs, Generation } from './ports.ts'

const LONGEST_RECORDED_PATH = 2048

export interface Journey {
  readonly id: string
  readonly exchange: Exchange
  readonly generation: Generation
  /** ms since the epoch: the one time that policy, signature and record share. */
  readonly now: number
  /** Monotonic ms. */
  readonly startedAt: number
  /** Of the agent that asks. */
  readonly jobs: AgentJobs | undefined
  request: GatewayRequest | undefined
  route: Route | undefined
  facts: Facts | undefined
  input: PolicyInput | undefined
  decision: Decision | undefined
  /** What the policy says of its denial: canonical JSON text. */
  explanation: string | undefined
  credential: Credential | undefined
  /**
   * What the policy first asked for, where it asked. From then on an answer tells no more than was
   * known at that moment: what a look-up found must not show.
   */
  asked: NeedsDecision | undefined
  /** How its look-ups went; undefined where there was none. */
  lookups: readonly LookupMark[] | undefined
  /** ms spent waiting for look-ups */
  lookupTime: number
  /** ms, of all evaluations */
  policyTime: number | undefined
  policyThrew: boolean
  /** Monotonic ms; undefined as long as nothing was sent. */
  sentAt: number | undefined
  /** Bytes of the inspection budget that this request holds. */
  heldBytes: number
  /** Its decision stands in the records. */
  isRecorded: boolean
  isClientGone: boolean
  /** Ends the upstream's part, once there is one. */
  abort: (() => void) | undefined
}

/** Every member is there from the start: V8 keeps one layout for all journeys, and finds it fast. */
export function beginJourney(
  start: Pick<Journey, 'id' | 'exchange' | 'generation' | 'now' | 'startedAt'>,
): Journey {
  return {
    id: start.id,
    exchange: start.exchange,
    generation: start.generation,
    now: start.now,
    startedAt: start.startedAt,
    jobs: start.generation.jobs?.of(start.exchange.peer),
    request: undefined,
    route: undefined,
    facts: undefined,
    input: undefined,
    decision: undefined,
    explanation: undefined,
    credential: undefined,
    asked: undefined,
    lookups: undefined,
    lookupTime: 0,
    policyTime: undefined,
    policyThrew: false,
    sentAt: undefined,
    heldBytes: 0,
    isRecorded: false,
    isClientGone: false,
    abort: undefined,
  }
}

/** What the record keeps of an evaluation; of several, the last word and the time of all. */
export function noteVerdict(journey: Journey, verdict: Verdict): void {
  journey.input = verdict.input ?? journey.input
  journey.decision = verdict.decision ?? journey.decision
  if (verdict.policyTime !== undefined) {
    journey.policyTime = (journey.policyTime ?? 0) + verdict.policyTime
  }
  journey.policyThrew ||= verdict.policyThrew
  journey.explanation = explainDenial(verdict, journey.generation)
}

export function decisionEvent(
  journey: Journey,
  refusal: Refusal | undefined,
  elapsed: number,
): DecisionEvent {
  const { generation, exchange, decision } = journey
  return {
    type: 'decision',
    decision_id: journey.id,
    path: generation.entrypoint,
    input: journey.input?.text,
    result: resultOf(decision, refusal),
    explanation: journey.explanation,
    bundles: generation.engine.bundles,
    timestamp: isoText(journey.now),
    metrics: {
      gateway_us: microseconds(elapsed - journey.startedAt - journey.lookupTime),
      policy_us: microseconds(journey.policyTime),
    },
    labels: {},
    generation: generation.number,
    spiffe_id: exchange.peer.spiffeId,
    request: {
      method: exchange.head.method.slice(0, 32),
      path: recordedPath(exchange.head.target),
    },
    facts: factsText(journey),
    credential: journey.credential === undefined ? undefined : markOf(journey.credential),
    ...(journey.lookups === undefined ? {} : { lookups: journey.lookups }),
  }
}

/** Of milliseconds. */
export function microseconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000)
}

/** The text that the policy input was made of; facts that came to no input are rare. */
function factsText({ input, facts }: Journey): string | undefined {
  if (input !== undefined) return input.factsText
  return facts === undefined ? undefined : canonicalRecordJson(factsDocument(facts))
}

function resultOf(
  decision: Decision | undefined,
  refusal: Refusal | undefined,
): DecisionEvent['result'] {
  const reasons = decision?.reasons ?? []
  if (refusal === undefined) {
    return { allow: true, reasons, ...obligationsOf(decision) }
  }
  return {
    allow: false,
    code: refusal.code,
    detail: refusal.detail,
    ...(refusal.rule === undefined ? {} : { rule: refusal.rule }),
    reasons,
  }
}

function obligationsOf(decision: Decision | undefined): { obligations?: readonly string[] } {
  if (decision?.kind !== 'allow') return {}
  const names: string[] = []
  if (decision.obligations.maxBytesBilled !== undefined) names.push('max_bytes_billed')
  if (decision.obligations.sessionPolicy !== undefined) names.push('session_policy')
  if (decision.obligations.setHeaders !== undefined) names.push('set_headers')
  return names.length === 0 ? {} : { obligations: names }
}

// Made once for a credential: many requests are signed with it.
const marks = new WeakMap<Credential, CredentialMark>()

export function markOf(credential: Credential): CredentialMark {
  let mark = marks.get(credential)
  if (mark === undefined) {
    mark = Object.freeze({
      name: credential.name,
      kind: credential.kind,
      session: credential.session,
      expires: new Date(credential.expiresAt).toISOString(),
    })
    marks.set(credential, mark)
  }
  return mark
}

/** Without the query: it can carry a signature or a token. */
function recordedPath(target: string): string {
  const mark = target.indexOf('?')
  return (mark === -1 ? target : target.slice(0, mark)).slice(0, LONGEST_RECORDED_PATH)
}
