// Plays one step and judges it by three witnesses: what the agent's SDK says, what the gateway
// recorded, and what the sandbox cloud saw.

import { readSdkError } from './aws-sdk.ts'
import type { AwsSdk, SdkError } from './aws-sdk.ts'
import { readDecisions } from './decision-records.ts'
import type { DecisionRecord } from './decision-records.ts'
import { exchangeRaw } from './raw-exchange.ts'
import type { Expectation, Step } from './scenario.ts'
import type { Stage } from './stage.ts'

interface Witnesses {
  /** Undefined: the call succeeded. */
  readonly error: SdkError | undefined
  /** The `ERR_SG_…` code that the agent was told. */
  readonly code: string | undefined
  readonly decisions: readonly DecisionRecord[]
  /** What reached the cloud's S3. */
  readonly cloud: readonly { readonly operation: string; readonly accepted: boolean }[]
  /** Requests that reached the cloud's STS. */
  readonly tokenExchanges: number
}

export interface StepResult extends Witnesses {
  readonly step: Step
  /** What was not as expected; empty: all was. */
  readonly surprises: readonly string[]
}

async function playSdk(step: Step, stage: Stage, sdk: AwsSdk): Promise<SdkError | undefined> {
  const access = stage.agents.get(step.agent)
  if (access === undefined) throw new TypeError(`no agent ${step.agent}`)
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
    }
  }
  const client = sdk.createClient(access)
  try {
    await step.play({ sdk, client })
    return undefined
  } catch (error) {
    return readSdkError(error)
  } finally {
    client.destroy()
  }
}

/** How a client sees that the other side ended the connection, or its handshake. */
const CLOSED = /^(?:ECONNRESET|EPIPE|ERR_SSL_\w+)$/

function judge(expected: Expectation, seen: Witnesses): readonly string[] {
  const surprises: string[] = []
  const { error, code, decisions, cloud } = seen
  if (expected.kind === 'allowed') {
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
  if (cloud.length > 0) surprises.push('the cloud saw it')
  if (seen.tokenExchanges > 0) surprises.push('a credential was asked for')
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

export async function playStep(step: Step, stage: Stage, sdk: AwsSdk): Promise<StepResult> {
  const before = (await readDecisions(stage.auditDir)).length
  const seenBefore = stage.sandbox.requests.length
  const error = await playSdk(step, stage, sdk)
  const decisions = (await readDecisions(stage.auditDir)).slice(before)
  const arrived = stage.sandbox.requests.slice(seenBefore)
  const cloud = arrived
    .filter((request) => request.service === 's3')
    .map(({ operation = '?', verdict }) => ({ operation, accepted: verdict === 'accepted' }))
  const tokenExchanges = arrived.length - cloud.length
  const code = /ERR_SG_[A-Z_]+/.exec(error?.message ?? '')?.[0]
  const seen: Witnesses = { error, code, decisions, cloud, tokenExchanges }
  return { step, ...seen, surprises: judge(step.expected, seen) }
}
