// `svidgate facts`: what a request is, without a network (contract §8). A million lines stream in
// constant memory: one line is read, judged and written at a time, as fast as the reader takes them.

import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { catalogue } from '../facts/catalogue.ts'
import { factsDocument } from '../facts/facts.ts'
import { understandOffline } from '../pipeline/understand-offline.ts'
import { REQUEST_LIMITS } from '../request/limits.ts'
import type { RoutingTable } from '../routing/table.ts'
import type { Action, CliIo } from './command.ts'
import { CliError } from './command.ts'
import { readConfig } from './read-config.ts'
import { parseRawRequest, parseRequestDocument, type GivenRequest } from './request-input.ts'
import { builtInRouting, routingOf } from './routing-options.ts'

export interface FactsOptions {
  /** One raw HTTP request in a file. */
  readonly request: string | undefined
  /** JSON lines in a file instead of standard input. */
  readonly lines: string | undefined
  readonly config: string | undefined
  readonly catalogue: boolean
}

export const facts: Action<FactsOptions> = async (options, io) => {
  if (options.catalogue) {
    for (const entry of catalogue()) io.out(`${JSON.stringify(entry)}\n`)
    return 0
  }
  const table =
    options.config === undefined
      ? builtInRouting()
      : routingOf((await readConfig(options.config, io)).config)
  if (options.request !== undefined) {
    const given = parseRawRequest(await readGiven(options.request), options.request)
    const answer = judge(given, table)
    io.out(`${JSON.stringify(answer, null, 2)}\n`)
    return answer.ok ? 0 : 1
  }
  const input = options.lines === undefined ? io.stdin : createReadStream(options.lines)
  await judgeLines(input, table, io)
  return 0
}

async function readGiven(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(2, `${file} cannot be read: ${reason}`, 'name a file with one raw request')
  }
}

async function judgeLines(
  input: NodeJS.ReadableStream,
  table: RoutingTable,
  io: CliIo,
): Promise<void> {
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1
    if (line.trim() === '') continue
    io.out(`${JSON.stringify(judgeLine(line, number, table))}\n`)
    await io.drained?.()
  }
}

type Answer =
  ReturnType<typeof judge> | { id: string | null; ok: false; code: string; message: string }

function judgeLine(line: string, number: number, table: RoutingTable): Answer {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return malformed(`line ${number} is not JSON`)
  }
  const given = parseRequestDocument(value)
  return typeof given === 'string' ? malformed(`line ${number}: ${given}`) : judge(given, table)
}

function malformed(message: string): Answer {
  return { id: null, ok: false, code: 'ERR_SG_REQUEST_MALFORMED', message }
}

function judge(given: GivenRequest, table: RoutingTable) {
  const understood = understandOffline(given, table, REQUEST_LIMITS)
  if (understood.ok) {
    return { id: given.id, ok: true as const, facts: factsDocument(understood.value.facts) }
  }
  const { code, detail } = understood.error
  return { id: given.id, ok: false as const, code, message: detail }
}
