// `svidgate explain`: facts, input, rules, obligations, credential plan and string to sign of one
// request, or of a recorded decision, without upstream traffic and without secrets.

import { readFile } from 'node:fs/promises'
import { AuditTail } from '../audit/tail.ts'
import { explainRequest, rulesOf, type Explanation } from '../authoring/explain.ts'
import { buildGeneration } from '../compose/generation.ts'
import { compileNames } from '../compose/identity.ts'
import type { Config } from '../config/config.ts'
import { CredentialCache } from '../credential/cache.ts'
import { refusal } from '../errors.ts'
import { unprovenPeer } from '../pipeline/authenticate.ts'
import type { Generation } from '../pipeline/ports.ts'
import type { Decision } from '../policy/decision-types.ts'
import { nanoseconds } from '../policy/input-time.ts'
import { parseSpiffeId } from '../spiffe/id.ts'
import type { Peer } from '../spiffe/peer.ts'
import { systemClock } from '../util/clock.ts'
import { err } from '../util/result.ts'
import { parseRfc3339 } from '../util/rfc3339.ts'
import { CliError, type Action, type CliIo, type ExitCode } from './command.ts'
import { readConfig } from './read-config.ts'
import { parseRawRequest } from './request-input.ts'

export interface ExplainOptions {
  readonly config: string
  readonly request?: string
  readonly as?: string
  readonly at?: string
  readonly decision?: string
  readonly json: boolean
}

const USAGE = 'explain -c svidgate.yaml --request FILE --as spiffe://…, or --decision ID'

export const explain: Action<ExplainOptions> = async (options, io) => {
  const { config } = await readConfig(options.config, io)
  const generation = await offlineGeneration(config)
  const explainEntrypoint = config.policy.explain
  if (options.decision !== undefined) {
    return explainRecord(options.decision, config, { generation, explainEntrypoint }, io)
  }
  if (options.request === undefined || options.as === undefined) {
    throw new CliError(2, 'a request and an identity are needed', USAGE)
  }
  const bytes = await readFile(options.request).catch((error: unknown) => {
    throw new CliError(2, `${options.request} cannot be read: ${textOf(error)}`, USAGE)
  })
  const explanation = explainRequest(parseRawRequest(bytes, options.request), {
    generation,
    explainEntrypoint,
    peer: peerOf(options.as, config),
    now: options.at === undefined ? systemClock.now() : instantOf(options.at),
  })
  return print(explanation, options.json, io)
}

function print(explanation: Explanation, json: boolean, io: CliIo): ExitCode {
  if (json) io.out(`${JSON.stringify(explanation, mapAsObject)}\n`)
  else {
    for (const [station, value] of Object.entries(explanation)) {
      io.out(`${station}: ${typeof value === 'string' ? value : pretty(value)}\n`)
    }
  }
  return explanation.verdict === 'allow' ? 0 : 1
}

function pretty(value: unknown): string {
  return JSON.stringify(value, mapAsObject, 2)
}

function mapAsObject(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value
}

/** Judges the recorded input again with the bundle in force, and says whether the answer is the same. */
async function explainRecord(
  id: string,
  config: Config,
  ports: { generation: Generation; explainEntrypoint: string | undefined },
  io: CliIo,
): Promise<ExitCode> {
  const record = await findRecord(id, config)
  const { input, result, facts } = record
  if (typeof input !== 'object' || input === null) {
    io.out(`${pretty({ recorded: result, note: 'refused before there was a policy input' })}\n`)
    return 0
  }
  // The record holds the very text that was judged, in canonical form: so does this.
  const evaluation = { text: JSON.stringify(input), nowNs: instantNs(input) }
  const { engine, entrypoint, decisions } = ports.generation
  const again = engine.evaluateText(entrypoint, evaluation)
  const now = again.ok ? decisions.read(again.value) : again.error
  const isSame = 'reasons' in now && decidesAs(now, result)
  const rules = rulesOf(evaluation, ports)
  io.out(`${pretty({ recorded: result, same: isSame, facts, input, now, ...rules })}\n`)
  return isSame ? 0 : 1
}

/** Codes of denials that only a policy's own answer gets; the others may follow an allow. */
const DENIALS: ReadonlySet<unknown> = new Set(['ERR_SG_DENIED', 'ERR_SG_POLICY_ERROR'])

/**
 * Whether the policy decides now what it decided then, for the same reasons. Of a request that a
 * look-up ended, the record holds the input of the decision that asked.
 */
function decidesAs(now: Decision, recorded: unknown): boolean {
  if (typeof recorded !== 'object' || recorded === null) return false
  const { allow, code, reasons, rule } = recorded as Readonly<Record<string, unknown>>
  if (JSON.stringify(reasons) !== JSON.stringify(now.reasons)) return false
  const isByLookup = typeof rule === 'string' && rule.startsWith('LOOK-')
  switch (now.kind) {
    case 'allow':
      return allow === true || !DENIALS.has(code)
    case 'needs':
      return allow === false && (isByLookup || !DENIALS.has(code))
    case 'deny':
      return code === now.code && !isByLookup
  }
}

async function findRecord(id: string, config: Config): Promise<Record<string, unknown>> {
  const quoted = `"decision_id":${JSON.stringify(id)}`
  for (const { dir } of config.audit.sinks) {
    const found = await new AuditTail(dir).last(
      1,
      (line) => line.includes(quoted) && line.includes('"type":"decision"'),
    )
    // A line of our own writing, found by its id.
    if (found[0] !== undefined) return JSON.parse(found[0]) as Record<string, unknown>
  }
  throw new CliError(1, `no decision ${id} is recorded`, 'audit tail lists what is')
}

function instantNs(input: object): string {
  const timestamp = 'timestamp' in input ? String(input.timestamp) : ''
  return nanoseconds(parseRfc3339(timestamp) ?? 0)
}

function peerOf(spiffeId: string, config: Config): Peer {
  const id = parseSpiffeId(spiffeId)
  if (!id.ok) throw new CliError(2, `--as: ${id.error.detail}`, USAGE)
  const names = compileNames(config)
  if (!names.ok) throw new CliError(2, names.error[0]?.message ?? '', 'see identity.grammar')
  const peer = unprovenPeer(id.value, names.value)
  if (!peer.ok) throw new CliError(1, `--as: ${peer.error.detail}`, 'see identity.grammar')
  return peer.value
}

function instantOf(text: string): number {
  const instant = parseRfc3339(text)
  if (instant === undefined) throw new CliError(2, `--at: ${text} is not RFC 3339`, USAGE)
  return instant
}

/** A generation that can judge and plan, and has no way to obtain anything. */
async function offlineGeneration(config: Config): Promise<Generation> {
  const offline = refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'explain obtains nothing')
  const built = await buildGeneration(config, 0, {
    clock: systemClock,
    jwtSvid: { fetch: () => Promise.resolve(err(offline)) },
    post: () => Promise.resolve(err({ kind: 'blocked', detail: 'explain sends nothing' })),
    cache: new CredentialCache({ clock: systemClock, random: Math.random }),
    jobStore: undefined,
  })
  if (built.ok) return built.value.generation
  const [first] = built.error
  throw new CliError(2, first?.message ?? 'no generation', first?.hint ?? '')
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
