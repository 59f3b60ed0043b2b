// The tokens of GoogleSQL, one at a time, in one pass and without allocation: the documented lexical
// rules (https://github.com/google/googlesql/blob/master/docs/lexical.md) and, where they are silent,
// those of the open tokenizer (googlesql/parser/googlesql.tm, section "lexer"), made stricter: a text
// that another reader could split otherwise is refused. What matters most is where literals, comments
// and quoted identifiers end, because that is where a second statement hides:
// - in every literal and in quoted identifiers a backslash takes the next character with it, in raw
//   ones too; so the prefix r, b, rb or br never changes where a literal ends;
// - literals in single quotes and quoted identifiers end before a line break, triple-quoted ones do not;
// - comments of slash and star do not nest, those of `--` and `#` end with the line.
// Trusts that `checkCharacters` accepted the text.

import { hashOn } from './keywords.ts'
import type { SqlFault } from './refusal-rules.ts'

/**
 * Kinds of tokens; a symbol's kind is its character code, which is always above these. A number is
 * its digits alone, `1.5e3` several tokens: nothing here depends on its value.
 */
export const TOKEN = {
  END: 0,
  /** Unquoted identifier or keyword. */
  WORD: 1,
  /** Identifier in backticks; start and end include them. */
  QUOTED: 2,
  /** String or bytes literal with its prefix. */
  LITERAL: 3,
  NUMBER: 4,
  /** `|>` */
  PIPE: 5,
  /** `@@` */
  SYSTEM: 6,
  /** The text cannot be read on; `fault` says why. */
  FAULT: 7,
} as const

const BACKSLASH = 0x5c
const BACKTICK = 0x60
const DOUBLE_QUOTE = 0x22
const SINGLE_QUOTE = 0x27
const NEWLINE = 0x0a
const HASH = 0x23
const DASH = 0x2d
const DOLLAR = 0x24
const SLASH = 0x2f
const STAR = 0x2a

const OTHER = 0
const SPACE = 1
const LETTER = 2
const DIGIT = 3
const SYMBOL = 4
const CLASSES = classesOfAscii()

/**
 * Refused anywhere in a text, in literals and comments too, because readers are known to disagree on
 * them: control characters, the byte order mark, a carriage return alone; and every surrogate, to be
 * looked at again.
 */
// oxlint-disable-next-line no-control-regex -- the control characters are what it looks for
const SUSPECT = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff]|\r(?!\n)/
const FORBIDDEN =
  // oxlint-disable-next-line no-control-regex -- the control characters are what it looks for
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\p{Surrogate}]|\r(?!\n)/u

const LEGACY_DIRECTIVE = /^\s*legacysql/i

/** The offset of the first character that no text may hold; -1 when there is none. */
export function checkCharacters(text: string): number {
  return SUSPECT.test(text) ? text.search(FORBIDDEN) : -1
}

export class SqlLexer {
  readonly text: string
  /** Of the token that `next` returned last: half-open, in UTF-16 units. */
  start = 0
  end = 0
  /** Of a word (keywords.ts). */
  hash = 0
  fault: SqlFault | undefined

  constructor(text: string) {
    this.text = text
  }

  /** The kind of the next token; END and FAULT are final. */
  next(): number {
    if (this.fault !== undefined) return TOKEN.FAULT
    const { text } = this
    let at = this.end
    for (;;) {
      const code = text.charCodeAt(at)
      // Past the end of the text the code is NaN, whose class is undefined.
      const group = code < 128 ? CLASSES[code] : this.#wide(code)
      this.start = at
      if (group === SPACE) {
        at += 1
        continue
      }
      if (group === LETTER) return this.#word(at)
      if (group === DIGIT) return this.#number(at)
      if (group !== SYMBOL) return at >= text.length ? this.#end(at) : this.#fail(code)
      const after = this.#afterComment(code, at)
      if (after === at) return this.#symbol(code, at)
      if (after === -1) return TOKEN.FAULT
      at = after
    }
  }

  /**
   * The spaces beyond ASCII that the tokenizer takes for white space. Taking one for white space can
   * hide nothing: whoever does not, meets an illegal character.
   */
  #wide(code: number): number {
    if (code === 0xa0 || code === 0x202f || code === 0x205f || code === 0x3000) return SPACE
    return code >= 0x2000 && code <= 0x200a ? SPACE : OTHER
  }

  #end(at: number): number {
    this.end = at
    return TOKEN.END
  }

  #fail(code: number): number {
    const found = `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    this.fault = { rule: code < 128 ? 'SQL-TOKEN' : 'SQL-CHARACTER', found }
    return TOKEN.FAULT
  }

  #word(start: number): number {
    const { text } = this
    let hash = 0
    let at = start
    let code = text.charCodeAt(at)
    while (isWordCode(code)) {
      hash = hashOn(hash, code)
      at += 1
      code = text.charCodeAt(at)
    }
    if ((code === SINGLE_QUOTE || code === DOUBLE_QUOTE) && isLiteralPrefix(text, start, at)) {
      return this.#literal(code, at)
    }
    this.end = at
    this.hash = hash
    return TOKEN.WORD
  }

  #number(start: number): number {
    const { text } = this
    const isHex = text.charCodeAt(start) === 0x30 && (text.charCodeAt(start + 1) | 0x20) === 0x78
    let at = start + 1
    if (isHex && isHexCode(text.charCodeAt(start + 2))) {
      at = start + 2
      while (isHexCode(text.charCodeAt(at))) at += 1
    } else {
      while (isDigitCode(text.charCodeAt(at))) at += 1
    }
    this.end = at
    return TOKEN.NUMBER
  }

  #symbol(code: number, at: number): number {
    if (code === SINGLE_QUOTE || code === DOUBLE_QUOTE) return this.#literal(code, at)
    if (code === BACKTICK) return this.#quoted(at)
    const following = this.text.charCodeAt(at + 1)
    // `$` ends a row pattern; before a name it would call a macro, which is text that we do not see.
    if (code === DOLLAR && isWordCode(following)) return this.#fail(code)
    if (code === 0x7c && following === 0x3e) {
      this.end = at + 2
      return TOKEN.PIPE
    }
    if (code === 0x40 && following === 0x40) {
      this.end = at + 2
      return TOKEN.SYSTEM
    }
    // `||` is one token, so the `|>` of `||>` is none.
    this.end = code === 0x7c && following === 0x7c ? at + 2 : at + 1
    return code
  }

  /** `at` when no comment begins there; -1 when the comment cannot be read. */
  #afterComment(code: number, at: number): number {
    if (code === HASH) return this.#afterLine(at + 1, true)
    const following = this.text.charCodeAt(at + 1)
    if (code === DASH && following === DASH) return this.#afterLine(at + 2, false)
    if (code !== SLASH || following !== STAR) return at
    const close = this.text.indexOf('*/', at + 2)
    if (close !== -1) return close + 2
    this.fault = { rule: 'SQL-UNTERMINATED', found: 'a comment without an end' }
    return -1
  }

  #afterLine(from: number, isHash: boolean): number {
    const { text } = this
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === NEWLINE) return this.#afterDirective(from, at, isHash) ? at + 1 : -1
      if (code === 0x2028 || code === 0x2029) {
        // GoogleSQL reads on, and others begin a new line: a statement could stand there.
        this.start = at
        this.fault = { rule: 'SQL-CHARACTER', found: 'a Unicode line break in a comment' }
        return -1
      }
    }
    return this.#afterDirective(from, text.length, isHash) ? text.length : -1
  }

  /** BigQuery takes `#legacySQL` for the order to read the text by other rules than these. */
  #afterDirective(from: number, end: number, isHash: boolean): boolean {
    if (!isHash || !LEGACY_DIRECTIVE.test(this.text.slice(from, Math.min(end, from + 64))))
      return true
    this.fault = { rule: 'SQL-DIALECT', found: '#legacySQL' }
    return false
  }

  #literal(quote: number, open: number): number {
    const { text } = this
    const isTriple = text.charCodeAt(open + 1) === quote && text.charCodeAt(open + 2) === quote
    const end = isTriple ? this.#afterTriple(quote, open + 3) : this.#afterSingle(quote, open + 1)
    if (end === -1) {
      this.fault = { rule: 'SQL-UNTERMINATED', found: 'a literal without an end' }
      return TOKEN.FAULT
    }
    this.end = end
    return TOKEN.LITERAL
  }

  #quoted(open: number): number {
    const end = this.#afterSingle(BACKTICK, open + 1)
    if (end === -1) {
      this.fault = { rule: 'SQL-UNTERMINATED', found: 'a quoted identifier without an end' }
      return TOKEN.FAULT
    }
    this.end = end
    return TOKEN.QUOTED
  }

  #afterSingle(quote: number, from: number): number {
    const { text } = this
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === quote) return at + 1
      if (code === NEWLINE) return -1
      if (code !== BACKSLASH) continue
      at += 1
      // An escaped line break is an error in GoogleSQL, which could be read as the end of the literal.
      const escaped = text.charCodeAt(at)
      if (escaped === NEWLINE || escaped === 0x0d) return -1
    }
    return -1
  }

  #afterTriple(quote: number, from: number): number {
    const { text } = this
    for (let at = from; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code === BACKSLASH) at += 1
      else if (
        code === quote &&
        text.charCodeAt(at + 1) === quote &&
        text.charCodeAt(at + 2) === quote
      ) {
        return at + 3
      }
    }
    return -1
  }
}

function classesOfAscii(): Uint8Array {
  const classes = new Uint8Array(128)
  for (const character of ' \t\n\r') classes[character.charCodeAt(0)] = SPACE
  for (const character of '0123456789') classes[character.charCodeAt(0)] = DIGIT
  for (const character of '!"#$%&\'()*+,-./:;<=>?@[]^`{|}~') {
    classes[character.charCodeAt(0)] = SYMBOL
  }
  for (let code = 0x61; code <= 0x7a; code += 1) {
    classes[code] = LETTER
    classes[code - 0x20] = LETTER
  }
  classes['_'.charCodeAt(0)] = LETTER
  return classes
}

function isWordCode(code: number): boolean {
  const group = CLASSES[code]
  return group === LETTER || group === DIGIT
}

function isDigitCode(code: number): boolean {
  return CLASSES[code] === DIGIT
}

function isHexCode(code: number): boolean {
  const lower = code | 0x20
  return isDigitCode(code) || (lower >= 0x61 && lower <= 0x66)
}

/** `r`, `b`, `rb` or `br`, in any case. */
function isLiteralPrefix(text: string, start: number, end: number): boolean {
  if (end - start > 2) return false
  const first = text.charCodeAt(start) | 0x20
  if (end - start === 1) return first === 0x72 || first === 0x62
  const second = text.charCodeAt(start + 1) | 0x20
  return (first === 0x72 && second === 0x62) || (first === 0x62 && second === 0x72)
}
