// Prints the demo: aligned columns for people, one JSON document a line for programs. Colour only
// where the output is a terminal and NO_COLOR is not set (no-color.org).

import type { CliIo } from '../cli/command.ts'
import type { AuditVerdict } from './ports.ts'
import type { SdkError } from './agent-access.ts'
import type { StepResult } from './play.ts'
import type { CredentialUse } from './aftermath.ts'
import { playOnText } from './play-on.ts'
import type { SandboxRequest } from './sandbox/request-log.ts'
import type { Stage } from './stage.ts'

const GREEN = 32
const RED = 31
const DIM = 2
const WIDTHS = { role: 28, operation: 20, resource: 37 }

export interface Summary {
  readonly results: readonly StepResult[]
  readonly requests: readonly SandboxRequest[]
  readonly decisions: number
  readonly audit: AuditVerdict
  /** What is not as it was in BigQuery; empty: all is. */
  readonly changes: readonly string[]
  readonly credentials: readonly CredentialUse[]
}

export function allAsExpected(summary: Summary): boolean {
  // A dry run may be refused: that a dataset does not exist is the cloud's to say.
  const refusedByCloud = summary.requests.some(
    (request) => request.verdict !== 'accepted' && !request.isDryRun,
  )
  const isUntouched = summary.changes.length === 0
  const hasStrayed = summary.credentials.some(({ strayed }) => strayed > 0)
  const surprised = summary.results.some((result) => result.surprises.length > 0)
  return !refusedByCloud && !surprised && isUntouched && !hasStrayed && summary.audit.ok
}

function verdictOf(result: StepResult): 'allowed' | 'refused' | 'closed' {
  if (result.error === undefined) return 'allowed'
  return result.error.status === undefined ? 'closed' : 'refused'
}

function reasonsOf(result: StepResult): readonly string[] {
  const reasons = result.decisions.flatMap((decision) => decision.reasons)
  return [...new Set(reasons)].toSorted()
}

/** One line of text: nothing that an upstream or an SDK says may move the cursor. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}

export class DemoReport {
  readonly #io: CliIo
  readonly #json: boolean
  readonly #colour: boolean

  constructor(io: CliIo, json: boolean) {
    this.#io = io
    this.#json = json
    this.#colour = io.isTerminal && !json && (io.env['NO_COLOR'] ?? '') === ''
  }

  #paint(code: number, text: string): string {
    return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text
  }

  #line(text: string): void {
    this.#io.out(`${text}\n`)
  }

  begin(stage: Stage): void {
    if (this.#json) return
    this.#line(
      `svidgate demo: agents → ${stage.baseOrigin} (mTLS) → sandbox clouds: S3 ${stage.aws.s3Origin}, BigQuery ${stage.google.bigqueryOrigin}`,
    )
    this.#line(
      'Crew data-crew of tenant acme. The writer may put under s3://reports/2026/, the researcher may read',
    )
    this.#line('acme-data.sales in BigQuery; no one else anything.')
    this.#line('')
    const { role, operation, resource } = WIDTHS
    const head = `${'ROLE'.padEnd(role)} ${'OPERATION'.padEnd(operation)} ${'RESOURCE'.padEnd(resource)} VERDICT`
    this.#line(this.#paint(DIM, head))
  }

  step(result: StepResult): void {
    if (this.#json) this.#line(JSON.stringify(stepDocument(result)))
    else this.#stepText(result)
  }

  #stepText(result: StepResult): void {
    const { step, error, decisions, surprises } = result
    const verdict = verdictOf(result)
    const columns = [
      step.agent.padEnd(WIDTHS.role),
      step.operation.padEnd(WIDTHS.operation),
      step.resource.padEnd(WIDTHS.resource),
      this.#paint(verdict === 'allowed' ? GREEN : RED, verdict),
    ]
    this.#line(columns.join(' '))
    if ('call' in step) this.#detail('query', oneLine(step.call.options.query))
    const reasons = reasonsOf(result)
    const dryRun = decisions.find((decision) => decision.dryRun !== undefined)?.dryRun
    const credential = decisions.find((decision) => decision.credential !== undefined)?.credential
    if (verdict === 'allowed') {
      this.#detail('reasons', reasons.join(', ') || 'none')
      this.#detail(
        'credential',
        `${credential?.name ?? 'none'} (session ${credential?.session ?? '-'})`,
      )
      if (dryRun !== undefined) {
        this.#detail('dry run', `${dryRun.tables.join(', ')}: ${dryRun.bytes} bytes`)
      }
      if (decisions.length > 1) this.#detail('requests', String(decisions.length))
    } else if (verdict === 'refused') {
      const code = result.code ?? decisions[0]?.code ?? 'no code'
      this.#detail('reasons', [code, ...reasons].join(', '))
      this.#detail('credential', credentialOfRefused(result))
    } else this.#detail('reasons', 'the handshake: no identity was proven, so there is no HTTP')
    if (error !== undefined) {
      const metadata = 'call' in step ? googleMetadata(error) : awsMetadata(error)
      const text = `${error.name}: ${oneLine(error.message)}`
      if ('raw' in step) this.#detail('answer', text)
      else this.#detail('SDK error', `${text} (${metadata})`)
    }
    for (const surprise of surprises)
      this.#line(`    ${this.#paint(RED, `NOT AS EXPECTED: ${surprise}`)}`)
  }

  #detail(label: string, text: string): void {
    this.#line(`    ${this.#paint(DIM, label.padEnd(11))} ${text}`)
  }

  end(summary: Summary): void {
    const isGood = allAsExpected(summary)
    if (this.#json) {
      this.#line(JSON.stringify(summaryDocument(summary, isGood)))
      return
    }
    const { requests, decisions, audit, results } = summary
    this.#line('')
    this.#line('What the sandbox clouds saw:')
    for (const [text, count] of counted(requests))
      this.#line(`    ${String(count).padStart(3)} × ${text}`)
    this.#line('Credentials that the clouds issued, and where they were seen:')
    for (const { name, seenBy, strayed } of summary.credentials) {
      const places = [...seenBy].map(([service, count]) => `${service} ${count} ×`).join(', ')
      const verdict = strayed === 0 ? 'nowhere else' : `STRAYED ${strayed} ×`
      this.#line(`    ${shortPrincipal(name)}: ${places || 'nowhere'}; ${verdict}`)
    }
    for (const change of summary.changes) this.#line(this.#paint(RED, `LOST: ${change}`))
    if (summary.changes.length === 0) this.#line('Tables of BigQuery: all as they were; no exports')
    const state = audit.ok ? 'intact' : audit.problems.join('; ')
    this.#line(
      `Records: ${audit.records} written, ${decisions} of them decisions; audit verify: ${state}`,
    )
    const good = results.filter((result) => result.surprises.length === 0).length
    const line = `${good} of ${results.length} steps went as expected`
    this.#line(this.#paint(isGood ? GREEN : RED, line))
  }

  /** How to play on, while everything is left running. */
  keep(stage: Stage): void {
    const { dir, baseOrigin } = stage
    if (this.#json) {
      const bigquery = `${baseOrigin}/gcp/bigquery`
      this.#line(JSON.stringify({ kept: { dir, endpoint: `${baseOrigin}/aws/s3`, bigquery } }))
      return
    }
    this.#line(playOnText(stage))
  }
}

function credentialOfRefused({ tokenExchanges, lookups }: StepResult): string {
  if (lookups > 0) return 'used for a dry run alone, which the policy asked for'
  return tokenExchanges === 0 ? 'none was asked for' : 'one was asked for'
}

function awsMetadata({ status, requestId }: SdkError): string {
  const id = requestId === undefined ? '' : `, requestId ${requestId}`
  return `$metadata.httpStatusCode ${status ?? 'undefined'}${id}`
}

function googleMetadata({ status, code, reason }: SdkError): string {
  return `code ${status ?? code ?? 'undefined'}, errors[0].reason ${reason ?? 'undefined'}`
}

/** Without what is the same for all callers of one cloud. */
function shortPrincipal(name: string): string {
  return name
    .replace(/arn:aws:sts::\d+:assumed-role\//, '')
    .replace(/principal:\/\/\S+\/subject\//, '')
}

function counted(requests: readonly SandboxRequest[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { operation, principal, verdict, status, code, isDryRun } of requests) {
    const outcome = verdict === 'accepted' ? String(status) : `${status} ${code ?? ''}`
    const session = principal === undefined ? 'unknown caller' : shortPrincipal(principal)
    const name = `${operation ?? 'unknown'}${isDryRun ? ' (dry run)' : ''}`
    const text = `${name.padEnd(30)} ${outcome.padEnd(4)} ${session}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return counts
}

function stepDocument(result: StepResult): object {
  const { step, error, decisions, cloud, surprises } = result
  return {
    step: step.id,
    role: step.agent,
    operation: step.operation,
    resource: step.resource,
    verdict: verdictOf(result),
    code: result.code ?? decisions.find((decision) => !decision.allow)?.code,
    reasons: reasonsOf(result),
    dryRun: decisions.find((decision) => decision.dryRun !== undefined)?.dryRun,
    lookups: result.lookups,
    credential: decisions.find((decision) => decision.credential !== undefined)?.credential,
    error,
    decisions: decisions.map((decision) => decision.id),
    cloud: cloud.map((request) => request.operation),
    surprises,
  }
}

function summaryDocument(summary: Summary, isGood: boolean): object {
  return {
    summary: {
      asExpected: isGood,
      cloud: summary.requests.map(({ service, operation, isDryRun, principal, status, code }) => ({
        service,
        operation,
        isDryRun,
        principal,
        status,
        code,
      })),
      decisions: summary.decisions,
      changes: summary.changes,
      credentials: summary.credentials.map(({ name, seenBy, strayed }) => ({
        name,
        seenBy: Object.fromEntries(seenBy),
        strayed,
      })),
      audit: summary.audit,
    },
  }
}
