// Send it, and bring the answer back. From here on a failure can only be told if the answer's head
// is still ours; after that the connection is cut, so that no client takes a part for the whole.

import type { OutcomeEvent } from '../audit/event.ts'
import type { Exchange } from '../downstream/exchange.ts'
import { refusal, type Refusal } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'
import type { SignedRequest } from '../signing/signed-request.ts'
import type { ExchangeTotals, ResponseSink, Upstream } from '../upstream/port.ts'
import type { AnswerReader } from '../upstream/rewrite/answer-reader.ts'
import { ANSWER_READERS } from '../upstream/rewrite/answer-readers.ts'
import {
  judgeErrorAnswer,
  LONGEST_ERROR_BODY,
  mayEchoCredential,
} from '../upstream/rewrite/error-answer.ts'
import type { Journey } from './journey.ts'

export interface Forwarded {
  readonly end: OutcomeEvent['end']
  readonly status: number | undefined
  readonly upstreamStatus: number | undefined
  readonly totals: Omit<ExchangeTotals, 'status'>
  /** Set when the agent must be told a refusal of ours instead of the upstream's answer. */
  readonly refusal: Refusal | undefined
}

export async function forward(
  journey: Journey,
  signed: SignedRequest,
  upstream: Upstream,
): Promise<Forwarded> {
  const { exchange } = journey
  exchange.sendContinue()
  const sink = new AnswerSink(journey, exchange, answerReader(journey, signed))
  const sent = await upstream.send(signed, exchange.body, sink, (cancel) => {
    journey.abort = cancel
    if (journey.isClientGone || exchange.broken !== undefined) cancel()
  })
  const totals = sent.ok ? sent.value : { requestId: undefined, ...sent.error.totals }
  if (exchange.broken !== undefined) return brokenOff(totals, exchange.broken)
  if (journey.isClientGone) {
    return {
      end: 'client-gone',
      status: sink.status,
      upstreamStatus: sink.status,
      totals,
      refusal: undefined,
    }
  }
  if (sent.ok) return sink.finish(sent.value)
  if (sink.isOverlong) return sink.withhold(totals)
  if (sink.isHeadWritten) {
    exchange.cut()
    return {
      end: 'upstream-cut',
      status: sink.status,
      upstreamStatus: sink.status,
      totals,
      refusal: sent.error,
    }
  }
  return brokenOff(totals, sent.error)
}

function brokenOff(totals: Forwarded['totals'], refused: Refusal): Forwarded {
  return {
    end: 'refused',
    status: undefined,
    upstreamStatus: undefined,
    totals,
    refusal: refused,
  }
}

/** Of the few operations whose answer the gateway learns from. */
function answerReader(
  { route, facts, jobs }: Journey,
  { body }: SignedRequest,
): AnswerReader | undefined {
  if (route === undefined || facts === undefined || jobs === undefined) return undefined
  return ANSWER_READERS.get(route.service)?.({ facts, body, jobs })
}

/** Passes the answer on as it comes, but for one kind that must be seen whole first. */
class AnswerSink implements ResponseSink {
  readonly #journey: Journey
  readonly #exchange: Exchange
  #reader: AnswerReader | undefined
  #held: { headers: readonly HeaderLine[]; chunks: Buffer[]; length: number } | undefined
  status: number | undefined
  isHeadWritten = false

  constructor(journey: Journey, exchange: Exchange, reader: AnswerReader | undefined) {
    this.#journey = journey
    this.#exchange = exchange
    this.#reader = reader
  }

  onHead(status: number, headers: readonly HeaderLine[]): void {
    this.status = status
    if (this.#reader?.onHead(status, headers) === false) this.#reader = undefined
    if (mayEchoCredential(status, headers, this.#journey.credential)) {
      this.#held = { headers, chunks: [], length: 0 }
    } else {
      this.#writeHead(status, headers)
    }
  }

  /** Read before it is passed on: what the agent asks next may depend on what was learned. */
  onData(chunk: Buffer): boolean {
    if (this.#reader?.onData(chunk) === false) this.#reader = undefined
    const held = this.#held
    if (held === undefined) return this.#exchange.write(chunk)
    held.length += chunk.length
    if (held.length <= LONGEST_ERROR_BODY) held.chunks.push(chunk)
    // It is not passed on whatever follows, so nothing is gained by waiting for its end.
    else this.#journey.abort?.()
    return true
  }

  onDrain(listener: () => void): void {
    this.#exchange.onDrain(listener)
  }

  onEnd(): void {
    const isToldOtherwise = this.#exchange.broken !== undefined || this.#journey.isClientGone
    if (this.#held === undefined && !isToldOtherwise) this.#exchange.end()
  }

  /** Its answer is an error document that is longer than any. */
  get isOverlong(): boolean {
    return this.#held !== undefined && this.#held.length > LONGEST_ERROR_BODY
  }

  finish(totals: ExchangeTotals): Forwarded {
    const held = this.#held
    const status = totals.status
    if (held !== undefined) {
      const body = Buffer.concat(held.chunks)
      if (this.isOverlong || this.#isWithheld(status, held.headers, body))
        return this.withhold(totals)
      this.#writeHead(status, held.headers)
      this.#exchange.write(body)
      this.#exchange.end()
    }
    return { end: 'complete', status, upstreamStatus: status, totals, refusal: undefined }
  }

  withhold(totals: Forwarded['totals']): Forwarded {
    const detail = 'the cloud refused our credential, or repeated it; its answer is not passed on'
    const refused = refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail)
    return { ...brokenOff(totals, refused), upstreamStatus: this.status }
  }

  #isWithheld(status: number, headers: readonly HeaderLine[], body: Buffer): boolean {
    const { credential, generation } = this.#journey
    if (credential === undefined) return false
    const verdict = judgeErrorAnswer(status, headers, body, credential)
    if (verdict === 'refused') generation.credentials.purge(credential.name)
    return verdict !== 'passes'
  }

  #writeHead(status: number, headers: readonly HeaderLine[]): void {
    this.isHeadWritten = true
    this.#exchange.writeHead(status, headers)
  }
}
