// May it: the only place that turns a decision into an AllowedRequest, and so the only way to the
// upstream. Everything but an exact allow for a candidate credential is a refusal.

import { refusal, type Refusal } from '../errors.ts'
import type { Facts } from '../facts/facts.ts'
import type { Decision } from '../policy/decision-types.ts'
import { buildPolicyInput } from '../policy/input.ts'
import type { PolicyInput } from '../policy/policy-input.ts'
import type { GatewayRequest } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import { makeAllowedRequest, type AllowedRequest } from '../shape/allowed-request.ts'
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
    return { allowed, input, decision: undefined, policyTime, policyThrew: kind === 'threw' }
  }
  const decision = generation.decisions.read(answer.value)
  const allowed = allow(question, decision, candidates)
  return { allowed, input, decision, policyTime, policyThrew: false }
}

function unjudged(allowed: Err<Refusal>): Verdict {
  return {
    allowed,
    input: undefined,
    decision: undefined,
    policyTime: undefined,
    policyThrew: false,
  }
}

function allow(
  { peer, request, route, facts, body }: Question,
  decision: Decision,
  candidates: readonly string[],
): Result<AllowedRequest, Refusal> {
  if (decision.kind === 'deny') return err(refusal(decision.code, decision.detail))
  if (decision.kind === 'needs') {
    const detail = `the policy asks for facts that no look-up gives yet: ${decision.needs.join(', ')}`
    return err(refusal('ERR_SG_OBLIGATION_UNSUPPORTED', detail))
  }
  const credential = decision.credential ?? candidates[0]
  if (credential === undefined) {
    const detail = `no credential is bound to ${route.service} for this identity`
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail))
  }
  if (!candidates.includes(credential)) {
    const detail = 'the decision names a credential that is not bound to this service and identity'
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail))
  }
  return ok(makeAllowedRequest({ peer, request, route, facts, decision, credential, body }))
}
