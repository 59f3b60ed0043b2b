// One look-up's way: from the cache, from another request's call that is under way, or from the
// cloud: limited, recorded, signed, asked, read. What fails before anything is asked and whatever is
// asked (the credential, the records) keeps its own code; everything else is a plain denial.

import type { LookupEvent, LookupMark } from '../audit/event.ts'
import { digest, tupleKey } from '../credential/cache-key.ts'
import type { Credential, CredentialRequest } from '../credential/credential.ts'
import { refusal, type Refusal } from '../errors.ts'
import { failureReason, readDryRunAnswer } from '../facts/gcp/bigquery/dry-run-answer.ts'
import type { DryRunAnswer } from '../facts/lookups.ts'
import type { Waiting } from '../operations/lookup-cache.ts'
import type { Lookup } from '../shape/lookup.ts'
import { signLookup } from '../signing/sign-lookup.ts'
import type { AskedAnswer, AskLimits } from '../upstream/port.ts'
import { err, ok, type Result } from '../util/result.ts'
import { isoText } from '../util/rfc3339.ts'
import { markOf, microseconds, type Journey } from './journey.ts'
import type { PipelinePorts } from './ports.ts'

/** A dry run takes well under a second; the answer's schema grows with the table's width. */
export const LOOKUP_LIMITS: AskLimits = { deadlineMs: 10_000, maxBytes: 1024 * 1024 }

type Answer = Result<DryRunAnswer, Refusal>

const LEFT = err(refusal('ERR_SG_DENIED', 'the client left during a look-up', 'LOOK-9'))

export async function answerOf(
  lookup: Lookup,
  journey: Journey,
  ports: PipelinePorts,
): Promise<Answer> {
  const { credentials } = journey.generation
  const { peer } = journey.exchange
  const request: CredentialRequest = { name: lookup.credential, peer, sessionPolicy: undefined }
  // Before the cache: that a credential is missing must not depend on what was asked before.
  const credential = await credentials.obtain(request)
  if (!credential.ok) return credential
  const identity = credentials.cacheKey(request)
  if (!identity.ok) return identity
  const key = keyOf(lookup, identity.value)
  const { dryRuns, limits } = ports.lookups
  const kept = dryRuns.get(key)
  if (kept !== undefined) {
    note(journey, { fact: lookup.need, how: 'cached', ok: true, status: undefined, us: 0 })
    return ok(kept)
  }
  const since = ports.elapsed()
  if (!dryRuns.isUnderWay(key) && !limits.enter(lookup.identity)) {
    note(journey, { fact: lookup.need, how: 'none', ok: false, status: undefined, us: 0 })
    return err(refusal('ERR_SG_DENIED', 'over the limit of look-ups of this identity', 'LOOK-4'))
  }
  const call = new Call(lookup, credential.value, journey, ports)
  const waiting = dryRuns.wait(key, (onAbandoned) => call.make(onAbandoned))
  const answer = await untilLeft(journey, waiting)
  const waited = ports.elapsed() - since
  journey.lookupTime += waited
  note(journey, {
    fact: lookup.need,
    how: waiting.isFirst ? 'asked' : 'joined',
    ok: answer.ok,
    status: call.status,
    us: microseconds(waited) ?? 0,
  })
  return answer
}

/** Every input of the call, and whose eyes it is made with. */
function keyOf({ need, upstream, method, path, body }: Lookup, credential: string): string {
  const parts = [need, upstream.name, upstream.origin, method, path, credential]
  return digest(tupleKey([...parts, body.toString('utf8')]))
}

function note(journey: Journey, mark: LookupMark): void {
  journey.lookups = journey.lookups === undefined ? [mark] : [...journey.lookups, mark]
}

function untilLeft(journey: Journey, waiting: Waiting<DryRunAnswer, Refusal>): Promise<Answer> {
  if (journey.isClientGone) {
    waiting.leave()
    return Promise.resolve(LEFT)
  }
  return new Promise((resolve) => {
    journey.abort = () => {
      journey.abort = undefined
      waiting.leave()
      resolve(LEFT)
    }
    void waiting.answer.then((answer) => {
      journey.abort = undefined
      resolve(answer)
    })
  })
}

/** A call of the cloud, made once for all who wait for its answer. */
class Call {
  readonly #lookup: Lookup
  readonly #credential: Credential
  readonly #journey: Journey
  readonly #ports: PipelinePorts
  /** Of the cloud's answer; undefined as long as there is none. */
  status: number | undefined

  constructor(lookup: Lookup, credential: Credential, journey: Journey, ports: PipelinePorts) {
    this.#lookup = lookup
    this.#credential = credential
    this.#journey = journey
    this.#ports = ports
  }

  /** Never rejects: others wait for it too. */
  async make(onAbandoned: (abort: () => void) => void): Promise<Answer> {
    try {
      const unrecorded = await this.#record()
      return unrecorded === undefined ? await this.#ask(onAbandoned) : err(unrecorded)
    } catch (error) {
      this.#ports.onFault(this.#journey.id, error)
      return failed('in a way that nobody foresaw')
    } finally {
      this.#ports.lookups.limits.leave(this.#lookup.identity)
    }
  }

  /** What cannot be recorded is not sent. */
  async #record(): Promise<Refusal | undefined> {
    const { audit, clock, onFault } = this.#ports
    const event = lookupEvent(this.#lookup, this.#credential, this.#journey, clock.now())
    try {
      await audit.append(event)
      return undefined
    } catch (error) {
      onFault(this.#journey.id, error)
      return refusal('ERR_SG_AUDIT_UNAVAILABLE', 'the look-up could not be recorded')
    }
  }

  async #ask(onAbandoned: (abort: () => void) => void): Promise<Answer> {
    const { clock, upstream } = this.#ports
    const signed = signLookup(this.#lookup, this.#credential, clock.now())
    if (!signed.ok) return failed(`${signed.error.code}: ${signed.error.detail}`)
    const asked = await upstream.ask(signed.value, LOOKUP_LIMITS, onAbandoned)
    if (!asked.ok) return failed(`${asked.error.code}: ${asked.error.detail}`)
    return this.#read(asked.value)
  }

  #read({ status, body }: AskedAnswer): Answer {
    this.status = status
    if (status === 200) return readDryRunAnswer(body)
    // Without a doubt the credential's fault: the next request shall have a new one.
    if (status === 401) this.#journey.generation.credentials.purge(this.#lookup.credential)
    return failed([String(status), failureReason(body) ?? ''].join(' ').trim())
  }
}

function failed(how: string): Answer {
  return err(refusal('ERR_SG_DENIED', `the look-up failed: ${how}`, 'LOOK-3'))
}

function lookupEvent(
  { need, method, path, body, upstream, identity }: Lookup,
  credential: Credential,
  journey: Journey,
  now: number,
): LookupEvent {
  return {
    type: 'lookup',
    decision_id: journey.id,
    fact: need,
    timestamp: isoText(now),
    generation: journey.generation.number,
    spiffe_id: identity,
    request: { method, path, bytes: body.length },
    upstream: { host: upstream.authority },
    credential: markOf(credential),
  }
}
