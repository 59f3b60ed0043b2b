// Prints the demo: aligned columns for people, one JSON document a line for programs. Colour only
// where the output is a terminal and NO_COLOR is not set (no-color.org).

import type { CliIo } from '../cli/command.ts'
import type { AuditVerdict } from './ports.ts'
import type { StepResult } from './play.ts'
import type { SandboxRequest } from './sandbox/request-log.ts'
import type { Stage } from './stage.ts'

const GREEN = 32
const RED = 31
const DIM = 2
const WIDTHS = { role: 28, operation: 19, resource: 37 }

export interface Summary {
  readonly results: readonly StepResult[]
  readonly requests: readonly SandboxRequest[]
  readonly decisions: number
  readonly audit: AuditVerdict
}

export function allAsExpected(summary: Summary): boolean {
  const refusedByCloud = summary.requests.some((request) => request.verdict !== 'accepted')
  const surprised = summary.results.some((result) => result.surprises.length > 0)
  return !refusedByCloud && !surprised && summary.audit.ok
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
      `svidgate demo: agents → ${stage.baseOrigin} (mTLS) → sandbox cloud ${stage.sandbox.s3Origin}`,
    )
    this.#line(
      'Crew data-crew of tenant acme. The writer may put under s3://reports/2026/; no one else anything.',
    )
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
    const reasons = reasonsOf(result)
    const credential = decisions.find((decision) => decision.credential !== undefined)?.credential
    if (verdict === 'allowed') {
      this.#detail('reasons', reasons.join(', ') || 'none')
      this.#detail(
        'credential',
        `${credential?.name ?? 'none'} (session ${credential?.session ?? '-'})`,
      )
      if (decisions.length > 1) this.#detail('requests', String(decisions.length))
    } else if (verdict === 'refused') {
      const code = result.code ?? decisions[0]?.code ?? 'no code'
      this.#detail('reasons', [code, ...reasons].join(', '))
      const asked = result.tokenExchanges === 0 ? 'none was asked for' : 'one was asked for'
      this.#detail('credential', asked)
    } else this.#detail('reasons', 'the handshake: no identity was proven, so there is no HTTP')
    if (error !== undefined) {
      const id = error.requestId === undefined ? '' : `, requestId ${error.requestId}`
      const metadata = `$metadata.httpStatusCode ${error.status ?? 'undefined'}${id}`
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
    this.#line('What the sandbox cloud saw:')
    for (const [text, count] of counted(requests))
      this.#line(`    ${String(count).padStart(3)} × ${text}`)
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
      this.#line(JSON.stringify({ kept: { dir, endpoint: `${baseOrigin}/aws/s3` } }))
      return
    }
    this.#line(`
Still running, until Ctrl-C. As the writer, with curl:

  curl --cert ${dir}/writer.pem --key ${dir}/writer.key.pem --cacert ${dir}/web-ca.pem \\
    --request PUT --data-binary 'hello' --header 'content-type: text/plain' \\
    ${baseOrigin}/aws/s3/reports/2026/hello.txt

With the AWS SDK for JavaScript (no cloud credential, only the SVID):

  const tls = { cert: readFileSync('${dir}/writer.pem'), key: readFileSync('${dir}/writer.key.pem'),
    ca: readFileSync('${dir}/web-ca.pem') }
  const s3 = new S3Client({ endpoint: '${baseOrigin}/aws/s3', region: 'eu-west-1', forcePathStyle: true,
    credentials: { accessKeyId: 'placeholder', secretAccessKey: 'placeholder' },
    requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent(tls) }) })
  await s3.send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/hello.txt', Body: 'hello' }))

researcher.pem and researcher.key.pem lie beside them; records in ${stage.auditDir}`)
  }
}

function counted(requests: readonly SandboxRequest[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { operation, principal, verdict, status, code } of requests) {
    const outcome = verdict === 'accepted' ? String(status) : `${status} ${code ?? ''}`
    const session = principal?.replace(/^arn:aws:sts::\d+:assumed-role\//, '') ?? 'unknown caller'
    const text = `${(operation ?? 'unknown').padEnd(30)} ${outcome.padEnd(4)} ${session}`
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
      cloud: summary.requests.map(({ service, operation, principal, status, code }) => ({
        service,
        operation,
        principal,
        status,
        code,
      })),
      decisions: summary.decisions,
      audit: summary.audit,
    },
  }
}
