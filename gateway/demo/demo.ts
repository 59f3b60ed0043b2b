// `svidgate demo`: an embedded trust domain, issuer and sandbox clouds; the real gateway between; and
// the vendors' SDKs as the agents. Exit code 0 only if every step went as expected.

import type { ExitCode } from '../cli/command.ts'
import { changesSince, contentsOf, credentialUses } from './aftermath.ts'
import type { TableContents } from './aftermath.ts'
import { loadAwsSdk } from './aws-sdk.ts'
import type { AwsSdk } from './aws-sdk.ts'
import { readDecisions } from './decision-records.ts'
import { allAsExpected, DemoReport } from './demo-report.ts'
import type { Summary } from './demo-report.ts'
import { requireGoogleSdk } from './google-sdk.ts'
import { playStep } from './play.ts'
import type { StepResult } from './play.ts'
import type { DemoOptions } from './ports.ts'
import { SCENARIO } from './scenario.ts'
import { withStage } from './stage.ts'
import type { Stage } from './stage.ts'

interface Interruption {
  /** Resolves at the first SIGINT or SIGTERM; a second one ends the process as usual. */
  readonly happened: Promise<'interrupted'>
  stopListening(): void
}

function listenForInterruption(): Interruption {
  let stopListening = (): void => undefined
  const happened = new Promise<'interrupted'>((resolve) => {
    const onSignal = (): void => {
      stopListening()
      resolve('interrupted')
    }
    stopListening = () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
  return { happened, stopListening: () => stopListening() }
}

async function playAll(stage: Stage, sdk: AwsSdk, report: DemoReport): Promise<StepResult[]> {
  const results: StepResult[] = []
  // They load the SDK while the first steps are played.
  for (const step of SCENARIO) {
    const access = stage.agents.get(step.agent)
    if ('call' in step && access !== undefined) stage.googleAgents.start(step.agent, access)
  }
  for (const step of SCENARIO) {
    const result = await playStep(step, stage, sdk)
    report.step(result)
    results.push(result)
  }
  return results
}

async function summarise(
  options: DemoOptions,
  stage: Stage,
  results: readonly StepResult[],
  before: TableContents,
): Promise<Summary> {
  // Closed first, so that the last records and their signature are part of what is verified.
  if (!options.keep) await stage.closeGateway()
  return {
    results,
    requests: stage.log.requests.slice(),
    decisions: (await readDecisions(stage.auditDir)).length,
    audit: await options.verifyAudit(stage.auditDir, stage.auditPublicKey),
    changes: changesSince(before, stage.google),
    credentials: credentialUses(stage.log),
  }
}

/** Throws CliError where the SDK is missing, and whatever starting the gateway throws. */
export async function runDemo(options: DemoOptions): Promise<ExitCode> {
  requireGoogleSdk()
  const sdk = await loadAwsSdk()
  const report = new DemoReport(options.io, options.json)
  const interruption = listenForInterruption()
  try {
    return await withStage(options, async (stage): Promise<ExitCode> => {
      report.begin(stage)
      const before = contentsOf(stage.google)
      const played = await Promise.race([playAll(stage, sdk, report), interruption.happened])
      if (played === 'interrupted') return 1
      const summary = await summarise(options, stage, played, before)
      report.end(summary)
      if (options.keep) {
        report.keep(stage)
        await interruption.happened
      }
      return allAsExpected(summary) ? 0 : 1
    })
  } finally {
    interruption.stopListening()
  }
}
