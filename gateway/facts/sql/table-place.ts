// Whether a table may stand next: after FROM and JOIN, and after a comma as long as FROM has not been
// left; kept and given back around every bracket.

import { Brackets } from './brackets.ts'
import { ROLE } from './keywords.ts'

/** What may stand next; added up. */
const NOWHERE = 0
/** A comma separates tables. */
const IN_FROM = 1
const TABLE_NEXT = 2
/** Place and kind are kept as one number, the kind in units of this. */
const KIND_UNIT = 4

/** Kinds of brackets. */
export const BRACKET = {
  ORDINARY: 0,
  /** Around the arguments of a call, which are no tables. */
  CALL: 1,
  /** Its FROM names no table: `EXTRACT(YEAR FROM d)`. */
  EXTRACT: 2,
  /** Around the name of a chained call: `(x).(SAFE.UPPER)()`. */
  NAME: 3,
} as const

const OPEN_PARENTHESIS = 0x28

export class TablePlace {
  readonly #brackets = new Brackets()
  #place = NOWHERE
  /** The innermost bracket's kind. */
  #bracket: number = BRACKET.ORDINARY

  get depth(): number {
    return this.#brackets.depth
  }

  get isInName(): boolean {
    return this.#bracket === BRACKET.NAME
  }

  /** Whether the path that begins here is a table; the next one is none. */
  take(): boolean {
    const isTable = (this.#place & TABLE_NEXT) !== 0
    this.#place &= ~TABLE_NEXT
    return isTable
  }

  /** `before` are the roles of the word before the reserved one. */
  reserved(role: number, before: number): void {
    if ((role & ROLE.FROM) !== 0) {
      // IS DISTINCT FROM and EXTRACT(… FROM …) name no table.
      const isClause = this.#bracket !== BRACKET.EXTRACT && (before & ROLE.DISTINCT) === 0
      if (isClause) this.#place = IN_FROM | TABLE_NEXT
    } else if ((role & ROLE.TABLE_FOLLOWS) !== 0) this.#place |= TABLE_NEXT
    else if ((role & ROLE.ENDS_FROM) !== 0) this.#place = NOWHERE
    else this.#place &= ~TABLE_NEXT
  }

  comma(): void {
    if ((this.#place & IN_FROM) !== 0) this.#place |= TABLE_NEXT
  }

  /** A pipe ends every clause. */
  leaveFrom(): void {
    this.#place = NOWHERE
  }

  /** A table function follows, as behind `|> CALL`. */
  callTable(): void {
    this.#place |= TABLE_NEXT
  }

  /** False when the text is nested too deep. */
  open(code: number, bracket: number): boolean {
    const isParenthesis = code === OPEN_PARENTHESIS
    // Behind the braces of a hint, `JOIN@{…} t`, the table is still to come.
    const place = isParenthesis ? this.#place & ~TABLE_NEXT : this.#place
    if (!this.#brackets.open(code, place | (this.#bracket * KIND_UNIT))) return false
    // Brackets where a table may stand hold a join, or a query that says FROM again.
    const holdsTables = isParenthesis && bracket === BRACKET.ORDINARY
    const isTable = holdsTables && (this.#place & TABLE_NEXT) !== 0
    this.#place = isTable ? IN_FROM | TABLE_NEXT : NOWHERE
    this.#bracket = bracket
    return true
  }

  /** False when another bracket has to be closed first, or none is open. */
  close(code: number): boolean {
    const outside = this.#brackets.close(code)
    if (outside === undefined) return false
    this.#place = outside % KIND_UNIT
    this.#bracket = Math.trunc(outside / KIND_UNIT)
    return true
  }
}
