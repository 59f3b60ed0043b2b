// What a text begins with decides what it is: brackets and a statement hint, then the first words.

import { TOKEN } from './lexer.ts'
import type { SqlFault } from './refusal-rules.ts'
import { BEGINNINGS, QUERY_WORDS, SCRIPT_WORDS, type Beginning } from './statements.ts'

const SEMICOLON = 0x3b
const AT_SIGN = 0x40
const OPEN_PARENTHESIS = 0x28
const OPEN_BRACE = 0x7b

/** `taken` is a word of the beginning; `open` belongs to what the statement says. */
export type HeadStep = 'taken' | 'open' | SqlFault

export class StatementHead {
  #beginning: Beginning | undefined
  #hintMayFollow = false
  /** `(` that stand before the first word. */
  #parentheses = 0
  #words = ''
  /** BigQuery's statement type, known once the head is read. */
  kind: string | undefined
  isRead = false
  /** A word may still belong to the beginning. */
  isOpen = true

  /** `depth` is the number of brackets that are open before this token; `word` is in upper case. */
  step(token: number, word: string, depth: number): HeadStep {
    if (this.#beginning !== undefined) return this.#further(this.#beginning, token, word)
    // Inside the braces of a statement hint.
    if (depth !== this.#parentheses) return 'open'
    if (token === TOKEN.WORD) return this.#first(word, depth)
    return this.#beforeWords(token, depth)
  }

  /** At the end of the text. */
  finish(): SqlFault | undefined {
    if (!this.isOpen) return undefined
    if (this.#beginning === undefined) return { rule: 'SQL-EMPTY', found: 'no statement' }
    return this.#settle(this.#beginning)
  }

  #beforeWords(token: number, depth: number): HeadStep {
    if (token === SEMICOLON) return { rule: 'SQL-EMPTY', found: 'a semicolon before any statement' }
    if (token === OPEN_PARENTHESIS) {
      this.#parentheses += 1
      this.#hintMayFollow = false
      return 'open'
    }
    if (token === AT_SIGN && depth === 0) {
      this.#hintMayFollow = true
      return 'open'
    }
    if (this.#hintMayFollow && (token === OPEN_BRACE || token === TOKEN.NUMBER)) {
      this.#hintMayFollow = false
      return 'open'
    }
    return { rule: 'SQL-UNKNOWN', found: 'something else than a statement' }
  }

  #first(word: string, depth: number): HeadStep {
    this.#words = word
    if (QUERY_WORDS.has(word) || (word === 'GRAPH' && depth === 0)) {
      this.kind = 'SELECT'
      this.isRead = true
      this.isOpen = false
      return 'open'
    }
    if (SCRIPT_WORDS.has(word)) return { rule: 'SQL-SCRIPT', found: word }
    this.#beginning = depth === 0 ? BEGINNINGS.next.get(word) : undefined
    return this.#beginning === undefined ? this.#unknown() : 'taken'
  }

  #further(beginning: Beginning, token: number, word: string): HeadStep {
    const next = token === TOKEN.WORD ? beginning.next.get(word) : undefined
    if (next === undefined) return this.#settle(beginning) ?? 'open'
    this.#words += ` ${word}`
    this.#beginning = next
    return 'taken'
  }

  #settle(beginning: Beginning): SqlFault | undefined {
    this.kind = beginning.kind
    this.isOpen = false
    return beginning.kind === undefined ? this.#unknown() : undefined
  }

  #unknown(): SqlFault {
    const shown = this.#words.length > 64 ? `${this.#words.slice(0, 64)}...` : this.#words
    return { rule: 'SQL-UNKNOWN', found: `a text that begins with ${shown}` }
  }
}
