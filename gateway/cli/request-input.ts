// A request for `facts` and `explain`: one raw HTTP/1.1 message from a file, or one document of the
// batch form (docs/POLICY.md). What the listener would refuse is refused here too, because the same
// station judges both.

import type { HeaderLine, MessageHead } from '../request/message.ts'
import { decodeChunked } from '../request/chunked.ts'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts'
import { err, ok, type Result } from '../util/result.ts'
import { CliError } from './command.ts'

export interface GivenRequest {
  readonly id: string
  readonly head: MessageHead
  readonly body: Buffer
}

/** Head and body of a raw message; the head's lines end in CRLF (or, in a file, LF). */
export function parseRawRequest(bytes: Buffer, file: string): GivenRequest {
  const end = findHeadEnd(bytes)
  if (end === undefined) {
    throw new CliError(2, `${file}: no empty line ends the header section`, RAW_HINT)
  }
  const [first = '', ...lines] = bytes.toString('latin1', 0, end.head).split(/\r?\n/)
  const [method, target, version, ...rest] = first.split(' ')
  if (method === undefined || target === undefined || version === undefined || rest.length > 0) {
    throw new CliError(2, `${file}:1: not "<method> <target> HTTP/1.1"`, RAW_HINT)
  }
  const headers = lines.map((line, at) => parseLine(line, file, at + 2))
  return {
    id: file,
    head: { method, target, version: version.replace(/^HTTP\//, ''), headers },
    body: bodyOf(bytes.subarray(end.body), headers, file),
  }
}

function bodyOf(bytes: Buffer, headers: readonly HeaderLine[], file: string): Buffer {
  const isChunked = headers.some(
    ([name, value]) => /^transfer-encoding$/i.test(name) && /^chunked$/i.test(value),
  )
  if (!isChunked) return bytes
  const body = decodeChunked(bytes)
  if (body === undefined) throw new CliError(2, `${file}: the chunked body is malformed`, RAW_HINT)
  return body
}

const RAW_HINT =
  'the file holds one HTTP/1.1 request as it stands on the wire: head, empty line, body'

function findHeadEnd(bytes: Buffer): { head: number; body: number } | undefined {
  const crlf = bytes.indexOf('\r\n\r\n')
  const lf = bytes.indexOf('\n\n')
  if (crlf !== -1 && (lf === -1 || crlf < lf)) return { head: crlf, body: crlf + 4 }
  return lf === -1 ? undefined : { head: lf, body: lf + 2 }
}

function parseLine(line: string, file: string, number: number): HeaderLine {
  const colon = line.indexOf(':')
  if (colon <= 0) throw new CliError(2, `${file}:${number}: not "<name>: <value>"`, RAW_HINT)
  return [line.slice(0, colon), withoutBlanks(line.slice(colon + 1))]
}

/** Blanks around a value are no part of it (RFC 9110 §5.5): on the wire the parser takes them. */
function withoutBlanks(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '')
}

/** One line of the batch form that is none, and what it calls itself where that can be read. */
export interface UnusableDocument {
  readonly id: string | null
  readonly message: string
}

/** One line of the batch form (docs/POLICY.md). */
export function parseRequestDocument(value: JsonValue): Result<GivenRequest, UnusableDocument> {
  if (!isJsonObject(value)) return err({ id: null, message: 'a line must hold a JSON object' })
  const id = value.get('id')
  if (typeof id !== 'string' || id === '') {
    return err({ id: null, message: 'id must be a text that is not empty' })
  }
  const parsed = readDocument(value, id)
  return typeof parsed === 'string' ? err({ id, message: parsed }) : ok(parsed)
}

function readDocument(document: JsonObject, id: string): GivenRequest | string {
  const [method, target] = [document.get('method'), document.get('target')]
  const [host, body = ''] = [document.get('host'), document.get('body_base64')]
  if (typeof method !== 'string') return 'method must be a text'
  if (typeof target !== 'string') return 'target must be a text'
  if (host !== undefined && typeof host !== 'string') return 'host must be a text'
  if (typeof body !== 'string') return 'body_base64 must be a text'
  const lines = readHeaderLines(document.get('headers'))
  if (lines === undefined) return 'headers must be a list of [name, value]'
  const bytes = Buffer.from(body, 'base64')
  if (bytes.toString('base64') !== body) return 'body_base64 is not base64'
  const named = lines.find(([name]) => name.toLowerCase() === 'host')
  if (named !== undefined && host !== undefined && named[1] !== host) {
    return 'host and the Host header differ'
  }
  if (named === undefined && host !== undefined) lines.unshift(['host', host])
  return { id, head: { method, target, version: '1.1', headers: lines }, body: bytes }
}

function readHeaderLines(value: JsonValue | undefined): HeaderLine[] | undefined {
  if (value === undefined) return []
  if (!isJsonArray(value)) return undefined
  const lines: HeaderLine[] = []
  for (const entry of value) {
    if (!isJsonArray(entry) || entry.length !== 2) return undefined
    const [name, text] = entry
    if (typeof name !== 'string' || typeof text !== 'string') return undefined
    lines.push([name, withoutBlanks(text)])
  }
  return lines
}
