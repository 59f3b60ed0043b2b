// What may stand in a log line. Nobody should hand a credential to the logger; this is the second
// line, for the day when somebody does: by the name of the field, and by the form of the value.
//
// An error is reduced to its code and, where it is ours, its detail: messages of others quote what
// they failed on (a JSON parser quotes the body). Where there is no code of ours, the stack's frames
// say where, without the message.

import { GatewayError } from '../errors.ts'
import { Secret } from '../util/secret.ts'

const REDACTED = '[redacted]'

/** Compared in lower case, without `-` and `_`. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'accesskeyid',
  'accesstoken',
  'apikey',
  'assertion',
  'authorization',
  'body',
  'clientassertion',
  'clientsecret',
  'cookie',
  'credentials',
  'idtoken',
  'jwt',
  'password',
  'privatekey',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'secretaccesskey',
  'securitytoken',
  'sessiontoken',
  'setcookie',
  'signature',
  'subjecttoken',
  'token',
  'webidentitytoken',
  'xamzsecuritytoken',
  'xamzsignature',
])

/** A JWT; an AWS key id; what follows a scheme; a signed query; a PEM key; a Google access token. */
const SECRET_FORMS = new RegExp(
  [
    String.raw`eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
    String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{12,}`,
    String.raw`\b(?:Bearer|Basic|SharedKey|AWS4-HMAC-SHA256)\s[^\r\n]+`,
    String.raw`\b(?:X-Amz-(?:Signature|Security-Token|Credential)|X-Goog-(?:Signature|Credential)|Signature|sig)=[^&\s]+`,
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*`,
    String.raw`\bya29\.[\w-]+`,
  ].join('|'),
  'gi',
)

const MAX_TEXT = 2048
const MAX_ITEMS = 50
const MAX_DEPTH = 5
const MAX_FRAMES = 5

/** The value as a log may show it: plain JSON data, bounded in every direction. */
export function redact(value: unknown): unknown {
  return redactValue(value, 0)
}

function redactValue(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value)
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
    case 'bigint':
      return String(value)
    case 'object':
      return value === null ? null : redactObject(value, depth)
    default:
      return `[${typeof value}]`
  }
}

function redactText(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
  return short.replace(SECRET_FORMS, REDACTED)
}

function redactObject(value: object, depth: number): unknown {
  if (value instanceof Secret) return REDACTED
  if (value instanceof Error) return redactError(value, depth)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return '[deeper]'
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).map((item: unknown) => redactValue(item, depth + 1))
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value)
  return Object.fromEntries(
    entries
      .slice(0, MAX_ITEMS)
      .map(([name, member]: readonly [unknown, unknown]) => [
        redactText(String(name)),
        isSecretName(String(name)) ? hidden(member) : redactValue(member, depth + 1),
      ]),
  )
}

/** Numbers and flags tell nothing: `token: true` may say that there was one. */
function hidden(value: unknown): unknown {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
    ? REDACTED
    : redactValue(value, MAX_DEPTH)
}

function isSecretName(name: string): boolean {
  return SECRET_NAMES.has(name.toLowerCase().replaceAll(/[-_]/g, ''))
}

function redactError(error: Error, depth: number): unknown {
  const cause =
    error.cause instanceof Error && depth < MAX_DEPTH
      ? { cause: redactError(error.cause, depth + 1) }
      : {}
  if (error instanceof GatewayError) {
    return { code: error.code, detail: redactText(error.detail), ...cause }
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return { code: redactText(code), at: frames(error), ...cause }
}

/** Function and place of each frame; the message that stands before them is left out. */
function frames(error: Error): string[] {
  const lines = (error.stack ?? '').split('\n')
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => redactText(line.trim()))
}
