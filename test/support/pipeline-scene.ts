// The pipeline with its real stations between ports of paper: a policy that answers what the test
// says, a cloud that answers when the test says, records in an array. Everything that reaches the
// outside is one line of `steps`, so that its order can be asserted.

import type {
  AuditEvent,
  AuditLog,
  DecisionEvent,
  LookupEvent,
  OutcomeEvent,
} from '../../gateway/audit/event.ts'
import type { Credential, CredentialRequest } from '../../gateway/credential/credential.ts'
import type { CredentialCode, Refusal } from '../../gateway/errors.ts'
import type { Handler } from '../../gateway/downstream/exchange.ts'
import { answerSize } from '../../gateway/facts/lookups.ts'
import { LookupCache } from '../../gateway/operations/lookup-cache.ts'
import { createHandler } from '../../gateway/pipeline/handler.ts'
import type {
  Credentials,
  Generation,
  PipelinePorts,
  RequestSummary,
} from '../../gateway/pipeline/ports.ts'
import { DecisionReader } from '../../gateway/policy/decision-reader.ts'
import type { PolicyEngine, PolicyFailure } from '../../gateway/policy/engine.ts'
import { NO_ZONES } from '../../gateway/policy/input-time.ts'
import { REQUEST_LIMITS } from '../../gateway/request/limits.ts'
import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'
import { compileRoutingTable } from '../../gateway/routing/table.ts'
import type { SessionPolicyMode } from '../../gateway/shape/aws/session-policy.ts'
import type { SignedLookup } from '../../gateway/signing/signed-lookup.ts'
import type { SignedRequest } from '../../gateway/signing/signed-request.ts'
import type {
  AskedAnswer,
  ExchangeTotals,
  ResponseSink,
  SendFailure,
  Upstream,
} from '../../gateway/upstream/port.ts'
import { err, ok, type Result } from '../../gateway/util/result.ts'
import { FakeExchange, type FakeExchangeOptions } from './fake-exchange.ts'
import { peer } from './peers.ts'
import { awsCredential } from './shaped.ts'

/** 2026-11-23T18:00:00Z, a Monday. */
export const NOW = Date.UTC(2026, 10, 23, 18)

/** What the cloud does with one request. */
export type Cloud = (sink: ResponseSink, request: SignedRequest) => Promise<Sent>

/** What the cloud answers to a look-up. */
export type LookupCloud = (lookup: SignedLookup) => Promise<Asked>

export type Asked = Result<AskedAnswer, Refusal<SendFailure['code']>>

type Sent = Result<ExchangeTotals, SendFailure>

export interface SceneOptions {
  /** The decision document, or how the engine failed. Default: an allow. */
  readonly policy?: (input: unknown) => Result<unknown, PolicyFailure>
  /** What the `explain` entrypoint says; absent: there is none. */
  readonly explain?: () => Result<unknown, PolicyFailure>
  readonly cloud?: Cloud
  readonly lookupCloud?: LookupCloud
  /** False: over the limit of look-ups. */
  readonly mayLookUp?: () => boolean
  /** ms since the epoch; default: always `NOW`. */
  readonly now?: () => number
  readonly candidates?: readonly string[]
  readonly sessionPolicyMode?: SessionPolicyMode
  readonly obtain?: (
    request: CredentialRequest,
  ) => Promise<Result<Credential, Refusal<CredentialCode>>>
  /** Called before a record is taken; what it throws is a sink that failed. */
  readonly beforeRecord?: (event: AuditEvent) => Promise<void> | void
  readonly recheck?: () => Refusal | undefined
  readonly secondFactor?: PipelinePorts['secondFactor']
  /** False: over the limits. */
  readonly isWithinLimits?: boolean
  /** Bytes that may be held for inspection. */
  readonly inspectBytes?: number
  /** Replaces ports by others. */
  readonly ports?: Partial<PipelinePorts>
}

export interface BegunRequest {
  readonly exchange: FakeExchange
  readonly done: Promise<void>
}

const ALLOW = { allow: true, reasons: ['test_grant'] }

/** Answers 200 with a body. */
export function answering(status: number, headers: readonly HeaderLine[] = [], body = ''): Cloud {
  return (sink) => {
    sink.onHead(status, headers)
    if (body !== '') sink.onData(Buffer.from(body))
    sink.onEnd()
    return Promise.resolve(ok({ status, requestId: 'R1', bytesIn: body.length, bytesOut: 0 }))
  }
}

const EXPLAIN = 'svidgate/authz/explain'

const GENERATION: Omit<Generation, 'engine' | 'credentials' | 'explainEntrypoint'> = {
  number: 7,
  routing: compileRoutingTable({
    baseHosts: ['gw.test'],
    routes: [
      {
        service: 'aws_s3',
        upstream: 'https://s3.{region}.amazonaws.com',
        regions: ['eu-west-1'],
        defaultRegion: 'eu-west-1',
      },
      {
        service: 'gcp_bigquery',
        upstream: 'https://bigquery.googleapis.com',
        regions: [],
        defaultRegion: undefined,
      },
    ],
  }),
  entrypoint: 'svidgate/authz/decision',
  decisions: new DecisionReader(),
  zones: NO_ZONES,
  reads: undefined,
  jobs: undefined,
  requestLimits: REQUEST_LIMITS,
}

export class PipelineScene {
  /** Everything that reached the outside, in order. */
  readonly steps: string[] = []
  readonly records: AuditEvent[] = []
  readonly faults: unknown[] = []
  readonly summaries: RequestSummary[] = []
  readonly obtained: CredentialRequest[] = []
  readonly purged: string[] = []
  /** What the cloud was sent. */
  readonly sent: SignedRequest[] = []
  /** What it was asked before an allow. */
  readonly asked: SignedLookup[] = []
  /** Bytes held for inspection, requests under way, and those that count against a limit. */
  readonly held = { bytes: 0, inFlight: 0, running: 0 }
  /** Look-ups that count against a limit. */
  lookingUp = 0
  readonly #options: SceneOptions
  readonly #handler: Handler
  readonly #atRest: (() => void)[] = []

  constructor(options: SceneOptions = {}) {
    this.#options = options
    this.#handler = createHandler({ ...this.#ports(), ...options.ports })
  }

  get decisions(): readonly DecisionEvent[] {
    return this.records.filter((event): event is DecisionEvent => event.type === 'decision')
  }

  get outcomes(): readonly OutcomeEvent[] {
    return this.records.filter((event): event is OutcomeEvent => event.type === 'outcome')
  }

  get lookups(): readonly LookupEvent[] {
    return this.records.filter((event): event is LookupEvent => event.type === 'lookup')
  }

  /** Begins a request; `done` resolves with its last step. */
  begin(head: MessageHead, changes: Partial<FakeExchangeOptions> = {}): BegunRequest {
    const exchange = new FakeExchange({
      peer: peer(),
      head,
      step: (what) => void this.steps.push(what),
      ...changes,
    })
    const done = new Promise<void>((resolve) => {
      // Records that nobody waits for are written by then.
      this.#atRest.push(() => setImmediate(resolve))
    })
    this.#handler(exchange)
    return { exchange, done }
  }

  /** A request to its end. */
  async run(head: MessageHead, changes?: Partial<FakeExchangeOptions>): Promise<FakeExchange> {
    const { exchange, done } = this.begin(head, changes)
    await done
    return exchange
  }

  #ports(): PipelinePorts {
    const { isWithinLimits = true, inspectBytes = Infinity, recheck } = this.#options
    const { mayLookUp = () => true, now = () => NOW } = this.#options
    const clock = { now }
    const { held } = this
    const generation = {
      ...GENERATION,
      explainEntrypoint: this.#options.explain === undefined ? undefined : EXPLAIN,
      engine: this.#engine(),
      credentials: this.#credentials(),
    }
    return {
      generation: () => generation,
      audit: this.#audit(),
      upstream: this.#upstream(),
      clock,
      elapsed: () => 0,
      newId: () => '00000000-0000-4000-8000-000000000001',
      secondFactor: this.#options.secondFactor,
      recheck: () => {
        this.steps.push('recheck')
        return recheck?.()
      },
      limits: {
        enter: () => {
          if (isWithinLimits) held.running += 1
          return isWithinLimits
        },
        leave: () => void (held.running -= 1),
      },
      lookups: {
        limits: {
          enter: () => {
            const isWithin = mayLookUp()
            if (isWithin) this.lookingUp += 1
            return isWithin
          },
          leave: () => void (this.lookingUp -= 1),
        },
        dryRuns: new LookupCache({ clock, sizeOf: answerSize }),
      },
      budget: {
        take: (bytes) => {
          if (held.bytes + bytes > inspectBytes) return false
          held.bytes += bytes
          return true
        },
        give: (bytes) => void (held.bytes -= bytes),
      },
      inFlight: {
        enter: () => void (held.inFlight += 1),
        leave: () => {
          held.inFlight -= 1
          for (const resolve of this.#atRest.splice(0)) resolve()
        },
      },
      onFinished: (summary) => void this.summaries.push(summary),
      onFault: (_id, error) => void this.faults.push(error),
    }
  }

  #engine(): PolicyEngine {
    const { policy = () => ok(ALLOW) } = this.#options
    return {
      bundles: { authz: { revision: 'r1', sha256: '00' } },
      entrypoints: ['svidgate/authz/decision'],
      evaluate: (entrypoint) => {
        const { explain } = this.#options
        if (explain !== undefined && entrypoint === EXPLAIN) return explain()
        throw new Error('not asked here')
      },
      evaluateText: (_entrypoint, { text }) => {
        this.steps.push('policy')
        const answer = policy(JSON.parse(text))
        return answer.ok ? ok(JSON.stringify(answer.value)) : answer
      },
    }
  }

  #credentials(): Credentials {
    const { candidates = ['aws-data'], sessionPolicyMode = 'none' } = this.#options
    const { obtain = () => Promise.resolve(ok(awsCredential())) } = this.#options
    return {
      candidates: () => candidates,
      sessionPolicyMode: () => sessionPolicyMode,
      describe: () => ok({}),
      cacheKey: ({ name, peer: { spiffeId } }) => ok(`${name} ${spiffeId}`),
      obtain: (request) => {
        this.steps.push(`obtain ${request.name}`)
        this.obtained.push(request)
        return obtain(request)
      },
      purge: (name) => void this.purged.push(name),
    }
  }

  #audit(): AuditLog {
    return {
      isWritable: true,
      append: async (event) => {
        this.steps.push(`record ${event.type}`)
        await this.#options.beforeRecord?.(event)
        this.steps.push(`recorded ${event.type}`)
        this.records.push(event)
      },
      close: () => Promise.resolve(),
    }
  }

  #upstream(): Upstream {
    const { cloud = answering(200), lookupCloud } = this.#options
    return {
      ask: (lookup, _limits, cancel) => {
        this.steps.push('ask')
        this.asked.push(lookup)
        if (lookupCloud === undefined) throw new Error('no look-up is expected')
        const aborted = new Promise<Asked>((resolve) => {
          cancel(() => {
            this.steps.push('abort look-up')
            resolve(err({ code: 'ERR_SG_UPSTREAM_UNREACHABLE', detail: 'aborted' }))
          })
        })
        return Promise.race([lookupCloud(lookup), aborted])
      },
      send: (request, _body, sink, cancel) => {
        this.steps.push('send')
        this.sent.push(request)
        const aborted = new Promise<Sent>((resolve) => {
          cancel(() => {
            this.steps.push('abort')
            resolve(err(failure('ERR_SG_UPSTREAM_UNREACHABLE', false)))
          })
        })
        return Promise.race([cloud(sink, request), aborted])
      },
      close: () => Promise.resolve(),
    }
  }
}

export function failure(code: SendFailure['code'], afterHead: boolean): SendFailure {
  return { code, detail: 'the upstream failed', afterHead, totals: { bytesIn: 0, bytesOut: 0 } }
}
