// `svidgate policy eval --bundle B --entrypoint E`: input documents as JSON lines on stdin, one
// result a line on stdout. The documents are foreign text, so each is read strictly and written
// again before the engine sees it: a module takes unparsable input for no input at all.

import { readFile } from 'node:fs/promises'
import { openBundle } from '../policy/bundle/activate.ts'
import { nanoseconds } from '../policy/input-time.ts'
import type { EvaluationInput, PolicyEngine } from '../policy/engine.ts'
import { systemClock } from '../util/clock.ts'
import {
  isJsonObject,
  JsonNumber,
  type JsonValue,
  parseStrictJson,
  writeJson,
} from '../util/json.ts'
import { LineTooLong, readLines } from '../util/lines.ts'
import { err, ok, type Result } from '../util/result.ts'
import { type Action, CliError } from './command.ts'

export interface PolicyEvalOptions {
  readonly bundle: string
  /** `svidgate/authz/decision` */
  readonly entrypoint: string
}

const MAX_DEPTH = 128
const MAX_LINE_BYTES = 8 * 1024 * 1024

export const policyEval: Action<PolicyEvalOptions> = async (options, io) => {
  const engine = await openEngine(options)
  try {
    for await (const line of readLines(bytesOf(io.stdin), MAX_LINE_BYTES)) {
      if (line.length === 0) continue
      io.out(`${answer(engine, options.entrypoint, line)}\n`)
    }
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error
    throw new CliError(2, error.message, 'write one input document a line')
  }
  return 0
}

async function openEngine({ bundle, entrypoint }: PolicyEvalOptions): Promise<PolicyEngine> {
  const bytes = await readFile(bundle).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error)
    throw new CliError(2, detail, 'give --bundle the path of a bundle file')
  })
  const opened = openBundle(bytes, {
    name: 'bundle',
    verification: { required: false, keys: new Map() },
    entrypoints: [entrypoint],
  })
  if (!opened.ok) throw new CliError(2, `${bundle}: ${opened.error.message}`, opened.error.hint)
  return opened.value.engine
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer | string> {
  yield* stream
}

function answer(engine: PolicyEngine, entrypoint: string, line: Buffer): string {
  const input = readInput(line)
  if (!input.ok) return errorLine(`input: ${input.error}`)
  const result = engine.evaluateText(entrypoint, input.value)
  if (result.ok) return `{"result":${result.value}}`
  return errorLine(`${result.error.kind}: ${result.error.detail}`)
}

function errorLine(message: string): string {
  return JSON.stringify({ error: message })
}

function readInput(line: Buffer): Result<EvaluationInput, string> {
  const text = utf8(line)
  if (text === undefined) return err('not UTF-8')
  const parsed = parseStrictJson(text, { maxDepth: MAX_DEPTH })
  if (!parsed.ok) return err(`character ${String(parsed.error.offset)}: ${parsed.error.reason}`)
  return ok({ text: writeJson(parsed.value), nowNs: instantOf(parsed.value) })
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The document's own `now.ns`, so that a recorded input gives the recorded decision; else now. */
function instantOf(document: JsonValue): string {
  const now = isJsonObject(document) ? document.get('now') : undefined
  const ns = isJsonObject(now) ? now.get('ns') : undefined
  if (ns instanceof JsonNumber && /^[0-9]{1,19}$/.test(ns.text)) return ns.text
  return nanoseconds(systemClock.now())
}
