// The part of `check` that opens what `serve` would open at its start and has not been read with the
// configuration: trust bundles, the deny list, keys that were made at an earlier start. Nothing is
// made or changed.

import { checkAuditKey } from '../audit/audit-key.ts'
import { checkIdentity } from '../compose/identity.ts'
import type { StartProblem } from '../compose/problem.ts'
import { checkCredentials } from '../compose/generation.ts'
import { openSigner } from '../compose/issuer.ts'
import type { Config, IssuerConfig } from '../config/config.ts'
import { checkIssuerKeys } from '../issuer/keys.ts'
import { systemClock } from '../util/clock.ts'
import { systemTimers } from '../util/timers.ts'
import { CliError } from './command.ts'
import { asCliError } from './start-error.ts'

/** Each with its own problem, so that all are told at once. */
export async function checkFiles(config: Config): Promise<readonly StartProblem[]> {
  const { audit, identity, issuer } = config
  const problems = [
    // A development trust domain is made at the start.
    identity.source.kind === 'dev'
      ? undefined
      : await problemOf(() => checkIdentity(config, systemClock)),
    issuer === undefined ? undefined : await problemOf(() => checkIssuer(issuer)),
    await problemOf(() => checkAuditKey(audit.key)),
  ]
  return [...problems.filter((problem) => problem !== undefined), ...checkCredentials(config)]
}

async function checkIssuer({ keys, signer, algorithms }: IssuerConfig): Promise<void> {
  if (signer !== undefined) await openSigner(signer, systemTimers)
  if (keys === undefined) return
  for (const algorithm of algorithms) await checkIssuerKeys(keys.dir, algorithm)
}

async function problemOf(check: () => Promise<void>): Promise<StartProblem | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    const told = asCliError(error)
    if (!(told instanceof CliError)) throw error
    return { message: told.message, hint: told.hint }
  }
}
