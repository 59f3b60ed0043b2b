// Plays one step and judges it by three witnesses: what the agent's SDK says, what the gateway
// recorded, and what the sandbox clouds saw.

import type { SdkError } from './agent-access.ts'
import { readAwsError } from './aws-sdk.ts'
import type { AwsSdk } from './aws-sdk.ts'
import { readDecisions } from './decision-records.ts'
import type { DecisionRecord } from './decision-records.ts'
import { REGION } from './demo-config.ts'
import { exchangeRaw } from './raw-exchange.ts'
import type { SandboxService } from './sandbox/service.ts'
import type { Stage } from './stage.ts'
import type { Expectation, Step } from './step.ts'

interface Witnesses {
  /** Undefined: the call succeeded. */
  readonly error: SdkError | undefined
  /** The `ERR_SG_…` code that the agent was told. */
  readonly code: string | undefined
  readonly decisions: readonly DecisionRecord[]
  /** What reached a cloud to be carried out. */
  readonly cloud: readonly { readonly operation: string; readonly accepted: boolean }[]
  /** Dry runs that reached BigQuery. */
  readonly lookups: number
  /** Requests that reached a token service of a cloud. */
  readonly tokenExchanges: number
  /** Names of issued secrets in what the agent was told. */
  readonly leaked: readonly string[]
}

export interface StepResult extends Witnesses {
  readonly step: Step
  /** What was not as expected; empty: all was. */
  readonly surprises: readonly string[]
}

async function playSdk(step: Step, stage: Stage, sdk: AwsSdk): Promise<SdkError | undefined> {
  const access = stage.agents.get(step.agent)
  if (access === undefined) throw new TypeError(`no agent ${step.agent}`)
  if ('call' in step) {
    return (await stage.googleAgents.call(step.agent, access, step.call)).error
  }
  if ('raw' in step) {
    const { status, code, answers } = await exchangeRaw(access, step.raw)
    const name = `HTTP ${status ?? '-'}`
    const message = answers > 1 ? `${answers} answers to one request` : (code ?? 'no code')
    return {
      name,
      message,
      status: answers > 1 ? undefined : status,
      requestId: undefined,
      code: undefined,
      reason: undefined,
    }
  }
  const client = sdk.createClient(access, REGION)
  try {
    await step.play({ sdk, client })
    return undefined
  } catch (error) {
    return readAwsError(error)
  } finally {
    client.destroy()
  }
}

/** How a client sees that the other side ended the connection, or its handshake. */
const CLOSED = /^(?:ECONNRESET|EPIPE|ERR_SSL_\w+)$/

type Of<K extends Expectation['kind']> = Extract<Expectation, { kind: K }>

function judgeAllowed(expected: Of<'allowed'>, seen: Witnesses): readonly string[] {
  const surprises: string[] = []
  const { error, decisions, cloud } = seen
  const wanted = expected.operations.join(', ')
  const decided = decisions.map((record) => record.operation ?? '?').join(', ')
  const arrived = cloud.map((request) => request.operation).join(', ')
  if (error !== undefined) surprises.push(`expected success, got ${error.name}`)
  if (decided !== wanted) surprises.push(`recorded decisions: ${decided || 'none'}`)
  if (!decisions.every((record) => record.allow)) surprises.push('a recorded denial')
  if (arrived !== wanted) surprises.push(`the cloud saw: ${arrived || 'nothing'}`)
  if (!cloud.every((request) => request.accepted)) surprises.push('the cloud refused it')
  return surprises
}

function judgeRefused(expected: Of<'refused' | 'closed'>, seen: Witnesses): readonly string[] {
  const surprises: string[] = []
  const { error, code, decisions, cloud, lookups } = seen
  if (cloud.length > 0) surprises.push('the cloud saw it')
  if (seen.tokenExchanges > 0 && lookups === 0) surprises.push('a credential was asked for')
  if (error === undefined) surprises.push('expected a refusal, got success')
  if (decisions.some((record) => record.allow)) surprises.push('a recorded allow')
  if (expected.kind === 'closed') {
    if (error?.status !== undefined) surprises.push(`expected no HTTP, got ${error.status}`)
    else if (!CLOSED.test(error?.code ?? '')) surprises.push('the connection was not closed')
    return surprises
  }
  if (error?.status !== expected.status) {
    surprises.push(`expected HTTP ${expected.status}, got ${error?.status ?? 'none'}`)
  }
  if (!expected.codes.includes(code ?? '')) {
    surprises.push(`expected ${expected.codes.join(' or ')}, got ${code ?? 'no code'}`)
  }
  return surprises
}

function judge(expected: Expectation, seen: Witnesses): readonly string[] {
  const surprises = [
    ...(expected.kind === 'allowed' ? judgeAllowed(expected, seen) : judgeRefused(expected, seen)),
  ]
  const wanted = expected.kind === 'closed' ? 0 : (expected.lookups ?? 0)
  if (seen.lookups !== wanted) surprises.push(`${seen.lookups} dry runs, expected ${wanted}`)
  for (const name of seen.leaked) surprises.push(`the agent was told the ${name}`)
  return surprises
}

const TOKEN_SERVICES: ReadonlySet<SandboxService> = new Set(['sts', 'google-sts', 'iamcredentials'])

export async function playStep(step: Step, stage: Stage, sdk: AwsSdk): Promise<StepResult> {
  const before = (await readDecisions(stage.auditDir)).length
  const seenBefore = stage.log.requests.length
  const error = await playSdk(step, stage, sdk)
  const decisions = (await readDecisions(stage.auditDir)).slice(before)
  const arrived = stage.log.requests.slice(seenBefore)
  const asked = arrived.filter(({ service }) => !TOKEN_SERVICES.has(service))
  const cloud = asked
    .filter((request) => !request.isDryRun)
    .map(({ operation = '?', verdict }) => ({ operation, accepted: verdict === 'accepted' }))
  const seen: Witnesses = {
    error,
    code: /ERR_SG_[A-Z_]+/.exec(error?.message ?? '')?.[0],
    decisions,
    cloud,
    lookups: asked.length - cloud.length,
    tokenExchanges: arrived.length - asked.length,
    leaked: stage.log.secrets.findIn(error?.message ?? '').map(({ name }) => name),
  }
  return { step, ...seen, surprises: judge(step.expected, seen) }
}
