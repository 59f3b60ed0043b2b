// The path that the reader is in: `a`, `a.b`, `project-1.dataset.table`, in part or wholly quoted.
// Keeps places in the text and makes names of them only when something asks.

import type { WrittenPath } from './names.ts'
import { ROLE } from './keywords.ts'
import { identifierName } from './quoted-identifier.ts'

const BACKTICK = 0x60

export class PathReader {
  readonly #text: string
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** Parts; the places behind them are of earlier paths. */
  length = 0
  /** The last token was the dot behind the path, or behind a value. */
  afterDot = false
  /** It stands where a table stands. */
  isTable = false
  /** The roles of the word before it, and its own when it is one unquoted word. */
  roleBefore: number = ROLE.NONE
  ownRole: number = ROLE.NONE

  constructor(text: string) {
    this.#text = text
  }

  get isOpen(): boolean {
    return this.length > 0
  }

  get end(): number {
    return this.#ends[this.length - 1] ?? -1
  }

  /** One unquoted part in the place of a table, which may hold dashes. */
  get isDashable(): boolean {
    const start = this.#starts[0] ?? -1
    return this.isTable && this.length === 1 && this.#text.charCodeAt(start) !== BACKTICK
  }

  begin(isTable: boolean, roleBefore: number, ownRole: number): void {
    this.clear()
    this.isTable = isTable
    this.roleBefore = roleBefore
    this.ownRole = ownRole
  }

  add(start: number, end: number): void {
    this.#starts[this.length] = start
    this.#ends[this.length] = end
    this.length += 1
    this.afterDot = false
  }

  /** For `my-project`, which is one part. */
  extend(end: number): void {
    this.#ends[this.length - 1] = end
  }

  clear(): void {
    this.length = 0
    this.afterDot = false
    this.isTable = false
    this.roleBefore = ROLE.NONE
    this.ownRole = 0
  }

  /** The name, when it is one part. */
  simpleName(): string | undefined {
    return this.length === 1 && !this.afterDot ? this.written().parts[0] : undefined
  }

  /** Trusts that every quoted part has been found sound. */
  written(): WrittenPath {
    let isPlain = true
    const parts = this.#starts.slice(0, this.length).map((start, index) => {
      const end = this.#ends[index] ?? start
      if (this.#text.charCodeAt(start) !== BACKTICK) return this.#text.slice(start, end)
      const name = identifierName(this.#text.slice(start + 1, end - 1)) ?? ''
      if (name.includes('.')) isPlain = false
      return name
    })
    return { parts, isPlain }
  }
}
