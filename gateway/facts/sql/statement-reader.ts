// Reads the tokens of one text once: that it is one statement and which, and the names that it calls
// and reads. It does not parse: what is wrong in between BigQuery refuses, and nothing wrong there
// makes a query write. What it decides is fail-closed: a name that might be called counts as called,
// a text that might hold two statements is refused.

import { ok, type Result } from '../../util/result.ts'
import { ROLE, roleOf } from './keywords.ts'
import { SqlLexer, TOKEN } from './lexer.ts'
import { NameReader } from './name-reader.ts'
import { refuseSql, type SqlRule } from './refusal-rules.ts'
import { StatementHead } from './statement-head.ts'
import { READING_PIPES } from './statements.ts'
import type { SqlRefusal, SqlText } from './sql-text.ts'
import { WithList } from './with-list.ts'

const SEMICOLON = 0x3b

export class StatementReader {
  readonly #text: string
  readonly #lexer: SqlLexer
  readonly #head = new StatementHead()
  readonly #names: NameReader
  #with: WithList | undefined
  #kind = 'SELECT'
  #isPipeNext = false
  #hasEnded = false
  /** The last token was AS. */
  #isAfterAs = false
  #refused: Result<never, SqlRefusal> | undefined

  constructor(text: string) {
    this.#text = text
    this.#lexer = new SqlLexer(text)
    this.#names = new NameReader(this.#lexer)
  }

  read(): Result<SqlText, SqlRefusal> {
    for (;;) {
      const token = this.#lexer.next()
      if (token === TOKEN.END) break
      this.#token(token)
      if (this.#refused !== undefined) return this.#refused
    }
    this.#finish()
    if (this.#refused !== undefined) return this.#refused
    return ok({
      dialect: 'googlesql',
      statements: 1,
      kind: this.#kind,
      access: this.#head.isRead ? 'read' : 'write',
      ...this.#names.collected(),
    })
  }

  #refuse(rule: SqlRule, found: string): void {
    this.#refused ??= refuseSql(rule, this.#text, this.#lexer.start, found)
  }

  #finish(): void {
    const fault = this.#names.finish()
    if (fault !== undefined) this.#refuse(fault.rule, fault.found)
    if (this.#names.depth > 0) this.#refuse('SQL-NESTING', 'the end of the text, brackets open,')
    if (this.#head.isOpen) this.#finishHead()
    if (this.#isPipeNext) this.#refuse('SQL-PIPE', 'a pipe without an operator')
    if (this.#with !== undefined) this.#refuse('SQL-WITH', 'the end of the text')
  }

  /** The text ends with the words that it begins with. */
  #finishHead(): void {
    const fault = this.#head.finish()
    if (fault !== undefined) this.#refuse(fault.rule, fault.found)
    this.#kind = this.#head.kind ?? this.#kind
  }

  #token(token: number): void {
    const { fault } = this.#lexer
    if (fault !== undefined) return this.#refuse(fault.rule, fault.found)
    if (this.#hasEnded) return this.#refuse('SQL-STATEMENTS', 'text after the semicolon')
    const { start, end, hash } = this.#lexer
    // Behind a dot or an @ every word is a name.
    const isKeyword = token === TOKEN.WORD && !this.#names.isNameNext
    const role = isKeyword ? roleOf(this.#text, start, end, hash) : ROLE.NONE
    if (this.#with !== undefined) this.#readWith(this.#with, token, role)
    if (this.#head.isOpen && !this.#readHead(token)) return
    if (this.#isPipeNext) this.#readPipe(token)
    if (this.#kind === 'CREATE_TABLE') this.#readCreateTable(role)
    if (this.#kind === 'CREATE_PROCEDURE' && (role & ROLE.BEGIN) !== 0) {
      this.#refuse('SQL-SCRIPT', 'BEGIN')
    }
    if (this.#refused === undefined) this.#read(token, role)
  }

  #read(token: number, role: number): void {
    if (token === TOKEN.PIPE) this.#isPipeNext = true
    if (token === SEMICOLON) {
      if (this.#names.depth > 0) this.#refuse('SQL-NESTING', 'a semicolon in brackets')
      this.#hasEnded = true
    }
    const fault = this.#names.read(token, role)
    if (fault !== undefined) this.#refuse(fault.rule, fault.found)
  }

  /** `CREATE TABLE t … AS query`; `AS OF` belongs to what is cloned. */
  #readCreateTable(role: number): void {
    if (this.#names.depth > 0) return
    if (this.#isAfterAs && (role & ROLE.OF) === 0) this.#kind = 'CREATE_TABLE_AS_SELECT'
    this.#isAfterAs = (role & ROLE.AS) !== 0
  }

  #readWith(list: WithList, token: number, role: number): void {
    if (!list.step(token, role, this.#names.depth)) {
      this.#refuse('SQL-WITH', 'something else than the list of WITH')
    }
    if (list.isDone) this.#with = undefined
  }

  /** False when the token says no more than what the statement is, or is refused. */
  #readHead(token: number): boolean {
    const upper = this.#upper(token)
    const { depth } = this.#names
    const step = this.#head.step(token, upper, depth)
    if (step === 'taken') return false
    if (step !== 'open') {
      this.#refuse(step.rule, step.found)
      return false
    }
    if (this.#head.isOpen) return true
    this.#kind = this.#head.kind ?? this.#kind
    this.#names.beginStatement(this.#kind)
    if (this.#head.isRead && upper === 'WITH') this.#with = new WithList(depth)
    return true
  }

  #readPipe(token: number): void {
    this.#isPipeNext = false
    const operator = this.#upper(token)
    if (READING_PIPES.has(operator)) return
    const found = operator === '' ? 'a pipe without an operator' : `|> ${operator.slice(0, 32)}`
    this.#refuse('SQL-PIPE', found)
  }

  /** The word at hand in upper case; '' for other tokens. */
  #upper(token: number): string {
    if (token !== TOKEN.WORD) return ''
    return this.#text.slice(this.#lexer.start, this.#lexer.end).toUpperCase()
  }
}
