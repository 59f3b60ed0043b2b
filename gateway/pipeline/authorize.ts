// May it: the only place that turns a decision into an AllowedRequest, and so the only way to the
// upstream; or into a NeedsDecision, the only way to a look-up. Everything but an exact allow for a
// candidate credential is a refusal.

import { refusal, type Refusal } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { Allow, Decision, Needs } from '../policy/decision-types.ts'
import { buildPolicyInput } from '../policy/input.ts'
import type { PolicyInput } from '../policy/policy-input.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import { makeAllowedRequest, type AllowedRequest } from '../shape/allowed-request.ts'
import { makeNeedsDecision, type NeedsDecision } from '../shape/needs-decision.ts'
import type { Peer } from '../spiffe/peer.ts'
import { err, ok, type Err, type Result } from '../util/result.ts'
import type { Generation } from './ports.ts'

export interface Question {
  readonly peer: Peer
  readonly request: GatewayRequest
  readonly route: Route
  readonly facts: Facts
  /** The inspected body, where facts depended on it. */
  readonly body: Buffer | undefined
  /** ms since the epoch */
  readonly now: number
}

/** The answer, and what the record keeps of the way to it. */
export interface Verdict {
  readonly allowed: Result<AllowedRequest, Refusal>
  /** Set where the policy denies for now, and would judge again with facts of a look-up. */
  readonly asks: NeedsDecision | undefined
  readonly input: PolicyInput | undefined
  readonly decision: Decision | undefined
  /** ms */
  readonly policyTime: number | undefined
  readonly policyThrew: boolean
}

export function authorize(
  question: Question,
  generation: Generation,
  elapsed: () => number,
): Verdict {
  const { peer, facts, request, route, now } = question
  const candidates = generation.credentials.candidates(route.service, peer.spiffeId)
  const { zones, reads } = generation
  const built = buildPolicyInput({ peer, facts, request, route, now, candidates, zones, reads })
  if (!built.ok) return unjudged(built)
  const input = built.value
  const before = elapsed()
  const answer = generation.engine.evaluateText(generation.entrypoint, {
    text: input.judged,
    nowNs: input.nowNs,
  })
  const policyTime = elapsed() - before
  if (!answer.ok) {
    const { kind, detail } = answer.error
    const code = kind === 'unavailable' ? 'ERR_SG_POLICY_UNAVAILABLE' : 'ERR_SG_POLICY_ERROR'
    const allowed = err(refusal(code, `policy ${kind}: ${detail}`))
    const policyThrew = kind === 'threw'
    return { allowed, asks: undefined, input, decision: undefined, policyTime, policyThrew }
  }
  const decision = generation.decisions.read(answer.value)
  const judged = { input, decision, policyTime, policyThrew: false }
  if (decision.kind === 'needs') {
    const asked = ask(question, decision, candidates)
    const asks = asked.ok ? asked.value : undefined
    return { allowed: asked.ok ? err(UNANSWERED) : asked, asks, ...judged }
  }
  return { allowed: allow(question, decision, candidates), asks: undefined, ...judged }
}

/** What a policy that asks says where nothing is looked up. */
const UNANSWERED = refusal('ERR_SG_DENIED', 'the policy asks for facts that only a look-up gives')

function unjudged(allowed: Err<Refusal>): Verdict {
  return {
    allowed,
    asks: undefined,
    input: undefined,
    decision: undefined,
    policyTime: undefined,
    policyThrew: false,
  }
}

function allow(
  { peer, request, route, facts, body }: Question,
  decision: Exclude<Decision, Needs>,
  candidates: readonly string[],
): Result<AllowedRequest, Refusal> {
  if (decision.kind === 'deny') return err(refusal(decision.code, decision.detail))
  const credential = chosen(decision, candidates, route)
  if (!credential.ok) return credential
  return ok(
    makeAllowedRequest({
      peer,
      request,
      route,
      facts,
      decision,
      credential: credential.value,
      body,
    }),
  )
}

function ask(
  { peer, request, route, facts, body }: Question,
  decision: Needs,
  candidates: readonly string[],
): Result<NeedsDecision, Refusal> {
  const credential = chosen(decision, candidates, route)
  if (!credential.ok) return credential
  return ok(
    makeNeedsDecision({
      peer,
      request,
      route,
      facts,
      decision,
      credential: credential.value,
      body,
    }),
  )
}

function chosen(
  decision: Allow | Needs,
  candidates: readonly string[],
  route: Route,
): Result<string, Refusal> {
  const credential = decision.credential ?? candidates[0]
  if (credential === undefined) {
    const detail = `no credential is bound to ${route.service} for this identity`
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail))
  }
  if (!candidates.includes(credential)) {
    const detail = 'the decision names a credential that is not bound to this service and identity'
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail))
  }
  return ok(credential)
}
