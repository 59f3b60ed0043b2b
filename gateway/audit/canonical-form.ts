// The reader's side of RFC 8785: does this text have the canonical form, and where do its members
// stand? It shares no code with the writer, so that a mistake in one does not hide in the other.
//
// Numbers must be written as RFC 8785 §3.2.2.3 says, except inside `input`: the policy input keeps
// integers and literals with the digits they had, which a double may not.

import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'

/** A top-level member: from the quote of its name to the end of its value. */
export interface MemberSpan {
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

export type Members = ReadonlyMap<string, MemberSpan>

/** Depth of a record: the input's own 128 and the record around it. */
const MAX_DEPTH = 130
const EXACT_NUMBERS = 'input'

// oxlint-disable-next-line no-control-regex -- control characters end a run of plain text
const PLAIN = /[^"\\\u0000-\u001f]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** The escapes of RFC 8785 §3.2.2.2, and no other. */
const ESCAPE = /\\(?:[btnfr"\\]|u00(?:0[0-7be-f]|1[0-9a-f]))/y

/** Signals a flaw out of the recursion; never leaves this file. */
class Flaw extends Error {}

/** The top-level members of a canonical JSON object, or what is wrong and at which character. */
export function scanCanonicalObject(text: string): Result<Members, string> {
  const scanner = new Scanner(text)
  try {
    return ok(scanner.record())
  } catch (error) {
    if (error instanceof Flaw) return err(error.message)
    throw error
  }
}

/** The text of a member's value. */
export function memberText(text: string, members: Members, name: string): string | undefined {
  const span = members.get(name)
  return span === undefined ? undefined : text.slice(span.valueStart, span.end)
}

/** The object's text without one member, still canonical. */
export function withoutMember(text: string, span: MemberSpan): string {
  if (text.charAt(span.end) === ',') return text.slice(0, span.start) + text.slice(span.end + 1)
  const start = text.charAt(span.start - 1) === ',' ? span.start - 1 : span.start
  return text.slice(0, start) + text.slice(span.end)
}

class Scanner {
  readonly #text: string
  #at = 0
  #exact = false

  constructor(text: string) {
    this.#text = text
  }

  record(): Members {
    const members = new Map<string, MemberSpan>()
    this.#object(1, members)
    if (this.#at !== this.#text.length) this.#flaw('text after the object')
    return members
  }

  #value(depth: number): void {
    if (depth > MAX_DEPTH) this.#flaw(`nested deeper than ${MAX_DEPTH}`)
    switch (this.#text.charAt(this.#at)) {
      case '{':
        this.#object(depth + 1, undefined)
        return
      case '[':
        this.#array(depth + 1)
        return
      case '"':
        this.#string()
        return
      case 't':
        this.#literal('true')
        return
      case 'f':
        this.#literal('false')
        return
      case 'n':
        this.#literal('null')
        return
      default:
        this.#number()
    }
  }

  #object(depth: number, members: Map<string, MemberSpan> | undefined): void {
    this.#literal('{')
    if (this.#skip('}')) return
    let last: string | undefined
    do {
      const start = this.#at
      const name = this.#string()
      if (last !== undefined && name <= last) this.#flaw('members out of order or repeated')
      last = name
      this.#literal(':')
      const valueStart = this.#at
      if (members !== undefined) this.#exact = name === EXACT_NUMBERS
      this.#value(depth)
      members?.set(name, { start, valueStart, end: this.#at })
    } while (this.#skip(','))
    this.#literal('}')
  }

  #array(depth: number): void {
    this.#literal('[')
    if (this.#skip(']')) return
    do {
      this.#value(depth)
    } while (this.#skip(','))
    this.#literal(']')
  }

  /** Moves past a string; yields its text, decoded. */
  #string(): string {
    const start = this.#at
    this.#literal('"')
    let escaped = false
    for (;;) {
      this.#match(PLAIN)
      if (this.#skip('"')) break
      escaped = true
      if (!this.#match(ESCAPE)) this.#flaw('a string that is not ended or not minimally escaped')
    }
    const literal = this.#text.slice(start, this.#at)
    return escaped ? String(JSON.parse(literal)) : literal.slice(1, -1)
  }

  #number(): void {
    const start = this.#at
    if (!this.#match(NUMBER)) this.#flaw('no JSON value')
    if (this.#exact) return
    const literal = this.#text.slice(start, this.#at)
    if (String(Number(literal)) !== literal) this.#flaw('a number that is not in canonical form')
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) return false
    this.#at = pattern.lastIndex
    return true
  }

  #skip(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at += 1
    return true
  }

  #literal(expected: string): void {
    if (!this.#text.startsWith(expected, this.#at)) this.#flaw(`no ${expected} where one is needed`)
    this.#at += expected.length
  }

  #flaw(what: string): never {
    throw new Flaw(`${what} (character ${this.#at + 1})`)
  }
}
