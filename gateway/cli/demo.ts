// `svidgate demo`: plays the scenario against the very gateway that `serve` runs, in this process.

import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { readAuditPublicKey } from '../audit/audit-key.ts'
import { verifyAuditDirectory } from '../audit/verify.ts'
import { runDemo } from '../demo/demo.ts'
import type { AuditVerdict, DemoGateway } from '../demo/ports.ts'
import { Gateway } from '../server.ts'
import { createDevTrustDomain } from '../spiffe/dev-ca.ts'
import { createLogger } from '../telemetry/logger.ts'
import { systemClock } from '../util/clock.ts'
import type { Action, CliIo } from './command.ts'
import { readConfig } from './read-config.ts'

export interface DemoCommandOptions {
  readonly keep: boolean
  readonly json: boolean
}

const BUNDLE = fileURLToPath(new URL('../../../bundles/authz.tar.gz', import.meta.url))

export const demo: Action<DemoCommandOptions> = ({ keep, json }, io) =>
  runDemo({
    io,
    keep,
    json,
    now: systemClock.now,
    start: (text, dir) => startGateway(text, dir, io),
    createTrustDomain: createDevTrustDomain,
    verifyAudit,
    bundleFile: BUNDLE,
  })

async function startGateway(text: string, dir: string, io: CliIo): Promise<DemoGateway> {
  const path = join(dir, 'svidgate.yaml')
  await writeFile(path, text, { mode: 0o600 })
  const loaded = await readConfig(path, io)
  const gateway = await Gateway.start(loaded, {
    clock: systemClock,
    monotonicMs: () => performance.now(),
    random: Math.random,
    logger: ({ telemetry }) => createLogger({ level: telemetry.log.level, clock: systemClock }),
  })
  const { dataPort, issuerPort } = gateway.listeners
  return {
    dataOrigin: `https://127.0.0.1:${dataPort}`,
    issuerOrigin: `http://127.0.0.1:${issuerPort ?? 0}`,
    close: () => gateway.drain(),
  }
}

async function verifyAudit(dir: string, publicKeyFile: string): Promise<AuditVerdict> {
  const report = await verifyAuditDirectory(dir, [await readAuditPublicKey(publicKeyFile)])
  const problems = report.problems.map(({ file, line, what }) => `${file}:${line}: ${what}`)
  return { ok: report.ok, records: report.records, problems }
}
