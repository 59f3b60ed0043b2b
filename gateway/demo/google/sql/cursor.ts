// A place in a token list, and the small questions that every part of the parser asks there.

import type { Path, Query } from './ast.ts'
import { invalidQuery } from './sql-error.ts'
import type { Token } from './tokens.ts'

/** Reserved keywords ("Lexical structure" in the documentation): no alias or column without quotes. */
const RESERVED = new Set(
  `ALL AND ANY ARRAY AS ASC ASSERT_ROWS_MODIFIED AT BETWEEN BY CASE CAST COLLATE CONTAINS CREATE CROSS
CUBE CURRENT DEFAULT DEFINE DESC DISTINCT ELSE END ENUM ESCAPE EXCEPT EXCLUDE EXISTS EXTRACT FALSE FETCH
FOLLOWING FOR FROM FULL GROUP GROUPING GROUPS HASH HAVING IF IGNORE IN INNER INTERSECT INTERVAL INTO IS
JOIN LATERAL LEFT LIKE LIMIT LOOKUP MERGE NATURAL NEW NO NOT NULL NULLS OF ON OR ORDER OUTER OVER
PARTITION PRECEDING PROTO QUALIFY RANGE RECURSIVE RESPECT RIGHT ROLLUP ROWS SELECT SET SOME STRUCT
TABLESAMPLE THEN TO TREAT TRUE UNBOUNDED UNION UNNEST USING WHEN WHERE WINDOW WITH WITHIN`.split(
    /\s+/,
  ),
)

const MAX_DEPTH = 100

const END: Token = { kind: 'end', text: '', word: '', start: 0, end: 0 }

export class Cursor {
  readonly #tokens: readonly Token[]
  readonly #parseQuery: (cursor: Cursor) => Query
  #index = 0
  #depth = 0
  #parameters = 0

  /** The query parser is given, because expressions hold queries and queries expressions. */
  constructor(tokens: readonly Token[], parseQuery: (cursor: Cursor) => Query) {
    this.#tokens = tokens
    this.#parseQuery = parseQuery
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#index + ahead] ?? END
  }

  take(): Token {
    const token = this.peek()
    this.#index += 1
    return token
  }

  isWord(word: string, ahead = 0): boolean {
    return this.peek(ahead).word === word
  }

  isSign(sign: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'sign' && token.text === sign
  }

  /** True, and passed over, if all these keywords stand here. */
  words(...words: readonly string[]): boolean {
    const doStand = words.every((word, index) => this.isWord(word, index))
    if (doStand) this.#index += words.length
    return doStand
  }

  sign(sign: string): boolean {
    const doesStand = this.isSign(sign)
    if (doesStand) this.#index += 1
    return doesStand
  }

  expectWord(word: string): void {
    if (!this.words(word)) throw this.unexpected(`keyword ${word}`)
  }

  expectSign(sign: string): void {
    if (!this.sign(sign)) throw this.unexpected(`"${sign}"`)
  }

  unexpected(expected: string): Error {
    const { kind, text, start } = this.peek()
    const found = kind === 'end' ? 'end of input' : JSON.stringify(text)
    return invalidQuery(`Syntax error: Expected ${expected} but got ${found} at offset ${start}`)
  }

  /** An identifier: quoted, or unquoted and not reserved. */
  isName(): boolean {
    const { kind, word } = this.peek()
    return kind === 'quoted-name' || (kind === 'name' && !RESERVED.has(word))
  }

  name(): string {
    if (!this.isName()) throw this.unexpected('identifier')
    return this.take().text
  }

  /** `[AS] alias`, where there may be none. */
  alias(): string | undefined {
    if (this.words('AS')) return this.name()
    return this.isName() ? this.name() : undefined
  }

  /** After the dot of a path any keyword may stand. */
  pathPart(): string {
    const { kind } = this.peek()
    if (kind !== 'name' && kind !== 'quoted-name') throw this.unexpected('identifier')
    return this.take().text
  }

  /**
   * The name of a table or routine: dashes may stand in an unquoted project id, and one pair of
   * backticks may hold the whole path ("Table names" in "Lexical structure").
   */
  objectPath(): Path {
    const isQuoted = this.peek().kind === 'quoted-name'
    const first = this.name()
    const parts = isQuoted ? first.split('.') : [first + this.#dashedRest()]
    while (this.sign('.')) parts.push(...this.pathPart().split('.'))
    if (parts.includes('')) throw invalidQuery('Syntax error: Invalid empty identifier')
    return parts
  }

  #dashedRest(): string {
    let rest = ''
    while (this.isSign('-') && this.#touches(0) && this.#touches(1)) {
      this.take()
      rest += `-${this.take().text}`
    }
    return rest
  }

  /** No space between the token `ahead` of here and the one before it. */
  #touches(ahead: number): boolean {
    return this.peek(ahead).start === this.peek(ahead - 1).end
  }

  list<T>(item: () => T): T[] {
    const items = [item()]
    while (this.sign(',')) items.push(item())
    return items
  }

  /** The position of the next `?`, counted from 0. */
  nextParameter(): number {
    this.#parameters += 1
    return this.#parameters - 1
  }

  query(): Query {
    return this.nested(() => this.#parseQuery(this))
  }

  /** Parses one level deeper; a text that nests without end is refused, not recursed into. */
  nested<T>(parse: () => T): T {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw invalidQuery('The query is nested too deeply')
    const parsed = parse()
    this.#depth -= 1
    return parsed
  }
}
