// One request's way, as one sentence: recheck who asks, understand what is asked, authorize it,
// apply its obligations, obtain the credential, sign, record, forward, record the outcome. Each step
// takes what only the step before it can make; and the one catch-all denies.

import type { Handler } from '../downstream/exchange.ts'
import { GatewayError, refusal, type Refusal } from '../errors.ts'
import { sign } from '../signing/sign.ts'
import type { SignedRequest } from '../signing/signed-request.ts'
import { err, type Result } from '../util/result.ts'
import { authorize } from './authorize.ts'
import { forward, type Forwarded } from './forward.ts'
import { decisionEvent, type Journey } from './journey.ts'
import { applyObligations, obtain } from './obtain.ts'
import type { PipelinePorts } from './ports.ts'
import { recordOutcome } from './record.ts'
import { answerRefusal } from './refuse.ts'
import { understand } from './understand.ts'

export function createHandler(ports: PipelinePorts): Handler {
  return (exchange) => {
    const journey: Journey = {
      id: ports.newId(),
      exchange,
      generation: ports.generation(),
      now: ports.clock.now(),
      startedAt: ports.elapsed(),
      heldBytes: 0,
    }
    const { spiffeId } = exchange.peer
    if (!ports.limits.enter(spiffeId)) {
      void refuse(journey, refusal('ERR_SG_LIMIT', 'over the limits of this identity'), ports)
      return
    }
    void serve(journey, ports).finally(() => {
      ports.limits.leave(spiffeId)
      ports.budget.give(journey.heldBytes)
    })
  }
}

async function serve(journey: Journey, ports: PipelinePorts): Promise<void> {
  try {
    const signed = await prepare(journey, ports)
    if (!signed.ok) return await refuse(journey, signed.error, ports)
    const recorded = await recordDecision(journey, undefined, ports)
    if (recorded !== undefined) return await refuse(journey, recorded, ports)
    journey.sentAt = ports.elapsed()
    const forwarded = await forward(journey, signed.value, ports.upstream)
    conclude(journey, forwarded, ports)
  } catch (error) {
    ports.onFault(journey.id, error)
    await refuse(journey, refusalOf(error), ports)
  }
}

/** Everything that must hold before a byte may leave. */
async function prepare(
  journey: Journey,
  ports: PipelinePorts,
): Promise<Result<SignedRequest, Refusal>> {
  const outlived = ports.recheck(journey.exchange.peer)
  if (outlived !== undefined) return err(outlived)
  const understood = await understand(journey, ports.budget)
  if (!understood.ok) return understood
  const { peer } = journey.exchange
  const question = { ...understood.value, peer, now: journey.now }
  const { allowed, ...verdict } = authorize(question, journey.generation, ports.elapsed)
  Object.assign(journey, verdict)
  if (!allowed.ok) return allowed
  const shaped = applyObligations(journey, allowed.value)
  if (!shaped.ok) return shaped
  const credential = await obtain(journey, shaped.value)
  if (!credential.ok) return credential
  const { region = '', signingName = '' } = allowed.value.route
  const scope = { region, service: signingName }
  return sign(shaped.value, credential.value, ports.clock.now(), scope)
}

/** A decision that cannot be recorded takes no effect. */
async function recordDecision(
  journey: Journey,
  refused: Refusal | undefined,
  ports: PipelinePorts,
): Promise<Refusal | undefined> {
  try {
    await ports.audit.append(decisionEvent(journey, refused, ports.elapsed()))
    return undefined
  } catch (error) {
    ports.onFault(journey.id, error)
    return refusal('ERR_SG_AUDIT_UNAVAILABLE', 'the decision could not be recorded')
  }
}

function conclude(journey: Journey, forwarded: Forwarded, ports: PipelinePorts): void {
  let { status } = forwarded
  if (forwarded.end === 'refused' && forwarded.refusal !== undefined) {
    status = answerRefusal(journey, forwarded.refusal, ports.clock.now())
  }
  recordOutcome(journey, { ...forwarded, status }, ports)
}

async function refuse(journey: Journey, refused: Refusal, ports: PipelinePorts): Promise<void> {
  const unrecorded = await recordDecision(journey, refused, ports)
  const status = answerRefusal(journey, unrecorded ?? refused, ports.clock.now())
  recordOutcome(
    journey,
    {
      end: 'refused',
      status,
      upstreamStatus: undefined,
      totals: { requestId: undefined, bytesIn: 0, bytesOut: 0 },
      refusal: unrecorded ?? refused,
    },
    ports,
  )
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof GatewayError) return error.toRefusal()
  return refusal('ERR_SG_INTERNAL', 'an error that nobody foresaw')
}
