// Finds the names in a stream of tokens: paths before a bracket are called, paths behind FROM and
// JOIN are tables, `INFORMATION_SCHEMA`, `@@` and the like are features. Says too much where it cannot
// tell: a column list behind an alias reads as a call, an asterisk in any quoted identifier as a
// wildcard. Trusts that the tokens come from one text, in order, each once.

import { MAX_DEPTH } from './brackets.ts'
import { ROLE } from './keywords.ts'
import { type SqlLexer, TOKEN } from './lexer.ts'
import { CollectedNames, MAX_NAMES, type NameFacts } from './names.ts'
import { PathReader } from './path-reader.ts'
import { identifierName } from './quoted-identifier.ts'
import type { SqlFault } from './refusal-rules.ts'
import { BRACKET, TablePlace } from './table-place.ts'

const OPEN_PARENTHESIS = 0x28
const CLOSE_PARENTHESIS = 0x29
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const AT_SIGN = 0x40
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const UNDERSCORE = 0x5f
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Statements whose first path is what they make or change; its bracket holds columns or arguments. */
const HAS_TARGET =
  /^(?:CREATE|ALTER_(?!ORGANIZATION)|DROP|UNDROP|INSERT|UPDATE|DELETE|MERGE|LOAD|TRUNCATE)/

const METADATA = /INFORMATION_SCHEMA|__TABLES|__PARTITIONS/i
const INFORMATION_SCHEMA_LENGTH = 18

export class NameReader {
  readonly #lexer: SqlLexer
  readonly #path: PathReader
  readonly #place = new TablePlace()
  readonly #names = new CollectedNames()
  /** The statement's; a query until something else is said. */
  #kind = 'SELECT'
  #isTargetNext = false
  /** GRAPH or GRAPH_TABLE stood before, as a keyword or not. */
  #isGraph = false
  /** The kind of the last token, and its roles when it was an unquoted word that may be a keyword. */
  #lastToken: number = TOKEN.END
  #lastRole: number = ROLE.NONE
  /** Where the last token begins, when it is reserved and yet can be called. */
  #callableAt = -1
  #callableEnd = -1
  /** The name before the AS that was the last token. */
  #named: string | undefined
  /** Where a word or number has to begin to continue the path's last part: `my-project`, `ds.1st`. */
  #joinAt = -1

  constructor(lexer: SqlLexer) {
    this.#lexer = lexer
    this.#path = new PathReader(lexer.text)
  }

  get depth(): number {
    return this.#place.depth
  }

  /** A word that stands next is a part of a path or the name of a parameter, whatever it is. */
  get isNameNext(): boolean {
    return this.#path.afterDot || isParameterMark(this.#lastToken)
  }

  collected(): NameFacts {
    return this.#names.collected()
  }

  beginStatement(kind: string): void {
    this.#kind = kind
    this.#isTargetNext = HAS_TARGET.test(kind)
  }

  /** The token that the lexer is at; `role` is an unquoted word's. */
  read(token: number, role: number): SqlFault | undefined {
    const fault = token === TOKEN.WORD ? this.#word(role) : this.#other(token)
    this.#lastToken = token
    return fault
  }

  /**
   * Asked behind commas and brackets, not only at the end: what is refused anyway shall not cost the
   * reading of a whole megabyte.
   */
  #tooMany(): SqlFault | undefined {
    if (!this.#names.areTooMany) return undefined
    return { rule: 'SQL-NAMES', found: `more than ${String(MAX_NAMES)} names` }
  }

  /** At the end of the text. */
  finish(): SqlFault | undefined {
    this.#endPath()
    return this.#tooMany()
  }

  #word(role: number): SqlFault | undefined {
    const { start, end } = this.#lexer
    if (this.#path.afterDot) this.#path.add(start, end)
    else if (start === this.#joinAt) this.#path.extend(end)
    else if (!isParameterMark(this.#lastToken)) return this.#freshWord(role)
    this.#noteMetadata(start, end)
    this.#forget()
    return undefined
  }

  /** A word that continues no path. */
  #freshWord(role: number): SqlFault | undefined {
    if (this.#isGraphWrite(role)) return { rule: 'SQL-GRAPH', found: 'a word that writes' }
    if ((role & ROLE.RESERVED) !== 0) this.#reserved(role)
    else if (this.#lastToken !== TOKEN.PIPE) this.#begin(role)
    else {
      this.#forget()
      if ((role & ROLE.CALL) !== 0) this.#place.callTable()
    }
    return undefined
  }

  /**
   * `GRAPH g INSERT (…)` begins as a query and writes (googlesql.tm, graph_dml_operator); behind a
   * pipe SET and DROP change columns.
   */
  #isGraphWrite(role: number): boolean {
    const isWord = this.#isGraph && (role & ROLE.GRAPH_WRITES) !== 0
    return isWord && this.#kind === 'SELECT' && this.#lastToken !== TOKEN.PIPE
  }

  /** What the last token was no longer matters. */
  #forget(): void {
    this.#lastRole = ROLE.NONE
    this.#callableAt = -1
    this.#named = undefined
    this.#joinAt = -1
  }

  #begin(role: number): void {
    const { start, end } = this.#lexer
    const before = this.#lastRole
    this.#endPath()
    // TABLE is not reserved; behind it stands a table, as an argument of a table function.
    const isTable = this.#place.take() || (before & ROLE.TABLE) !== 0
    this.#path.begin(isTable, before, role)
    this.#path.add(start, end)
    this.#noteMetadata(start, end)
    if ((role & ROLE.GRAPH) !== 0) this.#isGraph = true
    if ((before & ROLE.GRAPH) !== 0) this.#names.addFeature('graph')
    if ((before & ROLE.FOR) !== 0 && (role & ROLE.SYSTEM_TIME) !== 0) {
      this.#names.addFeature('system_time')
    }
    this.#forget()
    this.#lastRole = role
  }

  #reserved(role: number): void {
    const named = (role & ROLE.AS) === 0 ? undefined : this.#path.simpleName()
    this.#endPath()
    this.#place.reserved(role, this.#lastRole)
    this.#forget()
    this.#lastRole = role
    this.#named = named
    if ((role & ROLE.CALLABLE) !== 0) {
      this.#callableAt = this.#lexer.start
      this.#callableEnd = this.#lexer.end
    }
  }

  #other(token: number): SqlFault | undefined {
    const fault = token === TOKEN.QUOTED ? this.#quoted() : this.#symbol(token)
    // Only a dash and a number leave something to join.
    const joinAt = this.#joinAt
    this.#forget()
    if (token === DASH || token === TOKEN.NUMBER) this.#joinAt = joinAt
    return fault
  }

  #quoted(): SqlFault | undefined {
    const { start, end, text } = this.#lexer
    const name = identifierName(text.slice(start + 1, end - 1))
    if (name === undefined) return { rule: 'SQL-ESCAPE', found: 'a quoted identifier' }
    if (name.includes('*')) this.#names.addFeature('wildcard')
    if (METADATA.test(name)) this.#names.addFeature('information_schema')
    if (this.#path.afterDot) this.#path.add(start, end)
    else if (!isParameterMark(this.#lastToken)) this.#begin(ROLE.NONE)
    return undefined
  }

  #symbol(token: number): SqlFault | undefined {
    switch (token) {
      case OPEN_PARENTHESIS:
        return this.#parenthesis()
      case OPEN_BRACKET:
      case OPEN_BRACE:
        this.#endPath()
        return this.#open(token, BRACKET.ORDINARY)
      case CLOSE_PARENTHESIS:
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        return this.#close(token)
      case DOT:
        this.#path.afterDot = true
        return undefined
      case DASH:
        return this.#dash()
      case TOKEN.NUMBER:
        return this.#number()
      default:
        this.#endPath()
    }
    if (token === COMMA) {
      this.#place.comma()
      return this.#tooMany()
    }
    if (token === TOKEN.PIPE) this.#place.leaveFrom()
    else if (token === TOKEN.SYSTEM) this.#names.addFeature('system_variable')
    return undefined
  }

  #dash(): undefined {
    if (this.#path.isDashable && this.#path.end === this.#lexer.start)
      this.#joinAt = this.#lexer.end
    else this.#endPath()
  }

  #number(): undefined {
    const { start, end } = this.#lexer
    if (this.#path.afterDot) {
      this.#path.add(start, end)
      this.#joinAt = end
    } else if (start === this.#joinAt) this.#path.extend(end)
    else this.#endPath()
  }

  #parenthesis(): SqlFault | undefined {
    if (this.#named !== undefined) this.#names.addQueryName(this.#named)
    const bracket = this.#called()
    this.#path.clear()
    return this.#tooMany() ?? this.#open(OPEN_PARENTHESIS, bracket)
  }

  /** What is called by the bracket at hand becomes a fact; the kind of the bracket. */
  #called(): number {
    if (this.#path.afterDot) return BRACKET.NAME
    if (this.#path.isOpen) {
      if (this.#isTargetNext) this.#endPath()
      else if (this.#isCall()) this.#names.addFunction(this.#path.written(), this.#path.isTable)
      return BRACKET.CALL
    }
    if (this.#callableAt === -1) return BRACKET.ORDINARY
    const name = this.#lexer.text.slice(this.#callableAt, this.#callableEnd)
    this.#names.addFunction({ parts: [name], isPlain: true }, false)
    return (this.#lastRole & ROLE.EXTRACT) === 0 ? BRACKET.CALL : BRACKET.EXTRACT
  }

  /** Whether the path before a bracket is called; its roles count when it is a single word. */
  #isCall(): boolean {
    const { roleBefore, ownRole, length } = this.#path
    const own = length === 1 ? ownRole : ROLE.NONE
    if ((own & ROLE.GRAPH) !== 0) this.#names.addFeature('graph')
    if ((own & ROLE.SYNTAX) !== 0) return false
    if ((own & ROLE.TYPE) !== 0 && (roleBefore & ROLE.AS) !== 0) return false
    if ((roleBefore & ROLE.REFERENCES) !== 0 && this.#kind !== 'SELECT') return false
    return (roleBefore & ROLE.ON) === 0 || !this.#kind.endsWith('_INDEX')
  }

  #open(code: number, bracket: number): SqlFault | undefined {
    if (this.#place.open(code, bracket)) return undefined
    return { rule: 'SQL-NESTING', found: `bracket ${String(MAX_DEPTH + 1)}` }
  }

  #close(code: number): SqlFault | undefined {
    // `.(name)` is a path that a bracket may call.
    if (!this.#place.isInName || this.#path.afterDot) this.#endPath()
    if (this.#place.close(code)) return undefined
    return { rule: 'SQL-NESTING', found: 'a closing bracket' }
  }

  #endPath(): void {
    if (this.#path.isOpen && (this.#isTargetNext || this.#path.isTable)) {
      this.#isTargetNext = false
      this.#names.addTable(this.#path.written())
    }
    this.#path.clear()
  }

  #noteMetadata(start: number, end: number): void {
    const { text } = this.#lexer
    const isInformationSchema =
      end - start === INFORMATION_SCHEMA_LENGTH && METADATA.test(text.slice(start, end))
    const isHidden =
      text.charCodeAt(start) === UNDERSCORE &&
      text.charCodeAt(start + 1) === UNDERSCORE &&
      text.charCodeAt(end - 1) === UNDERSCORE
    if (isInformationSchema || isHidden) this.#names.addFeature('information_schema')
  }
}

function isParameterMark(token: number): boolean {
  return token === AT_SIGN || token === TOKEN.SYSTEM
}
