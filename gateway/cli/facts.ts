// `svidgate facts`: what a request is, without a network (docs/POLICY.md). A million lines stream
// in constant memory: one line is read, judged and written at a time, as fast as the reader takes
// them.

import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { isUtf8 } from 'node:buffer'
import { requestLimitsOf, routingOf } from '../compose/generation.ts'
import { catalogue } from '../facts/catalogue.ts'
import { factsDocument } from '../facts/facts.ts'
import { understandOffline } from '../pipeline/understand-offline.ts'
import { REQUEST_LIMITS, type RequestLimits } from '../request/limits.ts'
import type { RoutingTable } from '../routing/table.ts'
import { builtInRouting } from './built-in-routing.ts'
import { parseStrictJson } from '../util/json.ts'
import { LineTooLong, readLines } from '../util/lines.ts'
import type { Action, CliIo } from './command.ts'
import { CliError } from './command.ts'
import { readConfig } from './read-config.ts'
import { parseRawRequest, parseRequestDocument, type GivenRequest } from './request-input.ts'

export interface FactsOptions {
  /** One raw HTTP request in a file. */
  readonly request: string | undefined
  /** JSON lines in a file instead of standard input. */
  readonly lines: string | undefined
  readonly config: string | undefined
  readonly catalogue: boolean
}

/** A body of a batch delete is the biggest that facts depend on; base64 makes it a third longer. */
const MAX_LINE_BYTES = 16 * 1024 * 1024
const MAX_DEPTH = 8

/** By what `serve` would judge with this configuration. */
interface Rules {
  readonly table: RoutingTable
  readonly limits: RequestLimits
}

async function rulesOf(path: string | undefined, io: CliIo): Promise<Rules> {
  if (path === undefined) return { table: builtInRouting(), limits: REQUEST_LIMITS }
  const { config } = await readConfig(path, io)
  return { table: routingOf(config), limits: requestLimitsOf(config) }
}

export const facts: Action<FactsOptions> = async (options, io) => {
  if (options.catalogue) {
    for (const entry of catalogue()) io.out(`${JSON.stringify(entry)}\n`)
    return 0
  }
  const rules = await rulesOf(options.config, io)
  if (options.request !== undefined) {
    const given = parseRawRequest(await readGiven(options.request), options.request)
    const answer = judge(given, rules)
    io.out(`${JSON.stringify(answer, null, 2)}\n`)
    return answer.ok ? 0 : 1
  }
  try {
    const input = options.lines === undefined ? io.stdin : createReadStream(options.lines)
    await judgeLines(input, rules, io)
  } catch (error) {
    throw asCliError(error, options.lines)
  }
  return 0
}

function asCliError(error: unknown, file: string | undefined): unknown {
  if (error instanceof LineTooLong) {
    return new CliError(2, error.message, 'write one request a line')
  }
  const isSystem = error instanceof Error && 'syscall' in error
  if (!isSystem || file === undefined) return error
  return new CliError(2, `${file} cannot be read: ${error.message}`, 'name a file of JSON lines')
}

async function readGiven(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(2, `${file} cannot be read: ${reason}`, 'name a file with one raw request')
  }
}

async function judgeLines(input: NodeJS.ReadableStream, rules: Rules, io: CliIo): Promise<void> {
  let number = 0
  for await (const bytes of readLines(bytesOf(input), MAX_LINE_BYTES)) {
    number += 1
    const line = utf8(bytes)
    if (line?.trim() === '') continue
    io.out(`${JSON.stringify(judgeLine(line, number, rules))}\n`)
    await io.drained?.()
  }
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Buffer | string> {
  yield* stream
}

/** Undefined for what is not UTF-8: repaired text would be another request. */
function utf8(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

type Answer =
  ReturnType<typeof judge> | { id: string | null; ok: false; code: string; message: string }

function judgeLine(line: string | undefined, number: number, rules: Rules): Answer {
  if (line === undefined) return malformed(null, `line ${number} is not UTF-8`)
  // Strict: of two members with one name, different readers take different ones.
  const value = parseStrictJson(line, { maxDepth: MAX_DEPTH })
  if (!value.ok) {
    const { reason, offset } = value.error
    return malformed(null, `line ${number}, character ${offset + 1}: ${reason}`)
  }
  const given = parseRequestDocument(value.value)
  if (given.ok) return judge(given.value, rules)
  return malformed(given.error.id, `line ${number}: ${given.error.message}`)
}

function malformed(id: string | null, message: string): Answer {
  return { id, ok: false, code: 'ERR_SG_REQUEST_MALFORMED', message }
}

function judge(given: GivenRequest, { table, limits }: Rules) {
  const understood = understandOffline(given, table, limits)
  if (understood.ok) {
    return { id: given.id, ok: true as const, facts: factsDocument(understood.value.facts) }
  }
  const { code, detail } = understood.error
  return { id: given.id, ok: false as const, code, message: detail }
}
