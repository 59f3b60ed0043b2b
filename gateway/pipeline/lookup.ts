// What only the cloud knows, looked up because a policy asked for it (docs/POLICY.md): NeedsDecision →
// Lookup → SignedLookup, and the request judged again with the answer. The only maker of Lookup.
//
// A look-up is the one call that leaves before an allow, so everything about it is fixed here and not
// in policy: its form, its credential (a bound one), its place (the route's own upstream), its record
// before it is sent, its limits, and that there are two at most. Whatever comes of it, a denied agent
// reads the same words: whether something exists that it may not see must not show.

import { classify } from '../facts/classify.ts'
import { sameSql } from '../facts/sql-facts.ts'
import { refusal, type Refusal } from '../errors.ts'
import type { LookupAnswers } from '../facts/lookups.ts'
import type { Need } from '../policy/decision-types.ts'
import type { AllowedRequest } from '../shape/allowed-request.ts'
import { dryRunForm } from '../shape/gcp/dry-run.ts'
import { makeLookup, type Lookup } from '../shape/lookup.ts'
import type { NeedsDecision } from '../shape/needs-decision.ts'
import { err, ok, type Err, type Result } from '../util/result.ts'
import { answerOf } from './ask.ts'
import { authorize, type Question } from './authorize.ts'
import { noteVerdict, type Journey } from './journey.ts'
import type { PipelinePorts } from './ports.ts'
import type { Understood } from './understand.ts'

/** And one evaluation more than look-ups. */
export const MOST_LOOKUPS = 2

const NOTHING: LookupAnswers = Object.freeze({ dryRun: undefined })

/** Judged again until the policy asks for nothing more; the journey holds what the record needs. */
export async function lookUp(
  journey: Journey,
  { view, ...understood }: Understood,
  asked: NeedsDecision,
  ports: PipelinePorts,
): Promise<Result<AllowedRequest, Refusal>> {
  journey.asked = asked
  const known: Need[] = []
  let answers = NOTHING
  let asking: NeedsDecision | undefined = asked
  for (;;) {
    const excess = excessOf(known, asking.decision.needs)
    if (excess !== undefined) return denied(excess, journey, ports)
    for (const need of asking.decision.needs) {
      known.push(need)
      const answer = await answerFor(need, asking, journey, ports)
      if (!answer.ok) return answer
      answers = { ...answers, ...answer.value }
    }
    const again = factsWith(answers, { view, ...understood })
    if (!again.ok) return denied(again.error, journey, ports)
    journey.facts = again.value
    const question: Question = {
      ...understood,
      facts: again.value,
      peer: asked.peer,
      now: journey.now,
    }
    const verdict = authorize(question, journey.generation, ports.elapsed)
    noteVerdict(journey, verdict)
    if (verdict.asks === undefined) {
      const { allowed } = verdict
      return allowed.ok ? allowed : denied(allowed.error, journey, ports)
    }
    asking = verdict.asks
  }
}

/** The same fact twice would be asked for ever; and a policy cannot make us ask without end. */
export function excessOf(known: readonly string[], needs: readonly string[]): Refusal | undefined {
  const twice = needs.find((need) => known.includes(need))
  if (twice !== undefined) {
    return refusal('ERR_SG_DENIED', `the policy asks for ${twice} again`, 'LOOK-2')
  }
  if (known.length + needs.length <= MOST_LOOKUPS) return undefined
  return refusal('ERR_SG_DENIED', `more than ${String(MOST_LOOKUPS)} look-ups`, 'LOOK-2')
}

async function answerFor(
  need: Need,
  asking: NeedsDecision,
  journey: Journey,
  ports: PipelinePorts,
): Promise<Result<Partial<LookupAnswers>, Refusal>> {
  switch (need) {
    case 'sql.dry_run': {
      const lookup = dryRunLookup(asking)
      if (!lookup.ok) return err(plain(lookup.error))
      const answer = await answerOf(lookup.value, journey, ports)
      return answer.ok ? ok({ dryRun: answer.value }) : answer
    }
    default:
      return unknownNeed(need)
  }
}

function dryRunLookup(asking: NeedsDecision): Result<Lookup, Refusal> {
  const form = dryRunForm(asking)
  if (!form.ok) return form
  const { route, credential, peer } = asking
  const { provider, upstream } = route
  return ok(
    makeLookup({
      ...form.value,
      need: 'sql.dry_run',
      provider,
      upstream,
      credential,
      identity: peer.spiffeId,
    }),
  )
}

/** Facts of the same request, with the answers; they must have arrived where policy looks for them. */
function factsWith(
  answers: LookupAnswers,
  { route, view, facts: before }: Understood,
): ReturnType<typeof classify> {
  const again = classify(route, { ...view, lookups: answers })
  if (!again.ok) return again
  const { sql } = again.value
  const expected = before.sql === undefined ? undefined : { ...before.sql, dryRun: answers.dryRun }
  if (sameSql(sql, expected)) return again
  return err(refusal('ERR_SG_INTERNAL', 'the facts do not hold what was looked up', 'LOOK-7'))
}

/**
 * A failure is asked again each time and an answer is kept, so what is left of the agent's look-ups
 * would tell which of the two its denial was: an answer that only denies costs what asking costs.
 */
function denied(refused: Refusal, journey: Journey, ports: PipelinePorts): Err<Refusal> {
  const { limits } = ports.lookups
  const { spiffeId } = journey.exchange.peer
  for (const { how } of journey.lookups ?? []) {
    if (how === 'cached' && limits.enter(spiffeId)) limits.leave(spiffeId)
  }
  return err(plain(refused))
}

/** One code for the agent; the record says what it was. */
function plain({ code, detail, rule }: Refusal): Refusal {
  if (code === 'ERR_SG_DENIED') return refusal(code, detail, rule)
  return refusal('ERR_SG_DENIED', `after a look-up, ${code}: ${detail}`, rule ?? 'LOOK-8')
}

function unknownNeed(need: never): never {
  throw new TypeError(`no look-up gives ${String(need)}`)
}
