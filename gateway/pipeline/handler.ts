// One request's way, as one sentence: recheck who asks, understand what is asked, authorize it (and
// again, with what the policy asks to be looked up), apply its obligations, obtain the credential,
// sign, record, forward, record the outcome. Each step takes what only the step before it can make;
// and the one catch-all denies.

import type { Exchange, Handler } from '../downstream/exchange.ts'
import { GatewayError, refusal, type Refusal } from '../errors.ts'
import { sign } from '../signing/sign.ts'
import type { SignedRequest } from '../signing/signed-request.ts'
import { err, type Result } from '../util/result.ts'
import { authorize } from './authorize.ts'
import { forward, type Forwarded } from './forward.ts'
import { beginJourney, decisionEvent, noteVerdict, type Journey } from './journey.ts'
import { lookUp } from './lookup.ts'
import { applyObligations, obtain } from './obtain.ts'
import type { PipelinePorts } from './ports.ts'
import { recordOutcome } from './record.ts'
import { answerRefusal } from './refuse.ts'
import { checkSecondFactor } from './second-factor.ts'
import { understand } from './understand.ts'

const OVER_LIMITS = refusal('ERR_SG_LIMIT', 'over the limits of this identity')

export function createHandler(ports: PipelinePorts): Handler {
  return (exchange) => {
    try {
      begin(exchange, ports)
    } catch (error) {
      // There is no request yet that could be recorded or answered.
      ports.onFault('', error)
      exchange.cut()
    }
  }
}

function begin(exchange: Exchange, ports: PipelinePorts): void {
  const journey = beginJourney({
    id: ports.newId(),
    exchange,
    generation: ports.generation(),
    now: ports.clock.now(),
    startedAt: ports.elapsed(),
  })
  exchange.onClientGone(() => {
    // One whose body broke off is still there to be told so.
    journey.isClientGone = exchange.broken === undefined
    journey.abort?.()
  })
  const isWithin = ports.limits.enter(exchange.peer.spiffeId)
  ports.inFlight.enter()
  void run(journey, isWithin, ports)
}

async function run(journey: Journey, isWithin: boolean, ports: PipelinePorts): Promise<void> {
  const { exchange } = journey
  try {
    await (isWithin ? serve(journey, ports) : refuse(journey, OVER_LIMITS, ports))
  } catch (error) {
    // Even the refusal failed. Nothing may be left hanging, and nothing may look complete.
    ports.onFault(journey.id, error)
    exchange.cut()
  } finally {
    if (isWithin) ports.limits.leave(exchange.peer.spiffeId)
    ports.budget.give(journey.heldBytes)
    ports.inFlight.leave()
  }
}

async function serve(journey: Journey, ports: PipelinePorts): Promise<void> {
  try {
    const signed = await prepare(journey, ports)
    if (!signed.ok) return await refuse(journey, signed.error, ports)
    const recorded = await recordDecision(journey, undefined, ports)
    if (recorded !== undefined) return await refuse(journey, recorded, ports)
    // Nobody is left to answer, or no whole request to send: what was only decided takes no effect.
    const { broken } = journey.exchange
    if (broken !== undefined) return await refuse(journey, broken, ports)
    if (journey.isClientGone) return recordOutcome(journey, NOTHING_SENT, ports)
    journey.sentAt = ports.elapsed()
    const forwarded = await forward(journey, signed.value, ports.upstream)
    conclude(journey, forwarded, ports)
  } catch (error) {
    ports.onFault(journey.id, error)
    await refuse(journey, refusalOf(error), ports)
  }
}

const NOTHING_SENT: Forwarded = {
  end: 'client-gone',
  status: undefined,
  upstreamStatus: undefined,
  totals: { requestId: undefined, bytesIn: 0, bytesOut: 0 },
  refusal: undefined,
}

/** Everything that must hold before a byte may leave. */
async function prepare(
  journey: Journey,
  ports: PipelinePorts,
): Promise<Result<SignedRequest, Refusal>> {
  const outlived = ports.recheck(journey.exchange.peer)
  if (outlived !== undefined) return err(outlived)
  if (ports.secondFactor !== undefined) {
    const { head, peer } = journey.exchange
    const unproven = await checkSecondFactor(head.headers, peer, ports.secondFactor)
    if (unproven !== undefined) return err(unproven)
  }
  const understood = await understand(journey, ports.budget)
  if (!understood.ok) return understood
  const { request, route, facts, body } = understood.value
  const question = { peer: journey.exchange.peer, request, route, facts, body, now: journey.now }
  const verdict = authorize(question, journey.generation, ports.elapsed)
  noteVerdict(journey, verdict)
  const { asks } = verdict
  const allowed =
    asks === undefined ? verdict.allowed : await lookUp(journey, understood.value, asks, ports)
  if (!allowed.ok) return allowed
  const shaped = applyObligations(journey, allowed.value)
  if (!shaped.ok) return shaped
  const credential = await obtain(journey, shaped.value)
  if (!credential.ok) return credential
  journey.credential = credential.value
  const { broken } = journey.exchange
  if (broken !== undefined) return err(broken)
  const { region = '', signingName = '' } = route
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
    journey.isRecorded = true
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
  // A fault after the decision was recorded is a matter of the outcome: there is one decision.
  const unrecorded = journey.isRecorded ? undefined : await recordDecision(journey, refused, ports)
  const told = unrecorded ?? refused
  const ending = tell(journey, told, ports)
  recordOutcome(journey, { ...NOTHING_SENT, ...ending, refusal: told }, ports)
}

/** An answer whose head is out can only be cut: a part must never pass for the whole. */
function tell(
  journey: Journey,
  refused: Refusal,
  ports: PipelinePorts,
): Pick<Forwarded, 'end' | 'status'> {
  const { exchange } = journey
  if (journey.isClientGone && exchange.broken === undefined) {
    return { end: 'client-gone', status: undefined }
  }
  if (exchange.isHeadWritten) {
    exchange.cut()
    return { end: 'cut', status: undefined }
  }
  return { end: 'refused', status: answerRefusal(journey, refused, ports.clock.now()) }
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof GatewayError) return error.toRefusal()
  return refusal('ERR_SG_INTERNAL', 'an error that nobody foresaw')
}
