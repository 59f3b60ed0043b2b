// WITH at the head of a text: names with their queries, and then a query. GoogleSQL has no other
// statement behind WITH, and a reader that did not look would let one pass as a query.

import { ROLE } from './keywords.ts'
import { TOKEN } from './lexer.ts'

const COMMA = 0x2c
const OPEN_PARENTHESIS = 0x28

type Awaited = 'name' | 'as' | 'bracket' | 'comma or query'

export class WithList {
  /** Brackets that were open where WITH stands. */
  readonly #depth: number
  #awaited: Awaited = 'name'
  #mayBeRecursive = true
  isDone = false

  constructor(depth: number) {
    this.#depth = depth
  }

  /** False when the token does not belong here. `depth` counts brackets before this token. */
  step(token: number, role: number, depth: number): boolean {
    if (depth !== this.#depth) {
      if (this.#awaited === 'bracket') this.#awaited = 'comma or query'
      return true
    }
    switch (this.#awaited) {
      case 'name':
        return this.#name(token, role)
      case 'as':
        this.#awaited = 'bracket'
        return (role & ROLE.AS) !== 0
      case 'bracket':
        return token === OPEN_PARENTHESIS
      case 'comma or query':
        return this.#commaOrQuery(token, role)
    }
  }

  #name(token: number, role: number): boolean {
    if (this.#mayBeRecursive && (role & ROLE.RECURSIVE) !== 0) {
      this.#mayBeRecursive = false
      return true
    }
    this.#mayBeRecursive = false
    this.#awaited = 'as'
    return token === TOKEN.QUOTED || (token === TOKEN.WORD && (role & ROLE.RESERVED) === 0)
  }

  #commaOrQuery(token: number, role: number): boolean {
    if (token === COMMA) {
      this.#awaited = 'name'
      return true
    }
    this.isDone = true
    return token === OPEN_PARENTHESIS || (role & ROLE.QUERY) !== 0
  }
}
