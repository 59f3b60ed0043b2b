// The tokens of a GoogleSQL text ("Lexical structure and syntax" in the BigQuery documentation),
// read with one regular expression for each kind. It shares nothing with the gateway's lexer: where
// the two disagree on where a statement ends, a table is lost here and a test sees it.

import { invalidQuery } from './sql-error.ts'

export type TokenKind =
  'name' | 'quoted-name' | 'integer' | 'float' | 'string' | 'bytes' | 'parameter' | 'sign' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** A name as written, a literal's value, a parameter's name (`` for `?`) or a sign. */
  readonly text: string
  /** Upper case, of an unquoted name only: what a keyword is compared with. */
  readonly word: string
  readonly start: number
  readonly end: number
}

const SPACE = /[\s\u0085]+/y
const COMMENT = /(?:#|--)[^\r\n]*|\/\*[^]*?\*\//y
const LITERAL =
  /(r|b|rb|br)?('''(?:\\[^]|[^\\])*?'''|"""(?:\\[^]|[^\\])*?"""|'(?!'')(?:\\[^\r\n]|[^'\\\r\n])*'|"(?!"")(?:\\[^\r\n]|[^"\\\r\n])*")/iy
const QUOTED_NAME = /`((?:\\[^\r\n]|[^`\\\r\n])+)`/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /0x[0-9a-f]+|(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?/iy
const PARAMETER = /@@?[A-Za-z_][A-Za-z0-9_.]*|\?/y
const SIGN = /\|\||\|>|<=|>=|<>|!=|=>|[-+*/~^&|=<>().,;:[\]{}]/y

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['\\', '\\'],
  ['?', '?'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
])

function unescape(text: string): string {
  const escape =
    /\\(?:([0-3][0-7]{2})|[xX]([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([^]))/g
  return text.replace(escape, (whole, octal, hex, unit, point, char: string | undefined) => {
    const digits: unknown = hex ?? unit ?? point
    if (typeof octal === 'string') return String.fromCodePoint(Number.parseInt(octal, 8))
    if (typeof digits === 'string') {
      const code = Number.parseInt(digits, 16)
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        throw invalidQuery(`Syntax error: Illegal escape sequence: ${whole}`)
      }
      return String.fromCodePoint(code)
    }
    const value = ESCAPES.get(char ?? '')
    if (value === undefined) throw invalidQuery(`Syntax error: Illegal escape sequence: ${whole}`)
    return value
  })
}

function literal(prefix: string, quoted: string): { kind: 'string' | 'bytes'; text: string } {
  const width = quoted.startsWith("'''") || quoted.startsWith('"""') ? 3 : 1
  const inner = quoted.slice(width, -width)
  const flags = prefix.toLowerCase()
  const kind = flags.includes('b') ? 'bytes' : 'string'
  return { kind, text: flags.includes('r') ? inner : unescape(inner) }
}

class Tokenizer {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    const sticky = pattern
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#text) ?? undefined
    if (found !== undefined) this.#at += found[0].length
    return found
  }

  next(): Token {
    while (this.#match(SPACE) !== undefined || this.#match(COMMENT) !== undefined) continue
    const start = this.#at
    const token = (kind: TokenKind, text: string, word = ''): Token => {
      return { kind, text, word, start, end: this.#at }
    }
    if (start === this.#text.length) return token('end', '')
    const quoted = this.#match(LITERAL)
    if (quoted !== undefined) {
      const { kind, text } = literal(quoted[1] ?? '', quoted[2] ?? '')
      return token(kind, text)
    }
    const identifier = this.#match(QUOTED_NAME)
    if (identifier !== undefined) return token('quoted-name', unescape(identifier[1] ?? ''))
    const name = this.#match(NAME)?.[0]
    if (name !== undefined) return token('name', name, name.toUpperCase())
    const number = this.#match(NUMBER)?.[0]
    if (number !== undefined)
      return token(/^(?:\d+|0x.+)$/i.test(number) ? 'integer' : 'float', number)
    const parameter = this.#match(PARAMETER)?.[0]
    if (parameter !== undefined) return token('parameter', parameter.replace(/^@(?!@)|^\?/, ''))
    const sign = this.#match(SIGN)?.[0]
    if (sign !== undefined) return token('sign', sign)
    const what = /^['"`rRbB]/.test(this.#text.slice(start)) ? 'Unclosed literal' : 'Illegal input'
    throw invalidQuery(`Syntax error: ${what} at offset ${start}`)
  }
}

/** All tokens, `end` last. Throws SqlError (invalidQuery) for a text that has none. */
export function tokenize(text: string): readonly Token[] {
  const tokenizer = new Tokenizer(text)
  const tokens: Token[] = []
  for (;;) {
    const token = tokenizer.next()
    tokens.push(token)
    if (token.kind === 'end') return tokens
  }
}
