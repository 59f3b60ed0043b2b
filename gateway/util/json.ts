// Strict JSON (RFC 8259) for text that somebody else wrote: what two readers could read in two
// ways is refused. Duplicate keys, lone surrogates (raw or escaped), byte order marks, trailing
// text and nesting beyond the caller's limit are failures, and numbers keep their literal text, so
// that no digit is lost between what was judged and what is forwarded.

import { err, ok, type Result } from './result.ts'

/** A number as it was written. */
export class JsonNumber {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Keys are foreign text, so objects are Maps: no key can reach a prototype. */
export type JsonObject = ReadonlyMap<string, JsonValue>
export type JsonArray = readonly JsonValue[]
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject

export interface JsonLimits {
  /** How many arrays and objects may stand inside each other. */
  readonly maxDepth: number
}

export interface JsonFailure {
  readonly reason: string
  /** Index into the text, in UTF-16 units. */
  readonly offset: number
}

export function parseStrictJson(text: string, limits: JsonLimits): Result<JsonValue, JsonFailure> {
  return new Reader(text, limits.maxDepth).document()
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map
}

export function isJsonArray(value: JsonValue | undefined): value is JsonArray {
  return Array.isArray(value)
}

/** JSON text without spaces; object members in the order of their Map, numbers as they were written. */
export function writeJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text
  if (isJsonArray(value)) return `[${value.map(writeJson).join(',')}]`
  if (isJsonObject(value)) {
    const members: string[] = []
    for (const [key, member] of value) members.push(`${JSON.stringify(key)}:${writeJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const HEX4 = /[0-9a-fA-F]{4}/y
const LONE_SURROGATE = /\p{Surrogate}/u
const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Each method reads one production and leaves `#at` behind it; undefined means that it failed. */
class Reader {
  readonly #text: string
  readonly #maxDepth: number
  #at = 0
  #failure: JsonFailure | undefined

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  document(): Result<JsonValue, JsonFailure> {
    const value = this.#value(0)
    if (value !== undefined) {
      this.#skipSpace()
      if (this.#at === this.#text.length) return ok(value)
      this.#fail('text after the end of the value')
    }
    return err(this.#failure ?? { reason: 'not JSON', offset: this.#at })
  }

  #fail(reason: string, offset = this.#at): undefined {
    this.#failure ??= { reason, offset }
    return undefined
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at += 1
    }
  }

  #value(depth: number): JsonValue | undefined {
    this.#skipSpace()
    switch (this.#text.charCodeAt(this.#at)) {
      case QUOTE:
        return this.#string()
      case OPEN_BRACE:
        return this.#object(depth + 1)
      case OPEN_BRACKET:
        return this.#array(depth + 1)
      case 0x74:
        return this.#word('true', true)
      case 0x66:
        return this.#word('false', false)
      case 0x6e:
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #word(word: string, value: boolean | null): boolean | null | undefined {
    if (!this.#text.startsWith(word, this.#at)) return this.#fail('unknown word')
    this.#at += word.length
    return value
  }

  #number(): JsonNumber | undefined {
    if (this.#at >= this.#text.length) return this.#fail('the text ends where a value should stand')
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) return this.#fail('a value should stand here')
    this.#at = NUMBER.lastIndex
    return new JsonNumber(match[0])
  }

  #string(): string | undefined {
    const text = this.#text
    const start = this.#at
    let from = start + 1
    let parts = ''
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.#at = at + 1
        const value = parts + text.slice(from, at)
        return LONE_SURROGATE.test(value) ? this.#fail('lone surrogate in a string', start) : value
      }
      if (code < 0x20) return this.#fail('control character in a string', at)
      if (code !== BACKSLASH) continue
      const escaped = this.#escape(at + 1)
      if (escaped === undefined) return undefined
      parts += text.slice(from, at) + escaped
      from = this.#at
      at = from - 1
    }
    return this.#fail('string without an end', start)
  }

  #escape(at: number): string | undefined {
    const letter = this.#text.charAt(at)
    const simple = SIMPLE_ESCAPES.get(letter)
    if (simple !== undefined) {
      this.#at = at + 1
      return simple
    }
    HEX4.lastIndex = at + 1
    const digits = letter === 'u' ? HEX4.exec(this.#text) : null
    if (digits === null) return this.#fail('unknown escape in a string', at)
    this.#at = at + 5
    return String.fromCharCode(Number.parseInt(digits[0], 16))
  }

  #array(depth: number): JsonArray | undefined {
    if (depth > this.#maxDepth) return this.#fail(`nested deeper than ${String(this.#maxDepth)}`)
    const items: JsonValue[] = []
    this.#at += 1
    this.#skipSpace()
    if (this.#text.charCodeAt(this.#at) === CLOSE_BRACKET) {
      this.#at += 1
      return items
    }
    for (;;) {
      const item = this.#value(depth)
      if (item === undefined) return undefined
      items.push(item)
      this.#skipSpace()
      const code = this.#text.charCodeAt(this.#at)
      if (code !== COMMA && code !== CLOSE_BRACKET)
        return this.#fail('`,` or `]` should stand here')
      this.#at += 1
      if (code === CLOSE_BRACKET) return items
    }
  }

  #object(depth: number): JsonObject | undefined {
    if (depth > this.#maxDepth) return this.#fail(`nested deeper than ${String(this.#maxDepth)}`)
    const members = new Map<string, JsonValue>()
    this.#at += 1
    this.#skipSpace()
    if (this.#text.charCodeAt(this.#at) === CLOSE_BRACE) {
      this.#at += 1
      return members
    }
    for (;;) {
      if (!this.#member(members, depth)) return undefined
      this.#skipSpace()
      const code = this.#text.charCodeAt(this.#at)
      if (code !== COMMA && code !== CLOSE_BRACE) return this.#fail('`,` or `}` should stand here')
      this.#at += 1
      if (code === CLOSE_BRACE) return members
    }
  }

  #member(members: Map<string, JsonValue>, depth: number): boolean {
    this.#skipSpace()
    const start = this.#at
    if (this.#text.charCodeAt(start) !== QUOTE) {
      this.#fail('a key should stand here')
      return false
    }
    const key = this.#string()
    if (key === undefined) return false
    if (members.has(key)) {
      this.#fail(`duplicate key ${JSON.stringify(key)}`, start)
      return false
    }
    this.#skipSpace()
    if (this.#text.charCodeAt(this.#at) !== COLON) {
      this.#fail('`:` should stand here')
      return false
    }
    this.#at += 1
    const value = this.#value(depth)
    if (value === undefined) return false
    members.set(key, value)
    return true
  }
}
