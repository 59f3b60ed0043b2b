// May it: the only place that turns a decision into an AllowedRequest, and so the only way to the
// upstream. Everything but an exact allow for a candidate credential is a refusal.

import { refusal, type Refusal } from '../errors.ts'
import { parseDecision } from '../policy/decision.ts'
import type { Deny } from '../policy/decision-types.ts'
import { buildPolicyInput } from '../policy/input.ts'
import { makeAllowedRequest, type AllowedRequest } from '../shape/allowed-request.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Journey } from './journey.ts'

export function authorize(
  journey: Journey,
  body: Buffer | undefined,
  elapsed: () => number,
): Result<AllowedRequest, Refusal> {
  const { generation, exchange, request, route, facts } = journey
  if (request === undefined || route === undefined || facts === undefined) {
    throw new TypeError('authorize comes after understand')
  }
  const { peer } = exchange
  const candidates = generation.credentials.candidates(route.service, peer.spiffeId)
  const input = buildPolicyInput({
    peer,
    facts,
    request,
    route,
    now: journey.now,
    candidates,
    zones: generation.zones,
  })
  if (!input.ok) return input
  journey.input = input.value
  const before = elapsed()
  const answer = generation.engine.evaluate(generation.entrypoint, input.value)
  journey.policyTime = elapsed() - before
  if (!answer.ok) {
    const code =
      answer.error.kind === 'unavailable' ? 'ERR_SG_POLICY_UNAVAILABLE' : 'ERR_SG_POLICY_ERROR'
    return err(refusal(code, `policy ${answer.error.kind}: ${answer.error.detail}`))
  }
  const decision = parseDecision(answer.value)
  journey.decision = decision
  if (decision.kind === 'deny') return err(denial(decision))
  const credential = decision.credential ?? candidates[0]
  if (credential === undefined || !candidates.includes(credential)) {
    const detail =
      credential === undefined
        ? `no credential is bound to ${route.service} for this identity`
        : 'the decision names a credential that is not bound to this service and identity'
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail))
  }
  return ok(makeAllowedRequest({ peer, request, route, facts, decision, credential, body }))
}

function denial(decision: Deny): Refusal {
  return refusal(decision.code, decision.detail)
}
